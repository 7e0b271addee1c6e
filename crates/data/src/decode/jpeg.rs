//! Whether a JPEG file goes on to its end.

/// Walks the markers up to the end of the image. What follows it (some cameras append previews) does not matter.
pub(super) fn is_whole(bytes: &[u8]) -> bool {
    let mut at = 2; // past the start-of-image marker
    loop {
        // Scan data and fill bytes lie between markers; within it FF is followed by 00 or a restart marker.
        let Some(next) = bytes
            .get(at..)
            .and_then(|rest| rest.windows(2).position(is_marker))
        else {
            return false;
        };
        let marker = at + next;
        if bytes[marker + 1] == 0xd9 {
            return true;
        }
        let Some(&[high, low]) = bytes.get(marker + 2..marker + 4) else {
            return false;
        };
        at = marker + 2 + usize::from(u16::from_be_bytes([high, low]));
    }
}

fn is_marker(pair: &[u8]) -> bool {
    pair[0] == 0xff && !matches!(pair[1], 0x00 | 0x01 | 0xd0..=0xd8 | 0xff)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::codecs::jpeg::JpegEncoder;

    fn jpeg() -> Vec<u8> {
        let pixels: Vec<u8> = (0..48 * 48 * 3).map(|i| (i * 7 % 251) as u8).collect();
        let mut out = Vec::new();
        JpegEncoder::new(&mut out)
            .encode(&pixels, 48, 48, image::ExtendedColorType::Rgb8)
            .unwrap();
        out
    }

    #[test]
    fn every_proper_prefix_is_truncated() {
        let whole = jpeg();
        assert!(is_whole(&whole));
        for len in (2..whole.len()).rev().take(400).chain(2..200) {
            assert!(!is_whole(&whole[..len]), "{len} of {}", whole.len());
        }
    }

    #[test]
    fn what_follows_the_end_does_not_matter() {
        let mut more = jpeg();
        more.extend([0xff, 0xda, 1, 2, 3]);
        assert!(is_whole(&more));
    }
}
