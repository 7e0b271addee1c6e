//! Channels-last images as matrices with a column a channel: what biases and norms do to columns.

use rayon::prelude::*;

/// Values a task handles, rounded to whole rows.
const TASK: usize = 16 * 1024;

/// Rows whose sums are kept in f32 before they are added up in f64.
const BLOCK: usize = 64;

/// Values of a task for rows of `columns` values.
pub(crate) fn task_len(columns: usize) -> usize {
    (TASK / columns).max(1) * columns
}

simd! {
    fn add_rows(data: &mut [f32], row: &[f32]) {
        for values in data.chunks_exact_mut(row.len()) {
            values.iter_mut().zip(row).for_each(|(v, b)| *v += *b);
        }
    }
}

/// Adds `row` to every row.
pub(crate) fn add(data: &mut [f32], row: &[f32]) {
    data.par_chunks_mut(task_len(row.len()))
        .for_each(|part| add_rows(part, row));
}

simd! {
    /// `sums[c] += x[c]` over the rows of `x`.
    fn sum_rows(x: &[f32], sums: &mut [f32]) {
        for row in x.chunks_exact(sums.len()) {
            sums.iter_mut().zip(row).for_each(|(s, v)| *s += *v);
        }
    }
}

/// Adds the sum of every column to `out`.
pub(crate) fn sum_into(data: &[f32], out: &mut [f32]) {
    let columns = out.len();
    let parts: Vec<Vec<f64>> = data
        .par_chunks(task_len(columns))
        .map(|part| {
            let (mut total, mut sums) = (vec![0.0f64; columns], vec![0.0f32; columns]);
            for block in part.chunks(BLOCK * columns) {
                sums.fill(0.0);
                sum_rows(block, &mut sums);
                total.iter_mut().zip(&sums).for_each(|(t, s)| *t += f64::from(*s));
            }
            total
        })
        .collect();
    for (c, o) in out.iter_mut().enumerate() {
        *o += parts.iter().map(|part| part[c]).sum::<f64>() as f32;
    }
}

/// Two sums of every column of each of `groups` equally tall matrices, in f64: `[group][column]` for each. `block` adds the
/// sums over a block of rows, given the block's place in the whole; blocks and tasks are added in order.
pub(crate) fn two_sums(
    len: usize,
    groups: usize,
    columns: usize,
    block: impl Fn(usize, std::ops::Range<usize>, &mut [f32], &mut [f32]) + Sync,
) -> [Vec<f64>; 2] {
    let (group_len, task) = (len / groups, task_len(columns));
    let tasks: Vec<(usize, usize)> = (0..groups)
        .flat_map(|g| (0..group_len).step_by(task).map(move |at| (g, at)))
        .collect();
    let parts: Vec<(usize, Vec<f64>)> = tasks
        .into_par_iter()
        .map(|(group, start)| {
            let mut total = vec![0.0f64; 2 * columns];
            let mut sums = vec![0.0f32; 2 * columns];
            let (first, end) = (
                group * group_len + start,
                group * group_len + (start + task).min(group_len),
            );
            for at in (first..end).step_by(BLOCK * columns) {
                sums.fill(0.0);
                let (a, b) = sums.split_at_mut(columns);
                block(group, at..(at + BLOCK * columns).min(end), a, b);
                total.iter_mut().zip(&sums).for_each(|(t, s)| *t += f64::from(*s));
            }
            (group, total)
        })
        .collect();
    let mut out = [vec![0.0; groups * columns], vec![0.0; groups * columns]];
    for (group, part) in parts {
        for (out, part) in out.iter_mut().zip(part.chunks_exact(columns)) {
            let out = &mut out[group * columns..][..columns];
            out.iter_mut().zip(part).for_each(|(o, p)| *o += *p);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_added_and_columns_summed() {
        let (rows, columns) = (9000, 7);
        let mut data: Vec<f32> = (0..rows * columns).map(|i| (i % 7) as f32).collect();
        let bias: Vec<f32> = (0..7).map(|c| -(c as f32)).collect();
        let mut sums = vec![1.0; columns];
        sum_into(&data, &mut sums);
        let want: Vec<f32> = (0..7).map(|c| 1.0 + (c * rows) as f32).collect();
        assert_eq!(sums, want);
        add(&mut data, &bias);
        assert!(data.iter().all(|v| *v == 0.0));
    }
}
