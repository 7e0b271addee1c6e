//! Laplacian pyramids (Burt and Adelson 1983), as the reference implementation of the sliced Wasserstein distance builds them.

/// The binomial filter.
const TAPS: [f32; 5] = [1.0 / 16.0, 4.0 / 16.0, 6.0 / 16.0, 4.0 / 16.0, 1.0 / 16.0];

/// Planes of one size.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Level {
    pub h: usize,
    pub w: usize,
    /// `c * h * w` values.
    pub values: Vec<f32>,
}

/// `levels` levels of the image `[c, h, w]`, finest first: each is what smoothing and halving loses, the last is what is left.
pub(super) fn laplacian(image: &[f32], [_, h, w]: [usize; 3], levels: usize) -> Vec<Level> {
    let mut out = Vec::with_capacity(levels);
    let mut rest = Level {
        h,
        w,
        values: image.to_vec(),
    };
    while out.len() + 1 < levels {
        let half = down(&rest);
        let smooth = up(&half, rest.h, rest.w);
        let mut detail = rest;
        detail
            .values
            .iter_mut()
            .zip(&smooth.values)
            .for_each(|(v, s)| *v -= s);
        out.push(detail);
        rest = half;
    }
    out.push(rest);
    out
}

/// Smooths and keeps every second row and column.
fn down(level: &Level) -> Level {
    let (h, w) = (level.h.div_ceil(2), level.w.div_ceil(2));
    let mut values = Vec::with_capacity(level.values.len() / 4 + 1);
    for plane in level.values.chunks_exact(level.h * level.w) {
        let smooth = smoothed(plane, level.h, level.w, 1.0);
        values.extend((0..h * w).map(|i| smooth[i / w * 2 * level.w + i % w * 2]));
    }
    Level { h, w, values }
}

/// Spreads to `h` x `w` with zeros in between and smooths, four times as strongly.
fn up(level: &Level, h: usize, w: usize) -> Level {
    let mut values = Vec::with_capacity(level.values.len() * 4);
    for plane in level.values.chunks_exact(level.h * level.w) {
        let mut spread = vec![0.0; h * w];
        for (i, v) in plane.iter().enumerate() {
            spread[i / level.w * 2 * w + i % level.w * 2] = *v;
        }
        values.extend(smoothed(&spread, h, w, 2.0));
    }
    Level { h, w, values }
}

/// Filtered along both axes, `gain` in each, the image continued by reflection without repeating its edge.
fn smoothed(plane: &[f32], h: usize, w: usize, gain: f32) -> Vec<f32> {
    let mirror = |i: usize, t: usize, n: usize| {
        if n == 1 {
            return 0;
        }
        let i = (i + t).abs_diff(2);
        let period = 2 * (n - 1);
        let i = i % period;
        i.min(period - i)
    };
    let line = |n: usize, at: &dyn Fn(usize) -> f32, i: usize| -> f32 {
        let taps = TAPS.iter().enumerate();
        taps.map(|(t, tap)| gain * tap * at(mirror(i, t, n))).sum()
    };
    let rows: Vec<f32> = (0..h * w)
        .map(|i| line(w, &|x| plane[i / w * w + x], i % w))
        .collect();
    (0..h * w)
        .map(|i| line(h, &|y| rows[y * w + i % w], i / w))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flat_image_has_no_detail() {
        let levels = laplacian(&[0.25; 16 * 16], [1, 16, 16], 2);
        assert!(levels[0].values.iter().all(|v| v.abs() < 1e-6), "{:?}", levels[0]);
        assert!(levels[1].values.iter().all(|v| (v - 0.25).abs() < 1e-6));
        assert_eq!((levels[1].h, levels[1].w), (8, 8));
    }

    #[test]
    fn levels_add_up_to_the_image() {
        let image: Vec<f32> = (0..2 * 19 * 23)
            .map(|i| ((i * 37) % 101) as f32 / 50.0 - 1.0)
            .collect();
        let levels = laplacian(&image, [2, 19, 23], 3);
        let mut sum = levels[2].clone();
        for level in levels[..2].iter().rev() {
            sum = up(&sum, level.h, level.w);
            sum.values
                .iter_mut()
                .zip(&level.values)
                .for_each(|(s, v)| *s += v);
        }
        let worst = sum
            .values
            .iter()
            .zip(&image)
            .map(|(s, v)| (s - v).abs())
            .fold(0.0, f32::max);
        assert!(worst < 1e-5, "{worst}");
    }

    #[test]
    fn a_single_point_is_smoothed_by_the_binomial_filter() {
        let mut plane = vec![0.0; 49];
        plane[3 * 7 + 3] = 256.0;
        let smooth = smoothed(&plane, 7, 7, 1.0);
        assert_eq!(&smooth[3 * 7..4 * 7], [0.0, 6.0, 24.0, 36.0, 24.0, 6.0, 0.0]);
        assert_eq!(&smooth[7..2 * 7], [0.0, 1.0, 4.0, 6.0, 4.0, 1.0, 0.0]);
    }
}
