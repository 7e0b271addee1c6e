//! What can be asked of cuDNN without a GPU: whether it reads descriptors as they are meant. Runs against whichever library is
//! found, the real one or the emulator's.

use super::library::Functions;
use super::plan::{CROSS_CORRELATION, Extents, FLOAT, Order};
use crate::geometry::{ConvConfig, ConvGeometry};

/// The output's extents that cuDNN derives.
fn derived(f: &Functions, e: &Extents, order: Order) -> [i32; 4] {
    let (mut x, mut w, mut c) = (std::ptr::null_mut(), std::ptr::null_mut(), std::ptr::null_mut());
    let [mut n, mut k, mut h, mut width] = [0; 4];
    // SAFETY: as in the parent module.
    let statuses = unsafe {
        let [wn, wc, wh, ww] = e.wide;
        let [fk, fc, fr, fs] = e.filter;
        let (p, s) = (e.padding, e.stride);
        [
            (f.create_tensor)(&mut x),
            (f.create_filter)(&mut w),
            (f.create_convolution)(&mut c),
            (f.set_tensor)(x, order.number(), FLOAT, wn, wc, wh, ww),
            (f.set_filter)(w, FLOAT, order.number(), fk, fc, fr, fs),
            (f.set_convolution)(c, p, p, s, s, 1, 1, CROSS_CORRELATION, FLOAT),
            (f.output_extents)(c, x, w, &mut n, &mut k, &mut h, &mut width),
            (f.destroy_tensor)(x),
            (f.destroy_filter)(w),
            (f.destroy_convolution)(c),
        ]
    };
    assert_eq!(statuses, [0; 10], "{e:?}");
    [n, k, h, width]
}

#[test]
fn cudnn_derives_the_output_that_we_expect() {
    let f = Functions::open().unwrap_or_else(|problem| panic!("{problem}"));
    let up = |output_padding| ConvConfig {
        output_padding,
        ..ConvConfig::new(2, 1)
    };
    let geometries = [
        ConvGeometry::conv2d((1, 3, 256, 256), [64, 3, 4, 4], None, ConvConfig::new(2, 1)),
        ConvGeometry::conv2d((2, 512, 2, 2), [512, 512, 4, 4], None, ConvConfig::new(2, 1)),
        ConvGeometry::conv2d((1, 6, 31, 30), [1, 6, 4, 4], None, ConvConfig::new(1, 1)),
        ConvGeometry::conv2d((1, 3, 262, 262), [64, 3, 7, 7], None, ConvConfig::new(1, 0)),
        ConvGeometry::conv_transpose2d((1, 512, 1, 1), [512, 512, 4, 4], None, up(0)),
        ConvGeometry::conv_transpose2d((1, 256, 64, 60), [256, 128, 3, 3], None, up(1)),
    ];
    for g in geometries {
        let e = Extents::of(&g.unwrap()).unwrap();
        for order in [Order::Pixels, Order::Planes] {
            assert_eq!(derived(&f, &e, order), e.narrow, "{e:?} {order:?}");
        }
    }
}
