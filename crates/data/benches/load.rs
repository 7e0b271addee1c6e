//! What one training example costs: `cargo bench -p diptych-data`.

use std::path::Path;
use std::sync::Arc;

use diptych_data::metrics::{psnr, ssim};
use diptych_data::synth::{SynthKind, pair};
use diptych_data::{Dataset, Loader, LoaderOptions, Split, encode_png, read_image};
use diptych_domain::Images;
use diptych_domain::spec::DataSpec;
use image::codecs::jpeg::JpegEncoder;

fn main() {
    divan::main();
}

/// A folder with 16 pairs of 512 x 256 pixels as JPEG of quality 90.
fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let train = dir.path().join("train");
    std::fs::create_dir(&train).expect("a folder");
    for i in 0..16 {
        let pair = pair(SynthKind::Facades, 256, 1, i).expect("a valid size");
        let both = beside(&pair.a, &pair.b);
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, 90)
            .encode(&both, 512, 256, image::ExtendedColorType::Rgb8)
            .expect("a valid image");
        std::fs::write(train.join(format!("{i}.jpg")), bytes).expect("a file");
    }
    dir
}

fn beside(a: &Images, b: &Images) -> Vec<u8> {
    let mut out = Vec::with_capacity(512 * 256 * 3);
    for y in 0..256 {
        for side in [a, b] {
            for x in 0..256 {
                out.extend(
                    (0..3).map(|k| ((side.data[(k * 256 + y) * 256 + x] + 1.0) * 127.5).round() as u8),
                );
            }
        }
    }
    out
}

fn spec(root: &Path) -> DataSpec {
    DataSpec {
        root: root.display().to_string(),
        ..DataSpec::default()
    }
}

#[divan::bench]
fn decode_a_512_x_256_jpeg(bencher: divan::Bencher) {
    let dir = folder();
    let path = dir.path().join("train/0.jpg");
    bencher.bench(|| read_image(&path, 3).expect("an image"));
}

/// Decoding, resizing both halves to 286, cropping to 256 and flipping.
#[divan::bench(args = [1, 2])]
fn a_training_pair(bencher: divan::Bencher, workers: usize) {
    let dir = folder();
    let set = Arc::new(Dataset::open(&spec(dir.path()), Split::Train).expect("a data set"));
    let options = LoaderOptions {
        workers,
        batch_size: 16,
        ..LoaderOptions::default()
    };
    let mut loader = Loader::start(set, options);
    bencher
        .counter(divan::counter::ItemsCount::new(16usize))
        .bench_local(|| loader.next().expect("a batch"));
}

#[divan::bench(args = ["facades", "edges", "maps"])]
fn make_a_pair_of_256(bencher: divan::Bencher, kind: &str) {
    let kind: SynthKind = kind.parse().expect("a kind");
    bencher.bench(|| pair(kind, 256, 1, 3));
}

#[divan::bench]
fn ssim_of_256(bencher: divan::Bencher) {
    let pair = pair(SynthKind::Facades, 256, 1, 0).expect("a valid size");
    bencher.bench(|| ssim(&pair.a, &pair.b));
}

#[divan::bench]
fn psnr_of_256(bencher: divan::Bencher) {
    let pair = pair(SynthKind::Facades, 256, 1, 0).expect("a valid size");
    bencher.bench(|| psnr(&pair.a, &pair.b));
}

#[divan::bench]
fn encode_a_png_of_256(bencher: divan::Bencher) {
    let pair = pair(SynthKind::Facades, 256, 1, 0).expect("a valid size");
    bencher.bench(|| encode_png(&pair.a, 0));
}
