//! The three microkernels that all convolutions are made of. All keep a block of `ROWS x 16` sums in registers.
//!
//! A *panel* is a matrix of sixteen columns, row by row. Rows of the other factors lie anywhere in a slice: each is given by
//! where it starts, so that windows of an image, tiles of a transform and plain matrices are all read in place.

use std::ops::Range;

use crate::cpu::simd::{Set, prefetch, prefetch_far};
use crate::cpu::steps::Pairs;

/// Columns of a panel: one AVX-512 register, two AVX ones.
pub(crate) const LANES: usize = 16;

/// Sixteen neighbouring channels, columns or weights.
pub(crate) type Lanes = [f32; LANES];

/// A contiguous piece of every left row, and the panel rows it meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// Where it begins, counted from the row's base.
    pub(crate) at: usize,
    /// The first panel row.
    pub(crate) panel: usize,
    /// Values.
    pub(crate) len: usize,
}

impl Run {
    /// These values of every row, which meet panel rows of the same numbers.
    pub(crate) fn plain(range: Range<usize>) -> Self {
        Self {
            at: range.start,
            panel: range.start,
            len: range.len(),
        }
    }
}

/// Values of a left row that are stored together. Rows of blocks that follow each other closely share pages and never fall
/// into one set of the cache, as rows of 512 channels would; and both numbers of rows that the kernels take divide it.
pub(crate) const BLOCK: usize = 48;

/// Panel rows that a product works through before it moves on to other rows: 18 KiB, a good half of a first-level cache, and
/// enough for 256 channels at once.
const DEPTH: usize = 6 * BLOCK;

/// The runs of these ranges of panel rows, for left rows stored in blocks that are `step` apart.
pub(crate) fn blocked(ranges: &[Range<usize>], step: usize) -> Vec<Run> {
    let mut runs = Vec::new();
    for range in ranges {
        let mut panel = range.start;
        while panel < range.end {
            let len = (BLOCK - panel % BLOCK).min(range.end - panel);
            runs.push(Run {
                at: panel / BLOCK * step + panel % BLOCK,
                panel,
                len,
            });
            panel += len;
        }
    }
    runs
}

/// Splits runs into groups whose panel rows stay in the first-level cache.
pub(crate) fn by_depth(runs: &[Run]) -> Vec<Vec<Run>> {
    split(runs, DEPTH)
}

/// As [`by_depth`], into groups that are about as deep as each other.
pub(crate) fn by_even_depth(runs: &[Run]) -> Vec<Vec<Run>> {
    let total: usize = runs.iter().map(|run| run.len).sum();
    let groups = total.div_ceil(DEPTH).max(1);
    split(runs, total.div_ceil(groups).next_multiple_of(LANES))
}

fn split(runs: &[Run], depth: usize) -> Vec<Vec<Run>> {
    let mut groups: Vec<Vec<Run>> = Vec::new();
    let mut room = 0;
    for run in runs {
        let mut done = 0;
        while done < run.len {
            if room == 0 {
                groups.push(Vec::new());
                room = depth;
            }
            let len = (run.len - done).min(room);
            let piece = Run {
                at: run.at + done,
                panel: run.panel + done,
                len,
            };
            if let Some(group) = groups.last_mut() {
                group.push(piece);
            }
            done += len;
            room -= len;
        }
    }
    groups
}

/// Where a product's rows go: `data[base[row] + at..][..valid]`.
pub(crate) struct Target<'a> {
    pub(crate) data: &'a mut [f32],
    pub(crate) base: &'a [usize],
    pub(crate) at: usize,
    /// Columns kept, at most [`LANES`].
    pub(crate) valid: usize,
}

/// Where a product's left rows come from: `data[base[row] + run.at..][..run.len]`.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) data: &'a [f32],
    pub(crate) base: &'a [usize],
}

impl Source<'_> {
    /// Brings `len` values of each row, from `at`, together: to the beginning of rows of `out` that are `step` apart.
    pub(crate) fn gather(&self, at: usize, len: usize, out: &mut [f32], step: usize) {
        for (out, base) in out.chunks_mut(step).zip(self.base) {
            out[..len].copy_from_slice(&self.data[base + at..][..len]);
        }
    }

    /// Brings values of each row, from `at`, together in blocks of `OUTER_ROWS` rows: `width` of a row in each block.
    pub(crate) fn gather_blocks(&self, at: usize, width: usize, out: &mut [f32]) {
        for (row, base) in self.base.iter().enumerate() {
            let values = self.data[base + at..].chunks_exact(width);
            for (block, values) in out.chunks_exact_mut(OUTER_ROWS * BLOCK).zip(values) {
                block[row * BLOCK..][..width].copy_from_slice(values);
            }
        }
    }
}

/// What a product fetches while it multiplies, so that memory and multipliers work at the same time.
#[derive(Clone, Copy, Default)]
pub(crate) struct Ahead<'a> {
    /// The panel rows of the product after it: into the second-level cache, a share with each run.
    pub(crate) panels: [&'a [f32]; 2],
    /// Whether the left rows are read for the first time: each is fetched while the rows before it are multiplied.
    pub(crate) rows: bool,
}

/// The panel rows that runs meet, with what lies between them.
pub(crate) fn span<'a>(runs: &[Run], panel: &'a [f32]) -> &'a [f32] {
    match (runs.first(), runs.last()) {
        (Some(first), Some(last)) => &panel[first.panel * LANES..(last.panel + last.len) * LANES],
        _ => &[],
    }
}

/// One panel, or two whose columns are `step` apart in the target. Sets with many registers multiply two at once, for half the
/// reads of the left rows.
#[derive(Clone, Copy)]
pub(crate) struct Panels<'a> {
    first: &'a [f32],
    second: Option<(&'a [f32], usize)>,
}

impl<'a> Panels<'a> {
    /// One panel.
    pub(crate) fn one(panel: &'a [f32]) -> Self {
        Self {
            first: panel,
            second: None,
        }
    }

    /// A panel, and perhaps another.
    pub(crate) fn pair(panel: &'a [f32], other: Option<&'a [f32]>, step: usize) -> Self {
        Self {
            first: panel,
            second: other.map(|other| (other, step)),
        }
    }
}

simd! {
    /// For each row: `target[row] = sum over runs and k of source[row][k] * panel[k]`, or `+=` where `accumulate`. Rows of
    /// the target may overlap: they are added one after the other.
    pub(crate) fn multiply<const ROWS: usize, S>(set: S, target: Target<'_>, source: Source<'_>, runs: &[Run], panels: Panels<'_>, ahead: Ahead<'_>, accumulate: bool) {
        let Target { data, base, at, valid } = target;
        let first = Target { data: &mut *data, base, at, valid };
        let Some((second, step)) = panels.second else {
            return products::<ROWS, 1, S>(set, first, 0, source, runs, [panels.first], ahead, accumulate);
        };
        if S::PAIRS {
            return products::<ROWS, 2, S>(set, first, step, source, runs, [panels.first, second], ahead, accumulate);
        }
        let [of_first, of_second] = ahead.panels;
        let (rows, none): (bool, &[f32]) = (ahead.rows, &[]);
        products::<ROWS, 1, S>(set, first, 0, source, runs, [panels.first], Ahead { panels: [of_first, none], rows }, accumulate);
        let target = Target { data, base, at: at + step, valid };
        products::<ROWS, 1, S>(set, target, 0, source, runs, [second], Ahead { panels: [of_second, none], rows: false }, accumulate);
    }
}

/// [`multiply`] for `P` panels at once.
#[inline(always)]
fn products<const ROWS: usize, const P: usize, S: Set>(
    set: S,
    mut target: Target<'_>,
    step: usize,
    source: Source<'_>,
    runs: &[Run],
    panels: [&[f32]; P],
    ahead: Ahead<'_>,
    accumulate: bool,
) {
    let mut row = 0;
    let rows = target.base.len().min(source.base.len());
    let following = ahead.panels.map(|panel| panel.as_chunks::<LANES>().0);
    while row < rows {
        let left = rows - row;
        // Each block of rows fetches its share of the next panels.
        let end = (row + ROWS).min(rows);
        let fetch = following.map(|lines| &lines[row * lines.len() / rows..end * lines.len() / rows]);
        let (t, cold) = (&mut target, ahead.rows);
        row += if left >= ROWS {
            product::<ROWS, P, S>(set, t, row, step, source, runs, panels, fetch, cold, accumulate)
        } else if left >= 8 {
            product::<8, P, S>(set, t, row, step, source, runs, panels, fetch, cold, accumulate)
        } else if left >= 4 {
            product::<4, P, S>(set, t, row, step, source, runs, panels, fetch, cold, accumulate)
        } else if left >= 2 {
            product::<2, P, S>(set, t, row, step, source, runs, panels, fetch, cold, accumulate)
        } else {
            product::<1, P, S>(set, t, row, step, source, runs, panels, fetch, cold, accumulate)
        };
    }
}

/// `R` rows of [`products`] from `first`; returns `R`.
#[inline(always)]
fn product<const R: usize, const P: usize, S: Set>(
    set: S,
    target: &mut Target<'_>,
    first: usize,
    step: usize,
    source: Source<'_>,
    runs: &[Run],
    panels: [&[f32]; P],
    mut fetch: [&[Lanes]; 2],
    cold: bool,
    accumulate: bool,
) -> usize {
    let (to, base, data) = (&target.base[first..], &source.base[first..], source.data);
    let mut sums = [[set.splat(0.0); P]; R];
    for row in to.iter().take(R) {
        for p in 0..P {
            let line = target.data.get(row + target.at + p * step..);
            if let Some(line) = line.and_then(|line| line.first_chunk()) {
                prefetch(line);
            }
        }
    }
    let share = fetch.map(|lines| lines.len().div_ceil(runs.len().max(1)));
    for run in runs {
        for (lines, share) in fetch.iter_mut().zip(share) {
            let (these, rest) = lines.split_at(share.min(lines.len()));
            these.iter().for_each(prefetch_far);
            *lines = rest;
        }
        if cold {
            for next in base.get(R..2 * R).unwrap_or(&[]) {
                for line in data[next + run.at..][..run.len].as_chunks::<LANES>().0 {
                    prefetch(line);
                }
            }
        }
        let columns = panels.map(|panel| {
            let rows = &panel[run.panel * LANES..(run.panel + run.len) * LANES];
            rows.as_chunks::<LANES>().0
        });
        let mut rows: [&[f32]; R] = [&[]; R];
        for (row, base) in rows.iter_mut().zip(base) {
            *row = &data[base + run.at..][..run.len];
        }
        // Most of the loop's own instructions are spared: where two threads share a core, the number of instructions is the limit.
        sums = if run.len.is_multiple_of(4) {
            sum_products::<4, R, P, S>(set, &rows, columns, sums)
        } else {
            sum_products::<1, R, P, S>(set, &rows, columns, sums)
        };
    }
    for (r, sums) in sums.iter().enumerate() {
        for (p, sums) in sums.iter().enumerate() {
            let row = &mut target.data[to[r] + target.at + p * step..][..target.valid];
            if let Ok(row) = <&mut Lanes>::try_from(&mut *row) {
                write(set, row, *sums, accumulate);
            } else {
                let mut values = [0.0f32; LANES];
                set.store(*sums, &mut values);
                if accumulate {
                    row.iter_mut().zip(values).for_each(|(o, s)| *o += s);
                } else {
                    row.copy_from_slice(&values[..target.valid]);
                }
            }
        }
    }
    R
}

/// `sums[r] += sum over k of rows[r][k] * columns[k]`, `UNROLL` values of `k`, which divides their number, at a time.
#[inline(always)]
#[allow(clippy::needless_range_loop)] // rows, columns and sums go together
fn sum_products<const UNROLL: usize, const R: usize, const P: usize, S: Set>(
    set: S,
    rows: &[&[f32]; R],
    columns: [&[Lanes]; P],
    mut sums: [[S::V; P]; R],
) -> [[S::V; P]; R] {
    let first = columns[0].as_chunks::<UNROLL>().0;
    let second = &columns[P - 1].as_chunks::<UNROLL>().0[..first.len()];
    // Not by `map`, after which the compiler would not know that all are as long.
    let mut chunks: [&[[f32; UNROLL]]; R] = [&[]; R];
    for (chunks, row) in chunks.iter_mut().zip(rows) {
        *chunks = &row.as_chunks().0[..first.len()];
    }
    for (i, values) in first.iter().enumerate() {
        for u in 0..UNROLL {
            // Without a loop over panels, which the compiler would undo too late to know that rows are long enough.
            let first = set.load(&values[u]);
            let second = if P == 2 { set.load(&second[i][u]) } else { first };
            for r in 0..R {
                let x = set.splat(chunks[r][i][u]);
                sums[r][0] = set.fused(x, first, sums[r][0]);
                if P == 2 {
                    sums[r][P - 1] = set.fused(x, second, sums[r][P - 1]);
                }
            }
        }
    }
    sums
}

simd! {
    /// `out[k] += sum over i of a[i * step + k] * b[i * width..][..16]`: windows of a row, which may overlap, each with sixteen
    /// columns of a pixel.
    ///
    /// Panics where there are not as many windows as there are pixels with sixteen columns.
    pub(crate) fn outer_windows<const ROWS: usize, S>(set: S, out: &mut [f32], a: &[f32], step: usize, b: &[f32], width: usize) {
        let out = out.as_chunks_mut::<LANES>().0;
        let count = b.len().checked_sub(LANES).map_or(0, |last| last / width + 1);
        let mut k = 0;
        while k < out.len() {
            let (left, sums) = (out.len() - k, &mut out[k..]);
            k += if left >= ROWS {
                windows::<ROWS, S>(set, sums, count, (&a[k..], step), (b, width))
            } else if left >= 4 {
                windows::<4, S>(set, sums, count, (&a[k..], step), (b, width))
            } else if left >= 3 {
                windows::<3, S>(set, sums, count, (&a[k..], step), (b, width))
            } else if left >= 2 {
                windows::<2, S>(set, sums, count, (&a[k..], step), (b, width))
            } else {
                windows::<1, S>(set, sums, count, (&a[k..], step), (b, width))
            };
        }
    }
}

/// `R` values of the windows of [`outer_windows`]; returns `R`.
#[inline(always)]
fn windows<const R: usize, S: Set>(
    set: S,
    out: &mut [Lanes],
    count: usize,
    a: (&[f32], usize),
    b: (&[f32], usize),
) -> usize {
    let mut sums = [set.splat(0.0); R];
    for (sum, out) in sums.iter_mut().zip(&*out) {
        *sum = set.load(out);
    }
    for (x, y) in Pairs::<R, LANES>::new(count, a, b) {
        let y = set.load(y);
        for r in 0..R {
            sums[r] = set.fused(set.splat(x[r]), y, sums[r]);
        }
    }
    for (sum, out) in sums.iter().zip(out) {
        set.store(*sum, out);
    }
    R
}

/// Rows whose outer products are summed before the sums go back to memory.
pub(crate) const OUTER_ROWS: usize = 128;

/// Columns of blocks that lie one behind the other.
#[derive(Clone, Copy)]
pub(crate) struct Columns<'a> {
    pub(crate) rows: &'a [[f32; BLOCK]],
    /// The first column.
    pub(crate) first: usize,
}

impl<'a> Columns<'a> {
    /// The columns of so many blocks, from `first`.
    pub(crate) fn of(blocks: &'a [f32], first: usize) -> Self {
        Self {
            rows: blocks.as_chunks().0,
            first,
        }
    }
}

simd! {
    /// `out[k] += sum over rows of a[row][k] * b[row][..16]`, or `=`, for as many rows of `out` as `len` says: a panel from the
    /// rows' outer products. The sums of the sixteen columns of `b` after those go to the rows of `out` from `second`, if
    /// wanted.
    pub(crate) fn outer_rows<const ROWS: usize, S>(set: S, out: &mut [f32], len: usize, a: Columns<'_>, b: Columns<'_>, second: Option<usize>, accumulate: bool) {
        let Some(step) = second else {
            return ranks::<ROWS, 1, S>(set, out, 0, len, a, b, accumulate);
        };
        if S::PAIRS {
            return ranks::<ROWS, 2, S>(set, out, step, len, a, b, accumulate);
        }
        let after = Columns { first: b.first + LANES, ..b };
        ranks::<ROWS, 1, S>(set, out, 0, len, a, b, accumulate);
        ranks::<ROWS, 1, S>(set, &mut out[step..], 0, len, a, after, accumulate);
    }
}

/// [`outer_rows`] for `P` times sixteen columns at once.
#[inline(always)]
fn ranks<const ROWS: usize, const P: usize, S: Set>(
    set: S,
    out: &mut [f32],
    step: usize,
    len: usize,
    a: Columns<'_>,
    b: Columns<'_>,
    accumulate: bool,
) {
    let groups = a.rows.chunks(OUTER_ROWS).zip(b.rows.chunks(OUTER_ROWS));
    for (i, (rows, others)) in groups.enumerate() {
        let (a, b) = (Columns { rows, ..a }, Columns { rows: others, ..b });
        let add = accumulate || i > 0;
        let mut k = 0;
        while k < len {
            let left = len - k;
            k += if left >= ROWS {
                rank_rows::<ROWS, P, S>(set, out, step, a, k, b, add)
            } else if left >= 8 {
                rank_rows::<8, P, S>(set, out, step, a, k, b, add)
            } else if left >= 4 {
                rank_rows::<4, P, S>(set, out, step, a, k, b, add)
            } else if left >= 2 {
                rank_rows::<2, P, S>(set, out, step, a, k, b, add)
            } else {
                rank_rows::<1, P, S>(set, out, step, a, k, b, add)
            };
        }
    }
}

/// `R` panel rows of [`ranks`] from `row`; returns `R`.
#[inline(always)]
fn rank_rows<const R: usize, const P: usize, S: Set>(
    set: S,
    out: &mut [f32],
    step: usize,
    a: Columns<'_>,
    row: usize,
    b: Columns<'_>,
    accumulate: bool,
) -> usize {
    for p in 0..P {
        let later = out.get(p * step + (row + R) * LANES..).unwrap_or(&[]);
        for next in later.as_chunks::<LANES>().0.iter().take(R) {
            prefetch(next);
        }
    }
    let (k, lane) = (a.first + row, b.first);
    // Once for all rows.
    assert!(k + R <= BLOCK && lane + P * LANES <= BLOCK);
    let sums = sum_outer::<4, R, P, S>(set, a.rows, k, b.rows, lane, [[set.splat(0.0); P]; R]);
    let done = a.rows.len() - a.rows.len() % 4;
    let sums = sum_outer::<1, R, P, S>(set, &a.rows[done..], k, &b.rows[done..], lane, sums);
    for p in 0..P {
        let rows = out[p * step + row * LANES..].as_chunks_mut::<LANES>().0;
        for (row, sums) in rows.iter_mut().zip(&sums) {
            write(set, row, sums[p], accumulate);
        }
    }
    R
}

/// `sums[r] += sum over rows of a[row][k + r] * b[row][lane..]`, `UNROLL` rows at a time and without what is then left.
#[inline(always)]
fn sum_outer<const UNROLL: usize, const R: usize, const P: usize, S: Set>(
    set: S,
    a: &[[f32; BLOCK]],
    k: usize,
    b: &[[f32; BLOCK]],
    lane: usize,
    mut sums: [[S::V; P]; R],
) -> [[S::V; P]; R] {
    for (a, b) in a.as_chunks::<UNROLL>().0.iter().zip(b.as_chunks::<UNROLL>().0) {
        for u in 0..UNROLL {
            let (x, y) = (&a[u][k..k + R], &b[u][lane..lane + P * LANES]);
            let mut columns = [set.splat(0.0); P];
            for (column, y) in columns.iter_mut().zip(y.as_chunks::<LANES>().0) {
                *column = set.load(y);
            }
            for r in 0..R {
                let x = set.splat(x[r]);
                for p in 0..P {
                    sums[r][p] = set.fused(x, columns[p], sums[r][p]);
                }
            }
        }
    }
    sums
}

/// Writes sixteen sums, or adds them.
#[inline(always)]
fn write<S: Set>(set: S, out: &mut Lanes, sums: S::V, accumulate: bool) {
    let sums = if accumulate {
        set.add(set.load(out), sums)
    } else {
        sums
    };
    set.store(sums, out);
}

#[cfg(test)]
mod tests;
