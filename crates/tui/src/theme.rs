//! Colours and styles, as far as the terminal has them.
//!
//! Curves have the colours that they have in figures ([`slot`]), which people with any colour vision can tell apart. Nothing is
//! said by colour alone: statuses have glyphs, curves have names and, without colours, dashes, marked rows have a sign.

use diptych_domain::RunStatus;
use diptych_plots::style::{Rgb, slot};
use ratatui::style::{Color, Modifier, Style};

/// How many colours the terminal shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// None: `NO_COLOR`, or a dumb terminal.
    None,
    /// The 16 of every terminal.
    Sixteen,
    /// The 256 of xterm.
    Indexed,
    /// 24 bits.
    True,
}

impl Depth {
    /// What the environment says.
    pub fn detect() -> Self {
        let variable = |name: &str| std::env::var(name).unwrap_or_default();
        Self::of(&variable("NO_COLOR"), &variable("COLORTERM"), &variable("TERM"))
    }

    fn of(no_color: &str, colorterm: &str, term: &str) -> Self {
        if !no_color.is_empty() || term == "dumb" {
            Self::None
        } else if matches!(colorterm, "truecolor" | "24bit") || term.ends_with("-direct") {
            Self::True
        } else if term.contains("256color") || term.contains("kitty") {
            Self::Indexed
        } else {
            Self::Sixteen
        }
    }
}

/// The colours of curves on terminals with 16, in the order of [`slot`].
const SIXTEEN: [Color; 8] = [
    Color::LightBlue,
    Color::LightRed,
    Color::Green,
    Color::LightMagenta,
    Color::Yellow,
    Color::LightCyan,
    Color::Gray,
    Color::Red,
];

const BLUE: usize = 0;
const VERMILION: usize = 1;
const GREEN: usize = 2;
const ORANGE: usize = 4;

/// The styles of everything that is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    /// What the terminal can show.
    pub depth: Depth,
}

impl Theme {
    /// An RGB colour as near as the terminal gets; nothing where it has no colours.
    pub fn rgb(self, rgb: [u8; 3]) -> Option<Color> {
        match self.depth {
            Depth::None => None,
            Depth::True => Some(Color::Rgb(rgb[0], rgb[1], rgb[2])),
            Depth::Indexed => Some(Color::Indexed(indexed(rgb))),
            Depth::Sixteen => Some(sixteen(rgb)),
        }
    }

    fn hue(self, at: usize) -> Style {
        match self.depth {
            Depth::None => Style::new(),
            Depth::Sixteen => Style::new().fg(SIXTEEN[at % SIXTEEN.len()]),
            _ => self.rgb(rgb_of(at)).map_or(Style::new(), |c| Style::new().fg(c)),
        }
    }

    /// The style of the `at`-th curve.
    pub fn series(self, at: usize) -> Style {
        self.hue(at)
    }

    /// A curve's colour, faint: raw values behind smoothed ones, bands.
    pub fn faint(self, at: usize) -> Style {
        match self.depth {
            Depth::None => Style::new().add_modifier(Modifier::DIM),
            Depth::Sixteen => Style::new().fg(Color::DarkGray),
            _ => {
                let rgb = rgb_of(at).map(|v| (u16::from(v) * 45 / 100) as u8);
                self.rgb(rgb).map_or(Style::new(), |c| Style::new().fg(c))
            }
        }
    }

    /// Plain text.
    pub fn text(self) -> Style {
        Style::new()
    }

    /// What matters less.
    pub fn dim(self) -> Style {
        match self.depth {
            Depth::None => Style::new().add_modifier(Modifier::DIM),
            Depth::True => Style::new().fg(Color::Rgb(0x8a, 0x8a, 0x8a)),
            _ => Style::new().fg(Color::DarkGray),
        }
    }

    /// Headings.
    pub fn heading(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// Keys, the open view, what is interactive.
    pub fn accent(self) -> Style {
        self.hue(BLUE).add_modifier(Modifier::BOLD)
    }

    /// Marked runs, differences.
    pub fn marked(self) -> Style {
        self.hue(ORANGE)
    }

    /// The best of a column.
    pub fn best(self) -> Style {
        self.hue(GREEN).add_modifier(Modifier::BOLD)
    }

    /// Something is wrong.
    pub fn bad(self) -> Style {
        self.hue(VERMILION).add_modifier(Modifier::BOLD)
    }

    /// Something might be wrong.
    pub fn warn(self) -> Style {
        self.hue(ORANGE)
    }

    /// The selected row or cell, where the keyboard is.
    pub fn selected(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// The selected row or cell of a pane that the keyboard is not in.
    pub fn selected_elsewhere(self) -> Style {
        Style::new().add_modifier(Modifier::UNDERLINED)
    }

    /// A status in its colour.
    pub fn status(self, status: RunStatus) -> Style {
        match status {
            RunStatus::Running => self.hue(BLUE),
            RunStatus::Finished => self.hue(GREEN),
            RunStatus::Stopped => self.hue(ORANGE),
            RunStatus::Failed | RunStatus::Diverged | RunStatus::Crashed => self.hue(VERMILION),
            _ => self.dim(),
        }
    }
}

fn rgb_of(at: usize) -> [u8; 3] {
    let Rgb(r, g, b) = slot(at).on_dark;
    [r, g, b]
}

/// A status in one character.
pub fn glyph(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Queued => "·",
        RunStatus::Running => "▶",
        RunStatus::Finished => "✓",
        RunStatus::Stopped => "‖",
        RunStatus::Failed => "✗",
        RunStatus::Diverged => "∞",
        RunStatus::Crashed => "†",
        _ => "?",
    }
}

/// The nearest of xterm's 6x6x6 cube and its greys.
fn indexed(rgb: [u8; 3]) -> u8 {
    const LEVELS: [i32; 6] = [0, 95, 135, 175, 215, 255];
    let near = |v: u8| {
        let v = i32::from(v);
        (0..6).min_by_key(|i| (LEVELS[*i] - v).abs()).unwrap_or(0)
    };
    let cube = rgb.map(near);
    let distance = |c: [i32; 3]| -> i32 { (0..3).map(|i| (c[i] - i32::from(rgb[i])).pow(2)).sum() };
    let grey = (rgb.iter().map(|v| i32::from(*v)).sum::<i32>() / 3 - 8).clamp(0, 230) / 10;
    let of_cube = distance(cube.map(|i| LEVELS[i]));
    let of_grey = distance([8 + 10 * grey; 3]);
    if of_grey < of_cube {
        232 + grey as u8
    } else {
        (16 + 36 * cube[0] + 6 * cube[1] + cube[2]) as u8
    }
}

/// The nearest of the 16 as xterm shows them.
fn sixteen(rgb: [u8; 3]) -> Color {
    const COLOURS: [([i32; 3], Color); 16] = [
        ([0, 0, 0], Color::Black),
        ([205, 0, 0], Color::Red),
        ([0, 205, 0], Color::Green),
        ([205, 205, 0], Color::Yellow),
        ([0, 0, 238], Color::Blue),
        ([205, 0, 205], Color::Magenta),
        ([0, 205, 205], Color::Cyan),
        ([229, 229, 229], Color::Gray),
        ([127, 127, 127], Color::DarkGray),
        ([255, 0, 0], Color::LightRed),
        ([0, 255, 0], Color::LightGreen),
        ([255, 255, 0], Color::LightYellow),
        ([92, 92, 255], Color::LightBlue),
        ([255, 0, 255], Color::LightMagenta),
        ([0, 255, 255], Color::LightCyan),
        ([255, 255, 255], Color::White),
    ];
    let distance = |c: &[i32; 3]| -> i32 { (0..3).map(|i| (c[i] - i32::from(rgb[i])).pow(2)).sum() };
    COLOURS
        .iter()
        .min_by_key(|(c, _)| distance(c))
        .map_or(Color::Reset, |(_, colour)| *colour)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_decides() {
        assert_eq!(Depth::of("1", "truecolor", "xterm"), Depth::None);
        assert_eq!(Depth::of("", "truecolor", "xterm"), Depth::True);
        assert_eq!(Depth::of("", "", "screen-256color"), Depth::Indexed);
        assert_eq!(Depth::of("", "", "linux"), Depth::Sixteen);
        assert_eq!(Depth::of("", "", "dumb"), Depth::None);
    }

    #[test]
    fn colours_come_near() {
        assert_eq!(indexed([255, 255, 255]), 231);
        assert_eq!(indexed([255, 0, 0]), 196);
        assert_eq!(indexed([128, 128, 128]), 244);
        assert_eq!(sixteen([250, 10, 10]), Color::LightRed);
        assert_eq!(Theme { depth: Depth::None }.rgb([1, 2, 3]), None);
    }

    #[test]
    fn without_colours_no_style_has_one() {
        let theme = Theme { depth: Depth::None };
        for style in [
            theme.accent(),
            theme.bad(),
            theme.dim(),
            theme.series(3),
            theme.faint(2),
            theme.status(RunStatus::Failed),
        ] {
            assert_eq!((style.fg, style.bg), (None, None));
        }
    }
}
