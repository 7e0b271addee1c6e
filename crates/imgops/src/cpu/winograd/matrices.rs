//! Winograd's transforms by the Toom-Cook construction (Lavin and Gray 2016): `F(m, r)` computes `m` outputs of an
//! `r`-tap correlation from `m + r - 1` products, `y = A^T [(G g) * (B^T d)]`.
//!
//! The matrices are constants, so that a transform compiles to just the operations that its factors need.

/// The most points a dimension.
pub(super) const SIDE: usize = 6;

/// A matrix of at most [`SIDE`] rows and columns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Matrix {
    pub(super) rows: usize,
    pub(super) cols: usize,
    pub(super) values: [[f32; SIDE]; SIDE],
}

impl Matrix {
    const fn new(values: &[[f64; SIDE]; SIDE], rows: usize, cols: usize) -> Self {
        let mut out = [[0.0; SIDE]; SIDE];
        let mut i = 0;
        while i < rows {
            let mut j = 0;
            while j < cols {
                out[i][j] = values[i][j] as f32;
                j += 1;
            }
            i += 1;
        }
        Self {
            rows,
            cols,
            values: out,
        }
    }

    /// What pairs of opposite points leave alike, where all points but the first and last are in such pairs.
    pub(super) const fn symmetry(&self) -> Option<Symmetry> {
        if self.rows == SIDE && self.pairs() {
            Some(Symmetry::Rows)
        } else if self.cols == SIDE && self.transposed().pairs() {
            Some(Symmetry::Columns)
        } else {
            None
        }
    }

    /// Whether rows 1 and 2, 3 and 4 differ in the signs of odd columns alone.
    const fn pairs(&self) -> bool {
        let mut j = 0;
        while j < self.cols {
            let sign = if j % 2 == 0 { 1.0 } else { -1.0 };
            let mut i = 1;
            while i + 1 < SIDE {
                if self.values[i][j] != sign * self.values[i + 1][j] {
                    return false;
                }
                i += 2;
            }
            j += 1;
        }
        true
    }

    const fn transposed(self) -> Self {
        let mut values = [[0.0; SIDE]; SIDE];
        let mut i = 0;
        while i < self.rows {
            let mut j = 0;
            while j < self.cols {
                values[j][i] = self.values[i][j];
                j += 1;
            }
            i += 1;
        }
        Self {
            rows: self.cols,
            cols: self.rows,
            values,
        }
    }
}

/// Which of a matrix's sides opposite points are on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Symmetry {
    /// Rows `i` and `i + 1` are a pair's, for odd `i`: equal in even columns, opposite in odd ones.
    Rows,
    /// So are columns.
    Columns,
}

/// The three matrices of one `F(m, r)`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Transforms {
    /// Outputs a tile.
    pub(super) m: usize,
    /// Kernel taps.
    pub(super) r: usize,
    /// `B^T`: data to points.
    pub(super) data: Matrix,
    /// `G`: taps to points.
    pub(super) kernel: Matrix,
    /// `A^T`: points to outputs.
    pub(super) output: Matrix,
}

impl Transforms {
    /// Points a tile and dimension.
    pub(super) const fn points(&self) -> usize {
        self.m + self.r - 1
    }

    /// `F(m, r)` from the first `m + r - 2` of `finite`; infinity is the last point.
    const fn new(m: usize, r: usize, finite: [f64; SIDE - 1]) -> Self {
        let n = m + r - 1;
        let mut output = [[0.0; SIDE]; SIDE];
        let mut kernel = [[0.0; SIDE]; SIDE];
        let mut data = [[0.0; SIDE]; SIDE];
        let mut j = 0;
        while j < n - 1 {
            let p = finite[j];
            let (mut scale, mut power) = (1.0, 1.0);
            let mut k = 0;
            while k < n - 1 {
                if k != j {
                    scale *= p - finite[k];
                }
                k += 1;
            }
            let mut i = 0;
            while i < SIDE {
                if i < m {
                    output[i][j] = power;
                }
                if i < r {
                    kernel[j][i] = power / scale;
                }
                power *= p;
                i += 1;
            }
            data[j] = polynomial(finite, n - 1, j);
            j += 1;
        }
        output[m - 1][n - 1] = 1.0;
        kernel[n - 1][r - 1] = 1.0;
        data[n - 1] = polynomial(finite, n - 1, n);
        Self {
            m,
            r,
            data: Matrix::new(&data, n, n),
            kernel: Matrix::new(&kernel, n, r),
            output: Matrix::new(&output, m, n),
        }
    }
}

/// Coefficients of the product of `(x - root)` over the first `count` roots but `skipped`, lowest power first.
const fn polynomial(roots: [f64; SIDE - 1], count: usize, skipped: usize) -> [f64; SIDE] {
    let mut c = [0.0; SIDE];
    c[0] = 1.0;
    let mut k = 0;
    while k < count {
        if k != skipped {
            let mut i = SIDE - 1;
            while i > 0 {
                c[i] = c[i - 1] - roots[k] * c[i];
                i -= 1;
            }
            c[0] *= -roots[k];
        }
        k += 1;
    }
    c
}

/// Sixteen products become nine; for two-tap phases with few tiles.
const F22: Transforms = Transforms::new(2, 2, [0.0, -1.0, 0.0, 0.0, 0.0]);
/// Sixty-four products become twenty-five; these points err a third less than 0, ±1, 1/2.
const F42: Transforms = Transforms::new(4, 2, [0.0, 0.5, -1.0, 1.5, 0.0]);
/// A hundred and forty-four products become thirty-six; the points are the most accurate of those tried.
const F34: Transforms = Transforms::new(3, 4, [0.0, 0.75, -0.75, 1.5, -1.5]);
/// The same for 3x3 kernels.
const F43: Transforms = Transforms::new(4, 3, [0.0, 0.75, -0.75, 1.5, -1.5]);

/// A choice of `F(m, r)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tile {
    F22,
    F42,
    F34,
    F43,
}

impl Tile {
    pub(super) const fn transforms(self) -> &'static Transforms {
        match self {
            Self::F22 => &F22,
            Self::F42 => &F42,
            Self::F34 => &F34,
            Self::F43 => &F43,
        }
    }
}

/// One of the linear maps of an `F(m, r)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Map {
    /// `B^T`.
    Data,
    /// `B`.
    DataAdjoint,
    /// `G`.
    Kernel,
    /// `G^T`.
    KernelAdjoint,
    /// `A^T`.
    Output,
    /// `A`.
    OutputAdjoint,
}

impl Map {
    pub(super) const fn of(self, t: &Transforms) -> Matrix {
        match self {
            Self::Data => t.data,
            Self::DataAdjoint => t.data.transposed(),
            Self::Kernel => t.kernel,
            Self::KernelAdjoint => t.kernel.transposed(),
            Self::Output => t.output,
            Self::OutputAdjoint => t.output.transposed(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(m: Matrix, x: &[f32]) -> Vec<f32> {
        (0..m.rows)
            .map(|i| (0..m.cols).map(|j| m.values[i][j] * x[j]).sum())
            .collect()
    }

    #[test]
    fn one_dimensional_correlations_come_out() {
        for tile in [Tile::F22, Tile::F42, Tile::F34, Tile::F43] {
            let t = tile.transforms();
            let d: Vec<f32> = (0..t.points()).map(|i| ((i * 5 + 2) % 7) as f32 - 3.0).collect();
            let g: Vec<f32> = (0..t.r).map(|i| i as f32 - 1.25).collect();
            let products: Vec<f32> = apply(Map::Kernel.of(t), &g)
                .iter()
                .zip(apply(Map::Data.of(t), &d))
                .map(|(a, b)| a * b)
                .collect();
            for (i, y) in apply(Map::Output.of(t), &products).into_iter().enumerate() {
                let want: f32 = (0..t.r).map(|k| g[k] * d[i + k]).sum();
                assert!((y - want).abs() < 1e-4, "{tile:?}: {y} for {want}");
            }
        }
    }

    #[test]
    fn opposite_points_are_seen() {
        use Symmetry::{Columns, Rows};
        for tile in [Tile::F34, Tile::F43] {
            let of = |map: Map| map.of(tile.transforms()).symmetry();
            assert_eq!(
                [Map::Kernel, Map::Data, Map::OutputAdjoint].map(of),
                [Some(Rows); 3]
            );
            assert_eq!(
                [Map::KernelAdjoint, Map::DataAdjoint, Map::Output].map(of),
                [Some(Columns); 3]
            );
        }
        assert_eq!(Map::Data.of(Tile::F42.transforms()).symmetry(), None);
    }

    #[test]
    fn adjoints_are_transposes() {
        let t = Tile::F34.transforms();
        let (a, b) = (Map::Output.of(t), Map::OutputAdjoint.of(t));
        assert_eq!((a.rows, a.cols), (b.cols, b.rows));
        assert_eq!(a.transposed(), b);
    }
}
