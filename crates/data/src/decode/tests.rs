use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageFormat};
use rstest::rstest;

use super::*;

fn jpeg() -> Vec<u8> {
    let pixels: Vec<u8> = (0..64 * 64 * 3).map(|i| (i * 7 % 251) as u8).collect();
    let mut out = Vec::new();
    JpegEncoder::new(&mut out)
        .encode(&pixels, 64, 64, ExtendedColorType::Rgb8)
        .unwrap();
    out
}

fn here() -> &'static Path {
    Path::new("dir/x.jpg")
}

#[test]
fn a_jpeg_that_was_cut_anywhere_is_an_error() {
    let whole = jpeg();
    assert!(decode(&whole, here()).is_ok());
    for len in [
        3,
        40,
        200,
        700,
        whole.len() / 2,
        whole.len() * 9 / 10,
        whole.len() - 2,
    ] {
        let error = decode(&whole[..len], here()).unwrap_err();
        assert!(
            matches!(error, DataError::Truncated { bytes, .. } if bytes == len),
            "{len}: {error}"
        );
    }
}

#[test]
fn flipped_bytes_never_panic() {
    let whole = jpeg();
    for at in (2..whole.len()).step_by(7) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x5a;
        match decode(&damaged, here()) {
            // Whether damage is noticed depends on the byte; what is returned must be whole either way.
            Ok(r) => {
                let Samples::U8(samples) = r.samples else {
                    panic!("made of bytes")
                };
                assert_eq!(samples.len(), r.width * r.height * r.channels, "byte {at}");
            }
            Err(e) => assert!(e.to_string().starts_with("dir/x.jpg: "), "byte {at}: {e}"),
        }
    }
}

#[test]
fn a_jpeg_header_with_a_huge_size_is_refused_by_its_size() {
    let mut huge = jpeg();
    let frame = huge.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
    huge[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xdc, 0xff, 0xdc]);
    let text = decode(&huge, here()).unwrap_err().to_string();
    assert!(
        text.starts_with("dir/x.jpg: 65500 x 65500 pixels; at most 32768"),
        "{text}"
    );
}

#[rstest]
fn other_formats_are_known_by_their_contents(
    #[values(
        ImageFormat::Png,
        ImageFormat::Bmp,
        ImageFormat::Tiff,
        ImageFormat::Pnm,
        ImageFormat::WebP
    )]
    format: ImageFormat,
) {
    let mut bytes = Vec::new();
    let image = image::RgbImage::from_fn(5, 4, |x, y| image::Rgb([x as u8 * 40, y as u8 * 50, 7]));
    image.write_to(&mut Cursor::new(&mut bytes), format).unwrap();
    let raster = decode(&bytes, here()).unwrap();
    assert_eq!((raster.width, raster.height, raster.channels), (5, 4, 3));
    assert_eq!(raster.samples, Samples::U8(image.into_raw()));
}
