//! The score's second page: what the text says of the dice that drew it.

use ratatui::Frame;
use ratatui::text::Line;

use super::draw::{WIDE, columns, nothing};
use crate::app::context::Context;
use crate::app::messages::measures::{found, least, likelier, most, sentences, sigmas, spread};
use crate::app::screen::kit::{lines, over, wrapped};
use crate::app::screen::theme::Theme;
use crate::app::text::Dice;
use crate::text::fit;

/// Columns it takes at the most.
const WIDEST: u16 = 80;
/// Rows of the curve, and columns of its scale.
const ROWS: usize = 5;
const SCALE: usize = 6;

pub(super) fn draw(cx: &Context, theme: &Theme, frame: &mut Frame) {
    let it = cx.text.dice();
    let title = if cx.window.size.0 >= 60 { "dice of the text: Tab the score, Esc closes" } else { "dice: Tab, Esc" };
    let inner = over(frame, title, WIDEST, cx.window.size.1.min(30), theme);
    let (width, height) = (inner.width as usize, inner.height as usize);
    if it.all.tokens == 0 {
        return lines(frame, inner, wrapped(nothing(cx), width, theme.drawn));
    }
    let mut out = numbers(&[it.all, it.typed, it.drawn], width, theme);
    let likelier = cx.text.likelier().map(|it| likelier(cx, &it));
    out.push(Line::styled(
        columns(if width >= WIDE { "settings of now" } else { "settings" }, &likelier, width),
        theme.strong,
    ));
    let told: Vec<Line> = sentences(&it).iter().flat_map(|it| wrapped(it, width, theme.dim)).collect();
    if height >= out.len() + 2 + ROWS {
        out.push(Line::styled(fit(&format!("luck so far, over {} tokens", it.curve.len()), width), theme.strong));
        out.extend(curve(&it.curve, width, theme));
    }
    out.extend(told);
    lines(frame, inner, out);
}

fn numbers(dice: &[Dice; 3], width: usize, theme: &Theme) -> Vec<Line<'static>> {
    let name = |long, short| if width >= WIDE { long } else { short };
    let line = |what: &str, value: &dyn Fn(&Dice) -> String, style| {
        let values = [0, 1, 2].map(|it| if dice[it].tokens == 0 { "-".to_owned() } else { value(&dice[it]) });
        Line::styled(columns(what, &values, width), style)
    };
    vec![
        Line::styled(columns("", &["all", "typed", "drawn"].map(str::to_owned), width), theme.dim),
        line(name("temperature", "temp"), &|it| found(it).0, theme.strong),
        line(name("  95% interval", "  95%"), &|it| if width >= WIDE { found(it).1 } else { spread(it) }, theme.drawn),
        line(name("top-k, at least", "top-k >="), &|it| it.bounds.top_k.to_string(), theme.drawn),
        line(name("top-p, above", "top-p >"), &|it| least(it.bounds.top_p), theme.drawn),
        line(name("min-p, at most", "min-p <="), &|it| most(it.bounds.min_p), theme.drawn),
        line(name("luck, in sigmas", "luck"), &|it| sigmas(it.luck), theme.strong),
    ]
}

/// A line of points over the tokens, with a rule at 0 and the ends of the scale beside it.
fn curve(values: &[f64], width: usize, theme: &Theme) -> Vec<Line<'static>> {
    let columns = width.saturating_sub(SCALE + 1).max(1);
    // The value up to the last token of each column.
    let at = |column: usize| values[((column + 1) * values.len()).div_ceil(columns).clamp(1, values.len()) - 1];
    let (low, high) = values.iter().fold((-2.0_f64, 2.0_f64), |it, &value| (it.0.min(value), it.1.max(value)));
    let row_of = |value: f64| ((high - value) / (high - low) * (ROWS - 1) as f64).round() as usize;
    let line = |row: usize| {
        let end = if row == 0 { high } else { low };
        let scale = match row {
            _ if row == row_of(0.0) => "0".to_owned(),
            0 => format!("{end:+.1}"),
            _ if row == ROWS - 1 => format!("{end:+.1}"),
            _ => String::new(),
        };
        let cell = |column| match row_of(at(column)) {
            it if it == row => theme.glyphs.full,
            _ if row == row_of(0.0) => theme.glyphs.rule,
            _ => " ",
        };
        Line::styled(format!("{scale:>SCALE$} {}", (0..columns).map(cell).collect::<String>()), theme.drawn)
    };
    (0..ROWS).map(line).collect()
}
