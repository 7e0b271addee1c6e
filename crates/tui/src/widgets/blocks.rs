//! Images of half-blocks, as well as the terminal's colours allow.

use image::RgbImage;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::theme::{Depth, Theme};

/// From dark to bright, where there are no colours.
const RAMP: [char; 10] = [' ', '.', ':', '-', '=', '+', '*', '#', '%', '@'];

/// Draws an image, two pixels a cell, in the upper left of an area.
pub fn draw(image: &RgbImage, area: Rect, theme: Theme, buffer: &mut Buffer) {
    let (width, height) = image.dimensions();
    for y in 0..u32::from(area.height).min(height.div_ceil(2)) {
        for x in 0..u32::from(area.width).min(width) {
            let upper = image.get_pixel(x, y * 2).0;
            let lower = (y * 2 + 1 < height).then(|| image.get_pixel(x, y * 2 + 1).0);
            let Some(cell) = buffer.cell_mut((area.x + x as u16, area.y + y as u16)) else {
                continue;
            };
            if theme.depth == Depth::None {
                let light = match lower {
                    Some(lower) => (luminance(upper) + luminance(lower)) / 2,
                    None => luminance(upper),
                };
                cell.set_char(RAMP[light * (RAMP.len() - 1) / 255]);
                continue;
            }
            // With 16 colours neighbours are made to average to what is meant.
            let shift = |rgb, odd| match theme.depth {
                Depth::Sixteen => dithered(rgb, x, y * 2 + odd),
                _ => rgb,
            };
            let mut style = Style::new();
            if let Some(colour) = theme.rgb(shift(upper, 0)) {
                style = style.fg(colour);
            }
            if let Some(colour) = lower.and_then(|lower| theme.rgb(shift(lower, 1))) {
                style = style.bg(colour);
            }
            cell.set_char('▀').set_style(style);
        }
    }
}

/// Rec. 601.
fn luminance([r, g, b]: [u8; 3]) -> usize {
    (usize::from(r) * 299 + usize::from(g) * 587 + usize::from(b) * 114) / 1000
}

/// Ordered dithering with Bayer's matrix of 4 by 4.
fn dithered(rgb: [u8; 3], x: u32, y: u32) -> [u8; 3] {
    const BAYER: [[i32; 4]; 4] = [[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]];
    const STRENGTH: i32 = 80;
    let by = (BAYER[(y % 4) as usize][(x % 4) as usize] * 2 - 15) * STRENGTH / 32;
    rgb.map(|v| (i32::from(v) + by).clamp(0, 255) as u8)
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    fn drawn(depth: Depth) -> Buffer {
        let mut image = RgbImage::new(2, 3);
        image.put_pixel(0, 0, Rgb([255, 255, 255]));
        image.put_pixel(0, 1, Rgb([255, 255, 255]));
        let mut buffer = Buffer::empty(Rect::new(0, 0, 2, 2));
        draw(&image, buffer.area, Theme { depth }, &mut buffer);
        buffer
    }

    #[test]
    fn two_pixels_share_a_cell() {
        use ratatui::style::Color;
        let buffer = drawn(Depth::True);
        let cell = &buffer[(0, 0)];
        assert_eq!(
            (cell.symbol(), cell.fg, cell.bg),
            ("▀", Color::Rgb(255, 255, 255), Color::Rgb(255, 255, 255))
        );
        assert_eq!(
            buffer[(1, 1)].bg,
            Color::Reset,
            "the last row has an upper half only"
        );
    }

    #[test]
    fn without_colours_brightness_is_a_character() {
        let buffer = drawn(Depth::None);
        assert_eq!(buffer[(0, 0)].symbol(), "@");
        assert_eq!(buffer[(1, 0)].symbol(), " ");
    }
}
