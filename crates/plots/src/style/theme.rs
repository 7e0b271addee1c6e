//! Sets of colours.

use std::fmt;

use crate::spec::Theme;

/// A colour in sRGB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rgb(pub u8, pub u8, pub u8);

impl fmt::Display for Rgb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

impl Rgb {
    /// Linear red, green and blue from 0 to 1.
    pub fn linear(self) -> [f64; 3] {
        [self.0, self.1, self.2].map(|c| {
            let c = f64::from(c) / 255.0;
            if c <= 0.040_45 {
                c / 12.92
            } else {
                ((c + 0.055) / 1.055).powf(2.4)
            }
        })
    }

    /// The relative luminance, 0 to 1.
    pub fn luminance(self) -> f64 {
        let [r, g, b] = self.linear();
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    /// Part of the way to another colour.
    pub fn towards(self, other: Self, part: f64) -> Self {
        let mix = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * part).round() as u8;
        Self(mix(self.0, other.0), mix(self.1, other.1), mix(self.2, other.2))
    }
}

/// What a figure is drawn with, curves aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colours {
    /// The ground.
    pub ground: Rgb,
    /// Text and axes.
    pub ink: Rgb,
    /// Less important text.
    pub muted: Rgb,
    /// Lines behind the curves.
    pub grid: Rgb,
    /// Things that are wrong.
    pub alarm: Rgb,
    /// The ends and the middle of a scale of colours, from low to high.
    ramp: [Rgb; 5],
}

impl Colours {
    /// A scale's colour at `part`, from 0 to 1: lightness rises (falls on white) steadily, so that it survives grey printing.
    pub fn ramp(&self, part: f64) -> Rgb {
        let place = part.clamp(0.0, 1.0) * (self.ramp.len() - 1) as f64;
        let below = (place.floor() as usize).min(self.ramp.len() - 2);
        self.ramp[below].towards(self.ramp[below + 1], place - below as f64)
    }
}

/// After viridis (van der Walt & Smith 2015), without its lightest end, which is too faint on white.
const SCALE: [Rgb; 5] = [
    Rgb(0x44, 0x01, 0x54),
    Rgb(0x3b, 0x52, 0x8b),
    Rgb(0x21, 0x91, 0x8c),
    Rgb(0x4f, 0xb9, 0x60),
    Rgb(0xb5, 0xce, 0x24),
];

/// A theme's colours.
pub fn colours(theme: Theme) -> Colours {
    match theme {
        Theme::Light => Colours {
            ground: Rgb(0xff, 0xff, 0xff),
            ink: Rgb(0x1a, 0x1c, 0x20),
            muted: Rgb(0x5c, 0x61, 0x6a),
            grid: Rgb(0xe4, 0xe6, 0xea),
            alarm: Rgb(0xb0, 0x12, 0x2a),
            ramp: SCALE,
        },
        Theme::Dark => Colours {
            ground: Rgb(0x16, 0x18, 0x1d),
            ink: Rgb(0xe8, 0xea, 0xee),
            muted: Rgb(0xa4, 0xaa, 0xb5),
            grid: Rgb(0x30, 0x34, 0x3c),
            alarm: Rgb(0xff, 0x6b, 0x7d),
            ramp: [
                Rgb(0x6d, 0x4f, 0xb0),
                Rgb(0x4a, 0x7c, 0xc9),
                Rgb(0x2f, 0xb0, 0xb5),
                Rgb(0x70, 0xd0, 0x7a),
                Rgb(0xf0, 0xe4, 0x4a),
            ],
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_gets_lighter_all_the_way() {
        for theme in [Theme::Light, Theme::Dark] {
            let colours = colours(theme);
            let steps: Vec<f64> = (0..=20)
                .map(|i| colours.ramp(f64::from(i) / 20.0).luminance())
                .collect();
            assert!(steps.is_sorted_by(|a, b| a < b), "{theme}: {steps:?}");
        }
    }

    #[test]
    fn colours_are_written_as_in_css() {
        assert_eq!(Rgb(0, 0x72, 0xb2).to_string(), "#0072b2");
        assert_eq!(Rgb(0, 0, 0).towards(Rgb(255, 255, 255), 0.5), Rgb(128, 128, 128));
    }
}
