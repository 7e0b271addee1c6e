//! Matrix products over all cores (crate `gemm`), behind a safe and checked front.
#![allow(unsafe_code)] // the product's raw-pointer interface; the front checks every extent

use gemm::Parallelism;

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
}
