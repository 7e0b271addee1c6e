//! Where on the x axis a point lies.

use diptych_domain::RunSummary;

use crate::spec::XAxis;

/// An x axis for one run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Along {
    /// The axis.
    pub axis: XAxis,
    /// When the run began: seconds since the Unix epoch.
    pub began: f64,
    /// Steps of an epoch, where they are known.
    pub steps_per_epoch: Option<f64>,
}

impl Along {
    /// For a run: time counts from when it was created; epochs have fractions where the run's length is known.
    pub fn of(axis: XAxis, run: &RunSummary) -> Self {
        let epochs = run.spec.optim.total_epochs();
        Self {
            axis,
            began: run.created,
            steps_per_epoch: (run.total_steps > 0 && epochs > 0)
                .then(|| run.total_steps as f64 / epochs as f64),
        }
    }

    /// A point's place: steps, epochs, seconds since the run began, or seconds since 1970.
    pub fn place(&self, step: u64, epoch: u64, wall: f64) -> f64 {
        match self.axis {
            XAxis::Step => step as f64,
            XAxis::Epoch => self.steps_per_epoch.map_or(epoch as f64, |per| step as f64 / per),
            XAxis::Relative => wall - self.began,
            XAxis::Wall => wall,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_have_fractions_where_their_length_is_known() {
        let mut along = Along {
            axis: XAxis::Epoch,
            began: 100.0,
            steps_per_epoch: Some(40.0),
        };
        assert_eq!(along.place(100, 3, 0.0), 2.5);
        along.steps_per_epoch = None;
        assert_eq!(along.place(100, 3, 0.0), 3.0);
        along.axis = XAxis::Relative;
        assert_eq!(along.place(100, 3, 160.0), 60.0);
    }
}
