use std::path::PathBuf;

use super::*;

fn parse(text: &str) -> Result<Palette, String> {
    Palette::parse(&PathBuf::from("p.txt"), text).map_err(|e| e.to_string())
}

/// An image of one row from colours.
fn row(colours: &[[u8; 3]]) -> Images {
    let mut images = Images::zeros(1, 3, 1, colours.len());
    for (i, c) in colours.iter().enumerate() {
        (0..3).for_each(|k| images.data[k * colours.len() + i] = f32::from(c[k]) / 127.5 - 1.0);
    }
    images
}

#[test]
fn a_file_has_a_class_a_line() {
    let palette = parse("# facades\n\n#aa0000 door\n0 85 255 window pane\n0,255,255\n").unwrap();
    let names: Vec<&str> = palette.classes().iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["door", "window pane", "#00ffff"]);
    assert_eq!(palette.classes()[1].colour, [0, 85, 255]);
    assert_eq!(parse(&palette.to_text()).unwrap(), palette);
}

#[test]
fn a_gimp_palette_is_one_too() {
    let text = "GIMP Palette\nName: labels\nColumns: 2\n#\n  0   0 170\twall\n255  85   0\tshop\n";
    let palette = parse(text).unwrap();
    assert_eq!(palette.classes()[1].name, "shop");
    assert_eq!(palette.classes()[1].colour, [255, 85, 0]);
}

#[test]
fn mistakes_are_refused_with_their_line() {
    assert_eq!(
        parse("#aa0000 door\n300 0 0 wall\n").unwrap_err(),
        "p.txt:2: `300 0 0 wall`: expected a colour and a name, such as `#aa0000 door` or `170 0 0 door`"
    );
    assert_eq!(
        parse("#aa0000 door\n170 0 0 gate\n").unwrap_err(),
        "p.txt:2: the colour #aa0000 is there twice"
    );
    assert_eq!(
        parse("#aa0000 door\n").unwrap_err(),
        "p.txt: 1 colours: a label map has from 2 to 256"
    );
}

#[test]
fn a_pixel_belongs_to_the_nearest_colour_and_the_first_of_two() {
    let palette = parse("0 0 0\n200 0 0\n0 0 200").unwrap();
    let image = row(&[[10, 0, 0], [101, 0, 0], [100, 0, 0], [90, 0, 111]]);
    assert_eq!(palette.labels(&image, 0), [0, 1, 0, 2]);
    let grey = Images {
        data: vec![-1.0, 1.0],
        ..Images::zeros(1, 1, 1, 2)
    };
    let palette = parse("0 0 0\n255 255 255").unwrap();
    assert_eq!(palette.labels(&grey, 0), [0, 1]);
}

#[test]
fn coverage_tells_labels_from_pictures() {
    let palette = parse("0 0 0\n255 255 255").unwrap();
    assert_eq!(
        palette.coverage(
            &row(&[[5, 0, 3], [250, 255, 251], [128, 128, 128], [200, 30, 30]]),
            0
        ),
        0.5
    );
}

#[test]
fn few_colours_are_found_as_they_are_and_many_are_not() {
    let image = row(&[[1, 2, 3], [9, 9, 9], [1, 2, 3]]);
    assert_eq!(distinct([&image], 2), Some(vec![[1, 2, 3], [9, 9, 9]]));
    assert_eq!(distinct([&image], 1), None);
}

#[test]
fn disturbed_labels_give_their_colours_back() {
    // Three areas of one colour each, every pixel up to 4 off, and mixed colours where they meet.
    let colours = [[0u8, 0, 170], [255, 85, 0], [0, 170, 255]];
    let mut image = Images::zeros(1, 3, 60, 60);
    for y in 0..60 {
        for x in 0..60 {
            let area = x / 20;
            for (k, own) in colours[area].iter().enumerate() {
                let noise = ((x * 7 + y * 13 + k * 5) % 9) as f32 - 4.0;
                let mut v = f32::from(*own);
                if x % 20 == 19 && area < 2 {
                    v = 0.5 * (v + f32::from(colours[area + 1][k]));
                }
                image.data[(k * 60 + y) * 60 + x] = (v + noise).clamp(0.0, 255.0) / 127.5 - 1.0;
            }
        }
    }
    let found = gather([&image]);
    assert_eq!(found.colours.len(), 3, "{found:?}");
    for colour in colours {
        let near = |c: &[u8; 3]| (0..3).all(|k| c[k].abs_diff(colour[k]) <= 8);
        assert!(
            found.colours.iter().any(|(c, _)| near(c)),
            "{colour:?} in {found:?}"
        );
    }
    assert!(found.flat > 0.5, "{found:?}");
}

#[test]
fn a_picture_is_near_its_own_colours_but_nearly_has_few_of_them() {
    // Smooth: every pixel lies in a flat area.
    let mut image = Images::zeros(1, 3, 128, 128);
    for (i, v) in image.data.iter_mut().enumerate() {
        let (k, y, x) = (i / (128 * 128), i / 128 % 128, i % 128);
        let phase = [x + y, 2 * x, x + 256 - 2 * y][k] as f32;
        *v = (phase * 0.045).sin();
    }
    let found = gather([&image]);
    let colours = found.colours.iter().map(|(colour, _)| *colour);
    let palette = Palette::new(&PathBuf::from("p"), colours).unwrap();
    let (near, tight) = (palette.coverage(&image, 0), palette.tightness(&image, 0));
    assert!(near > 0.8 && tight < 0.4, "{near} {tight}");
}

#[test]
fn a_picture_of_noise_is_not_flat() {
    let mut image = Images::zeros(1, 3, 40, 40);
    for (i, v) in image.data.iter_mut().enumerate() {
        *v = ((i * 7919) % 256) as f32 / 127.5 - 1.0;
    }
    assert!(gather([&image]).flat < 0.1);
}
