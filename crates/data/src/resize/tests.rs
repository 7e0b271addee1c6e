//! Expected values were computed with `Image.resize(..., BICUBIC)` of Pillow 11 on the same generated samples. (Pillow 13
//! does the vertical pass first where that is cheaper; horizontal first is what earlier versions always do.)

use super::*;
use rstest::rstest;

/// The samples of the expected values: bits 16 to 23 of a linear congruential generator.
fn samples(n: usize) -> Vec<u8> {
    let mut x = 12345u32;
    (0..n)
        .map(|_| {
            x = x.wrapping_mul(1_103_515_245).wrapping_add(12345) & 0x7fff_ffff;
            (x >> 16) as u8
        })
        .collect()
}

fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |h, &b| {
        (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3)
    })
}

fn raster(width: usize, height: usize, channels: usize) -> Raster {
    let samples = Samples::U8(samples(width * height * channels));
    Raster {
        width,
        height,
        channels,
        samples,
    }
}

fn whole(width: usize, height: usize) -> Region {
    Region {
        x: 0,
        y: 0,
        width,
        height,
    }
}

fn bytes(resized: Resized) -> Vec<u8> {
    match resized {
        Resized::U8(v) => v,
        Resized::F32(_) => panic!("8-bit samples stay 8-bit"),
    }
}

#[rstest]
#[case(23, 17, 3, 40, 29, 0x413655f1118b9773)]
#[case(23, 17, 3, 9, 5, 0x90308602e98743f3)]
#[case(64, 48, 1, 17, 31, 0x5779174ec4fc0935)]
#[case(30, 30, 2, 33, 7, 0x44639cc171ce5e88)]
#[case(5, 4, 4, 11, 13, 0xe935e26780c068da)]
#[case(1, 1, 3, 6, 6, 0x13579950f2b50a29)]
#[case(256, 3, 3, 286, 286, 0x9824420b4669f572)]
#[case(40, 40, 1, 40, 21, 0xcc6fab3aea637967)]
fn eight_bit_results_are_those_of_pil_bit_for_bit(
    #[case] w: usize,
    #[case] h: usize,
    #[case] c: usize,
    #[case] out_w: usize,
    #[case] out_h: usize,
    #[case] hash: u64,
) {
    let image = raster(w, h, c);
    let out = bytes(bicubic(&image, image.whole(), out_w, out_h, whole(out_w, out_h)));
    assert_eq!(out.len(), out_w * out_h * c);
    assert_eq!(fnv(&out), hash, "first values {:?}", &out[..out.len().min(12)]);
}

#[test]
fn a_small_result_in_full() {
    let image = raster(23, 17, 3);
    let red = crate::convert::to_channels(image, 3);
    let out = bytes(bicubic(&red, red.whole(), 4, 3, whole(4, 3)));
    let red: Vec<u8> = out.iter().step_by(3).copied().collect();
    assert_eq!(red, [130, 143, 133, 121, 119, 141, 137, 123, 117, 116, 154, 132]);
}

#[test]
fn sixteen_bit_results_are_those_of_pil_in_floating_point() {
    let eight = samples(23 * 17 * 3);
    let wide: Vec<u16> = eight.iter().step_by(3).map(|&v| u16::from(v) * 257).collect();
    let image = Raster {
        width: 23,
        height: 17,
        channels: 1,
        samples: Samples::U16(wide),
    };
    let Resized::F32(out) = bicubic(&image, image.whole(), 4, 3, whole(4, 3)) else {
        panic!("16-bit samples become f32")
    };
    let expected = [
        33285.73, 36636.84, 34232.33, 31013.14, 30503.78, 36211.14, 35066.93, 31686.24, 30097.12, 29783.21,
        39599.25, 33964.57,
    ];
    for (got, want) in out.iter().zip(expected) {
        assert!((f64::from(*got) - want).abs() < 0.02, "{got} {want}");
    }
}

#[test]
fn a_window_and_a_source_rectangle_give_the_values_of_the_whole() {
    let image = raster(50, 20, 3);
    let right = Region {
        x: 25,
        y: 0,
        width: 25,
        height: 20,
    };
    let Samples::U8(all) = &image.samples else {
        panic!("made of bytes")
    };
    let cut: Vec<u8> = all
        .chunks_exact(150)
        .flat_map(|row| &row[75..])
        .copied()
        .collect();
    let alone = Raster {
        width: 25,
        height: 20,
        channels: 3,
        samples: Samples::U8(cut),
    };
    let full = bytes(bicubic(&alone, alone.whole(), 30, 31, whole(30, 31)));
    let window = Region {
        x: 7,
        y: 4,
        width: 11,
        height: 20,
    };
    let part = bytes(bicubic(&image, right, 30, 31, window));
    let expected: Vec<u8> = full
        .chunks_exact(90)
        .skip(4)
        .take(20)
        .flat_map(|row| &row[21..54])
        .copied()
        .collect();
    assert_eq!(part, expected);
}

#[test]
fn the_same_size_is_the_same_image() {
    let image = raster(9, 8, 3);
    let same = bytes(bicubic(&image, image.whole(), 9, 8, whole(9, 8)));
    assert_eq!(Samples::U8(same), image.samples);
}
