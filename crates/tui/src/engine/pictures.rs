//! Makes pictures: decodes files, combines them, fits them into cells, encodes them for the terminal. Away from the screen.

use std::collections::VecDeque;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use image::imageops::{self, FilterType};
use image::{DynamicImage, RgbImage};
use ratatui::layout::Size;
use ratatui_image::Resize;
use ratatui_image::picker::{Picker, ProtocolType};
use ratatui_image::protocol::Protocol;

/// Bytes of decoded images that are kept.
const KEPT: usize = 48 << 20;
/// No file of more pixels than this is decoded: a probe image has a few hundred a side.
const MOST_PIXELS: u64 = 64 << 20;

/// How images get onto the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Via {
    /// As the terminal says it can.
    #[default]
    Auto,
    /// Two pixels a cell, in its two colours.
    Blocks,
    /// Kitty's protocol.
    Kitty,
    /// iTerm2's.
    Iterm2,
    /// Sixels.
    Sixel,
}

impl Via {
    /// All, in the order in which a key goes through them.
    pub const ALL: [Self; 5] = [Self::Auto, Self::Blocks, Self::Kitty, Self::Iterm2, Self::Sixel];

    /// Its name, also on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Blocks => "blocks",
            Self::Kitty => "kitty",
            Self::Iterm2 => "iterm2",
            Self::Sixel => "sixel",
        }
    }

    fn protocol(self, picker: &Picker) -> ProtocolType {
        match self {
            Self::Auto => picker.protocol_type(),
            Self::Blocks => ProtocolType::Halfblocks,
            Self::Kitty => ProtocolType::Kitty,
            Self::Iterm2 => ProtocolType::Iterm2,
            Self::Sixel => ProtocolType::Sixel,
        }
    }
}

/// What is made of one or two images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mix {
    /// The first as it is.
    #[default]
    Plain,
    /// The first up to so many thousandths of the width, the second beyond.
    Wipe(u16),
    /// The absolute difference of the two, four times as strong.
    Difference,
}

/// The part of the images that is magnified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Loupe {
    /// How many times.
    pub factor: u16,
    /// Its centre in thousandths of the width.
    pub x: u16,
    /// Its centre in thousandths of the height.
    pub y: u16,
}

/// A picture to be made; equal requests make equal pictures.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Request {
    /// The files.
    pub files: Vec<PathBuf>,
    /// What is made of them.
    pub mix: Mix,
    /// What is magnified.
    pub loupe: Option<Loupe>,
    /// The cells to fill, or as many of them as the image's sides allow.
    pub cells: (u16, u16),
    /// How it gets onto the screen.
    pub via: Via,
    /// Pixels a side are divided by this: for slow links.
    pub thrift: u16,
    /// Raised to have everything sent anew.
    pub generation: u32,
}

/// A picture.
#[derive(Clone)]
pub enum Picture {
    /// Two pixels a cell, one above the other.
    Blocks(Arc<RgbImage>),
    /// For a terminal's own protocol.
    Encoded(Arc<Protocol>),
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blocks(image) => write!(f, "Blocks({}x{})", image.width(), image.height()),
            Self::Encoded(protocol) => write!(f, "Encoded({:?})", protocol.size()),
        }
    }
}

/// Makes pictures, and remembers what it has decoded.
pub struct Painter {
    picker: Picker,
    decoded: Mutex<VecDeque<(Source, Arc<RgbImage>)>>,
}

/// What was decoded: a file as it was in a generation of requests. A later one has it read anew.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Source {
    file: PathBuf,
    generation: u32,
}

impl Painter {
    /// For the terminal that `picker` has looked at.
    pub fn new(picker: Picker) -> Self {
        Self {
            picker,
            decoded: Mutex::default(),
        }
    }

    /// A cell's width and height in pixels.
    pub fn cell(&self) -> (u16, u16) {
        let size = self.picker.font_size();
        (size.width.max(1), size.height.max(1))
    }

    /// What `auto` comes to.
    pub fn auto(&self) -> Via {
        match self.picker.protocol_type() {
            ProtocolType::Halfblocks => Via::Blocks,
            ProtocolType::Kitty => Via::Kitty,
            ProtocolType::Iterm2 => Via::Iterm2,
            ProtocolType::Sixel => Via::Sixel,
        }
    }

    /// Makes a picture.
    ///
    /// # Errors
    /// Where a file is missing, is no image, or is damaged.
    pub fn paint(&self, request: &Request) -> Result<Picture, String> {
        let images: Vec<Arc<RgbImage>> = request
            .files
            .iter()
            .map(|file| {
                self.decode(Source {
                    file: file.clone(),
                    generation: request.generation,
                })
            })
            .collect::<Result<_, _>>()?;
        let mixed = mix(&images, request.mix)?;
        let seen = match request.loupe {
            Some(loupe) => magnified(&mixed, loupe),
            None => mixed,
        };
        let protocol = request.via.protocol(&self.picker);
        let (columns, rows) = (
            u32::from(request.cells.0.max(1)),
            u32::from(request.cells.1.max(1)),
        );
        if protocol == ProtocolType::Halfblocks {
            return Ok(Picture::Blocks(Arc::new(fit(&seen, columns, rows * 2))));
        }
        let (w, h) = self.cell();
        let thrift = u32::from(request.thrift.max(1));
        let sharp = fit(&seen, columns * u32::from(w), rows * u32::from(h));
        // Fewer pixels say less, and encode in fewer bytes: blocks of equal pixels.
        let small = (sharp.width() / thrift, sharp.height() / thrift);
        let image = if thrift > 1 && small.0 > 0 && small.1 > 0 {
            let coarse = imageops::resize(&sharp, small.0, small.1, FilterType::Triangle);
            imageops::resize(&coarse, sharp.width(), sharp.height(), FilterType::Nearest)
        } else {
            sharp
        };
        let mut picker = self.picker.clone();
        picker.set_protocol_type(protocol);
        let size = Size::new(request.cells.0, request.cells.1);
        picker
            .new_protocol(DynamicImage::ImageRgb8(image), size, Resize::Fit(None))
            .map(|p| Picture::Encoded(Arc::new(p)))
            .map_err(|e| format!("the image cannot be encoded: {e}"))
    }

    fn decode(&self, source: Source) -> Result<Arc<RgbImage>, String> {
        let mut kept = self.decoded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = kept.iter().position(|(known, _)| *known == source)
            && let Some(found) = kept.remove(at)
        {
            let image = found.1.clone();
            kept.push_front(found);
            return Ok(image);
        }
        drop(kept);
        let image = Arc::new(read(&source.file)?);
        let mut kept = self.decoded.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_front((source, image.clone()));
        let mut bytes = 0;
        kept.retain(|(_, image)| {
            bytes += image.as_raw().len();
            bytes <= KEPT
        });
        Ok(image)
    }
}

fn read(file: &Path) -> Result<RgbImage, String> {
    let name = file
        .file_name()
        .map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let broken = |e: &dyn fmt::Display| format!("{name}: {e}");
    let reader = image::ImageReader::open(file)
        .and_then(image::ImageReader::with_guessed_format)
        .map_err(|e| broken(&e))?;
    let size = reader.into_dimensions().map_err(|e| broken(&e))?;
    if u64::from(size.0) * u64::from(size.1) > MOST_PIXELS {
        return Err(format!(
            "{name}: {} x {} pixels are too many to show",
            size.0, size.1
        ));
    }
    let decoded = image::ImageReader::open(file)
        .and_then(image::ImageReader::with_guessed_format)
        .map_err(|e| broken(&e))?
        .decode()
        .map_err(|e| broken(&e))?;
    Ok(decoded.to_rgb8())
}

fn mix(images: &[Arc<RgbImage>], mix: Mix) -> Result<RgbImage, String> {
    let Some(first) = images.first() else {
        return Err("there is no image".into());
    };
    let Some(second) = images.get(1) else {
        return Ok(first.as_ref().clone());
    };
    let resized;
    let second = if second.dimensions() == first.dimensions() {
        second.as_ref()
    } else {
        resized = imageops::resize(
            second.as_ref(),
            first.width(),
            first.height(),
            FilterType::Triangle,
        );
        &resized
    };
    let mut out = first.as_ref().clone();
    match mix {
        Mix::Plain => {}
        Mix::Wipe(at) => {
            let border = u64::from(first.width()) * u64::from(at) / 1000;
            for (x, y, pixel) in out.enumerate_pixels_mut() {
                if u64::from(x) >= border {
                    *pixel = *second.get_pixel(x, y);
                }
            }
        }
        Mix::Difference => {
            for (x, y, pixel) in out.enumerate_pixels_mut() {
                let other = second.get_pixel(x, y);
                for (a, b) in pixel.0.iter_mut().zip(other.0) {
                    *a = a.abs_diff(b).saturating_mul(4);
                }
            }
        }
    }
    Ok(out)
}

/// The part under the loupe, inside the image.
fn magnified(image: &RgbImage, loupe: Loupe) -> RgbImage {
    let factor = u32::from(loupe.factor.max(1));
    let part = |side: u32, at: u16| {
        let length = (side / factor).max(1);
        let centre = u64::from(side) * u64::from(at.min(1000)) / 1000;
        let start = (centre as u32).saturating_sub(length / 2).min(side - length);
        (start, length)
    };
    let (x, width) = part(image.width(), loupe.x);
    let (y, height) = part(image.height(), loupe.y);
    imageops::crop_imm(image, x, y, width, height).to_image()
}

/// As large as fits: averaged where it shrinks, pixels kept apart where it grows.
fn fit(image: &RgbImage, width: u32, height: u32) -> RgbImage {
    let (w, h) = (f64::from(image.width()), f64::from(image.height()));
    let scale = (f64::from(width) / w).min(f64::from(height) / h);
    let (to_w, to_h) = (
        ((w * scale).round() as u32).max(1),
        ((h * scale).round() as u32).max(1),
    );
    let filter = if scale < 1.0 {
        FilterType::Triangle
    } else {
        FilterType::Nearest
    };
    imageops::resize(image, to_w, to_h, filter)
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    fn painter() -> Painter {
        Painter::new(Picker::halfblocks())
    }

    fn file(dir: &Path, name: &str, colour: [u8; 3]) -> PathBuf {
        let path = dir.join(name);
        RgbImage::from_pixel(16, 8, Rgb(colour)).save(&path).unwrap();
        path
    }

    fn request(files: Vec<PathBuf>, mix: Mix) -> Request {
        Request {
            files,
            mix,
            loupe: None,
            cells: (16, 10),
            via: Via::Blocks,
            thrift: 1,
            generation: 0,
        }
    }

    fn blocks(picture: Picture) -> Arc<RgbImage> {
        match picture {
            Picture::Blocks(image) => image,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn images_are_fitted_and_combined() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (
            file(dir.path(), "a.png", [200, 10, 10]),
            file(dir.path(), "b.png", [190, 10, 40]),
        );
        let plain = blocks(painter().paint(&request(vec![a.clone()], Mix::Plain)).unwrap());
        assert_eq!(
            (plain.dimensions(), plain.get_pixel(0, 0).0),
            ((16, 8), [200, 10, 10])
        );
        let wipe = blocks(
            painter()
                .paint(&request(vec![a.clone(), b.clone()], Mix::Wipe(500)))
                .unwrap(),
        );
        assert_eq!(
            (wipe.get_pixel(7, 0).0, wipe.get_pixel(8, 0).0),
            ([200, 10, 10], [190, 10, 40])
        );
        let difference = blocks(painter().paint(&request(vec![a, b], Mix::Difference)).unwrap());
        assert_eq!(difference.get_pixel(3, 3).0, [40, 0, 120]);
    }

    #[test]
    fn a_file_is_read_anew_where_that_is_asked_for() {
        let dir = tempfile::tempdir().unwrap();
        let (painter, a) = (painter(), file(dir.path(), "a.png", [200, 10, 10]));
        let mut asked = request(vec![a], Mix::Plain);
        blocks(painter.paint(&asked).unwrap());
        file(dir.path(), "a.png", [10, 200, 10]);
        let colour = |asked: &Request| blocks(painter.paint(asked).unwrap()).get_pixel(0, 0).0;
        assert_eq!(
            colour(&asked),
            [200, 10, 10],
            "what is kept is not read for every picture"
        );
        asked.generation += 1;
        assert_eq!(colour(&asked), [10, 200, 10]);
    }

    #[test]
    fn the_loupe_stays_inside() {
        let mut image = RgbImage::new(8, 8);
        image.put_pixel(7, 7, Rgb([9, 9, 9]));
        let part = magnified(
            &image,
            Loupe {
                factor: 4,
                x: 1000,
                y: 1000,
            },
        );
        assert_eq!((part.dimensions(), part.get_pixel(1, 1).0), ((2, 2), [9, 9, 9]));
    }

    #[test]
    fn other_protocols_encode_and_thrift_costs_detail() {
        let dir = tempfile::tempdir().unwrap();
        let a = file(dir.path(), "a.png", [200, 10, 10]);
        for via in [Via::Kitty, Via::Iterm2, Via::Sixel] {
            for thrift in [1, 4] {
                let asked = Request {
                    via,
                    thrift,
                    ..request(vec![a.clone()], Mix::Plain)
                };
                assert!(
                    matches!(painter().paint(&asked), Ok(Picture::Encoded(_))),
                    "{via:?}"
                );
            }
        }
    }

    #[test]
    fn damaged_and_missing_files_say_so() {
        let dir = tempfile::tempdir().unwrap();
        let whole = std::fs::read(file(dir.path(), "a.png", [1, 2, 3])).unwrap();
        let cut = dir.path().join("cut.png");
        std::fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
        for file in [cut, dir.path().join("none.png")] {
            let problem = painter()
                .paint(&request(vec![file.clone()], Mix::Plain))
                .unwrap_err();
            assert!(
                problem.starts_with(file.file_name().unwrap().to_str().unwrap()),
                "{problem}"
            );
        }
    }
}
