//! A drawing backend for plotters that writes compact SVG.
//!
//! Its pixel is a tenth of a CSS pixel, so that plotters' whole numbers are fine enough; paths are written as differences. Beside
//! what plotters asks of a backend it draws what plotters does not know: dashes as an attribute instead of thousands of short lines,
//! clipping, text with its own weight and turn, images.

use std::convert::Infallible;
use std::fmt::Write;

use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
};

use super::font::{self, Weight};
use crate::style::Rgb;

/// Backend pixels in a CSS pixel.
pub const FINE: f64 = 10.0;

/// How a line is drawn; lengths in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pen {
    /// Its colour.
    pub colour: Rgb,
    /// How wide.
    pub width: f64,
    /// How much of it is seen, 0 to 1.
    pub opacity: f64,
    /// Strokes and gaps, in line widths.
    pub dash: &'static [f64],
}

/// Where a text's place is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// At its left end.
    Start,
    /// In its middle.
    Middle,
    /// At its right end.
    End,
}

/// How a text is set; lengths in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Type {
    /// Its colour.
    pub colour: Rgb,
    /// Its size.
    pub size: f64,
    /// Its weight.
    pub weight: Weight,
    /// Where its place is; upright it is the baseline.
    pub anchor: Anchor,
    /// Degrees turned clockwise.
    pub turn: f64,
    /// A rim in this colour, so that it can be read over lines.
    pub rim: Option<Rgb>,
}

/// The SVG so far.
pub struct Svg<'b> {
    out: &'b mut String,
    size: (u32, u32),
}

impl<'b> Svg<'b> {
    /// Appends to `out` a drawing of so many backend pixels.
    pub fn new(out: &'b mut String, size: (u32, u32)) -> Self {
        Self { out, size }
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = self.out.write_fmt(text);
    }

    /// Text as it is.
    pub fn raw(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// A line through points.
    pub fn stroke(&mut self, points: &[BackendCoord], pen: &Pen) {
        if points.len() < 2 {
            return;
        }
        self.out.push_str("<path d=\"");
        self.path(points, false);
        self.write(format_args!(
            "\" fill=\"none\" stroke=\"{}\" stroke-width=\"{}\"",
            pen.colour,
            fine(pen.width)
        ));
        if pen.opacity < 1.0 {
            self.write(format_args!(" stroke-opacity=\"{}\"", pen.opacity));
        }
        if !pen.dash.is_empty() {
            let lengths: Vec<String> = pen.dash.iter().map(|d| fine(d * pen.width).to_string()).collect();
            self.write(format_args!(" stroke-dasharray=\"{}\"", lengths.join(" ")));
        }
        self.out.push_str("/>\n");
    }

    /// An area.
    pub fn area(&mut self, points: &[BackendCoord], colour: Rgb, opacity: f64) {
        if points.len() < 3 {
            return;
        }
        self.out.push_str("<path d=\"");
        self.path(points, true);
        self.write(format_args!("\" fill=\"{colour}\""));
        if opacity < 1.0 {
            self.write(format_args!(" fill-opacity=\"{opacity}\""));
        }
        self.out.push_str("/>\n");
    }

    /// Differences from point to point, as few characters as they need.
    fn path(&mut self, points: &[BackendCoord], closed: bool) {
        let Some(((mut x, mut y), rest)) = points.split_first().map(|(p, r)| (*p, r)) else {
            return;
        };
        self.write(format_args!("M{x} {y}l"));
        let mut first = true;
        for (to_x, to_y) in rest {
            let (dx, dy) = (to_x - x, to_y - y);
            if (dx, dy) == (0, 0) {
                continue;
            }
            let before_x = if first || dx < 0 { "" } else { " " };
            let before_y = if dy < 0 { "" } else { " " };
            self.write(format_args!("{before_x}{dx}{before_y}{dy}"));
            (x, y, first) = (*to_x, *to_y, false);
        }
        if first {
            // A dot: with round caps it is seen.
            self.out.push_str("0 0");
        }
        if closed {
            self.out.push('z');
        }
    }

    /// A rectangle from its upper left to its lower right corner.
    pub fn rectangle(
        &mut self,
        a: BackendCoord,
        b: BackendCoord,
        fill: Rgb,
        opacity: f64,
        edge: Option<&Pen>,
    ) {
        let (x, y) = (a.0.min(b.0), a.1.min(b.1));
        let (w, h) = ((a.0 - b.0).abs(), (a.1 - b.1).abs());
        self.write(format_args!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" fill=\"{fill}\""
        ));
        if opacity < 1.0 {
            self.write(format_args!(" fill-opacity=\"{opacity}\""));
        }
        if let Some(pen) = edge {
            self.write(format_args!(
                " stroke=\"{}\" stroke-width=\"{}\"",
                pen.colour,
                fine(pen.width)
            ));
        }
        self.out.push_str("/>\n");
    }

    /// A disc, or a ring where `edge` is all there is.
    pub fn disc(
        &mut self,
        centre: BackendCoord,
        radius: f64,
        fill: Rgb,
        opacity: f64,
        edge: Rgb,
        edge_width: f64,
    ) {
        let (x, y) = centre;
        self.write(format_args!(
            "<circle cx=\"{x}\" cy=\"{y}\" r=\"{}\" fill=\"{fill}\"",
            fine(radius)
        ));
        if opacity < 1.0 {
            self.write(format_args!(" fill-opacity=\"{opacity}\""));
        }
        if edge_width > 0.0 {
            self.write(format_args!(
                " stroke=\"{edge}\" stroke-width=\"{}\"",
                fine(edge_width)
            ));
        }
        self.out.push_str("/>\n");
    }

    /// A text.
    pub fn text(&mut self, at: BackendCoord, text: &str, set: &Type) {
        let (x, y) = at;
        self.write(format_args!(
            "<text x=\"{x}\" y=\"{y}\" font-size=\"{}\" fill=\"{}\"",
            fine(set.size),
            set.colour
        ));
        match set.anchor {
            Anchor::Start => {}
            Anchor::Middle => self.out.push_str(" text-anchor=\"middle\""),
            Anchor::End => self.out.push_str(" text-anchor=\"end\""),
        }
        if set.weight == Weight::SemiBold {
            self.out.push_str(" font-weight=\"600\"");
        }
        if set.turn != 0.0 {
            self.write(format_args!(" transform=\"rotate({} {x} {y})\"", set.turn));
        }
        if let Some(rim) = set.rim {
            self.write(format_args!(
                " stroke=\"{rim}\" stroke-width=\"{}\" paint-order=\"stroke\"",
                fine(set.size * 0.3)
            ));
        }
        self.out.push('>');
        self.out.push_str(&escaped(text));
        self.out.push_str("</text>\n");
    }

    /// An image, its content in the file.
    pub fn image(&mut self, at: BackendCoord, size: (i32, i32), data: &[u8], alt: &str, sharp: bool) {
        let kind = if data.starts_with(&[0xff, 0xd8]) {
            "jpeg"
        } else {
            "png"
        };
        let ((x, y), (w, h)) = (at, size);
        self.write(format_args!(
            "<image x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\""
        ));
        if sharp {
            self.out
                .push_str(" image-rendering=\"optimizeSpeed\" style=\"image-rendering:pixelated\"");
        }
        self.write(format_args!(
            " href=\"data:image/{kind};base64,{}\"><title>{}</title></image>\n",
            base64(data),
            escaped(alt)
        ));
    }
}

/// A length in backend pixels.
pub fn fine(px: f64) -> i32 {
    (px * FINE).round() as i32
}

/// Text as XML.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // XML has no other control characters.
            c if c.is_control() && !matches!(c, '\n' | '\t') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// Base64 (RFC 4648) with padding.
pub fn base64(data: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(data.len().div_ceil(3) * 4);
    for chunk in data.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, b| bits << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            let digit = ALPHABET[(bits >> (18 - 6 * i) & 63) as usize];
            out.push(if i <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

fn rgb(colour: BackendColor) -> Rgb {
    Rgb(colour.rgb.0, colour.rgb.1, colour.rgb.2)
}

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

/// What plotters' own elements are drawn with.
impl DrawingBackend for Svg<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, at: BackendCoord, colour: BackendColor) -> Drawn {
        self.rectangle(at, (at.0 + 1, at.1 + 1), rgb(colour), colour.alpha, None);
        Ok(())
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        self.draw_path([from, to], style)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        a: BackendCoord,
        b: BackendCoord,
        style: &S,
        fill: bool,
    ) -> Drawn {
        if fill {
            self.rectangle(a, b, rgb(style.color()), style.color().alpha, None);
            Ok(())
        } else {
            self.draw_path([a, (b.0, a.1), b, (a.0, b.1), a], style)
        }
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Drawn {
        let points: Vec<BackendCoord> = path.into_iter().collect();
        let pen = Pen {
            colour: rgb(style.color()),
            width: f64::from(style.stroke_width()) / FINE,
            opacity: style.color().alpha,
            dash: &[],
        };
        self.stroke(&points, &pen);
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        centre: BackendCoord,
        radius: u32,
        style: &S,
        fill: bool,
    ) -> Drawn {
        let (colour, radius) = (rgb(style.color()), f64::from(radius) / FINE);
        let (opacity, edge) = if fill {
            (style.color().alpha, 0.0)
        } else {
            (0.0, f64::from(style.stroke_width()) / FINE)
        };
        self.disc(centre, radius, colour, opacity, colour, edge);
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        points: I,
        style: &S,
    ) -> Drawn {
        let points: Vec<BackendCoord> = points.into_iter().collect();
        self.area(&points, rgb(style.color()), style.color().alpha);
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, at: BackendCoord) -> Drawn {
        let set = Type {
            colour: rgb(style.color()),
            size: style.size() / FINE,
            weight: Weight::Regular,
            anchor: Anchor::Start,
            turn: 0.0,
            rim: None,
        };
        self.text(at, text, &set);
        Ok(())
    }

    fn estimate_text_size<S: BackendTextStyle>(
        &self,
        text: &str,
        style: &S,
    ) -> Result<(u32, u32), DrawingErrorKind<Infallible>> {
        let width = font::width(text, style.size(), Weight::Regular);
        Ok((width.ceil() as u32, style.size().ceil() as u32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_rfc_4648s() {
        for (data, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(data.as_bytes()), text);
        }
    }

    #[test]
    fn paths_are_differences() {
        let mut out = String::new();
        let pen = Pen {
            colour: Rgb(0, 0, 0),
            width: 1.2,
            opacity: 1.0,
            dash: &[4.0, 2.0],
        };
        Svg::new(&mut out, (10, 10)).stroke(&[(5, 5), (8, 4), (8, 4), (9, 10), (2, 3)], &pen);
        assert_eq!(
            out,
            "<path d=\"M5 5l3-1 1 6-7-7\" fill=\"none\" stroke=\"#000000\" stroke-width=\"12\" stroke-dasharray=\"48 24\"/>\n"
        );
    }

    #[test]
    fn texts_cannot_break_out() {
        assert_eq!(escaped("a<b>&\"\u{1b}"), "a&lt;b&gt;&amp;&quot;\u{fffd}");
    }
}
