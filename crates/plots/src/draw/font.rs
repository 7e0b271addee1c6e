//! The fonts in the binary, and how wide texts are in them.

use std::sync::OnceLock;

use ttf_parser::Face;

use super::svg::base64;

/// Text.
pub static REGULAR: &[u8] = include_bytes!("../../assets/Inter-Regular.otf");
/// Titles.
pub static SEMIBOLD: &[u8] = include_bytes!("../../assets/Inter-SemiBold.otf");
/// Latin-1 and the signs that figures use, for SVG files: about 11 kB each.
static SUBSETS: [(u32, &[u8]); 2] = [
    (400, include_bytes!("../../assets/Inter-Regular-subset.woff2")),
    (600, include_bytes!("../../assets/Inter-SemiBold-subset.woff2")),
];
/// The families that a viewer without the first one takes.
pub const FAMILY: &str = "Inter,'Helvetica Neue',Helvetica,Arial,sans-serif";

/// A font's weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// 400.
    Regular,
    /// 600.
    SemiBold,
}

/// Advances of the first 0x2300 code points, in font sizes.
struct Advances {
    of: Vec<f32>,
    other: f32,
}

fn advances(weight: Weight) -> &'static Advances {
    static BOTH: [OnceLock<Advances>; 2] = [OnceLock::new(), OnceLock::new()];
    let (cell, data) = match weight {
        Weight::Regular => (&BOTH[0], REGULAR),
        Weight::SemiBold => (&BOTH[1], SEMIBOLD),
    };
    cell.get_or_init(|| {
        let Ok(face) = Face::parse(data, 0) else {
            return Advances {
                of: Vec::new(),
                other: 0.6,
            };
        };
        let em = f32::from(face.units_per_em());
        let advance = |c: u32| {
            let glyph = char::from_u32(c).and_then(|c| face.glyph_index(c))?;
            face.glyph_hor_advance(glyph).map(|a| f32::from(a) / em)
        };
        let other = advance(u32::from('m')).unwrap_or(0.9);
        Advances {
            of: (0..0x2300).map(|c| advance(c).unwrap_or(other)).collect(),
            other,
        }
    })
}

/// The fonts that a drawing uses as the style of an SVG.
pub fn faces(drawing: &str) -> String {
    let used = |weight: u32| weight == 400 || drawing.contains(&format!("font-weight=\"{weight}\""));
    let face = |(weight, data): &(u32, &[u8])| {
        format!(
            "@font-face{{font-family:Inter;font-weight:{weight};src:url(data:font/woff2;base64,{})}}",
            base64(data)
        )
    };
    let faces: String = SUBSETS
        .iter()
        .filter(|(weight, _)| used(*weight))
        .map(face)
        .collect();
    format!("<style>{faces}</style>\n")
}

/// How wide a text is, in the unit of `size`.
pub fn width(text: &str, size: f64, weight: Weight) -> f64 {
    let table = advances(weight);
    let sum: f32 = text
        .chars()
        .map(|c| table.of.get(c as usize).copied().unwrap_or(table.other))
        .sum();
    f64::from(sum) * size
}

/// The text, its middle left out where it is wider than `room`: names differ at their ends.
pub fn fitted(text: &str, room: f64, size: f64, weight: Weight) -> String {
    if width(text, size, weight) <= room {
        return text.to_owned();
    }
    let chars: Vec<char> = text.chars().collect();
    for keep in (2..chars.len()).rev() {
        let head = keep.div_ceil(2);
        let short: String = chars[..head]
            .iter()
            .chain(['…'].iter())
            .chain(&chars[chars.len() - (keep - head)..])
            .collect();
        if width(&short, size, weight) <= room {
            return short;
        }
    }
    "…".into()
}

/// The text in lines no wider than `room`, broken at spaces, else after hyphens, dots and slashes, else anywhere.
pub fn wrapped(text: &str, room: f64, size: f64, weight: Weight) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for piece in text.split_inclusive([' ', '-', '/', '_', '+']) {
        let longer = format!("{line}{piece}");
        if line.is_empty() || width(longer.trim_end(), size, weight) <= room {
            line = longer;
        } else {
            lines.push(
                std::mem::replace(&mut line, piece.to_owned())
                    .trim_end()
                    .to_owned(),
            );
        }
        while width(line.trim_end(), size, weight) > room && line.chars().count() > 1 {
            let fits = |n: &usize| width(&line.chars().take(*n).collect::<String>(), size, weight) <= room;
            let n = (1..line.chars().count()).rev().find(fits).unwrap_or(1);
            let rest: String = line.chars().skip(n).collect();
            lines.push(line.chars().take(n).collect());
            line = rest;
        }
    }
    if !line.trim().is_empty() {
        lines.push(line.trim_end().to_owned());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_the_fonts() {
        // hmtx of Inter 3.19, 2816 units an em: zero 1744, A 1908 in Regular.
        let face = Face::parse(REGULAR, 0).unwrap();
        let advance = |c| f64::from(face.glyph_hor_advance(face.glyph_index(c).unwrap()).unwrap()) / 2816.0;
        assert!((width("0A", 10.0, Weight::Regular) - 10.0 * (advance('0') + advance('A'))).abs() < 1e-4);
        assert!(width("m", 1.0, Weight::SemiBold) > width("m", 1.0, Weight::Regular));
        assert!(width("漢", 1.0, Weight::Regular) > 0.5);
    }

    #[test]
    fn every_sign_that_figures_use_is_in_the_font() {
        let face = Face::parse(REGULAR, 0).unwrap();
        for c in "0123456789−·⁻⁰¹²³⁴⁵⁶⁷⁸⁹±…×µρ°–—’“”≤≥→\u{a0}".chars()
        {
            assert!(face.glyph_index(c).is_some(), "{c}");
        }
    }

    #[test]
    fn long_texts_are_shortened_and_wrapped() {
        let short = fitted("pix2pix-losses-seed1-L1+cGAN", 60.0, 10.0, Weight::Regular);
        assert!(
            short.starts_with("pix") && short.ends_with("AN") && short.contains('…'),
            "{short}"
        );
        assert!(width(&short, 10.0, Weight::Regular) <= 60.0);
        let lines = wrapped("pix2pix-losses-seed1 L1+cGAN", 60.0, 10.0, Weight::Regular);
        assert!(
            lines.len() > 2 && lines.iter().all(|l| width(l, 10.0, Weight::Regular) <= 60.0),
            "{lines:?}"
        );
        assert_eq!(lines.concat().replace(' ', ""), "pix2pix-losses-seed1L1+cGAN");
    }
}
