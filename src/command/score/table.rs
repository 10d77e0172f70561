//! The scores for people: the text marked by rank, and tables below it.

use std::fmt::Write as _;
use std::ops::Range;

use super::Report;
use crate::appearance::Appearance;
use crate::sample::RANKS;
use crate::sample::{Reading, Tally, bucket};
use crate::text::{ShownTokens, Wrap, columns_of, pad, visible};

/// Bold, underlined, reversed as well as coloured: what is surprising stands out to those who see no colour.
const STYLES: [&str; 4] = ["", "\x1b[4;33m", "\x1b[1;4;31m", "\x1b[7;35m"];
const PLAIN: &str = "\x1b[0m";

/// How it is written.
#[derive(Clone, Copy)]
pub(in crate::command) struct Style {
    /// Whether colour may be used; without it marks stand below the text.
    pub(in crate::command) colour: bool,
    /// Whether the text itself is shown.
    pub(in crate::command) text: bool,
    /// In so many columns.
    pub(in crate::command) width: usize,
    /// Which characters there are.
    pub(in crate::command) appearance: Appearance,
}

/// The whole of it. Nothing in it can harm a terminal.
pub(super) fn table(report: &Report, worst: usize, style: Style) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    if style.text {
        text(report, style, &mut out);
        let _ = writeln!(out, "\n{}\n", legend(style.colour));
    }
    summary(report, &mut out);
    ranks(report.tally, style, &mut out);
    surprises(report, worst, style.appearance, &mut out);
    out
}

fn legend(colour: bool) -> String {
    let name = |at: usize| match (colour, at) {
        (_, 0) => format!("{} plain", RANKS[0]),
        (true, _) => format!("{}{}{PLAIN}", STYLES[at], RANKS[at]),
        (false, _) => format!("{at}: {}", RANKS[at]),
    };
    format!("rank: {}", (0..4).map(name).collect::<Vec<_>>().join(", "))
}

/// The text in rows, each token in the style of its rank, or with a digit below where it begins. What is seen as one
/// character is as surprising as the most surprising token it is made of.
fn text(report: &Report, style: Style, out: &mut String) {
    let mut shown = ShownTokens::default();
    report.tokens.iter().for_each(|it| shown.push(report.bytes(it.id)));
    let level = |tokens: &Range<usize>| {
        let readings = report.tokens[tokens.clone()].iter().filter_map(|it| it.reading);
        readings.map(|it| bucket(it.score.rank)).max().unwrap_or(0)
    };
    let mut wrap = Wrap::new(style.width);
    wrap.extend(shown.text());
    for row in wrap.rows() {
        let mut marks = String::new();
        for (place, tokens) in pieces(&shown, row) {
            let (piece, level) = (&shown.text()[place.clone()], level(&tokens));
            let blank = piece.len() - piece.trim_start().len();
            if level == 0 || blank == piece.len() {
                out.push_str(piece);
                continue;
            }
            if style.colour {
                // What is underlined is the word, not the space before it.
                let _ = write!(out, "{}{}{}{PLAIN}", &piece[..blank], STYLES[level], &piece[blank..]);
            } else {
                out.push_str(piece);
            }
            if shown.start_of(tokens.start) >= row.start {
                let column = columns_of(&shown.text()[row.start..place.start + blank]);
                marks.extend(std::iter::repeat_n(' ', column.saturating_sub(marks.len())));
                let _ = write!(marks, "{level}");
            }
        }
        out.push('\n');
        if !style.colour && !marks.is_empty() {
            let _ = writeln!(out, "{marks}");
        }
    }
}

/// A row in pieces of whole graphemes, each with the tokens it is of.
fn pieces(shown: &ShownTokens, row: &Range<usize>) -> Vec<(Range<usize>, Range<usize>)> {
    let mut out: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    for (place, tokens) in shown.graphemes(row.clone()) {
        match out.last_mut() {
            Some((piece, of_piece)) if *of_piece == tokens => piece.end = place.end,
            _ => out.push((place, tokens)),
        }
    }
    out
}

fn summary(report: &Report, out: &mut String) {
    let Report { card, tally, unit, .. } = report;
    let (name, model) = (visible(report.name), visible(&card.name));
    let _ =
        writeln!(out, "{name} by {model}, {}, {}; settings of the samplers do not count\n", card.dtype, card.device);
    let begin = report.start.map(|it| card.vocabulary.name_of(it));
    let first =
        begin.map_or("the first one is not scored".to_owned(), |it| format!("the first one after {}", visible(&it)));
    let mut line = |what: &str, value: String, note: &str| {
        let _ = writeln!(out, "{}", format!("{what:<18} {value:>10}  {note}").trim_end());
    };
    line("tokens", tally.tokens.to_string(), &first);
    line("characters", tally.characters.to_string(), "");
    let digits = |it: Option<f64>| it.map_or("-".to_owned(), |it| format!("{it:.3}"));
    for (of, bits) in
        [("token", tally.bits_per_token()), ("character", tally.bits_per_character()), ("byte", tally.bits_per_byte())]
    {
        line(&format!("{} a {of}", unit.name()), digits(bits.map(|it| unit.of(it))), "");
    }
    line("perplexity", digits(tally.perplexity()), "two to the power of the bits a token");
    if report.windows > 1 {
        let note = format!(
            "of {} tokens; after the first, every token has at least {} before it",
            card.n_positions, report.overlap
        );
        line("windows", report.windows.to_string(), &note);
    }
}

fn ranks(tally: &Tally, style: Style, out: &mut String) {
    let _ = writeln!(out, "\n{:<18} {:>10}  share", "rank", "tokens");
    for (at, name) in RANKS.iter().enumerate() {
        let share = tally.share(at);
        let bar = style.appearance.bar(share, 30);
        let bar = if style.colour && at > 0 && !bar.is_empty() { format!("{}{bar}{PLAIN}", STYLES[at]) } else { bar };
        let line = format!("{name:<18} {:>10}  {:>5.1} %  {bar}", tally.buckets[at], share * 100.0);
        let _ = writeln!(out, "{}", line.trim_end());
    }
    let share = tally.likeliest as f64 / tally.tokens.max(1) as f64 * 100.0;
    let _ = writeln!(out, "{:<18} {:>10}  {share:>5.1} %", "the likeliest", tally.likeliest);
}

fn surprises(report: &Report, worst: usize, appearance: Appearance, out: &mut String) {
    let worst = report.worst(worst);
    if worst.is_empty() {
        return;
    }
    let row = |what: &str, place: &str, bits: &str, rank: &str, instead: &str| {
        format!("{} {place:>9}  {bits:>5} {rank:>6}  {instead}\n", pad(what, 20))
    };
    out.push('\n');
    out.push_str(&row("most surprising", "line:char", report.unit.name(), "rank", "expected instead"));
    for (_, token, Reading { score, bits, expected, expected_p }) in worst {
        let name = |token| format!("\"{}\"", appearance.label(report.bytes(token)));
        out.push_str(&row(
            &name(token.id),
            &format!("{}:{}", token.line, token.column),
            &format!("{:.1}", report.unit.of(*bits)),
            &(score.rank + 1).to_string(),
            &format!("{} {:.1} %", name(*expected), expected_p * 100.0),
        ));
    }
}
