//! Watching a run's health: what is wrong for a while is told once when it begins and once when it ends.

use diptych_domain::MetricKey;
use diptych_models::HealthKind;

/// A condition with hysteresis: it begins beyond one threshold and ends beyond the other.
#[derive(Debug, PartialEq)]
pub(crate) struct Rule {
    /// Bad values are above the thresholds; otherwise below.
    above: bool,
    begins: f64,
    ends: f64,
    /// What part of the running mean each new value replaces: 1 looks at single values.
    weight: f64,
    /// What is wrong: goes before "since step".
    says: &'static str,
    /// What it means, or what helps.
    means: &'static str,
    /// What holds again.
    recovers: &'static str,
}

/// The outputs for different inputs are nearly the same.
pub(crate) const COLLAPSE: Rule = Rule {
    above: false,
    begins: 0.1,
    ends: 0.2,
    weight: 1.0,
    says: "outputs have collapsed",
    means: "they hardly differ from one input to the next",
    recovers: "outputs vary again",
};

/// A pattern of period 2 lies over the outputs.
pub(crate) const CHECKERBOARD: Rule = Rule {
    above: true,
    begins: 10.0,
    ends: 5.0,
    weight: 1.0,
    says: "outputs show a checkerboard",
    means: "a pattern of two pixels' period that the data does not have",
    recovers: "the checkerboard is gone",
};

/// Outputs are dark where they should be bright.
pub(crate) const INVERSION: Rule = Rule {
    above: false,
    begins: -0.1,
    ends: 0.0,
    weight: 1.0,
    says: "colours are inverted",
    means: "outputs are dark where what they are compared with is bright",
    recovers: "colours are the right way round again",
};

const WON: Rule = Rule {
    above: true,
    begins: 0.98,
    ends: 0.9,
    weight: 0.1,
    says: "the discriminator tells nearly every image apart",
    means: "its generator has little to learn from",
    recovers: "the discriminator is wrong now and then again",
};

const VANISHED: Rule = Rule {
    above: false,
    begins: 1e-7,
    ends: 1e-6,
    weight: 0.1,
    says: "the gradient has vanished",
    means: "the network does not learn any more",
    recovers: "there is a gradient again",
};

impl Rule {
    /// What is wrong with values of this kind, if anything can be.
    pub fn of(kind: HealthKind) -> Option<&'static Self> {
        match kind {
            HealthKind::Accuracy => Some(&WON),
            HealthKind::GradientNorm => Some(&VANISHED),
            _ => None,
        }
    }

    fn beyond(&self, value: f64, threshold: f64) -> bool {
        if self.above {
            value > threshold
        } else {
            value < threshold
        }
    }
}

/// A change for better or worse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// True where something has begun to be wrong.
    pub raised: bool,
    /// The whole sentence.
    pub message: String,
}

/// One watched value.
#[derive(Debug, PartialEq)]
struct Alarm {
    key: MetricKey,
    rule: &'static Rule,
    mean: Option<f64>,
    since: Option<u64>,
}

/// Every watched value of a run.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Alarms {
    /// Steps that are passed over: what begins to learn is rarely healthy.
    grace: u64,
    alarms: Vec<Alarm>,
}

impl Alarms {
    /// Watches nothing yet; will pass over the first `grace` steps.
    pub fn new(grace: u64) -> Self {
        Self {
            grace,
            alarms: Vec::new(),
        }
    }

    /// Watches the values of `key`.
    pub fn watch(&mut self, key: MetricKey, rule: &'static Rule) {
        self.alarms.push(Alarm {
            key,
            rule,
            mean: None,
            since: None,
        });
    }

    /// Takes in the values of a step; the changes they make. Values that are not finite make none.
    pub fn observe(&mut self, step: u64, values: &[(MetricKey, f64)]) -> Vec<Change> {
        let mut changes = Vec::new();
        if step <= self.grace {
            return changes;
        }
        for (key, value) in values.iter().filter(|(_, value)| value.is_finite()) {
            let watching = self.alarms.iter_mut().filter(|alarm| alarm.key == *key);
            changes.extend(watching.filter_map(|alarm| alarm.observe(step, *value)));
        }
        changes
    }

    /// The state as a line of text for a checkpoint: `key mean since`, separated by `;`.
    pub fn state(&self) -> String {
        let shown = |v: Option<String>| v.unwrap_or_else(|| "-".into());
        let one = |a: &Alarm| {
            let mean = shown(a.mean.map(|m| format!("{m:?}")));
            format!("{} {mean} {}", a.key, shown(a.since.map(|s| s.to_string())))
        };
        self.alarms.iter().map(one).collect::<Vec<_>>().join(";")
    }

    /// Takes the state over from [`Alarms::state`]; what it does not name starts afresh.
    pub fn restore(&mut self, state: &str) {
        for alarm in &mut self.alarms {
            (alarm.mean, alarm.since) = (None, None);
        }
        for line in state.split(';') {
            let mut words = line.split(' ');
            let Some(key) = words.next() else { continue };
            let (mean, since) = (words.next(), words.next());
            if let Some(alarm) = self.alarms.iter_mut().find(|a| a.key.as_str() == key) {
                alarm.mean = mean.and_then(|m| m.parse().ok());
                alarm.since = since.and_then(|s| s.parse().ok());
            }
        }
    }
}

impl Alarm {
    fn observe(&mut self, step: u64, value: f64) -> Option<Change> {
        let rule = self.rule;
        // From the sound side: a few values say nothing yet.
        let before = self.mean.unwrap_or(rule.ends);
        let mean = before + rule.weight * (value - before);
        self.mean = Some(mean);
        let (raised, message) = match self.since {
            None if rule.beyond(mean, rule.begins) => {
                self.since = Some(step);
                (true, format!("{} since step {step}: {}", rule.says, rule.means))
            }
            Some(since) if !rule.beyond(mean, rule.ends) => {
                self.since = None;
                (
                    false,
                    format!(
                        "{} at step {step}, after the alarm of step {since}",
                        rule.recovers
                    ),
                )
            }
            _ => return None,
        };
        let side = if rule.above { "above" } else { "below" };
        let message = format!(
            "{message} ({} is {}, alarm {side} {}, clear {} {})",
            self.key,
            short(mean),
            rule.begins,
            if rule.above { "at or below" } else { "at or above" },
            rule.ends
        );
        Some(Change { raised, message })
    }
}

/// Three significant digits.
fn short(value: f64) -> String {
    if value != 0.0 && (value.abs() < 1e-3 || value.abs() >= 1e5) {
        format!("{value:.2e}")
    } else {
        format!("{value:.3}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alarms(rule: &'static Rule) -> Alarms {
        let mut alarms = Alarms::new(100);
        alarms.watch(MetricKey::new("health/x"), rule);
        alarms
    }

    fn told(alarms: &mut Alarms, values: &[(u64, f64)]) -> Vec<(u64, bool)> {
        let mut told = Vec::new();
        for (step, value) in values {
            for change in alarms.observe(*step, &[(MetricKey::new("health/x"), *value)]) {
                told.push((*step, change.raised));
            }
        }
        told
    }

    #[test]
    fn once_when_it_begins_and_once_when_it_ends_with_room_in_between() {
        let values = [
            (100, 0.01), // in the grace period
            (200, 0.3),
            (300, 0.05),
            (400, 0.02),
            (500, 0.15), // between the thresholds: no change
            (600, 0.09),
            (700, 0.25),
            (800, 0.15),
            (900, 0.05),
        ];
        assert_eq!(
            told(&mut alarms(&COLLAPSE), &values),
            [(300, true), (700, false), (900, true)]
        );
    }

    #[test]
    fn the_message_says_since_when_what_and_by_which_value() {
        let mut alarms = alarms(&COLLAPSE);
        let say = |alarms: &mut Alarms, step, value| {
            let mut changes = alarms.observe(step, &[(MetricKey::new("health/x"), value)]);
            changes.remove(0).message
        };
        assert_eq!(
            say(&mut alarms, 1200, 0.03),
            "outputs have collapsed since step 1200: they hardly differ from one input to the next \
             (health/x is 0.030, alarm below 0.1, clear at or above 0.2)"
        );
        assert_eq!(
            say(&mut alarms, 1500, 0.5),
            "outputs vary again at step 1500, after the alarm of step 1200 \
             (health/x is 0.500, alarm below 0.1, clear at or above 0.2)"
        );
    }

    #[test]
    fn noisy_values_are_judged_by_their_running_mean() {
        let mut alarms = alarms(&WON);
        // Single perfect steps among imperfect ones raise nothing.
        let noisy: Vec<(u64, f64)> = (0..50u64)
            .map(|i| (200 + i, if i.is_multiple_of(2) { 1.0 } else { 0.8 }))
            .collect();
        assert_eq!(told(&mut alarms, &noisy), []);
        let perfect: Vec<(u64, f64)> = (0..50).map(|i| (300 + i, 1.0)).collect();
        assert_eq!(told(&mut alarms, &perfect).len(), 1);
    }

    #[test]
    fn the_state_goes_on_where_it_was() {
        let (mut one, mut two) = (alarms(&WON), alarms(&WON));
        told(
            &mut one,
            &(0..60)
                .map(|i| (200 + i, 0.9 + 0.002 * i as f64))
                .collect::<Vec<_>>(),
        );
        two.restore(&one.state());
        assert_eq!(one, two);
        assert_eq!(two.state(), one.state());
        two.restore("");
        assert_eq!(two, alarms(&WON));
    }

    #[test]
    fn values_that_are_not_finite_and_keys_that_are_not_watched_change_nothing() {
        let mut alarms = alarms(&COLLAPSE);
        assert_eq!(told(&mut alarms, &[(200, f64::NAN), (201, f64::INFINITY)]), []);
        assert_eq!(alarms.observe(300, &[(MetricKey::new("health/y"), 0.0)]), []);
    }
}
