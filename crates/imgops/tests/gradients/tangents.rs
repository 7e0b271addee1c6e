//! What a gradient penalty is built of: derivatives along a direction, with gradients of their own.

use dfdx::tensor::{PutTape, SplitTape};
use diptych_imgops::layout::arrange;
use diptych_imgops::{gradient_penalty, mix_images};

use super::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn derivatives_of_norms_along_a_direction_are_right(x in any_image(3..6), seed in 0usize..1000) {
        let c = x.shape[1];
        let t = Array::pattern(x.shape, seed);
        let w = Array::pattern([1, c, 1, 1], 3).map(|v| v + 1.5).values;
        let weight = vector(&w);
        for (over, whole, scale) in [(Normalised::Image, false, None), (Normalised::Batch, true, Some(&weight))] {
            let w = if whole { w.clone() } else { vec![1.0; c] };
            // The closed form is the derivative of the norm.
            let norm = |x: &Array| if whole { reference::batch_norm(x, &w, &vec![0.3; c]) } else { reference::instance_norm(x) };
            let moved = |k: f64| norm(&x.zip(&t, |x, t| x + k * t));
            let numeric = moved(1e-5).zip(&moved(-1e-5), |up, down| (up - down) / 2e-5);
            let close = reference::norm_tangent(&x, &t, &w, whole).zip(&numeric, |a, b| a - b);
            prop_assert!(close.values.iter().all(|d| d.abs() < 1e-6));
            // Value and gradients by the tangent, by the norm's own input, and by its scale.
            let arranged = |a: &Array| arrange(tensor(a)).unwrap();
            check(
                &t,
                |t| norm_tangent(&arranged(&x), t, scale, over, true),
                |t| reference::norm_tangent(&x, t, &w, whole),
            )?;
            check(
                &x,
                |x| {
                    let (x, tape) = arrange(x)?.split_tape();
                    norm_tangent(&x, arranged(&t).put_tape(tape), scale, over, true)
                },
                |x| reference::norm_tangent(x, &t, &w, whole),
            )?;
            if let Some(weight) = scale {
                let y = norm_tangent(&arranged(&x), tensor(&t).leaky_trace(), scale, over, true).unwrap();
                let weights = Array::pattern(x.shape, 17);
                let grads = backward(weighted_sum(y, &tensor(&weights)).unwrap()).unwrap();
                let numeric = differences(&w, &weights.values, |w| reference::norm_tangent(&x, &t, w, whole).values);
                let size = numeric.iter().map(|v| v * v).sum::<f64>().sqrt();
                prop_assume!(size > 0.1);
                prop_assert!(error(&grads.get(weight).as_vec(), &numeric) < 3.0 * TOLERANCE);
            }
        }
    }

    #[test]
    fn a_tangent_through_an_activation_is_scaled_by_its_slope(x in any_image(1..6)) {
        let y = activate::<TestDevice, _>(tensor(&x), Activation::LeakyRelu(0.2)).unwrap();
        let t = Array::pattern(x.shape, 4);
        let slopes = x.map(|v| if v > 0.0 { 1.0 } else { f64::from(0.2f32) });
        check(&t, |t| activate_tangent(t, &y, Activation::LeakyRelu(0.2)), |t| t.zip(&slopes, |t, s| t * s))?;
    }

    #[test]
    fn the_penalty_of_a_gradient_is_right(g in any_image(1..6), weight in between(0.1, 20.0)) {
        let n = g.shape[0];
        let len = g.values.len() / n;
        let penalty = |g: &[f64]| {
            let norms = g.chunks(len).map(|g| g.iter().map(|v| (v + 1e-16).powi(2)).sum::<f64>().sqrt());
            vec![f64::from(weight) * norms.map(|norm| (norm - 1.0).powi(2)).sum::<f64>() / n as f64]
        };
        let (value, direction) = gradient_penalty(&tensor(&g), weight).unwrap();
        prop_assert!(error(&value.as_vec(), &penalty(&g.values)) < TOLERANCE);
        prop_assert!(error(&direction.as_vec(), &differences(&g.values, &[1.0], penalty)) < TOLERANCE);
        let other = Array::pattern(g.shape, 6);
        let shares: Vec<f32> = (0..n).map(|i| 0.25 + 0.5 * i as f32).collect();
        let mixed = Array { shape: g.shape, values: (0..g.values.len()).map(|i| {
            let share = f64::from(shares[i / len]);
            share * g.values[i] + (1.0 - share) * other.values[i]
        }).collect() };
        let got = mix_images(&tensor(&g), &tensor(&other), &shares).unwrap();
        prop_assert!(error(&got.as_vec(), &mixed.values) < TOLERANCE);
    }
}
