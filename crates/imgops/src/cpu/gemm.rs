//! Matrix products over all cores (crate `gemm`), behind a safe and checked front.
#![allow(unsafe_code)] // the product's raw-pointer interface; the front checks every extent

use gemm::Parallelism;
use rayon::prelude::*;

/// A row- or column-major view of a matrix in a slice.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a> {
    data: &'a [f32],
    rows: usize,
    cols: usize,
    row_stride: usize,
    col_stride: usize,
}

impl<'a> Matrix<'a> {
    /// `rows x cols`, row-major.
    pub(crate) fn new(data: &'a [f32], rows: usize, cols: usize) -> Self {
        assert_eq!(data.len(), rows * cols, "a {rows}x{cols} matrix");
        Self {
            data,
            rows,
            cols,
            row_stride: cols,
            col_stride: 1,
        }
    }

    /// The transposed view.
    pub(crate) fn t(self) -> Self {
        Self {
            data: self.data,
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
        }
    }
}

/// `out = a b`, or `out += a b` where `accumulate`; `out` is row-major, `a.rows x b.cols`.
pub(crate) fn matmul(out: &mut [f32], a: Matrix<'_>, b: Matrix<'_>, accumulate: bool) {
    assert_eq!(a.cols, b.rows, "inner extents");
    assert_eq!(out.len(), a.rows * b.cols, "the product's extents");
    let threads = rayon::current_num_threads();
    let parallelism = if threads > 1 {
        Parallelism::Rayon(threads)
    } else {
        Parallelism::None
    };
    // SAFETY: the three slices hold exactly the extents given with these strides (asserted here and in `Matrix::new`),
    // and `out` is borrowed exclusively, so it overlaps neither input.
    unsafe {
        gemm::gemm(
            a.rows,
            b.cols,
            a.cols,
            out.as_mut_ptr(),
            1,
            b.cols as isize,
            accumulate,
            a.data.as_ptr(),
            a.col_stride as isize,
            a.row_stride as isize,
            b.data.as_ptr(),
            b.col_stride as isize,
            b.row_stride as isize,
            1.0,
            1.0,
            false,
            false,
            false,
            parallelism,
        );
    }
}

/// Matrices of one shape, interleaved by row: `[row][matrix][column]`.
#[derive(Clone, Copy)]
pub(crate) struct Stack<'a> {
    data: &'a [f32],
    count: usize,
    rows: usize,
    cols: usize,
    matrix_stride: usize,
    row_stride: usize,
    col_stride: usize,
}

impl<'a> Stack<'a> {
    /// `count` matrices of `rows x cols`.
    pub(crate) fn new(data: &'a [f32], rows: usize, count: usize, cols: usize) -> Self {
        assert_eq!(
            data.len(),
            rows * count * cols,
            "{count} matrices of {rows}x{cols}"
        );
        Self {
            data,
            count,
            rows,
            cols,
            matrix_stride: cols,
            row_stride: count * cols,
            col_stride: 1,
        }
    }

    /// Every matrix transposed.
    pub(crate) fn t(self) -> Self {
        Self {
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
            ..self
        }
    }
}

/// A pointer that may cross threads: the tasks that share it write to disjoint places.
#[derive(Clone, Copy)]
struct Shared(*mut f32);

// SAFETY: only `matmul_stack` makes one, and its tasks write to disjoint elements.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    fn get(self) -> *mut f32 {
        self.0
    }
}

/// `out[i] = a[i] b[i]` for every matrix `i` of the stacks; `out` is a stack `[a.rows][count][b.cols]`. One task a matrix.
pub(crate) fn matmul_stack(out: &mut [f32], count: usize, a: Stack<'_>, b: Stack<'_>) {
    assert!(
        a.count == count && b.count == count,
        "as many matrices in each stack"
    );
    assert_eq!(a.cols, b.rows, "inner extents");
    assert_eq!(out.len(), a.rows * count * b.cols, "the products' extents");
    let to = Shared(out.as_mut_ptr());
    (0..count).into_par_iter().for_each(|i| {
        // SAFETY: as in `matmul`; matrix `i` of `out` is the elements `(row * count + i) * cols + column`, which no other
        // task touches, and `out` is borrowed exclusively until all tasks are done.
        unsafe {
            gemm::gemm(
                a.rows,
                b.cols,
                a.cols,
                to.get().add(i * b.cols),
                1,
                (count * b.cols) as isize,
                false,
                a.data.as_ptr().add(i * a.matrix_stride),
                a.col_stride as isize,
                a.row_stride as isize,
                b.data.as_ptr().add(i * b.matrix_stride),
                b.col_stride as isize,
                b.row_stride as isize,
                1.0,
                1.0,
                false,
                false,
                false,
                Parallelism::None,
            );
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_agree_with_the_definition_for_every_orientation() {
        let value = |i: usize| ((i * 37 + 11) % 17) as f32 - 8.0;
        for (m, n, k) in [(1, 1, 1), (3, 5, 7), (64, 33, 40), (130, 1, 65), (1, 90, 12)] {
            let a: Vec<f32> = (0..m * k).map(value).collect();
            let b: Vec<f32> = (0..k * n).map(value).collect();
            let (at, bt) = (transpose(&a, m, k), transpose(&b, k, n));
            let want: Vec<f32> = (0..m * n)
                .map(|i| (0..k).map(|j| a[i / n * k + j] * b[j * n + i % n]).sum::<f32>())
                .collect();
            for ta in [false, true] {
                for tb in [false, true] {
                    let left = if ta {
                        Matrix::new(&at, k, m).t()
                    } else {
                        Matrix::new(&a, m, k)
                    };
                    let right = if tb {
                        Matrix::new(&bt, n, k).t()
                    } else {
                        Matrix::new(&b, k, n)
                    };
                    let mut out = vec![9.0; m * n];
                    matmul(&mut out, left, right, false);
                    assert_eq!(out, want);
                    matmul(&mut out, left, right, true);
                    assert_eq!(out, want.iter().map(|v| 2.0 * v).collect::<Vec<_>>());
                }
            }
        }
    }

    fn transpose(x: &[f32], rows: usize, cols: usize) -> Vec<f32> {
        (0..rows * cols).map(|i| x[i % rows * cols + i / rows]).collect()
    }

    #[test]
    fn stacks_multiply_matrix_by_matrix() {
        let (rows, inner, cols, count) = (5, 4, 3, 7);
        let a: Vec<f32> = (0..rows * count * inner).map(|i| (i % 11) as f32 - 5.0).collect();
        let b: Vec<f32> = (0..inner * count * cols).map(|i| (i % 13) as f32 - 6.0).collect();
        let mut out = vec![f32::NAN; rows * count * cols];
        matmul_stack(
            &mut out,
            count,
            Stack::new(&a, rows, count, inner),
            Stack::new(&b, inner, count, cols),
        );
        for (at, v) in out.iter().enumerate() {
            let (r, i, c) = (at / (count * cols), at / cols % count, at % cols);
            let want: f32 = (0..inner)
                .map(|k| a[(r * count + i) * inner + k] * b[(k * count + i) * cols + c])
                .sum();
            assert_eq!(*v, want);
        }
        let mut back = vec![f32::NAN; inner * count * cols];
        matmul_stack(
            &mut back,
            count,
            Stack::new(&a, rows, count, inner).t(),
            Stack::new(&out, rows, count, cols),
        );
        for (at, v) in back.iter().enumerate() {
            let (k, i, c) = (at / (count * cols), at / cols % count, at % cols);
            let want: f32 = (0..rows)
                .map(|r| a[(r * count + i) * inner + k] * out[(r * count + i) * cols + c])
                .sum();
            assert_eq!(*v, want);
        }
    }
}
