//! The outline and the colour of the one thing in an image, told from its background by colour.

use diptych_domain::Images;

/// Things that differ from the background by less than this are none (Euclidean, 0 to 255).
const FAINT: f64 = 24.0;

/// What the largest thing in an image is like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outline {
    /// `4 pi A / P^2` from area and perimeter: 1 for a disc, 0.785 for a square (some 0.02 more on a grid of pixels, which rounds its
    /// corners), less for anything longer or more ragged.
    pub circularity: f64,
    /// How square it is: `7/3 |sum z^4| / sum |z|^4` over its pixels, `z` their place from its centre as a complex number. 0 for a
    /// disc, 1 for a square at any angle; a ragged edge, which lowers circularity as corners do, adds little.
    pub squareness: f64,
    /// Area in pixels.
    pub area: f64,
    /// Its mean colour, 0 to 255.
    pub colour: [f64; 3],
    /// The background's colour: the median of the image's border.
    pub background: [f64; 3],
}

/// The outline of image `i`: the level set halfway between the background and the thing, traced with linear interpolation
/// (marching squares) around the largest connected region, holes filled. `None` where nothing stands out. Images of 1 or 2 channels
/// are grey.
pub fn outline(images: &Images, i: usize) -> Option<Outline> {
    let (h, w) = (images.h, images.w);
    if h < 3 || w < 3 {
        return None;
    }
    let image = images.image(i);
    let plane = |k: usize| if images.c < 3 { 0 } else { k * h * w };
    let pixels: Vec<[f64; 3]> = (0..h * w)
        .map(|p| [0, 1, 2].map(|k| (f64::from(image[plane(k) + p]) + 1.0) * 127.5))
        .collect();
    let background = border_median(&pixels, h, w);
    let mut field: Vec<f64> = pixels.iter().map(|p| distance(p, &background)).collect();
    let mut sorted = field.clone();
    sorted.sort_unstable_by(f64::total_cmp);
    let high = sorted[(sorted.len() - 1) * 98 / 100];
    if high < FAINT {
        return None;
    }
    let level = 0.5 * high;
    let region = largest_region(&field, level, h, w);
    let outside = reachable(&region, h, w);
    for (p, value) in field.iter_mut().enumerate() {
        if region[p] {
            continue;
        }
        // Holes are filled, other regions are levelled.
        *value = if outside[p] {
            value.min(0.999 * level)
        } else {
            high
        };
    }
    // What part of each pixel the thing covers; beside its own pixels only their neighbours can be covered in part.
    let covered: Vec<f64> = (0..h * w)
        .map(|p| {
            let near = field[p] > level || neighbours(p, h, w).any(|q| field[q] > level);
            if near { (field[p] / high).min(1.0) } else { 0.0 }
        })
        .collect();
    let (area, perimeter) = trace(&field, level, h, w);
    let inner: Vec<&[f64; 3]> = (0..h * w)
        .filter(|&p| region[p] && field[p] > 0.75 * high)
        .map(|p| &pixels[p])
        .collect();
    let mean = |k: usize| inner.iter().map(|c| c[k]).sum::<f64>() / inner.len() as f64;
    (perimeter > 0.0 && !inner.is_empty()).then(|| Outline {
        circularity: 4.0 * std::f64::consts::PI * area / (perimeter * perimeter),
        squareness: squareness(&covered, w),
        area,
        colour: [0, 1, 2].map(mean),
        background,
    })
}

fn distance(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    (0..3).map(|k| (a[k] - b[k]).powi(2)).sum::<f64>().sqrt()
}

fn border_median(pixels: &[[f64; 3]], h: usize, w: usize) -> [f64; 3] {
    let on_border = |p: usize| at_border(p, h, w);
    [0, 1, 2].map(|k| {
        let mut values: Vec<f64> = (0..h * w)
            .filter(|&p| on_border(p))
            .map(|p| pixels[p][k])
            .collect();
        values.sort_unstable_by(f64::total_cmp);
        values[values.len() / 2]
    })
}

/// Whether a pixel lies at the image's border.
fn at_border(p: usize, h: usize, w: usize) -> bool {
    let (y, x) = (p / w, p % w);
    y == 0 || x == 0 || y + 1 == h || x + 1 == w
}

fn neighbours(p: usize, h: usize, w: usize) -> impl Iterator<Item = usize> {
    let (y, x) = (p / w, p % w);
    [
        (y > 0).then(|| p - w),
        (y + 1 < h).then(|| p + w),
        (x > 0).then(|| p - 1),
        (x + 1 < w).then(|| p + 1),
    ]
    .into_iter()
    .flatten()
}

/// The largest set of pixels above the level that hang together.
fn largest_region(field: &[f64], level: f64, h: usize, w: usize) -> Vec<bool> {
    let mut seen = vec![false; h * w];
    let mut best: Vec<usize> = Vec::new();
    for start in 0..h * w {
        if seen[start] || field[start] <= level {
            continue;
        }
        seen[start] = true;
        let mut region = vec![start];
        let mut at = 0;
        while at < region.len() {
            for q in neighbours(region[at], h, w) {
                if !seen[q] && field[q] > level {
                    seen[q] = true;
                    region.push(q);
                }
            }
            at += 1;
        }
        if region.len() > best.len() {
            best = region;
        }
    }
    let mut mask = vec![false; h * w];
    best.into_iter().for_each(|p| mask[p] = true);
    mask
}

/// The pixels outside the region that can be reached from the image's border.
fn reachable(region: &[bool], h: usize, w: usize) -> Vec<bool> {
    let mut seen = vec![false; h * w];
    let mut queue: Vec<usize> = (0..h * w).filter(|&p| at_border(p, h, w) && !region[p]).collect();
    queue.iter().for_each(|&p| seen[p] = true);
    while let Some(p) = queue.pop() {
        for q in neighbours(p, h, w) {
            if !seen[q] && !region[q] {
                seen[q] = true;
                queue.push(q);
            }
        }
    }
    seen
}

/// The fourth complex moment of what is covered, relative to a square's.
fn squareness(covered: &[f64], w: usize) -> f64 {
    let place = |p: usize| ((p % w) as f64, (p / w) as f64);
    let pixels = || covered.iter().enumerate().filter(|(_, part)| **part > 0.0);
    let [mut mass, mut cx, mut cy] = [0.0; 3];
    for (p, part) in pixels() {
        let (x, y) = place(p);
        mass += part;
        cx += part * x;
        cy += part * y;
    }
    let [mut real, mut imaginary, mut total] = [0.0; 3];
    for (p, part) in pixels() {
        let (x, y) = (place(p).0 - cx / mass, place(p).1 - cy / mass);
        let (re, im) = (x * x - y * y, 2.0 * x * y);
        real += part * (re * re - im * im);
        imaginary += part * 2.0 * re * im;
        total += part * (x * x + y * y).powi(2);
    }
    if total > 0.0 {
        7.0 / 3.0 * f64::hypot(real, imaginary) / total
    } else {
        0.0
    }
}

/// Area above the level and length of its border, in pixels; the image is continued by a frame below the level.
fn trace(field: &[f64], level: f64, h: usize, w: usize) -> (f64, f64) {
    let at = |y: usize, x: usize| {
        if y == 0 || x == 0 || y > h || x > w {
            0.0
        } else {
            field[(y - 1) * w + x - 1]
        }
    };
    let (mut area, mut perimeter) = (0.0, 0.0);
    for y in 0..=h {
        for x in 0..=w {
            let corners = [
                (0.0, 0.0, at(y, x)),
                (1.0, 0.0, at(y, x + 1)),
                (1.0, 1.0, at(y + 1, x + 1)),
                (0.0, 1.0, at(y + 1, x)),
            ];
            let (a, p) = cell(corners, level);
            area += a;
            perimeter += p;
        }
    }
    (area, perimeter)
}

/// The part of a unit cell above the level: walking around its corners gives a polygon whose sides inside the cell are the border.
fn cell(corners: [(f64, f64, f64); 4], level: f64) -> (f64, f64) {
    // Each point with whether it lies on the level.
    let mut polygon: Vec<(f64, f64, bool)> = Vec::with_capacity(8);
    for i in 0..4 {
        let (x, y, v) = corners[i];
        let (x2, y2, v2) = corners[(i + 1) % 4];
        if v > level {
            polygon.push((x, y, false));
        }
        if (v > level) != (v2 > level) {
            let t = (level - v) / (v2 - v);
            polygon.push((x + t * (x2 - x), y + t * (y2 - y), true));
        }
    }
    let (mut area, mut border) = (0.0, 0.0);
    for i in 0..polygon.len() {
        let (a, b) = (polygon[i], polygon[(i + 1) % polygon.len()]);
        area += 0.5 * (a.0 * b.1 - b.0 * a.1);
        if a.2 && b.2 {
            border += (a.0 - b.0).hypot(a.1 - b.1);
        }
    }
    (area, border)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `colour` where the signed distance is negative, grey elsewhere, edges by coverage.
    fn image(colour: [f32; 3], distance: impl Fn(f32, f32) -> f32) -> Images {
        let mut images = Images::zeros(1, 3, 64, 64);
        for (k, plane) in images.data.chunks_exact_mut(64 * 64).enumerate() {
            for (p, v) in plane.iter_mut().enumerate() {
                let inside = (0.5 - distance((p % 64) as f32, (p / 64) as f32)).clamp(0.0, 1.0);
                *v = 0.6 + inside * (colour[k] - 0.6);
            }
        }
        images
    }

    fn square(angle: f32, half: f32) -> impl Fn(f32, f32) -> f32 {
        move |x, y| {
            let (x, y) = (x - 31.0, y - 33.0);
            let (u, v) = (
                x * angle.cos() + y * angle.sin(),
                y * angle.cos() - x * angle.sin(),
            );
            u.abs().max(v.abs()) - half
        }
    }

    #[test]
    fn discs_have_one_and_squares_a_quarter_of_pi_whatever_their_angle() {
        let disc = image([0.8, 0.0, -0.7], |x, y| (x - 30.0).hypot(y - 34.0) - 15.0);
        let found = outline(&disc, 0).unwrap();
        assert!((found.circularity - 1.0).abs() < 0.02, "{found:?}");
        assert!((found.area - 706.9).abs() < 10.0, "{found:?}");
        assert!(found.squareness < 0.05, "{found:?}");
        assert!(
            (found.colour[0] - 229.5).abs() < 1.0 && (found.colour[2] - 38.25).abs() < 1.0,
            "{found:?}"
        );
        assert!((found.background[1] - 204.0).abs() < 0.5);
        for angle in [0.0, 0.3, std::f32::consts::FRAC_PI_4] {
            let found = outline(&image([-0.7, -0.3, 0.7], square(angle, 13.0)), 0).unwrap();
            assert!(
                (found.circularity - std::f64::consts::FRAC_PI_4).abs() < 0.04,
                "{angle}: {found:?}"
            );
            assert!((found.squareness - 1.0).abs() < 0.07, "{angle}: {found:?}");
        }
    }

    #[test]
    fn a_ragged_disc_is_no_square() {
        let ragged = image([-0.7, -0.3, 0.7], |x, y| {
            let (x, y) = (x - 31.0, y - 33.0);
            x.hypot(y) - 15.0 - 2.5 * (7.0 * y.atan2(x)).sin()
        });
        let found = outline(&ragged, 0).unwrap();
        assert!(found.circularity < 0.85 && found.squareness < 0.15, "{found:?}");
    }

    #[test]
    fn holes_and_other_things_do_not_count() {
        let ring = |x: f32, y: f32| {
            let r = (x - 26.0).hypot(y - 30.0);
            (r - 14.0).max(5.0 - r)
        };
        let spot = |x: f32, y: f32| (x - 55.0).hypot(y - 55.0) - 4.0;
        let found = outline(&image([0.8, 0.0, -0.7], |x, y| ring(x, y).min(spot(x, y))), 0).unwrap();
        assert!((found.circularity - 1.0).abs() < 0.02, "{found:?}");
        assert!((found.area - 615.8).abs() < 10.0, "{found:?}");
    }

    #[test]
    fn a_long_thing_has_little_and_an_empty_image_nothing() {
        let bar = image([0.8, 0.0, -0.7], |x, y| {
            (x - 32.0).abs().max((y - 32.0).abs() - 20.0) - 2.5
        });
        assert!(outline(&bar, 0).unwrap().circularity < 0.4);
        assert_eq!(outline(&image([0.61, 0.6, 0.6], |_, _| -1.0), 0), None);
    }
}
