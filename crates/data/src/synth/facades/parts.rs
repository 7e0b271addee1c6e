//! The parts of a house front, each drawn and labelled. The sun stands high on the left.

use super::super::canvas::{Colour, Rect, blend, rgb, scaled};
use super::materials::Wall;
use super::{Scene, label};

const STONE: Colour = rgb(222, 216, 202);

/// Panes in a white frame, the sky in the upper ones.
pub fn window(scene: &mut Scene, rect: Rect) {
    scene.label(rect, label::WINDOW);
    scene.photo.rect(rect, |_, _, _| rgb(238, 236, 230));
    let frame = 0.08 * rect.width();
    let glass = rect.inset(frame, frame);
    scene.photo.rect(glass, |x, y, _| {
        let (u, v) = ((x - glass.x0) / glass.width(), (y - glass.y0) / glass.height());
        let sky = blend(rgb(150, 182, 208), rgb(38, 52, 70), (v * 1.25).min(1.0));
        let streak = u + 0.6 * v;
        if (0.45..0.7).contains(&streak) || (0.8..0.88).contains(&streak) {
            blend(sky, rgb(225, 236, 244), 0.28)
        } else {
            sky
        }
    });
    // The reveal throws its shadow on the panes.
    scene.shadow(glass.rows(0.0, 0.07), 0.45);
    scene.shadow(glass.columns(0.0, 0.09), 0.35);
    let bar = 0.5 * frame;
    let (cx, cy) = (0.5 * (rect.x0 + rect.x1), rect.y0 + 0.36 * rect.height());
    scene.photo.rect(
        Rect {
            x0: cx - bar,
            x1: cx + bar,
            ..glass
        },
        |_, _, _| rgb(240, 238, 232),
    );
    scene.photo.rect(
        Rect {
            y0: cy - bar,
            y1: cy + bar,
            ..glass
        },
        |_, _, _| rgb(240, 238, 232),
    );
}

/// A ledge under a window, with its shadow on the wall.
pub fn sill(scene: &mut Scene, rect: Rect) {
    scene.shadow(rect.moved(0.3 * rect.height(), 0.8 * rect.height()), 0.35);
    scene.label(rect, label::SILL);
    lit_ledge(scene, rect);
}

fn lit_ledge(scene: &mut Scene, rect: Rect) {
    scene.photo.rect(rect, |_, y, _| {
        let v = (y - rect.y0) / rect.height();
        scaled(STONE, if v < 0.35 { 1.1 } else { 1.0 - 0.35 * v })
    });
}

/// A ledge along the house with dentils below its lit upper edge.
pub fn cornice(scene: &mut Scene, rect: Rect) {
    scene.shadow(
        Rect {
            y0: rect.y1,
            y1: rect.y1 + 0.6 * rect.height(),
            ..rect
        },
        0.4,
    );
    scene.label(rect, label::CORNICE);
    lit_ledge(scene, rect);
    let teeth = rect.rows(0.45, 0.85);
    let pitch = 1.2 * rect.height();
    scene.photo.rect(teeth, |x, _, under| {
        let u = (x - rect.x0) / pitch;
        if u - u.floor() < 0.5 {
            scaled(under, 0.62)
        } else {
            under
        }
    });
}

/// A triangular pediment.
pub fn pediment(scene: &mut Scene, rect: Rect) {
    let triangle = move |grow: f32| {
        move |x: f32, y: f32| {
            let u = ((x - rect.x0) / rect.width() - 0.5).abs() * 2.0;
            let v = (y - rect.y0) / rect.height();
            ((u - v) * 0.5 * rect.height()).max(y - rect.y1) - grow
        }
    };
    scene.labels.shape(rect, triangle(0.0), |_, _, _| label::DECO);
    scene
        .photo
        .shape(rect, triangle(0.0), |_, _, _| scaled(STONE, 1.05));
    let inner = -0.22 * rect.height();
    scene.photo.shape(rect, triangle(inner), |x, _, _| {
        let left = x < 0.5 * (rect.x0 + rect.x1);
        scaled(rgb(196, 182, 156), if left { 0.82 } else { 0.98 })
    });
    scene.shadow(rect.rows(0.9, 1.0), 0.25);
}

/// Green louvres.
pub fn shutter(scene: &mut Scene, rect: Rect) {
    scene.shadow(rect.moved(0.12 * rect.width(), 0.06 * rect.width()), 0.35);
    scene.label(rect, label::BLIND);
    let slats = (rect.height() / 0.012).max(4.0).floor();
    scene.photo.rect(rect, |x, y, _| {
        let u = (x - rect.x0) / rect.width();
        let v = (y - rect.y0) / rect.height() * slats;
        let border = !(0.14..0.86).contains(&u);
        let light = if border {
            1.05
        } else {
            0.7 + 0.45 * (1.0 - (v - v.floor()))
        };
        scaled(rgb(58, 112, 84), light)
    });
}

/// An iron railing on a slab; what is behind shows between the bars.
pub fn balcony(scene: &mut Scene, rect: Rect) {
    let slab = rect.rows(0.84, 1.0);
    scene.shadow(
        Rect {
            y0: slab.y1,
            y1: slab.y1 + 1.2 * slab.height(),
            ..slab
        },
        0.45,
    );
    scene.shadow(rect.rows(0.1, 0.84), 0.3);
    scene.label(rect, label::BALCONY);
    lit_ledge(scene, slab);
    let iron = rgb(34, 36, 42);
    let pitch = rect.width() / (rect.width() / 0.02).max(5.0).floor();
    scene.photo.rect(rect.rows(0.0, 0.84), |x, _, under| {
        let u = (x - rect.x0) / pitch;
        if u - u.floor() < 0.36 { iron } else { under }
    });
    scene.photo.rect(rect.rows(0.0, 0.1), |_, _, _| scaled(iron, 1.4));
    scene.photo.rect(rect.rows(0.42, 0.48), |_, _, _| iron);
}

/// A panelled door under a fanlight, one step up from the street.
pub fn door(scene: &mut Scene, rect: Rect) {
    scene.label(rect, label::DOOR);
    scene.photo.rect(rect, |_, _, _| STONE);
    let leaf = Rect {
        y0: rect.y0 + 0.1 * rect.width(),
        ..rect.inset(0.1 * rect.width(), 0.0)
    };
    let wood = rgb(112, 66, 38);
    let panels = leaf.rows(0.3, 0.95);
    scene.photo.rect(panels, |x, y, _| {
        let (u, v) = (
            (x - panels.x0) / panels.width() * 2.0,
            (y - panels.y0) / panels.height() * 3.0,
        );
        let (fu, fv) = (u - u.floor(), v - v.floor());
        if !(0.06..=0.94).contains(&fu) {
            scaled(wood, 0.5)
        } else if (0.2..0.8).contains(&fu) && (0.16..0.84).contains(&fv) {
            let edge = fu < 0.27 || fv < 0.24;
            scaled(wood, if edge { 0.68 } else { 1.18 })
        } else {
            wood
        }
    });
    let light = leaf.rows(0.0, 0.27);
    scene.photo.rect(light, |x, y, _| {
        let (u, v) = (
            (x - light.x0) / light.width() - 0.5,
            1.0 - (y - light.y0) / light.height(),
        );
        let spoke = (u.abs() - 0.32 * v).abs() < 0.035 || u.abs() < 0.03;
        if spoke {
            rgb(236, 232, 222)
        } else {
            blend(rgb(246, 214, 140), rgb(120, 96, 70), v)
        }
    });
    scene.photo.rect(leaf.rows(0.27, 0.3), |_, _, _| STONE);
    scene
        .photo
        .rect(rect.rows(0.95, 1.0), |_, _, _| scaled(STONE, 0.8));
    scene.shadow(leaf.columns(0.0, 0.07), 0.4);
}

/// A striped awning over a lit shop window.
pub fn shop(scene: &mut Scene, rect: Rect) {
    scene.label(rect, label::SHOP);
    scene.photo.rect(rect, |_, _, _| rgb(44, 60, 58));
    let glass = Rect {
        y0: rect.y0 + 0.38 * rect.height(),
        ..rect.inset(0.07 * rect.width(), 0.08 * rect.height())
    };
    scene.photo.rect(glass, |x, y, _| {
        let (u, v) = ((x - glass.x0) / glass.width(), (y - glass.y0) / glass.height());
        let inside = blend(rgb(255, 222, 150), rgb(92, 60, 44), v);
        if (u + 0.5 * v - 0.55).abs() < 0.1 {
            blend(inside, [1.0; 3], 0.25)
        } else {
            inside
        }
    });
    let middle = 0.5 * (rect.x0 + rect.x1);
    scene.photo.rect(
        Rect {
            x0: middle - 0.004,
            x1: middle + 0.004,
            ..glass
        },
        |_, _, _| rgb(44, 60, 58),
    );
    let awning = rect.rows(0.08, 0.38);
    scene.shadow(
        Rect {
            y0: awning.y1,
            y1: awning.y1 + 0.4 * awning.height(),
            ..glass
        },
        0.4,
    );
    let stripes = (rect.width() / 0.028).max(4.0).floor();
    scene.photo.rect(awning, |x, y, _| {
        let u = (x - rect.x0) / rect.width() * stripes;
        let v = (y - awning.y0) / awning.height();
        let cloth = if u.floor() as i32 % 2 == 0 {
            rgb(182, 44, 48)
        } else {
            rgb(244, 238, 224)
        };
        scaled(cloth, if v > 0.8 { 0.78 } else { 1.05 - 0.2 * v })
    });
}

/// A fluted strip of stone from base to capital.
pub fn pilaster(scene: &mut Scene, rect: Rect) {
    scene.shadow(rect.moved(0.25 * rect.width(), 0.0), 0.25);
    scene.label(rect, label::PILLAR);
    scene.photo.rect(rect, |x, _, _| {
        let u = (x - rect.x0) / rect.width();
        let flute = (u * 4.0 - (u * 4.0).floor() - 0.5).abs();
        scaled(STONE, (0.86 + 0.36 * flute) * (1.06 - 0.25 * u))
    });
    for (from, to) in [(0.0, 0.03), (0.96, 1.0)] {
        lit_ledge(scene, rect.rows(from, to));
    }
}

/// A brick chimney.
pub fn chimney(scene: &mut Scene, rect: Rect) {
    scene.label(rect, label::PILLAR);
    let seed = scene.seed;
    scene.photo.rect(rect, |x, y, _| {
        let u = (x - rect.x0) / rect.width();
        scaled(Wall::Brick.colour(x, y, seed), 1.05 - 0.4 * u)
    });
    lit_ledge(scene, rect.rows(0.0, 0.1));
}
