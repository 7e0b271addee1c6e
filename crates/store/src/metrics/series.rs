//! Points of one metric as columns.

/// Points of one metric, one entry per point in every column, in the order of their steps
/// (points of one step in the order in which they were logged).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// The step each value belongs to.
    pub steps: Vec<u64>,
    /// The epoch that step is in.
    pub epochs: Vec<u64>,
    /// When it was logged: seconds since the Unix epoch, to the microsecond.
    pub walls: Vec<f64>,
    /// The values, bit for bit as logged (NaN and infinities included).
    pub values: Vec<f64>,
}

impl Series {
    /// How many points.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether there are no points.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    pub(crate) fn push(&mut self, step: u64, epoch: u64, wall: f64, value: f64) {
        self.steps.push(step);
        self.epochs.push(epoch);
        self.walls.push(wall);
        self.values.push(value);
    }

    pub(crate) fn append(&mut self, other: &mut Self) {
        self.steps.append(&mut other.steps);
        self.epochs.append(&mut other.epochs);
        self.walls.append(&mut other.walls);
        self.values.append(&mut other.values);
    }

    /// Takes the first `n` points out.
    pub(crate) fn take_front(&mut self, n: usize) -> Self {
        fn front<T>(column: &mut Vec<T>, n: usize) -> Vec<T> {
            let rest = column.split_off(n.min(column.len()));
            std::mem::replace(column, rest)
        }
        Self {
            steps: front(&mut self.steps, n),
            epochs: front(&mut self.epochs, n),
            walls: front(&mut self.walls, n),
            values: front(&mut self.values, n),
        }
    }

    /// Keeps the points whose step passes.
    pub(crate) fn retain_steps(&mut self, keep: impl Fn(u64) -> bool) {
        if self.steps.iter().all(|s| keep(*s)) {
            return;
        }
        fn filter<T: Copy>(column: &mut Vec<T>, mask: &[bool]) {
            let mut mask = mask.iter();
            column.retain(|_| mask.next().copied().unwrap_or(false));
        }
        let mask: Vec<bool> = self.steps.iter().map(|s| keep(*s)).collect();
        filter(&mut self.steps, &mask);
        filter(&mut self.epochs, &mask);
        filter(&mut self.walls, &mask);
        filter(&mut self.values, &mask);
    }

    /// Puts late points where they belong; the common case, all in order, costs one pass.
    pub(crate) fn sort_by_step(&mut self) {
        if self.steps.is_sorted() {
            return;
        }
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_by_key(|i| self.steps[*i]); // stable: arrival order within a step
        fn permute<T: Copy>(column: &mut Vec<T>, order: &[usize]) {
            *column = order.iter().map(|i| column[*i]).collect();
        }
        permute(&mut self.steps, &order);
        permute(&mut self.epochs, &order);
        permute(&mut self.walls, &order);
        permute(&mut self.values, &order);
    }
}
