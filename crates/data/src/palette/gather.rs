//! Gathering a palette from label maps that were compressed: JPEG leaves thousands of colours where there were a dozen.

use std::collections::BTreeMap;

use diptych_domain::Images;

use super::bytes;

/// Colours in one cell of the histogram differ by less than this in each channel.
const CELL: u8 = 16;
/// Neighbours whose channels differ by no more than this lie in one flat area.
const FLAT: u8 = 10;
/// A colour nearer than this to one of more pixels is that one, disturbed (Euclidean, 0 to 255).
const APART: f64 = 40.0;
/// A class has at least this part of the flat pixels.
const SHARE: f64 = 5e-4;

/// Colours with the part of the flat pixels that each has, largest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Gathered {
    /// Colours and shares.
    pub colours: Vec<([u8; 3], f64)>,
    /// The part of all pixels that lie in flat areas, 0 to 1: high for label maps, low for photographs.
    pub flat: f64,
}

/// The colours of flat areas: pixels that hardly differ from their right and lower neighbours are counted in a coarse histogram;
/// starting from the fullest cell, each cell founds a class or joins the nearest that is near enough. A class's colour is the
/// mean of the cell that founded it.
pub fn gather<'a>(images: impl IntoIterator<Item = &'a Images>) -> Gathered {
    let mut cells: BTreeMap<[u8; 3], (u64, [u64; 3])> = BTreeMap::new();
    let (mut flat, mut all) = (0u64, 0u64);
    for images in images {
        for i in 0..images.n {
            let pixels = bytes(images, i);
            for y in 0..images.h.saturating_sub(1) {
                for x in 0..images.w.saturating_sub(1) {
                    all += 1;
                    let at = y * images.w + x;
                    let here = pixels[at];
                    let like = |other: [u8; 3]| (0..3).all(|k| here[k].abs_diff(other[k]) <= FLAT);
                    if !like(pixels[at + 1]) || !like(pixels[at + images.w]) {
                        continue;
                    }
                    flat += 1;
                    let (count, sum) = cells.entry(here.map(|v| v / CELL)).or_default();
                    *count += 1;
                    (0..3).for_each(|k| sum[k] += u64::from(here[k]));
                }
            }
        }
    }
    let mut by_size: Vec<(u64, [f64; 3])> = cells
        .into_values()
        .map(|(count, sum)| (count, sum.map(|s| s as f64 / count as f64)))
        .collect();
    // Equal counts keep the order of their cells.
    by_size.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    let mut classes: Vec<(u64, [f64; 3])> = Vec::new();
    for (count, colour) in by_size {
        let distance = |c: &[f64; 3]| (0..3).map(|k| (c[k] - colour[k]).powi(2)).sum::<f64>().sqrt();
        let nearest = classes
            .iter_mut()
            .min_by(|a, b| distance(&a.1).total_cmp(&distance(&b.1)));
        match nearest {
            Some(class) if distance(&class.1) < APART => class.0 += count,
            _ => classes.push((count, colour)),
        }
    }
    let mut colours: Vec<([u8; 3], f64)> = classes
        .into_iter()
        .map(|(count, colour)| (colour.map(|v| v.round() as u8), count as f64 / flat.max(1) as f64))
        .filter(|(_, share)| *share >= SHARE)
        .collect();
    colours.sort_by(|a, b| b.1.total_cmp(&a.1));
    Gathered {
        colours,
        flat: flat as f64 / all.max(1) as f64,
    }
}
