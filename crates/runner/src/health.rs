//! How sound a generator's outputs are, as far as the probes show: measured without knowing the model.

use diptych_data::metrics::{correlation, mean_pairwise_l1, period_two_energy};
use diptych_domain::{ImagePair, Images, MetricKey};
use diptych_models::Plugin;

use crate::alarms::{Alarms, CHECKERBOARD, COLLAPSE, INVERSION, Rule};

/// Less energy of period 2 than this is not seen: an amplitude of about one grey level of 255.
const FLOOR: f64 = 1e-4;
/// References that differ less than this are no measure of diversity.
const ALIKE: f64 = 1e-6;

/// One way of translating, with its metrics.
#[derive(Clone, Debug)]
pub(crate) struct Direction {
    /// The role of its outputs among a probe's images.
    role: &'static str,
    back: bool,
    diversity: MetricKey,
    checkerboard: MetricKey,
    correlation: MetricKey,
}

impl Direction {
    /// The ways that a plugin's models translate. Where there are two, their metrics end in `_A` (what `G_A` does, from the input's
    /// domain to the target's) and `_B`.
    pub fn all(plugin: &dyn Plugin) -> Vec<Self> {
        let reverse = plugin.reverse_visual();
        let forth = Self::new("output", false, if reverse.is_some() { "_A" } else { "" });
        let back = reverse.map(|role| Self::new(role, true, "_B"));
        [Some(forth), back].into_iter().flatten().collect()
    }

    fn new(role: &'static str, back: bool, suffix: &str) -> Self {
        let key = |name: &str| MetricKey::new(format!("health/{name}{suffix}"));
        Self {
            role,
            back,
            diversity: key("diversity"),
            checkerboard: key("checkerboard"),
            correlation: key("correlation"),
        }
    }

    /// Raises alarms about its values.
    pub fn watched_by(&self, alarms: &mut Alarms) {
        alarms.watch(self.diversity.clone(), &COLLAPSE);
        alarms.watch(self.checkerboard.clone(), &CHECKERBOARD);
        alarms.watch(self.correlation.clone(), &INVERSION);
    }

    /// The health of the outputs among `shown`, what each of `pairs` looks like. `paired` says that a pair's sides belong together.
    ///
    /// - diversity: the mean difference between two outputs over that between two images of the domain they should be in;
    /// - checkerboard: their energy of period 2 over that of these images;
    /// - correlation: between output and target, or, where there are no targets, between output and input.
    pub fn measure(&self, pairs: &[ImagePair], shown: &[Shown], paired: bool) -> Vec<(MetricKey, f64)> {
        let outputs: Vec<(&ImagePair, &Images)> = pairs
            .iter()
            .zip(shown)
            .filter_map(|(pair, images)| Some((pair, &images.iter().find(|(role, _)| *role == self.role)?.1)))
            .collect();
        let made: Vec<&Images> = outputs.iter().map(|(_, output)| *output).collect();
        let real: Vec<&Images> = outputs.iter().map(|(pair, _)| self.reference(pair)).collect();
        let mut values = Vec::new();
        let varied = mean_pairwise_l1(&real).filter(|real| *real > ALIKE);
        if let (Some(made), Some(real)) = (mean_pairwise_l1(&made), varied) {
            values.push((self.diversity.clone(), made / real));
        }
        if let (Some(made), Some(real)) = (period_two_energy(&made), period_two_energy(&real)) {
            values.push((self.checkerboard.clone(), made / real.max(FLOOR)));
        }
        let compared: Vec<f64> = outputs
            .iter()
            .filter_map(|(pair, output)| {
                let input = if self.back { &pair.b } else { &pair.a };
                correlation(output, if paired { self.reference(pair) } else { input })
            })
            .collect();
        if !compared.is_empty() {
            let mean = compared.iter().sum::<f64>() / compared.len() as f64;
            values.push((self.correlation.clone(), mean));
        }
        values
    }

    /// An image of the domain that outputs should be in; the input where there is none.
    fn reference<'p>(&self, pair: &'p ImagePair) -> &'p Images {
        if self.back || pair.b.n == 0 {
            &pair.a
        } else {
            &pair.b
        }
    }
}

/// What a probe shows, by role.
pub(crate) type Shown = Vec<(&'static str, Images)>;

/// The health values of the plugin's own, each with its metric, under watch where something can be wrong with them.
pub(crate) fn declared(
    plugin: &dyn Plugin,
    params: &diptych_domain::Params,
    alarms: &mut Alarms,
) -> Vec<(&'static str, MetricKey)> {
    let declared = plugin.health(params).into_iter().map(|decl| {
        let key = MetricKey::new(format!("health/{}", decl.name));
        if let Some(rule) = Rule::of(decl.kind) {
            alarms.watch(key.clone(), rule);
        }
        (decl.name, key)
    });
    declared.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Fake;

    /// Bright on the left or on the right.
    fn image(left: f32, right: f32) -> Images {
        let mut image = Images::zeros(1, 3, 8, 8);
        for (i, v) in image.data.iter_mut().enumerate() {
            *v = if i % 8 < 4 { left } else { right };
        }
        image
    }

    fn pairs() -> Vec<ImagePair> {
        [(0.5, -0.5), (-0.2, 0.9), (0.8, 0.1)]
            .map(|(l, r)| ImagePair {
                a: image(l, r),
                b: image(r, l),
                names: vec!["x".into()],
            })
            .into()
    }

    fn measure(paired: bool, output: impl Fn(&ImagePair) -> Images) -> [f64; 3] {
        let pairs = pairs();
        let shown: Vec<Shown> = pairs.iter().map(|p| vec![("output", output(p))]).collect();
        let values = Direction::all(&Fake)[0].measure(&pairs, &shown, paired);
        ["diversity", "checkerboard", "correlation"].map(|name| {
            let key = format!("health/{name}");
            values
                .iter()
                .find(|(k, _)| k.as_str() == key)
                .map_or(f64::NAN, |(_, v)| *v)
        })
    }

    #[test]
    fn perfect_outputs_are_as_varied_as_their_targets_and_agree_with_them() {
        let [diversity, checkerboard, correlation] = measure(true, |p| p.b.clone());
        assert!(
            (diversity - 1.0).abs() < 1e-9 && checkerboard <= 1.0,
            "{diversity} {checkerboard}"
        );
        assert!((correlation - 1.0).abs() < 1e-6);
        // Without targets outputs are compared with their inputs, which are the other way round here.
        assert!(measure(false, |p| p.b.clone())[2] < -0.9);
    }

    #[test]
    fn collapsed_outputs_have_no_diversity() {
        assert_eq!(measure(true, |_| image(0.3, 0.1))[0], 0.0);
    }

    #[test]
    fn a_checkerboard_shows() {
        let checkered = |p: &ImagePair| {
            let mut image = p.b.clone();
            for (i, v) in image.data.iter_mut().enumerate() {
                *v += if (i / 8 + i).is_multiple_of(2) { 0.1 } else { -0.1 };
            }
            image
        };
        let value = measure(true, checkered)[1];
        assert!((value - 0.01 / FLOOR).abs() < 1.0, "{value}");
    }

    #[test]
    fn one_probe_says_nothing_about_diversity() {
        let pair = pairs().remove(0);
        let shown = vec![vec![("output", pair.b.clone())]];
        let values = Direction::all(&Fake)[0].measure(&[pair], &shown, true);
        assert_eq!(values.len(), 2, "{values:?}");
    }
}
