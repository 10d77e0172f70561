//! What a terminal shows, as SVG: every run of cells at its own place, so that columns stand under each other in any font.
//! Frames and bars are drawn as shapes, which no font leaves gaps between.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr as _;
use vt100::{Cell, Color, Screen};

/// A cell's size.
const WIDTH: f32 = 8.4;
const HEIGHT: f32 = 18.0;
/// Around the screen.
const MARGIN: f32 = 10.0;
/// Where letters stand, from the top of their row.
const BASE: f32 = 13.5;

/// What the terminal draws with where it is not told.
pub(crate) struct Scheme {
    pub(crate) ink: (u8, u8, u8),
    pub(crate) paper: (u8, u8, u8),
}

pub(crate) const DARK: Scheme = Scheme { ink: (220, 223, 228), paper: (24, 26, 31) };
pub(crate) const LIGHT: Scheme = Scheme { ink: (36, 38, 43), paper: (252, 252, 250) };

#[derive(Clone, Copy, PartialEq)]
struct Look {
    ink: (u8, u8, u8),
    paper: (u8, u8, u8),
    weight: Weight,
    lines: Lines,
}

#[derive(Clone, Copy, PartialEq)]
struct Weight {
    bold: bool,
    italic: bool,
}

#[derive(Clone, Copy, PartialEq)]
struct Lines {
    under: bool,
    through: bool,
}

/// The colour as it is shown.
fn shown(colour: Color, default: (u8, u8, u8)) -> (u8, u8, u8) {
    match colour {
        Color::Default => default,
        Color::Rgb(r, g, b) => (r, g, b),
        // The pictures are made in true colour.
        Color::Idx(index) => panic!("colour {index} of a palette"),
    }
}

impl Scheme {
    fn look(&self, cell: &Cell) -> Look {
        let (mut ink, mut paper) = (shown(cell.fgcolor(), self.ink), shown(cell.bgcolor(), self.paper));
        if cell.inverse() {
            std::mem::swap(&mut ink, &mut paper);
        }
        Look {
            ink,
            paper,
            weight: Weight { bold: cell.bold(), italic: cell.italic() },
            // Struck letters are told to the parser as dim, which it knows, and we do not use in colour.
            lines: Lines { under: cell.underline(), through: cell.dim() },
        }
    }
}

/// A run of cells of one look.
struct Run {
    column: u16,
    cells: u16,
    look: Look,
    text: String,
}

/// The screen as a picture that is called `title`.
pub(crate) fn svg(screen: &Screen, scheme: &Scheme, title: &str) -> String {
    let (rows, columns) = (screen.size().0.get(), screen.size().1.get());
    let (width, height) = (f32::from(columns) * WIDTH + 2.0 * MARGIN, f32::from(rows) * HEIGHT + 2.0 * MARGIN);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" role=\"img\">\n\
         <title>{}</title>\n<style>text{{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;\
         white-space:pre}}rect{{shape-rendering:crispEdges}}</style>\n<rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"{}\"/>\n",
        escaped(title),
        hex(scheme.paper)
    );
    for row in 0..rows {
        let y = MARGIN + f32::from(row) * HEIGHT;
        for run in runs(screen, scheme, row, columns) {
            draw(&mut out, &run, y, scheme);
        }
    }
    out.push_str("</svg>\n");
    out
}

/// The runs of a row; a shape is a run of its own, and two spaces end one.
fn runs(screen: &Screen, scheme: &Scheme, row: u16, columns: u16) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for column in 0..columns {
        let Some(cell) = screen.cell(row, column) else { continue };
        if cell.is_wide_continuation() {
            continue;
        }
        let look = scheme.look(cell);
        let text = if cell.has_contents() { cell.contents() } else { " " };
        let cells = text.width().max(1) as u16;
        let is_shape = |text: &str| text.chars().next().is_some_and(|it| shape(it).is_some());
        match runs.last_mut() {
            Some(last)
                if last.look == look
                    && last.column + last.cells == column
                    && is_shape(text) == is_shape(&last.text)
                    && (!is_shape(text) || last.text.starts_with(text)) =>
            {
                last.text.push_str(text);
                last.cells += cells;
            }
            _ => runs.push(Run { column, cells, look, text: text.to_owned() }),
        }
    }
    runs
}

fn draw(out: &mut String, run: &Run, y: f32, scheme: &Scheme) {
    let x = MARGIN + f32::from(run.column) * WIDTH;
    let width = f32::from(run.cells) * WIDTH;
    // Writing to a string cannot fail.
    if run.look.paper != scheme.paper {
        let _ = writeln!(out, "{}", rect(x, y, width, HEIGHT, &hex(run.look.paper), 1.0));
    }
    let ink = hex(run.look.ink);
    if let Some(parts) = run.text.chars().next().and_then(shape) {
        for Part { x: (left, right), y: (top, bottom), opacity } in parts {
            // What reaches from side to side is one for the whole run.
            let times = if left == 0.0 && right == 1.0 { 1 } else { run.cells };
            let one = if times == 1 { width } else { WIDTH };
            for n in 0..times {
                let from = x + f32::from(n) * WIDTH + left * one;
                let (top, bottom) = (y + top * HEIGHT, y + bottom * HEIGHT);
                let _ = writeln!(out, "{}", rect(from, top, (right - left) * one, bottom - top, &ink, opacity));
            }
        }
        return;
    }
    words(out, run, x, y, &ink);
    if run.look.lines.under || run.look.lines.through {
        let at = if run.look.lines.through { y + HEIGHT * 0.5 } else { y + BASE + 2.0 };
        let _ = writeln!(out, "{}", rect(x, at, width, 1.0, &ink, 1.0));
    }
}

/// The letters of a run, in pieces without two spaces between them.
fn words(out: &mut String, run: &Run, x: f32, y: f32, ink: &str) {
    let mut style = String::new();
    if run.look.weight.bold {
        style.push_str(" font-weight:bold");
    }
    if run.look.weight.italic {
        style.push_str(" font-style:italic");
    }
    if !style.is_empty() {
        style = format!(" style=\"{}\"", style.trim_start().replace(' ', ";"));
    }
    let mut column = 0;
    for piece in run.text.split("  ") {
        let text = piece.trim();
        if !text.is_empty() {
            let before = piece.len() - piece.trim_start().len();
            let at = x + (column + before) as f32 * WIDTH;
            let length = text.width() as f32 * WIDTH;
            let _ = writeln!(
                out,
                "<text x=\"{at:.1}\" y=\"{:.1}\" textLength=\"{length:.1}\" lengthAdjust=\"spacingAndGlyphs\" fill=\"{ink}\"{style}>{}</text>",
                y + BASE,
                escaped(text)
            );
        }
        column += piece.width() + 2;
    }
}

fn rect(x: f32, y: f32, width: f32, height: f32, fill: &str, opacity: f32) -> String {
    let opacity = if opacity < 1.0 { format!(" opacity=\"{opacity}\"") } else { String::new() };
    format!("<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{fill}\"{opacity}/>")
}

/// A rectangle in parts of a cell.
struct Part {
    x: (f32, f32),
    y: (f32, f32),
    opacity: f32,
}

fn part(x: (f32, f32), y: (f32, f32)) -> Part {
    Part { x, y, opacity: 1.0 }
}

/// The rectangles of a character of a frame or a bar; `None` if it is a letter.
fn shape(character: char) -> Option<Vec<Part>> {
    let shade = |opacity| Some(vec![Part { x: (0.0, 1.0), y: (0.12, 0.88), opacity }]);
    let eighths = |n: f32| Some(vec![part((0.0, n / 8.0), (0.12, 0.88))]);
    match character {
        '█' => shade(1.0),
        '▓' => shade(0.6),
        '░' => shade(0.2),
        '▉' => eighths(7.0),
        '▊' => eighths(6.0),
        '▋' => eighths(5.0),
        '▌' => eighths(4.0),
        '▍' => eighths(3.0),
        '▎' => eighths(2.0),
        '▏' => eighths(1.0),
        // Which of left, right, up and down it reaches to, and how thick.
        '─' => Some(arms([true, true, false, false], 1.0)),
        '│' => Some(arms([false, false, true, true], 1.0)),
        '┌' => Some(arms([false, true, false, true], 1.0)),
        '┐' => Some(arms([true, false, false, true], 1.0)),
        '└' => Some(arms([false, true, true, false], 1.0)),
        '┘' => Some(arms([true, false, true, false], 1.0)),
        '━' => Some(arms([true, true, false, false], 2.0)),
        '┃' => Some(arms([false, false, true, true], 2.0)),
        '┏' => Some(arms([false, true, false, true], 2.0)),
        '┓' => Some(arms([true, false, false, true], 2.0)),
        '┗' => Some(arms([false, true, true, false], 2.0)),
        '┛' => Some(arms([true, false, true, false], 2.0)),
        _ => None,
    }
}

fn arms([left, right, up, down]: [bool; 4], thick: f32) -> Vec<Part> {
    let (across, along) = (thick / WIDTH / 2.0, thick / HEIGHT / 2.0);
    let mut parts = Vec::new();
    if left || right {
        let x = (if left { 0.0 } else { 0.5 - across }, if right { 1.0 } else { 0.5 + across });
        parts.push(part(x, (0.5 - along, 0.5 + along)));
    }
    if up || down {
        let y = (if up { 0.0 } else { 0.5 - along }, if down { 1.0 } else { 0.5 + along });
        parts.push(part((0.5 - across, 0.5 + across), y));
    }
    parts
}

fn hex((r, g, b): (u8, u8, u8)) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
