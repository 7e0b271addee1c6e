//! The plotted numbers as a pgfplots picture: `\input` it where the document has `\usepackage{pgfplots}`.

use std::fmt::Write;

use crate::error::FigureError;
use crate::figure::{Axis, Body, Entry, Figure, Ink, Key, Line, Mark, Panel, Shape, Values};
use crate::layout;
use crate::spec::FigureSpec;
use crate::style::{Dash, Marker, colours};

/// A `tikzpicture` for each panel, below each other.
///
/// # Errors
/// A grid of images, which has no numbers.
pub fn text(figure: &Figure, spec: &FigureSpec) -> Result<String, FigureError> {
    let Body::Panels(panels) = &figure.body else {
        return Err(FigureError::Export {
            form: "LaTeX",
            problem: "a grid of images has no numbers; take PDF and \\includegraphics".into(),
        });
    };
    let mut out = format!(
        "% {}\n% Needs \\usepackage{{pgfplots}} and \\usepgfplotslibrary{{fillbetween}}.\n",
        one_line(&figure.caption)
    );
    for note in &figure.notes {
        out += &format!("% {}\n", one_line(note));
    }
    let across = layout::panels_across(spec, panels.len());
    let width = layout::sizes(spec).width / across as f64 * 25.4 / 96.0;
    for (i, panel) in panels.iter().enumerate() {
        let last = i + 1 == panels.len();
        picture(&mut out, panel, figure, spec, width, last);
        if !last && (i + 1) % across == 0 {
            out += "\\\\\n";
        }
    }
    Ok(out)
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

fn picture(out: &mut String, panel: &Panel, figure: &Figure, spec: &FigureSpec, width: f64, last: bool) {
    let mut options = vec![
        format!("width={width:.1}mm"),
        format!("height={:.1}mm", height(panel, spec, width)),
    ];
    let axes: Vec<(f64, &Axis)> = verticals(panel);
    if axes.is_empty() {
        options.push("grid=major".into());
        options
            .push("scaled ticks=false, tick label style={/pgf/number format/.cd, fixed, precision=5}".into());
        options.push("legend style={draw=none, fill=none, at={(0.5,1.03)}, anchor=south, legend columns=2, font=\\footnotesize}".into());
        for (name, axis) in [("x", &panel.x), ("y", &panel.y)] {
            axis_options(&mut options, name, axis);
        }
        if let Some(title) = &panel.title {
            options.push(format!("title={{{}}}", escaped(title)));
        }
    } else {
        // Every vertical axis has its own values: those of the picture are hidden, and what is drawn goes from 0 to 1.
        let end = axes.last().map_or(1.0, |(x, _)| *x);
        options.push(format!(
            "hide axis, clip=false, xmin=0, xmax={end}, ymin=0, ymax=1"
        ));
    }
    let _ = writeln!(
        out,
        "\\begin{{tikzpicture}}\n\\begin{{axis}}[{}]",
        options.join(",\n  ")
    );
    for (k, mark) in panel.marks.iter().enumerate() {
        plot(out, mark, k, panel, spec);
    }
    let count = axes.len();
    for (i, (x, axis)) in axes.into_iter().enumerate() {
        // The values of the last stand where no lines are.
        let side = if i > 0 && i + 1 == count { "west" } else { "east" };
        vertical(out, x, axis, side, if i % 2 == 1 { "4mm" } else { "1mm" });
    }
    let of_figure = if last { figure.legend.as_slice() } else { &[] };
    for entry in panel.legend.iter().chain(of_figure) {
        let _ = writeln!(
            out,
            "\\addlegendimage{{{}}}\n\\addlegendentry{{{}}}",
            legend_image(entry, spec),
            escaped(&entry.label)
        );
    }
    out.push_str("\\end{axis}\n\\end{tikzpicture}%\n");
}

/// The axes of parallel coordinates.
fn verticals(panel: &Panel) -> Vec<(f64, &Axis)> {
    panel
        .marks
        .iter()
        .filter_map(|m| match &m.shape {
            Shape::Vertical { x, axis } => Some((*x, axis)),
            _ => None,
        })
        .collect()
}

/// One of them: its line, its values, and its name above; every second name stands higher, so that they do not touch.
fn vertical(out: &mut String, x: f64, axis: &Axis, side: &str, raise: &str) {
    let _ = writeln!(out, "\\draw (axis cs:{x},0) -- (axis cs:{x},1);");
    for tick in axis.ticks(8) {
        let place = axis.scale.place(tick.at);
        if tick.label.is_empty() || !(0.0..=1.0).contains(&place) {
            continue;
        }
        let _ = writeln!(
            out,
            "\\node[anchor={side}, font=\\tiny, fill=white, fill opacity=0.7, text opacity=1, inner sep=1pt] at (axis cs:{x},{place:.6}) {{{}}};",
            escaped(&tick.label)
        );
    }
    let _ = writeln!(
        out,
        "\\node[anchor=south, font=\\footnotesize, yshift={raise}] at (axis cs:{x},1) {{{}}};",
        escaped(&axis.label)
    );
}

/// How an entry of a legend is drawn.
fn legend_image(entry: &Entry, spec: &FigureSpec) -> String {
    let line = look(entry.ink, spec);
    let marks = marker(entry.ink.marker());
    match entry.key {
        Key::Line => format!("{line}, mark=none"),
        Key::Unbroken => format!("{line}, solid, mark=none"),
        Key::Thin => format!("{line}, solid, thin, mark=none"),
        Key::LineAndPoint => format!("{line}, {marks}"),
        Key::UnbrokenAndPoint => format!("{line}, solid, {marks}"),
        Key::Interval => format!("{line}, solid, thick, mark=*"),
        Key::Point => format!("only marks, {line}, {marks}"),
    }
}

fn height(panel: &Panel, spec: &FigureSpec, width: f64) -> f64 {
    match (&panel.y.values, spec.height) {
        (_, Some(height)) => height,
        (Values::Categories(names), _) => 18.0 + 7.0 * names.len() as f64,
        _ => (width * 0.62).max(40.0),
    }
}

fn axis_options(options: &mut Vec<String>, name: &str, axis: &Axis) {
    let (low, high) = (
        axis.scale.low.min(axis.scale.high),
        axis.scale.low.max(axis.scale.high),
    );
    options.push(format!("{name}label={{{}}}", escaped(&axis.title())));
    options.push(format!("{name}min={low}, {name}max={high}"));
    if axis.scale.low > axis.scale.high {
        options.push(format!("{name} dir=reverse"));
    }
    if axis.scale.log {
        options.push(format!("{name}mode=log"));
    }
    if !matches!(axis.values, Values::Numbers | Values::Whole) {
        let ticks: Vec<_> = axis
            .ticks(5)
            .into_iter()
            .filter(|t| t.at >= low && t.at <= high)
            .collect();
        let at: Vec<String> = ticks.iter().map(|t| t.at.to_string()).collect();
        let labels: Vec<String> = ticks
            .iter()
            .map(|t| format!("{{{}}}", escaped(&t.label)))
            .collect();
        options.push(format!(
            "{name}tick={{{}}}, {name}ticklabels={{{}}}",
            at.join(","),
            labels.join(",")
        ));
    }
}

fn plot(out: &mut String, mark: &Mark, k: usize, panel: &Panel, spec: &FigureSpec) {
    let coordinates = |points: &[[f64; 2]]| {
        points
            .iter()
            .map(|p| format!("({},{})", p[0], p[1]))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let mut add = |options: &str, points: &[[f64; 2]]| {
        let _ = writeln!(
            out,
            "\\addplot[{options}, forget plot] coordinates {{{}}};",
            coordinates(points)
        );
    };
    let line = look(mark.ink, spec);
    match &mark.shape {
        Shape::Line { strands, line: looks } => {
            let more = match looks {
                Line::Faint => ", opacity=0.25, solid",
                Line::Dense => ", solid, thin",
                _ if mark.ink == Ink::Rest => ", very thin",
                Line::Main => "",
                Line::Plain => ", solid, mark size=1.4pt",
                Line::Thin => ", very thin",
                Line::Marked => ", mark size=1.4pt",
            };
            let marks = if matches!(looks, Line::Marked | Line::Plain) {
                marker(mark.ink.marker())
            } else {
                "mark=none"
            };
            strands
                .iter()
                .for_each(|s| add(&format!("{line}{more}, {marks}"), s));
        }
        Shape::Band { points } => {
            // On a logarithmic axis a band that reaches 0 goes on below the axis.
            let y = &panel.y.scale;
            let low = |v: f64| if y.log && v <= 0.0 { y.low * 1e-3 } else { v };
            let low: Vec<[f64; 2]> = points.iter().map(|p| [p[0], low(p[1])]).collect();
            let high: Vec<[f64; 2]> = points.iter().map(|p| [p[0], p[2]]).collect();
            add(&format!("draw=none, name path=low{k}"), &low);
            add(&format!("draw=none, name path=high{k}"), &high);
            let _ = writeln!(
                out,
                "\\addplot[{}, fill opacity=0.2, forget plot] fill between[of=low{k} and high{k}];",
                colour(mark.ink, spec, "fill")
            );
        }
        Shape::Points { at, small } => {
            let size = if *small { "1pt, opacity=0.7" } else { "1.8pt" };
            add(
                &format!(
                    "only marks, {line}, {}, mark size={size}",
                    marker(mark.ink.marker())
                ),
                at,
            );
        }
        Shape::Interval { at, ends, along_x } => {
            if let Some([from, to]) = ends {
                let end = |v: f64| if *along_x { [v, at[1]] } else { [at[0], v] };
                add(
                    &format!("{line}, solid, thick, mark=none"),
                    &[end(*from), end(*to)],
                );
            }
            add(&format!("only marks, {line}, mark=*, mark size=2pt"), &[*at]);
        }
        Shape::Bar {
            across,
            along,
            along_x,
        } => {
            let corner = |i: usize, j: usize| {
                if *along_x {
                    [along[i], across[j]]
                } else {
                    [across[j], along[i]]
                }
            };
            let corners = [
                corner(0, 0),
                corner(1, 0),
                corner(1, 1),
                corner(0, 1),
                corner(0, 0),
            ];
            add(
                &format!("draw=white, {}, mark=none", colour(mark.ink, spec, "fill")),
                &corners,
            );
        }
        Shape::RuleX { x } => {
            let _ = writeln!(
                out,
                "\\draw[{line}] ({{axis cs:{x},0}} |- {{rel axis cs:0,0}}) -- ({{axis cs:{x},0}} |- {{rel axis cs:0,1}});"
            );
        }
        Shape::RuleY { y } => {
            let _ = writeln!(
                out,
                "\\draw[{line}] ({{rel axis cs:0,0}} |- {{axis cs:0,{y}}}) -- ({{rel axis cs:1,0}} |- {{axis cs:0,{y}}});"
            );
        }
        Shape::Text { at, text } => {
            let _ = writeln!(
                out,
                "\\node at (axis cs:{},{}) {{{}}};",
                at[0],
                at[1],
                escaped(text)
            );
        }
        // These are drawn after the lines.
        Shape::Vertical { .. } => {}
    }
}

/// An ink's colour as pgf reads it without definitions.
fn colour(ink: Ink, spec: &FigureSpec, key: &str) -> String {
    let c = ink.rgb(spec.theme, &colours(spec.theme));
    format!("{key}={{rgb,255:red,{};green,{};blue,{}}}", c.0, c.1, c.2)
}

fn look(ink: Ink, spec: &FigureSpec) -> String {
    let dash = match ink.dash() {
        Dash::Solid => "solid",
        Dash::Dashed => "dashed",
        Dash::Dotted => "densely dotted",
        Dash::DashDot => "dash dot",
        Dash::LongDash => "loosely dashed",
        Dash::DashDotDot => "dash dot dot",
    };
    format!("{}, {dash}", colour(ink, spec, "color"))
}

fn marker(marker: Marker) -> &'static str {
    match marker {
        Marker::Disc => "mark=*",
        Marker::Triangle => "mark=triangle*",
        Marker::Square => "mark=square*",
        Marker::Diamond => "mark=diamond*",
        Marker::Down => "mark=triangle*, mark options={rotate=180}",
        Marker::Cross => "mark=x",
    }
}

/// Plain text as LaTeX that pdfTeX sets without further packages.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\textbackslash{}"),
            '~' => out.push_str("\\textasciitilde{}"),
            '^' => out.push_str("\\textasciicircum{}"),
            '<' => out.push_str("$<$"),
            '>' => out.push_str("$>$"),
            '|' => out.push_str("$|$"),
            '"' => out.push_str("''"),
            '[' | ']' | ',' | '=' => out.extend(['{', c, '}']),
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => out.extend(['\\', c]),
            '−' => out.push_str("$-$"),
            '·' => out.push_str("$\\cdot$"),
            '±' => out.push_str("$\\pm$"),
            '×' => out.push_str("$\\times$"),
            '…' => out.push_str("\\dots{}"),
            '\u{a0}' => out.push('~'),
            '\n' | '\r' => out.push(' '),
            c => match superscript(c) {
                Some(digit) => out.push_str(&format!("$^{{{digit}}}$")),
                None => out.push(c),
            },
        }
    }
    out
}

fn superscript(c: char) -> Option<char> {
    const FROM: [char; 11] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹', '⁻'];
    let i = FROM.iter().position(|f| *f == c)?;
    Some(if i == 10 { '-' } else { char::from(b'0' + i as u8) })
}
