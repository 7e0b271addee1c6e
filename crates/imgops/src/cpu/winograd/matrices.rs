//! Winograd's transforms by the Toom-Cook construction (Lavin and Gray 2016): `F(m, r)` computes `m` outputs of an
//! `r`-tap correlation from `m + r - 1` products, `y = A^T [(G g) * (B^T d)]`.

/// A sparse linear map: output `i` sums the inputs of `terms[ends[i - 1]..ends[i]]`, each with its factor.
#[derive(Clone, Debug)]
pub(crate) struct Map {
    pub(crate) inputs: usize,
    ends: Vec<usize>,
    terms: Vec<(usize, f32)>,
}

impl Map {
    fn new(dense: &[Vec<f64>]) -> Self {
        let (mut ends, mut terms) = (Vec::new(), Vec::new());
        for row in dense {
            let present = row.iter().enumerate().filter(|(_, v)| **v != 0.0);
            terms.extend(present.map(|(i, v)| (i, *v as f32)));
            ends.push(terms.len());
        }
        Self {
            inputs: dense.first().map_or(0, Vec::len),
            ends,
            terms,
        }
    }

    fn transposed(dense: &[Vec<f64>]) -> Self {
        let columns = dense.first().map_or(0, Vec::len);
        let flipped: Vec<Vec<f64>> = (0..columns)
            .map(|j| dense.iter().map(|row| row[j]).collect())
            .collect();
        Self::new(&flipped)
    }

    pub(crate) fn outputs(&self) -> usize {
        self.ends.len()
    }

    /// What output `i` reads.
    #[inline(always)]
    pub(crate) fn terms(&self, i: usize) -> &[(usize, f32)] {
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        &self.terms[start..self.ends[i]]
    }
}

/// The maps of one `F(m, r)`, forward and adjoint.
#[derive(Clone, Debug)]
pub(crate) struct Transforms {
    /// Outputs a tile.
    pub(crate) m: usize,
    /// Kernel taps.
    pub(crate) r: usize,
    /// `B^T`: data to points.
    pub(crate) data: Map,
    /// `B`.
    pub(crate) data_adjoint: Map,
    /// `G`: taps to points.
    pub(crate) kernel: Map,
    /// `G^T`.
    pub(crate) kernel_adjoint: Map,
    /// `A^T`: points to outputs.
    pub(crate) output: Map,
    /// `A`.
    pub(crate) output_adjoint: Map,
}

impl Transforms {
    /// Points a tile and dimension.
    pub(crate) fn points(&self) -> usize {
        self.m + self.r - 1
    }

    /// `F(m, r)` from `m + r - 2` finite points; infinity is the last.
    pub(crate) fn new(m: usize, r: usize, finite: &[f64]) -> Self {
        let n = m + r - 1;
        assert_eq!(finite.len(), n - 1, "F({m}, {r}) takes {} finite points", n - 1);
        let power = |p: f64, k: usize| p.powi(k as i32);
        let mut output = vec![vec![0.0; n]; m];
        let mut kernel = vec![vec![0.0; r]; n];
        let mut data = vec![vec![0.0; n]; n];
        for (j, p) in finite.iter().enumerate() {
            let others: Vec<f64> = finite.iter().copied().filter(|q| q != p).collect();
            let scale: f64 = others.iter().map(|q| p - q).product();
            (0..m).for_each(|i| output[i][j] = power(*p, i));
            (0..r).for_each(|k| kernel[j][k] = power(*p, k) / scale);
            for (k, c) in polynomial(&others).into_iter().enumerate() {
                data[j][k] = c;
            }
        }
        output[m - 1][n - 1] = 1.0;
        kernel[n - 1][r - 1] = 1.0;
        data[n - 1] = polynomial(finite);
        Self {
            m,
            r,
            data: Map::new(&data),
            data_adjoint: Map::transposed(&data),
            kernel: Map::new(&kernel),
            kernel_adjoint: Map::transposed(&kernel),
            output: Map::new(&output),
            output_adjoint: Map::transposed(&output),
        }
    }
}

/// Coefficients of the product of `(x - root)`, lowest power first.
fn polynomial(roots: &[f64]) -> Vec<f64> {
    let mut c = vec![1.0];
    for root in roots {
        let mut next = vec![0.0; c.len() + 1];
        for (i, v) in c.iter().enumerate() {
            next[i] -= root * v;
            next[i + 1] += v;
        }
        c = next;
    }
    c
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(map: &Map, x: &[f32]) -> Vec<f32> {
        (0..map.outputs())
            .map(|i| map.terms(i).iter().map(|(j, f)| f * x[*j]).sum())
            .collect()
    }

    #[test]
    fn one_dimensional_correlations_come_out() {
        for (m, r, points) in [
            (2, 2, &[0.0, 1.0][..]),
            (3, 2, &[0.0, 1.0, -1.0]),
            (4, 2, &[0.0, 1.0, -1.0, 0.5]),
            (4, 3, &[0.0, 0.75, -0.75, 1.5, -1.5]),
            (3, 4, &[0.0, 0.75, -0.75, 1.5, -1.5]),
        ] {
            let t = Transforms::new(m, r, points);
            let d: Vec<f32> = (0..t.points()).map(|i| ((i * 5 + 2) % 7) as f32 - 3.0).collect();
            let g: Vec<f32> = (0..r).map(|i| i as f32 - 1.25).collect();
            let products: Vec<f32> = apply(&t.kernel, &g)
                .iter()
                .zip(apply(&t.data, &d))
                .map(|(a, b)| a * b)
                .collect();
            for (i, y) in apply(&t.output, &products).into_iter().enumerate() {
                let want: f32 = (0..r).map(|k| g[k] * d[i + k]).sum();
                assert!((y - want).abs() < 1e-4, "F({m}, {r}): {y} for {want}");
            }
        }
    }
}
