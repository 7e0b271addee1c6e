//! House fronts: a drawing and the map of its parts.
//!
//! The labels have the colours of CMP Facades. What is drawn follows from them: the wall's material from the number of
//! floors (so from the size of the windows), everything else from the part itself and its place in it.

mod materials;
mod parts;

use rand_chacha::ChaCha8Rng;

use super::canvas::{Canvas, Colour, Rect, blend, rgb, scaled};
use super::noise::fractal;
use crate::raster::Raster;
use crate::stream::{below, coin};
use materials::Wall;

/// A part of a house front and its colour in the label map.
pub mod label {
    use super::{Colour, rgb};
    /// Sky and street.
    pub const BACKGROUND: Colour = rgb(0, 0, 170);
    /// Bare wall.
    pub const FACADE: Colour = rgb(0, 0, 255);
    /// Windows.
    pub const WINDOW: Colour = rgb(0, 85, 255);
    /// Doors.
    pub const DOOR: Colour = rgb(0, 170, 255);
    /// The ledge under the roof and the ones between floors.
    pub const CORNICE: Colour = rgb(0, 255, 255);
    /// Window sills.
    pub const SILL: Colour = rgb(85, 255, 170);
    /// Balconies.
    pub const BALCONY: Colour = rgb(170, 255, 85);
    /// Shutters.
    pub const BLIND: Colour = rgb(255, 255, 0);
    /// Pediments.
    pub const DECO: Colour = rgb(255, 170, 0);
    /// Here: roofs.
    pub const MOLDING: Colour = rgb(255, 85, 0);
    /// Pilasters and chimneys.
    pub const PILLAR: Colour = rgb(255, 0, 0);
    /// Shops.
    pub const SHOP: Colour = rgb(170, 0, 0);
}

/// Both canvases of a pair, painted side by side.
pub(super) struct Scene {
    pub photo: Canvas,
    pub labels: Canvas,
    pub seed: u32,
}

impl Scene {
    fn label(&mut self, rect: Rect, colour: Colour) {
        self.labels.rect(rect, |_, _, _| colour);
    }

    /// Darkens what is there.
    fn shadow(&mut self, rect: Rect, strength: f32) {
        self.photo.rect(rect, |_, _, under| scaled(under, 1.0 - strength));
    }
}

/// What is decided before anything is drawn.
struct Plan {
    front: Rect,
    floors: usize,
    columns: usize,
    shutters: bool,
    pediments: bool,
    pilasters: bool,
    shops: bool,
    balconies: [bool; 6],
    door: usize,
}

impl Plan {
    fn draw(rng: &mut ChaCha8Rng) -> Self {
        let mut between = |a: f32, b: f32| a + (b - a) * below(rng, 1 << 16) as f32 / 65536.0;
        let front = Rect::new(
            between(0.03, 0.11),
            between(0.17, 0.27),
            between(0.89, 0.97),
            0.93,
        );
        let floors = 2 + below(rng, 4);
        let columns = 3 + below(rng, 4);
        let mut balconies = [false; 6];
        balconies.iter_mut().for_each(|b| *b = below(rng, 3) == 0);
        Self {
            front,
            floors,
            columns,
            shutters: columns < 6 && below(rng, 3) == 0,
            pediments: coin(rng),
            pilasters: coin(rng),
            shops: coin(rng),
            balconies,
            door: below(rng, columns),
        }
    }
}

/// The photo (A) and the labels (B).
pub fn draw(size: usize, mut rng: ChaCha8Rng) -> (Raster, Raster) {
    let plan = Plan::draw(&mut rng);
    let mut scene = Scene {
        photo: Canvas::new(size, false),
        labels: Canvas::new(size, true),
        seed: below(&mut rng, 1 << 30) as u32,
    };
    surroundings(&mut scene, &plan);
    let wall = Wall::of_floors(plan.floors);
    let seed = scene.seed;
    scene.label(plan.front, label::FACADE);
    scene.photo.rect(plan.front, |x, y, _| wall.colour(x, y, seed));
    roof(&mut scene, &plan, &mut rng);
    floors(&mut scene, &plan);
    let front = plan.front;
    if plan.pilasters {
        for x in [front.x0, front.x1 - 0.035] {
            parts::pilaster(&mut scene, Rect::new(x, front.y0 + 0.03, x + 0.035, front.y1));
        }
    }
    parts::cornice(
        &mut scene,
        Rect::new(
            front.x0 - 0.015,
            front.y0 - 0.005,
            front.x1 + 0.015,
            front.y0 + 0.03,
        ),
    );
    (scene.photo.into_raster(), scene.labels.into_raster())
}

fn surroundings(scene: &mut Scene, plan: &Plan) {
    let seed = scene.seed;
    let all = Rect::new(0.0, 0.0, 1.0, 1.0);
    scene.label(all, label::BACKGROUND);
    scene.photo.rect(all, |x, y, _| {
        let cloud = 0.12 * fractal(x * 3.0, y * 6.0, seed);
        blend(
            blend(rgb(86, 142, 206), rgb(206, 224, 236), y * 1.2),
            [1.0; 3],
            cloud,
        )
    });
    let street = Rect::new(0.0, plan.front.y1, 1.0, 1.0);
    scene
        .photo
        .rect(street, |x, y, _| materials::pavement(x, y, seed));
    // The house stands on the street: darkest where they meet.
    scene.photo.rect(
        Rect {
            y1: street.y0 + 0.02,
            x0: plan.front.x0,
            x1: plan.front.x1,
            ..street
        },
        |_, y, under| scaled(under, 0.6 + 0.4 * (y - street.y0) / 0.02),
    );
}

fn roof(scene: &mut Scene, plan: &Plan, rng: &mut ChaCha8Rng) {
    let front = plan.front;
    let height = 0.08 + 0.05 * below(rng, 100) as f32 / 100.0;
    let (left, right, top) = (front.x0 - 0.01, front.x1 + 0.01, front.y0 - height);
    let chimney = mixed(left, right, 0.15 + 0.7 * below(rng, 100) as f32 / 100.0);
    parts::chimney(
        scene,
        Rect::new(chimney - 0.025, top - 0.05, chimney + 0.025, front.y0),
    );
    let slope = 0.5 * height;
    let inside = move |x: f32, y: f32| {
        let reach = slope * (front.y0 - y) / height;
        (top - y)
            .max(y - front.y0)
            .max(left + reach - x)
            .max(x - right + reach)
    };
    let bounds = Rect::new(left, top, right, front.y0);
    let seed = scene.seed;
    scene.labels.shape(bounds, inside, |_, _, _| label::MOLDING);
    scene.photo.shape(bounds, inside, |x, y, _| {
        materials::tiles(x, y, (y - top) / height, seed)
    });
    for i in 0..below(rng, 4) {
        let x = mixed(left, right, (i as f32 + 0.7) / 4.4 + 0.03);
        let window = Rect::new(
            x - 0.025,
            front.y0 - 0.75 * height,
            x + 0.025,
            front.y0 - 0.2 * height,
        );
        parts::pediment(
            scene,
            Rect::new(x - 0.035, window.y0 - 0.035, x + 0.035, window.y0),
        );
        parts::window(scene, window);
    }
}

fn mixed(a: f32, b: f32, t: f32) -> f32 {
    a + (b - a) * t
}

fn floors(scene: &mut Scene, plan: &Plan) {
    let side = if plan.pilasters { 0.045 } else { 0.015 };
    let body = Rect::new(
        plan.front.x0 + side,
        plan.front.y0 + 0.035,
        plan.front.x1 - side,
        plan.front.y1,
    );
    for floor in 0..plan.floors {
        let (from, to) = (
            floor as f32 / plan.floors as f32,
            (floor + 1) as f32 / plan.floors as f32,
        );
        let row = body.rows(from, to);
        let ground = floor + 1 == plan.floors;
        if ground {
            let ledge = Rect::new(plan.front.x0, row.y0 - 0.008, plan.front.x1, row.y0 + 0.008);
            parts::cornice(scene, ledge);
        }
        for column in 0..plan.columns {
            let (from, to) = (
                column as f32 / plan.columns as f32,
                (column + 1) as f32 / plan.columns as f32,
            );
            let cell = row.columns(from, to);
            if ground && column == plan.door {
                parts::door(
                    scene,
                    Rect {
                        y0: cell.y0 + 0.18 * cell.height(),
                        ..cell.inset(0.24 * cell.width(), 0.0)
                    },
                );
            } else if ground && plan.shops {
                parts::shop(
                    scene,
                    Rect {
                        y0: cell.y0 + 0.12 * cell.height(),
                        ..cell.inset(0.05 * cell.width(), 0.0)
                    },
                );
            } else {
                opening(scene, plan, cell, !ground && plan.balconies[floor]);
            }
        }
    }
}

/// A window with what belongs to it.
fn opening(scene: &mut Scene, plan: &Plan, cell: Rect, balcony: bool) {
    let (w, h) = (cell.width(), cell.height());
    let window = Rect::new(
        cell.x0 + 0.27 * w,
        cell.y0 + 0.24 * h,
        cell.x1 - 0.27 * w,
        cell.y1 - 0.16 * h,
    );
    if plan.pediments {
        let over = 0.05 * w;
        parts::pediment(
            scene,
            Rect::new(
                window.x0 - over,
                window.y0 - 0.13 * h,
                window.x1 + over,
                window.y0,
            ),
        );
    }
    parts::window(scene, window);
    if plan.shutters {
        let (gap, width) = (0.01 * w, 0.17 * w);
        parts::shutter(
            scene,
            Rect {
                x0: window.x0 - gap - width,
                x1: window.x0 - gap,
                ..window
            },
        );
        parts::shutter(
            scene,
            Rect {
                x0: window.x1 + gap,
                x1: window.x1 + gap + width,
                ..window
            },
        );
    }
    if balcony {
        let over = 0.16 * w;
        parts::balcony(
            scene,
            Rect::new(
                window.x0 - over,
                mixed(window.y0, window.y1, 0.58),
                window.x1 + over,
                window.y1 + 0.06 * h,
            ),
        );
    } else {
        let over = 0.05 * w;
        parts::sill(
            scene,
            Rect::new(
                window.x0 - over,
                window.y1,
                window.x1 + over,
                window.y1 + 0.045 * h,
            ),
        );
    }
}
