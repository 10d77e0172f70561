//! Continuations side by side, or as a list.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::continuation_tree::Branch;
use super::{Column, Columns, Exact, Purpose};
use crate::app::context::Context;
use crate::app::messages::spoken::{part_of, text_of};
use crate::app::messages::{self, dice::percent};
use crate::app::screen::kit::{framed, lines, put_cursor, row_of_token, wrapped};
use crate::app::screen::theme::Theme;
use crate::text::{Wrap, columns_of, fit, grapheme_end, grapheme_start, visible};

/// Columns narrower than this stand one under the other.
const NARROWEST: usize = 26;
/// Columns of the screen that a comparison takes at the most.
const WIDEST: u16 = 150;
/// Columns of the screen that a token takes, with room for lines that break early.
const COLUMNS_A_TOKEN: u16 = 7;

pub(super) fn draw(cx: &Context, state: &Columns, theme: &Theme, frame: &mut Frame) {
    match state.purpose {
        Purpose::Compare => compare(cx, state, theme, frame),
        Purpose::Futures => futures(cx, state, theme, frame),
    }
}

fn compare(cx: &Context, state: &Columns, theme: &Theme, frame: &mut Frame) {
    let title = if state.same_dice { "compare: same dice, other settings" } else { "compare: each its own dice" };
    let title = from_where(cx, state, title);
    // As high as the longest text will be, so that nothing moves while it grows.
    let across = state.columns.len().max(1) as u16;
    let width = (cx.window.size.0.min(WIDEST) / across).max(NARROWEST as u16);
    let height = (state.tokens() as u16 * COLUMNS_A_TOKEN / width + 9).max(14);
    let inner = near(cx, state.at, frame, &title, (WIDEST, height), theme);
    let out = compare_foot(state, inner.width as usize, theme);
    // What is written and what is wrong with it are told whole; else something is left for the texts.
    let most =
        if state.typing.is_some() { inner.height.saturating_sub(2).max(1) } else { 2.min(inner.height / 5).max(1) };
    let foot = (out.len() as u16).min(most);
    let body = Rect { height: inner.height.saturating_sub(foot), ..inner };
    let count = state.columns.len().max(1);
    let beside = (inner.width as usize + 2) / count >= NARROWEST;
    for index in 0..state.columns.len() {
        let area = part(body, index, count, beside);
        let out = column(cx, state, index, area, theme);
        lines(frame, area, out);
    }
    let below = Rect { y: inner.bottom().saturating_sub(foot), height: foot.min(inner.height), ..inner };
    lines(frame, below, out);
    if let Some(typing) = &state.typing {
        put_cursor(frame, below, PROMPT.len() + columns_of(&visible(&typing.text()[..typing.cursor()])), 0);
    }
}

const PROMPT: &str = "NAME VALUE: ";

fn compare_foot(state: &Columns, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    if let Some(typing) = &state.typing {
        let mut out = vec![Line::from(vec![Span::styled(PROMPT, theme.strong), Span::raw(visible(typing.text()))])];
        let told = if let Some(problem) = &state.problem {
            wrapped(&format!("{} Correct it, or Esc leaves it.", visible(problem)), width, theme.bad)
        } else {
            let name = messages::columns::name(state.chosen);
            let how = format!(
                "Enter sets {name}, Esc leaves it as it is. As in temp 1.2 top-p 0.9, or a preset: {}.",
                crate::sample::preset_names()
            );
            wrapped(&how, width, theme.dim)
        };
        out.extend(told);
        return out;
    }
    let [across, down] = theme.glyphs.pairs;
    let keys = if width >= 60 {
        format!(
            "{across} column  {down} temp  s set  + more  - fewer  d dice  r new dice  Enter take this  k keep all  Esc leave"
        )
    } else {
        format!("{down} temp  s set  Enter take  k all")
    };
    let mut out = wrapped(&keys, width, theme.dim);
    out.truncate(2);
    out
}

/// The place of one of `count` parts, with a gap of two columns or none between rows.
fn part(body: Rect, index: usize, count: usize, beside: bool) -> Rect {
    let (index, count) = (index as u16, count as u16);
    if beside {
        let width = (body.width + 2) / count;
        Rect { x: body.x + index * width, width: width.saturating_sub(2), ..body }
    } else {
        let height = body.height / count;
        Rect { y: body.y + index * height, height, ..body }
    }
}

fn column(cx: &Context, state: &Columns, index: usize, area: Rect, theme: &Theme) -> Vec<Line<'static>> {
    let (width, height) = (area.width as usize, area.height as usize);
    let it = &state.columns[index];
    let mut like = it.settings.clone();
    like.seed = cx.settings.seed;
    let changes = messages::changes(&cx.settings, &like).into_iter();
    let change: Vec<String> = changes.map(|(name, panel, own)| format!("{name} {own} (panel {panel})")).collect();
    let change = change.join(", ");
    let (mark, style) = if index == state.chosen { ("> ", theme.focus) } else { ("  ", theme.strong) };
    let name = messages::columns::name(index);
    let settings = if change.is_empty() { format!("temp {} (the panel's)", it.settings.temperature) } else { change };
    let mut out = vec![Line::styled(fit(&format!("{mark}{name}  {settings}"), width), style)];
    let difference = (index > 0).then(|| state.first_difference(index)).flatten();
    out.extend(text(cx, state, index, difference, width, theme));
    out.truncate(height.saturating_sub(2).max(1));
    while out.len() + 2 < height {
        out.push(Line::default());
    }
    let told = match difference {
        Some(at) => format!("first difference: token {}, die {:.4}", at + 1, it.draws.get(at).map_or(0.0, |it| it.die)),
        None if index == 0 => String::new(),
        None if state.request.is_some() => "the same so far".to_owned(),
        None => "no difference".to_owned(),
    };
    out.push(Line::styled(fit(&told, width), theme.note));
    out.push(Line::styled(fit(&figures(it, width), width), theme.dim));
    out
}

/// The measures of a column, those that say the most first; what does not fit is left out whole.
fn figures(it: &Column, width: usize) -> String {
    let surprise = (!it.draws.is_empty()).then(|| format!("{:.1} bits a token", it.surprise()));
    let ended = it.ended.as_ref().map(|it| messages::stopped(it).to_owned());
    let distinct = it.distinct().map(|it| format!("{:.0}% new pairs", it * 100.0));
    let tokens = Some(messages::spoken::count(it.draws.len(), "token"));
    let mut out = String::new();
    for part in [surprise, ended, distinct, tokens].into_iter().flatten() {
        if out.is_empty() {
            out = part;
        } else if columns_of(&out) + 2 + columns_of(&part) <= width {
            out = format!("{out}  {part}");
        }
    }
    out
}

/// The text of a column: dim where it says what A says, the first other token marked.
fn text(
    cx: &Context,
    state: &Columns,
    index: usize,
    difference: Option<usize>,
    width: usize,
    theme: &Theme,
) -> Vec<Line<'static>> {
    let tokens = state.columns[index].tokens();
    let shown = |n: usize| visible(&cx.text.vocabulary().decode(&tokens[..n.min(tokens.len())]));
    let whole = shown(tokens.len());
    // A character in halves is told otherwise in part than in whole.
    let at = |n: usize| shown(n).bytes().zip(whole.bytes()).take_while(|(a, b)| a == b).count();
    let (same, marked) = match difference {
        // What is seen as one character is the same or not as a whole.
        Some(n) => {
            let same = grapheme_start(&whole, at(n));
            (same, grapheme_end(&whole, at(n + 1).max((same + 1).min(whole.len()))))
        }
        None if index == 0 => (0, 0),
        None => (whole.len(), whole.len()),
    };
    let mut wrap = Wrap::new(width.max(1));
    wrap.extend(&whole);
    let piece = |row: &std::ops::Range<usize>, from: usize, to: usize| {
        whole[row.start.max(from).min(row.end)..row.end.min(to).max(row.start)].trim_end_matches('\n').to_owned()
    };
    let line = |row: &std::ops::Range<usize>| {
        let piece = |from: usize, to: usize| if from < to { piece(row, from, to) } else { String::new() };
        Line::from(vec![
            Span::styled(piece(0, same), theme.dim),
            Span::styled(piece(same, marked), theme.cursor),
            Span::styled(piece(marked, whole.len()), theme.drawn),
        ])
    };
    wrap.rows().iter().map(line).collect()
}

fn futures(cx: &Context, state: &Columns, theme: &Theme, frame: &mut Frame) {
    if let Some(it) = &state.exact {
        return exactly(cx, state, it, theme, frame);
    }
    let title = if state.tree.is_some() { "futures, as a tree" } else { "futures, the likeliest first" };
    let title = from_where(cx, state, title);
    // Lines that fall together when all is drawn leave their room free: nothing moves then.
    let lines_of_it = state.lines(cx.text.vocabulary()).max(state.columns.len());
    let inner = near(cx, state.at, frame, &title, (110, lines_of_it as u16 + 5), theme);
    let (width, rows) = (inner.width as usize, inner.height as usize);
    let room = rows.saturating_sub(1);
    let top = (state.chosen_line(cx.text.vocabulary()) + 1).saturating_sub(room);
    let mut out = if state.tree.is_some() { branches(cx, state, width, theme) } else { list(cx, state, width, theme) };
    out.drain(..top.min(out.len()));
    out.truncate(room);
    let right = theme.glyphs.right;
    let (keys, about) = match (state.tree.is_some(), width >= 66) {
        (false, true) => (
            format!("1-8, Enter, Tab take  {right} a word  t tree  x exact  r other dice  Esc leave"),
            "the figure: the mean probability of a token (geometric), by the model",
        ),
        (true, true) => (
            format!("Enter to there  Tab all  {right} a word  t list  x exact  r other dice  Esc leave"),
            "the figure is the chance of the first token there, by the model alone",
        ),
        (false, false) => (format!("1-8 take  {right} word  t tree  x exact"), ""),
        (true, false) => (format!("Enter take  {right} word  t list  x exact"), ""),
    };
    let told = rows > out.len() + 2 && !about.is_empty();
    while out.len() + 1 + usize::from(told) < rows {
        out.push(Line::default());
    }
    if told {
        out.push(Line::styled(fit(about, width), theme.dim));
    }
    out.truncate(room);
    out.push(Line::styled(fit(&keys, width), theme.dim));
    lines(frame, inner, out);
}

/// The exact tree in the place of the futures.
fn exactly(cx: &Context, state: &Columns, exact: &Exact, theme: &Theme, frame: &mut Frame) {
    let title = from_where(cx, state, "futures without dice: the exact tree");
    // As high as there is room for, so that nothing moves while it grows.
    let inner = near(cx, state.at, frame, &title, (110, frame.area().height.saturating_sub(8).max(14)), theme);
    let (width, rows) = (inner.width as usize, inner.height as usize);
    let mut out = super::exact::lines(cx, exact, width, theme);
    let foot = if width >= 66 {
        "the chance of each way from here on; those below it sum to it.  Enter puts it there  x dice  Esc leave"
    } else {
        "Enter put there  x dice  Esc"
    };
    let foot = wrapped(foot, width, theme.dim);
    let room = rows.saturating_sub(foot.len());
    out.drain(..(exact.chosen + 1).saturating_sub(room).min(out.len()));
    out.truncate(room);
    out.resize(room, Line::default());
    out.extend(foot);
    lines(frame, inner, out);
}

/// A line for each future.
fn list(cx: &Context, state: &Columns, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    let listed = state.listed(cx.text.vocabulary());
    let counts = if listed.len() < state.columns.len() { 3 } else { 0 };
    let line = |(line, those): (usize, Vec<usize>)| {
        let it = &state.columns[those[0]];
        let (mark, style) = if those.contains(&state.chosen) { (">", theme.focus) } else { (" ", theme.drawn) };
        let text = text_of(cx, &it.tokens());
        let figure = if it.draws.is_empty() { String::new() } else { percent(2f64.powf(-it.surprise()) as f32) };
        Line::from(vec![
            Span::styled(format!("{mark}{} ", line + 1), theme.strong),
            Span::styled(fit(&text, width.saturating_sub(11 + counts)), style),
            Span::styled(fit(&format!(" {}", times(those.len(), theme)), counts), theme.note),
            Span::styled(format!("  {figure:>5}"), theme.dim),
        ])
    };
    listed.into_iter().enumerate().map(line).collect()
}

/// How many futures a line stands for, in two columns; nothing for one.
fn times(count: usize, theme: &Theme) -> String {
    if count > 1 { format!("{}{count}", theme.glyphs.times) } else { "  ".to_owned() }
}

/// A line for each run that some futures share: indented below what it goes on from, with the chance of its first token
/// as a bar.
fn branches(cx: &Context, state: &Columns, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    const BAR: usize = 8;
    let chosen = state.chosen_line(cx.text.vocabulary());
    let line = |(line, branch): (usize, Branch)| {
        let it = &state.columns[branch.columns[0]];
        let (mark, style) = if line == chosen { (">", theme.focus) } else { (" ", theme.drawn) };
        let number = if line < 9 { (line + 1).to_string() } else { " ".to_owned() };
        let text = part_of(cx, &it.tokens(), branch.from, branch.to);
        let chance = it.draws.get(branch.from).map(|it| it.model);
        // A deep tree must not push its words off the screen.
        let indent = "  ".repeat(branch.depth.min(width / 6));
        let bars = if width >= 66 {
            fit(&theme.glyphs.bar(chance.unwrap_or(0.0).into(), BAR), BAR + 1)
        } else {
            String::new()
        };
        let room = width.saturating_sub(13 + indent.len() + columns_of(&bars));
        Line::from(vec![
            Span::styled(format!("{mark}{number} {indent}"), theme.strong),
            Span::styled(fit(&text, room), style),
            Span::styled(format!(" {}  ", times(branch.columns.len(), theme)), theme.note),
            Span::styled(bars, theme.dim),
            Span::styled(format!("{:>5}", chance.map_or(String::new(), percent)), theme.dim),
        ])
    };
    state.branches().into_iter().enumerate().map(line).collect()
}

/// The title, with the place in the text where that is not its end.
fn from_where(cx: &Context, state: &Columns, title: &str) -> String {
    if state.at < cx.text.document.len() {
        format!("{title}, from token {} on", state.at + 1)
    } else {
        title.to_owned()
    }
}

/// Clears a place under the row that the futures go on from, above it, or in the middle where neither has the room.
fn near(cx: &Context, at: usize, frame: &mut Frame, title: &str, (width, height): (u16, u16), theme: &Theme) -> Rect {
    let screen = frame.area();
    let (width, height) = (width.min(screen.width), height.min(screen.height));
    // The end of the text may be far below what is in view.
    let row = row_of_token(cx, at).min(screen.height);
    let y = if row + 1 + height <= screen.height {
        row + 1
    } else if height <= row {
        row - height
    } else {
        (screen.height - height) / 2
    };
    framed(frame, title, Rect { x: (screen.width - width) / 2, y, width, height }, theme)
}
