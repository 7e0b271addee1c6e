//! The colours of label maps: read from a file, found in flat images, or gathered from noisy ones.

mod find;
mod gather;

use std::collections::BTreeSet;
use std::path::Path;

use diptych_domain::Images;

use crate::error::DataError;

pub use find::{FILE, Found, find, sample_targets};
pub use gather::{Gathered, gather};

/// The most classes that a palette may have.
pub const MAX_CLASSES: usize = 256;
/// A pixel is taken to show a class where its colour is no farther than this from the class's (Euclidean, 0 to 255).
const NEAR: f64 = 48.0;
/// A pixel nearly has a class's colour where it is no farther from it than this.
const TIGHT: f64 = 16.0;
/// What part of an image's pixels must be near a colour for the image to be a label map.
pub const MOSTLY: f64 = 0.6;

/// One class of a label map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    /// Its name; the colour as `#rrggbb` where the file gives none.
    pub name: String,
    /// Red, green, blue.
    pub colour: [u8; 3],
}

/// The classes of a label map, told apart by colour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Palette {
    classes: Vec<Class>,
}

impl Palette {
    /// A palette of these colours, named `#rrggbb`.
    ///
    /// # Errors
    /// As [`Palette::parse`], about `origin`.
    pub fn new(origin: &Path, colours: impl IntoIterator<Item = [u8; 3]>) -> Result<Self, DataError> {
        let class = |colour| Class {
            name: hex(colour),
            colour,
        };
        Self::checked(origin, colours.into_iter().map(|c| (0, class(c))).collect())
    }

    /// Reads a palette file.
    ///
    /// # Errors
    /// As [`Palette::parse`], and where the file cannot be read.
    pub fn read(path: &Path) -> Result<Self, DataError> {
        let text = std::fs::read_to_string(path).map_err(DataError::io(path))?;
        Self::parse(path, &text)
    }

    /// A class a line: `#rrggbb NAME` or `R G B NAME` with numbers from 0 to 255; the name may be missing. Empty lines and
    /// other lines that begin with `#` are passed over, and so is the head of a GIMP palette.
    ///
    /// # Errors
    /// [`DataError::Palette`] with the line: no colour, a colour given twice, fewer than 2 or more than [`MAX_CLASSES`].
    pub fn parse(path: &Path, text: &str) -> Result<Self, DataError> {
        let mut classes = Vec::new();
        for (i, line) in text.lines().enumerate() {
            let line = line.trim();
            if is_head(line) {
                continue;
            }
            let (colour, name) = match hex_colour(line) {
                Some(found) => found,
                None if line.is_empty() || line.starts_with('#') => continue,
                None => decimal_colour(line).ok_or_else(|| DataError::Palette {
                    path: path.to_owned(),
                    line: i + 1,
                    problem: format!(
                        "`{line}`: expected a colour and a name, such as `#aa0000 door` or `170 0 0 door`"
                    ),
                })?,
            };
            let name = if name.is_empty() {
                hex(colour)
            } else {
                name.to_owned()
            };
            classes.push((i + 1, Class { name, colour }));
        }
        Self::checked(path, classes)
    }

    fn checked(path: &Path, classes: Vec<(usize, Class)>) -> Result<Self, DataError> {
        let refuse = |line, problem| {
            Err(DataError::Palette {
                path: path.to_owned(),
                line,
                problem,
            })
        };
        for (i, (line, class)) in classes.iter().enumerate() {
            if classes[..i].iter().any(|(_, c)| c.colour == class.colour) {
                return refuse(*line, format!("the colour {} is there twice", hex(class.colour)));
            }
        }
        if !(2..=MAX_CLASSES).contains(&classes.len()) {
            let n = classes.len();
            return refuse(0, format!("{n} colours: a label map has from 2 to {MAX_CLASSES}"));
        }
        Ok(Self {
            classes: classes.into_iter().map(|(_, c)| c).collect(),
        })
    }

    /// The classes, in the file's order.
    pub fn classes(&self) -> &[Class] {
        &self.classes
    }

    /// The file's text, as [`Palette::parse`] reads it.
    pub fn to_text(&self) -> String {
        let line = |c: &Class| {
            let colour = hex(c.colour);
            if c.name == colour {
                format!("{colour}\n")
            } else {
                format!("{colour} {}\n", c.name)
            }
        };
        self.classes.iter().map(line).collect()
    }

    /// The class of each pixel of image `i`: the one of the nearest colour, the first of two that are as near. One or two
    /// channels are taken for grey, a fourth is passed over.
    pub fn labels(&self, images: &Images, i: usize) -> Vec<u16> {
        self.nearest(images, i)
            .into_iter()
            .map(|(class, _)| class)
            .collect()
    }

    /// The part of the pixels of image `i` that are near one of the colours, 0 to 1: high for a label map, however it was
    /// compressed.
    pub fn coverage(&self, images: &Images, i: usize) -> f64 {
        self.within(images, i, NEAR)
    }

    /// The part of the pixels of image `i` that nearly have one of the colours, 0 to 1: high for a label map, low for a picture, even
    /// where the colours were gathered from it.
    pub fn tightness(&self, images: &Images, i: usize) -> f64 {
        self.within(images, i, TIGHT)
    }

    fn within(&self, images: &Images, i: usize, radius: f64) -> f64 {
        let found = self.nearest(images, i);
        let near = found
            .iter()
            .filter(|(_, d)| f64::from(*d) <= radius * radius)
            .count();
        near as f64 / found.len().max(1) as f64
    }

    /// Each pixel's class and its squared distance from it.
    fn nearest(&self, images: &Images, i: usize) -> Vec<(u16, f32)> {
        let pixels = images.h * images.w;
        let image = images.image(i);
        let planes: [&[f32]; 3] = match images.c {
            1 | 2 => [&image[..pixels]; 3],
            _ => [0, 1, 2].map(|k| &image[k * pixels..(k + 1) * pixels]),
        };
        let colours: Vec<[f32; 3]> = self.classes.iter().map(|c| c.colour.map(f32::from)).collect();
        (0..pixels)
            .map(|p| {
                let pixel = planes.map(|plane| (plane[p] + 1.0) * 127.5);
                let mut best = (0, f32::INFINITY);
                for (class, colour) in colours.iter().enumerate() {
                    let d: f32 = (0..3).map(|k| (pixel[k] - colour[k]).powi(2)).sum();
                    if d < best.1 {
                        best = (class as u16, d);
                    }
                }
                best
            })
            .collect()
    }
}

/// The colours of images that have no more than `max` of them; `None` where they have more: photographs, or label maps that
/// were compressed.
pub fn distinct<'a>(images: impl IntoIterator<Item = &'a Images>, max: usize) -> Option<Vec<[u8; 3]>> {
    let mut seen = BTreeSet::new();
    for images in images {
        for i in 0..images.n {
            for colour in bytes(images, i) {
                if seen.insert(colour) && seen.len() > max {
                    return None;
                }
            }
        }
    }
    Some(seen.into_iter().collect())
}

/// Each pixel of image `i` in 8 bits.
fn bytes(images: &Images, i: usize) -> Vec<[u8; 3]> {
    let pixels = images.h * images.w;
    let image = images.image(i);
    let byte = |v: f32| ((v + 1.0) * 127.5).round().clamp(0.0, 255.0) as u8;
    let plane = |k: usize| if images.c < 3 { 0 } else { k * pixels };
    (0..pixels)
        .map(|p| [0, 1, 2].map(|k| byte(image[plane(k) + p])))
        .collect()
}

fn hex([r, g, b]: [u8; 3]) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn is_head(line: &str) -> bool {
    line == "GIMP Palette" || line.starts_with("Name:") || line.starts_with("Columns:")
}

fn hex_colour(line: &str) -> Option<([u8; 3], &str)> {
    let rest = line.strip_prefix('#')?;
    let (digits, name) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let value = u32::from_str_radix(digits, 16).ok()?;
    let [_, r, g, b] = value.to_be_bytes();
    Some(([r, g, b], name.trim()))
}

fn decimal_colour(line: &str) -> Option<([u8; 3], &str)> {
    let mut rest = line;
    let mut colour = [0; 3];
    for value in &mut colour {
        rest = rest.trim_start();
        let end = rest
            .find(|c: char| c.is_whitespace() || c == ',')
            .unwrap_or(rest.len());
        *value = rest[..end].parse().ok()?;
        rest = rest[end..].trim_start_matches(',');
    }
    Some((colour, rest.trim()))
}

#[cfg(test)]
mod tests;
