//! The score of the text: what it comes to, what was typed and what was drawn of it, and its most surprising tokens.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::context::Context;
use crate::app::messages::dice::{RANKS, percent};
use crate::app::screen::bars::label;
use crate::app::screen::kit::{lines, over, wrapped};
use crate::app::screen::theme::Theme;
use crate::app::text::{Surprise, TextScore};
use crate::sample::Tally;
use crate::text::fit;

/// Columns it takes at the most.
const WIDEST: u16 = 80;

/// Below so many columns there is room for numbers alone.
pub(super) const WIDE: usize = 60;

pub(super) fn draw(cx: &Context, chosen: usize, theme: &Theme, frame: &mut Frame) {
    let it = cx.text.text_score();
    let title = if cx.window.size.0 >= 60 {
        "score: Enter goes to the token, Tab the dice, Esc closes"
    } else {
        "score: Tab dice, Esc closes"
    };
    let wanted = 5 + 1 + 4 + 1 + 1 + it.worst.len() as u16 + 1 + 2 + 2;
    let inner = over(frame, title, WIDEST, cx.window.size.1.min(wanted), theme);
    let (width, height) = (inner.width as usize, inner.height as usize);
    if it.all.tokens == 0 {
        return lines(frame, inner, wrapped(nothing(cx), width, theme.drawn));
    }
    let mut out = numbers(&it, width, theme);
    let note = wrapped(&note(cx, &it), width, theme.dim);
    let is_roomy = height >= out.len() + 1 + 4 + 1 + 1 + it.worst.len() + note.len();
    if is_roomy {
        out.push(Line::default());
        out.extend(ranks(&it, width, theme));
        out.push(Line::default());
        out.push(Line::styled(row("  most surprising", ("at", "bits", "rank"), "expected", width), theme.dim));
    } else {
        out.push(ranks_in_short(&it.all, width, theme));
    }
    let room = height.saturating_sub(out.len() + if is_roomy { note.len() } else { 0 }).max(1);
    let chosen = chosen.min(it.worst.len().saturating_sub(1));
    let top = (chosen + 1).saturating_sub(room);
    let shown = it.worst.iter().enumerate().skip(top).take(room);
    out.extend(shown.map(|(index, worst)| surprise(cx, worst, index == chosen, width, theme)));
    lines(frame, inner, out);
    if is_roomy {
        let rows = note.len() as u16;
        lines(frame, Rect { y: inner.bottom().saturating_sub(rows), height: rows, ..inner }, note);
    }
}

/// Why there is nothing to be told.
pub(super) fn nothing(cx: &Context) -> &'static str {
    match (cx.text.document.len(), cx.card().is_some()) {
        (1, _) => "There is one token only, and the first one has nothing before it: the model has no say in it.",
        (_, false) => "There is no model yet that could read the text.",
        _ => "One moment: the model reads the text for this.",
    }
}

/// What is not in the numbers, and what they are not about.
fn note(cx: &Context, it: &TextScore) -> String {
    let unknown = match it.unknown {
        0 => String::new(),
        n if cx.out_of_sight() > 0 => format!("{n} tokens are not known: they are out of the model's sight. "),
        n => format!("{n} tokens are not known yet. "),
    };
    format!("{unknown}{}", cx.card().map_or_else(String::new, |it| super::premises(&it.dtype)))
}

/// A line of the table: what it is about, then all, typed and drawn.
pub(super) fn columns(what: &str, values: &[String; 3], width: usize) -> String {
    let (name, each) = if width >= WIDE { (20, 18) } else { (10, (width.saturating_sub(10)) / 3) };
    let [all, typed, drawn] = values;
    fit(&format!("{}{all:>each$}{typed:>each$}{drawn:>each$}", fit(what, name)), width)
}

fn numbers(it: &TextScore, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    let wide = width >= WIDE;
    let of = |value: &dyn Fn(&Tally) -> String| [value(&it.all), value(&it.typed), value(&it.drawn)];
    let digits = |it: Option<f64>, n: usize| match it {
        Some(it) if it >= 1e6 => format!("{it:.1e}"),
        Some(it) => format!("{it:.n$}"),
        None => "-".to_owned(),
    };
    let name = |long, short| if wide { long } else { short };
    let line = |what, values: &[String; 3], style| Line::styled(columns(what, values, width), style);
    vec![
        line("", &["all", "typed", "drawn"].map(str::to_owned), theme.dim),
        line("tokens", &of(&|it| it.tokens.to_string()), theme.drawn),
        line(name("bits a token", "bits/tok"), &of(&|it| digits(it.bits_per_token(), 2)), theme.strong),
        line(name("bits a character", "bits/char"), &of(&|it| digits(it.bits_per_character(), 2)), theme.drawn),
        line(name("perplexity", "perplex."), &of(&|it| digits(it.perplexity(), 1)), theme.strong),
    ]
}

/// A line for each bucket, with bars.
fn ranks(it: &TextScore, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    let share = |tally: &Tally, bucket: usize| match width {
        _ if tally.tokens == 0 => "-".to_owned(),
        // In a field of its own, so that numbers stand under each other.
        WIDE.. => format!("{} {:>4}", fit(&theme.glyphs.bar(tally.share(bucket), 8), 8), percent_of(tally, bucket)),
        _ => percent_of(tally, bucket),
    };
    let line = |bucket: usize| {
        let values = [&it.all, &it.typed, &it.drawn].map(|tally| share(tally, bucket));
        let text = columns(&format!("rank {}", RANKS[bucket]), &values, width);
        Line::styled(text, if bucket == 3 { theme.note } else { theme.drawn })
    };
    (0..4).map(line).collect()
}

/// All buckets in one line.
fn ranks_in_short(tally: &Tally, width: usize, theme: &Theme) -> Line<'static> {
    let wide = width >= WIDE;
    let name = |bucket: usize| if wide { RANKS[bucket] } else { ["-10", "-100", "-1k", ">1k"][bucket] };
    let part = |bucket: usize| {
        let bar = fit(&theme.glyphs.bar(tally.share(bucket), 4), if wide { 4 } else { 1 });
        let space = if wide { " " } else { "" };
        format!("{}{space}{bar}{space}{}", name(bucket), percent_of(tally, bucket))
    };
    let parts: Vec<String> = (0..4).map(part).collect();
    Line::styled(fit(&format!("rank {}", parts.join(if wide { "  " } else { " " })), width), theme.drawn)
}

/// The share of a bucket; only what is not there at all is nothing.
fn percent_of(tally: &Tally, bucket: usize) -> String {
    match (tally.buckets[bucket], tally.share(bucket) as f32) {
        (0, _) => "0%".to_owned(),
        (_, share) if share < 0.01 => "<1%".to_owned(),
        (_, share) => format!("{:.0}%", share * 100.0),
    }
}

/// A token, where it is, its bits and rank, and what was expected instead.
fn row(what: &str, (at, bits, rank): (&str, &str, &str), expected: &str, width: usize) -> String {
    if width >= WIDE {
        let name = fit(what, width.saturating_sub(48));
        return fit(&format!("{name} {at:>6} {bits:>7} {rank:>7}  {expected}"), width);
    }
    fit(&format!("{} {at:>5} {bits:>5}", fit(what, width.saturating_sub(12))), width)
}

fn surprise(cx: &Context, it: &Surprise, chosen: bool, width: usize, theme: &Theme) -> Line<'static> {
    let name = |token| format!("\"{}\"", label(cx.text.vocabulary().bytes(token), theme.glyphs));
    let mark = if chosen { "> " } else { "  " };
    let expected = it.expected.map_or_else(String::new, |(token, p)| format!("{} {}", name(token), percent(p)));
    let (at, bits, rank) =
        ((it.position + 1).to_string(), format!("{:.1}", it.score.bits()), (it.score.rank + 1).to_string());
    let text = row(&format!("{mark}{}", name(it.token)), (&at, &bits, &rank), &expected, width);
    Line::from(Span::styled(text, if chosen { theme.focus } else { theme.drawn }))
}
