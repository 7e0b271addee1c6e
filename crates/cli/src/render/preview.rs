//! Images in a terminal.

use diptych_domain::Images;

/// The value in [-1, 1] of one channel; grey images repeat theirs, and a fourth channel is left out.
fn channel(image: &Images, k: usize, y: usize, x: usize) -> f32 {
    let k = if image.c < 3 { 0 } else { k };
    image
        .data
        .get((k * image.h + y) * image.w + x)
        .copied()
        .unwrap_or(0.0)
}

fn byte(value: f32) -> u8 {
    ((value.clamp(-1.0, 1.0) + 1.0) * 127.5).round() as u8
}

/// The first image of each batch in a row of half blocks (`▀`), each `columns` wide with a column between: 24-bit colours.
pub fn half_blocks(images: &[&Images], columns: usize) -> String {
    let columns = columns.max(1);
    // A character is twice as high as wide and holds two pixels, so pixels are square.
    let rows = images
        .iter()
        .map(|i| (columns * i.h).div_ceil(i.w.max(1)).div_ceil(2))
        .max()
        .unwrap_or(0);
    let mut out = String::new();
    for row in 0..rows {
        for (i, image) in images.iter().enumerate() {
            if i > 0 {
                out.push_str("\x1b[0m ");
            }
            for column in 0..columns {
                let [r, g, b] = mean(image, (columns, rows * 2), (column, row * 2));
                let [r2, g2, b2] = mean(image, (columns, rows * 2), (column, row * 2 + 1));
                out.push_str(&format!("\x1b[38;2;{r};{g};{b}m\x1b[48;2;{r2};{g2};{b2}m▀"));
            }
        }
        out.push_str("\x1b[0m\n");
    }
    out
}

/// The mean colour of cell (x, y) where the image is divided into `grid` cells.
fn mean(image: &Images, grid: (usize, usize), cell: (usize, usize)) -> [u8; 3] {
    let span = |side: usize, cells: usize, i: usize| {
        let from = (i * side / cells).min(side.saturating_sub(1));
        from..((i + 1) * side / cells).clamp(from + 1, side.max(from + 1))
    };
    let (xs, ys) = (span(image.w, grid.0, cell.0), span(image.h, grid.1, cell.1));
    let count = (xs.len() * ys.len()) as f32;
    [0, 1, 2].map(|k| {
        let sum: f32 = ys
            .clone()
            .flat_map(|y| xs.clone().map(move |x| (y, x)))
            .map(|(y, x)| channel(image, k, y, x))
            .sum();
        byte(sum / count)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn solid(c: usize, side: usize, value: f32) -> Images {
        let mut image = Images::zeros(1, c, side, side);
        image.data.fill(value);
        image
    }

    #[test]
    fn half_blocks_show_two_pixels_a_character() {
        let mut image = solid(3, 2, -1.0);
        // The top row red.
        image.data[0] = 1.0;
        image.data[1] = 1.0;
        let text = half_blocks(&[&image], 2);
        let cell = "\x1b[38;2;255;0;0m\x1b[48;2;0;0;0m▀";
        assert_eq!(text, format!("{cell}{cell}\x1b[0m\n"));
    }

    #[test]
    fn any_size_fits_any_width() {
        for side in [1, 3, 64] {
            let image = solid(1, side, 0.0);
            for columns in [1, 2, 5, 40] {
                let text = half_blocks(&[&image, &image], columns);
                assert_eq!(text.matches('▀').count(), columns * columns.div_ceil(2) * 2);
            }
        }
    }
}
