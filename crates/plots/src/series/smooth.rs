//! The exponential moving average, without the pull towards zero at its beginning.

/// Of values `v_1, v_2, ...`: `m_t = w m_{t-1} + (1 - w) v_t` from `m_0 = 0`, divided by `1 - w^t` (the bias correction of
/// Kingma & Ba 2015, section 3), so that the first is `v_1` itself. Values that are not finite are passed on and not remembered.
#[derive(Clone, Copy, Debug)]
pub struct Ema {
    weight: f64,
    mean: f64,
    /// `w^t`.
    left: f64,
}

impl Ema {
    /// With the weight of the past: 0 changes nothing, close to 1 remembers long.
    pub fn new(weight: f64) -> Self {
        Self {
            weight,
            mean: 0.0,
            left: 1.0,
        }
    }

    /// The average with one value more.
    pub fn push(&mut self, value: f64) -> f64 {
        if !value.is_finite() {
            return value;
        }
        self.mean = self.weight * self.mean + (1.0 - self.weight) * value;
        self.left *= self.weight;
        self.mean / (1.0 - self.left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        // By hand, w = 0.5: m = 2, 4 -> 1, 2.5; 1 - w^t = 0.5, 0.75.
        let mut ema = Ema::new(0.5);
        assert_eq!(ema.push(2.0), 2.0);
        assert!((ema.push(4.0) - 2.5 / 0.75).abs() < 1e-15);
    }

    #[test]
    fn a_constant_stays_and_no_weight_changes_nothing() {
        let mut ema = Ema::new(0.99);
        assert!((0..1000).all(|_| (ema.push(3.0) - 3.0).abs() < 1e-12));
        let mut none = Ema::new(0.0);
        assert_eq!([1.0, -2.0, 5.0].map(|v| none.push(v)), [1.0, -2.0, 5.0]);
    }

    #[test]
    fn what_is_not_finite_is_not_remembered() {
        let mut ema = Ema::new(0.9);
        ema.push(1.0);
        assert!(ema.push(f64::NAN).is_nan());
        assert_eq!(ema.push(f64::INFINITY), f64::INFINITY);
        assert!((ema.push(1.0) - 1.0).abs() < 1e-12);
    }
}
