//! PNG at a resolution.

use resvg::tiny_skia::{Pixmap, Transform};

use super::tree;
use crate::error::FigureError;

/// How a PNG begins.
pub const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// The keyword of the text chunk.
const KEYWORD: &[u8] = b"diptych";
/// Pixels at most: 400 MB of memory.
const MOST: f64 = 1e8;

/// The picture at so many dots per inch.
///
/// # Errors
/// A picture too large.
pub fn bytes(svg: &str, dpi: u32, provenance: Option<&str>) -> Result<Vec<u8>, FigureError> {
    let refuse = |problem: String| FigureError::Export { form: "PNG", problem };
    let tree = tree::parse(svg, "PNG")?;
    let scale = f64::from(dpi) / 96.0;
    let size = tree.size();
    let (w, h) = (f64::from(size.width()) * scale, f64::from(size.height()) * scale);
    if w * h > MOST {
        return Err(refuse(format!(
            "{w:.0} by {h:.0} pixels are too many: take fewer dots per inch than {dpi}"
        )));
    }
    let mut pixmap = Pixmap::new(w.round().max(1.0) as u32, h.round().max(1.0) as u32)
        .ok_or_else(|| refuse(format!("no room for {w:.0} by {h:.0} pixels")))?;
    resvg::render(
        &tree,
        Transform::from_scale(scale as f32, scale as f32),
        &mut pixmap.as_mut(),
    );
    let png = pixmap.encode_png().map_err(|e| refuse(e.to_string()))?;
    // The header, IHDR, takes 33 bytes; what describes the picture follows it.
    let (head, rest) = png
        .split_at_checked(33)
        .ok_or_else(|| refuse("no header".into()))?;
    let mut out = head.to_vec();
    let per_metre = (f64::from(dpi) / 0.0254).round() as u32;
    let mut physical = Vec::from(per_metre.to_be_bytes());
    physical.extend(per_metre.to_be_bytes());
    physical.push(1);
    chunk(&mut out, b"pHYs", &physical);
    if let Some(json) = provenance {
        // Keyword, no compression, no language, no translated keyword, UTF-8 text.
        let mut text = KEYWORD.to_vec();
        text.extend([0, 0, 0, 0, 0]);
        text.extend(json.as_bytes());
        chunk(&mut out, b"iTXt", &text);
    }
    out.extend(rest);
    Ok(out)
}

fn chunk(out: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    out.extend((data.len() as u32).to_be_bytes());
    let start = out.len();
    out.extend(kind);
    out.extend(data);
    let crc = crc32(&out[start..]);
    out.extend(crc.to_be_bytes());
}

/// The CRC of PNG (ISO 3309), bit by bit: chunks here are short.
fn crc32(data: &[u8]) -> u32 {
    !data.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 {
                crc >> 1 ^ 0xedb8_8320
            } else {
                crc >> 1
            }
        })
    })
}

/// The text of our chunk.
pub fn text(png: &[u8]) -> Option<String> {
    let mut rest = png.strip_prefix(SIGNATURE)?;
    loop {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let length = u32::from_be_bytes(*length) as usize;
        let (kind, after) = after.split_first_chunk::<4>()?;
        let (data, after) = after.split_at_checked(length)?;
        if kind == b"iTXt"
            && let Some(text) = data.strip_prefix(KEYWORD).and_then(|d| d.strip_prefix(&[0; 5]))
        {
            return String::from_utf8(text.to_vec()).ok();
        }
        rest = after.get(4..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check value of CRC-32: that of "123456789".
    #[test]
    fn the_checksum_is_crc32() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }
}
