//! Where a transform finds its vectors: grids of channel vectors in slices.
#![allow(unsafe_code)] // some fifty vectors a transform: to check each took longer than the arithmetic

use std::marker::PhantomData;

use crate::cpu::kernel::{LANES, Lanes};
use crate::cpu::simd::prefetch_address;

/// A grid of channel vectors in a slice: vector `(i, j)` begins at `at + i * row + j * col`, with its channels in blocks of
/// `width` that are `block` apart, from channel `first`. Only `rows x cols` of the transform's own grid exist: what is
/// missing reads as zeros and is not written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    pub(super) at: usize,
    pub(super) row: usize,
    pub(super) col: usize,
    pub(super) rows: usize,
    pub(super) cols: usize,
    pub(super) first: usize,
    pub(super) width: usize,
    pub(super) block: usize,
}

impl Grid {
    /// A whole grid of vectors whose channels are contiguous.
    pub(super) fn contiguous(at: usize, row: usize, col: usize, side: usize) -> Self {
        Self {
            at,
            row,
            col,
            rows: side,
            cols: side,
            first: 0,
            width: usize::MAX,
            block: 0,
        }
    }

    /// How many channels from number `c` are contiguous.
    pub(super) fn run(&self, c: usize) -> usize {
        self.width - (self.first + c) % self.width
    }

    /// Where channel `c` of the first vector is.
    fn channel(&self, c: usize) -> usize {
        let c = self.first + c;
        self.at + c / self.width * self.block + c % self.width
    }
}

/// Contiguous channels of a grid's vectors, all of which lie inside a slice.
#[derive(Clone, Copy)]
pub(super) struct Extent {
    row: usize,
    col: usize,
    pub(super) rows: usize,
    pub(super) cols: usize,
    /// Channels.
    pub(super) len: usize,
}

impl Extent {
    /// The first channel's place in a slice of so many values, and the extent of `len` channels from number `c`.
    ///
    /// # Panics
    /// Where one of them does not lie inside the slice.
    fn of(values: usize, grid: &Grid, c: usize, len: usize) -> (usize, Self) {
        let at = grid.channel(c);
        let steps = |count: usize, step: usize| count.saturating_sub(1).checked_mul(step);
        let end = steps(grid.rows, grid.row)
            .zip(steps(grid.cols, grid.col))
            .and_then(|(rows, cols)| at.checked_add(rows)?.checked_add(cols)?.checked_add(len));
        assert!(
            end.is_some_and(|end| end <= values),
            "a grid's vectors lie inside its slice: {grid:?}, {len} channels from {c}, {values} values"
        );
        let extent = Self {
            row: grid.row,
            col: grid.col,
            rows: grid.rows,
            cols: grid.cols,
            len,
        };
        (at, extent)
    }

    /// Sixteen channels of a vector, counted from the first.
    #[inline(always)]
    fn offset(&self, i: usize, j: usize, c: usize) -> usize {
        i * self.row + j * self.col + c
    }

    #[inline(always)]
    fn contains(&self, i: usize, j: usize, c: usize) -> bool {
        i < self.rows && j < self.cols && c + LANES <= self.len
    }
}

/// A grid's vectors, to be read.
pub(super) struct Vectors<'a> {
    first: *const f32,
    pub(super) extent: Extent,
    data: PhantomData<&'a [f32]>,
}

impl<'a> Vectors<'a> {
    /// `len` contiguous channels from number `c`.
    ///
    /// # Panics
    /// Where one of them does not lie inside the slice.
    pub(super) fn of(data: &'a [f32], grid: &Grid, c: usize, len: usize) -> Self {
        let (at, extent) = Extent::of(data.len(), grid, c, len);
        Self {
            first: data[at..].as_ptr(),
            extent,
            data: PhantomData,
        }
    }

    /// Sixteen channels of a vector.
    ///
    /// # Safety
    /// `(i, j)` exists and so do sixteen channels from `c`.
    #[inline(always)]
    pub(super) unsafe fn get(&self, i: usize, j: usize, c: usize) -> &'a Lanes {
        debug_assert!(self.extent.contains(i, j, c));
        // SAFETY: the extent lies inside a slice that is borrowed for as long; see `Extent::of`.
        unsafe { &*self.first.add(self.extent.offset(i, j, c)).cast() }
    }

    /// Asks for a vector's channels, should there be so many.
    #[inline(always)]
    pub(super) fn fetch(&self, i: usize, j: usize, c: usize) {
        prefetch_address(self.first.wrapping_add(self.extent.offset(i, j, c)));
    }
}

/// A grid's vectors, to be written.
pub(super) struct VectorsMut<'a> {
    first: *mut f32,
    pub(super) extent: Extent,
    data: PhantomData<&'a mut [f32]>,
}

impl<'a> VectorsMut<'a> {
    /// As [`Vectors::of`].
    ///
    /// # Panics
    /// As there.
    pub(super) fn of(data: &'a mut [f32], grid: &Grid, c: usize, len: usize) -> Self {
        let (at, extent) = Extent::of(data.len(), grid, c, len);
        Self {
            first: data[at..].as_mut_ptr(),
            extent,
            data: PhantomData,
        }
    }

    /// As [`Vectors::get`].
    ///
    /// # Safety
    /// As there.
    #[inline(always)]
    pub(super) unsafe fn get(&mut self, i: usize, j: usize, c: usize) -> &mut Lanes {
        debug_assert!(self.extent.contains(i, j, c));
        // SAFETY: as there, of a slice borrowed exclusively; `self` is, for as long as the vector is.
        unsafe { &mut *self.first.add(self.extent.offset(i, j, c)).cast() }
    }

    /// As [`Vectors::fetch`].
    #[inline(always)]
    pub(super) fn fetch(&self, i: usize, j: usize, c: usize) {
        prefetch_address(self.first.wrapping_add(self.extent.offset(i, j, c)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_of_blocks_and_contiguous_ones_are_where_the_grid_says() {
        let data: Vec<f32> = (0..4000).map(|v| v as f32).collect();
        let grid = Grid {
            rows: 2,
            cols: 3,
            first: 32,
            width: 48,
            block: 1000,
            ..Grid::contiguous(5, 300, 70, 3)
        };
        assert_eq!((grid.run(0), grid.run(16)), (16, 48));
        let vectors = Vectors::of(&data, &grid, 16, 48);
        // SAFETY: the last of two rows, three columns and 48 channels.
        assert_eq!(
            unsafe { vectors.get(1, 2, 32) }[15],
            (5 + 1000 + 300 + 140 + 47) as f32
        );
        let mut changed = data.clone();
        let mut vectors = VectorsMut::of(&mut changed, &grid, 0, 16);
        // SAFETY: as above, of 16 channels.
        let lanes = unsafe { vectors.get(1, 0, 0) };
        lanes[0] = -1.0;
        assert_eq!(changed[5 + 32 + 300], -1.0);
        assert_eq!(changed.iter().filter(|v| **v < 0.0).count(), 1);
        let whole = Grid::contiguous(0, 100, 10, 2);
        assert!(whole.run(1000) > 1 << 40);
    }

    #[test]
    #[should_panic(expected = "lie inside")]
    fn a_grid_that_leaves_its_slice_is_refused() {
        Vectors::of(&[0.0; 100], &Grid::contiguous(0, 50, 20, 2), 0, 32);
    }

    #[test]
    #[should_panic(expected = "lie inside")]
    fn an_extent_that_overflows_is_refused() {
        Vectors::of(&[0.0; 100], &Grid::contiguous(0, usize::MAX / 2, 1, 4), 0, 16);
    }
}
