//! The library: a line for each text, and below more of the one that is chosen.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{Asked, LibraryList};
use crate::app::context::Context;
use crate::app::screen::kit::{lines, over, put_cursor, wrapped};
use crate::app::screen::theme::Theme;
use crate::store::protocol::{Entry, FOUND, FOUND_END, Hit, State};
use crate::text::{columns_of, fit, pad, visible, visible_line};

/// Columns it takes at the most.
const WIDEST: u16 = 110;
/// Rows below the list: a rule, what was found or the first words, what wrote it, the keys.
const BELOW: u16 = 6;

/// How many texts there is room for.
pub(super) fn list_rows(size: (u16, u16)) -> usize {
    size.1.saturating_sub(2 + below(size) + 1) as usize
}

fn below(size: (u16, u16)) -> u16 {
    if size.1 >= 20 { BELOW } else { 3 }
}

pub(super) fn draw(cx: &Context, list: &LibraryList, theme: &Theme, frame: &mut Frame) {
    let size = cx.window.size;
    let inner = over(frame, &title(list, size.0), WIDEST, size.1, theme);
    let (width, rows) = (inner.width as usize, list_rows(size).max(1));
    let mut out = vec![search(list, width, theme)];
    if list.hits.is_empty() {
        out.extend(wrapped(&nothing(list), width, theme.note));
    }
    let top = (list.chosen + 1).saturating_sub(rows);
    let shown = list.hits.iter().enumerate().skip(top).take(rows);
    out.extend(shown.map(|(at, it)| line(cx, it, at == list.chosen, width, theme)));
    let under = below(size).min(inner.height);
    lines(frame, Rect { height: inner.height.saturating_sub(under), ..inner }, out);
    let foot = Rect { y: inner.bottom().saturating_sub(under), height: under, ..inner };
    lines(frame, foot, about(list, width, under as usize, theme));
    let written = match &list.asked {
        Some(it) => Some((columns_of(question(it.asked)) + 1, &it.line, foot.height.saturating_sub(1), foot)),
        None if list.searches => Some((2, &list.search, 0, inner)),
        None => None,
    };
    if let Some((before, input, row, area)) = written {
        let x = before + columns_of(&visible(&input.text()[..input.cursor()]));
        put_cursor(frame, area, x, row as usize);
    }
}

fn title(list: &LibraryList, width: u16) -> String {
    let count =
        if list.words().is_empty() { list.of.to_string() } else { format!("{} of {}", list.hits.len(), list.of) };
    let more = if list.is_complete { "" } else { ", looking" };
    let order = if list.words().is_empty() { "worked on last first" } else { "the best first" };
    if width < 60 {
        format!("library: {count}{more}")
    } else {
        format!("library: {count} {}{more}, {order}", if list.of == 1 { "text" } else { "texts" })
    }
}

fn search(list: &LibraryList, width: usize, theme: &Theme) -> Line<'static> {
    let prompt = Span::styled("> ", if list.searches { theme.focus } else { theme.dim });
    if list.search.is_empty() {
        let hint = "type to find words in all texts and branches, titles and tags";
        return Line::from(vec![prompt, Span::styled(fit(hint, width.saturating_sub(2)), theme.dim)]);
    }
    Line::from(vec![prompt, Span::raw(visible(list.search.text()))])
}

fn nothing(list: &LibraryList) -> String {
    if let Some(why) = &list.fault {
        return format!("The texts cannot be told: {}.", visible_line(why));
    }
    let text = match (list.is_complete, list.words().is_empty()) {
        (false, _) => "Looking ...",
        (true, true) => "There are no texts yet. What you write is kept here by itself.",
        (true, false) => "No text has these words.",
    };
    text.to_owned()
}

/// When it was worked on, what it is called or how it begins, how long it is.
fn line(cx: &Context, hit: &Hit, chosen: bool, width: usize, theme: &Theme) -> Line<'static> {
    let entry = &hit.entry;
    let mark = if chosen { "> " } else { "  " };
    let open = if cx.journal.id.as_ref() == Some(&entry.id) { "* " } else { "  " };
    let counts = counts(entry, width);
    let tags = entry.tags_written();
    let room = width.saturating_sub(4 + counts.chars().count());
    let words = words(entry);
    let text = if tags.is_empty() { words } else { format!("{words} {tags}") };
    let style = match (chosen, entry.state) {
        (_, State::Unreadable) => theme.bad,
        (true, _) => theme.focus,
        (false, _) => theme.drawn,
    };
    Line::from(vec![
        Span::styled(mark, theme.focus),
        Span::styled(open, theme.strong),
        Span::styled(fit(&visible_line(&text), room), style),
        Span::styled(counts, theme.dim),
    ])
}

/// Tokens and branches; the date and the model where there is room.
fn counts(entry: &Entry, width: usize) -> String {
    let branches = if entry.branches > 1 { format!("x{}", entry.branches) } else { String::new() };
    let short = format!(" {:>5} {branches:>4}", entry.tokens);
    if width < 56 {
        return short;
    }
    let date = date(&entry.id);
    let model = visible_line(entry.model.as_deref().unwrap_or_default());
    if width < 80 { format!(" {date}{short}") } else { format!(" {date} {}{short}", pad(&fit(&model, 14), 14)) }
}

/// When it was begun, as its name says it.
fn date(id: &str) -> String {
    let is_date = id.len() >= 15 && id.is_ascii() && id[..8].bytes().all(|it| it.is_ascii_digit());
    if !is_date {
        return pad(&visible_line(&fit(id, 16)), 16);
    }
    format!("{}-{}-{} {}:{}", &id[..4], &id[4..6], &id[6..8], &id[9..11], &id[11..13])
}

/// What it is called, or how it begins.
fn words(entry: &Entry) -> String {
    let damaged = if entry.state == State::Damaged { "(damaged) " } else { "" };
    let words = match (&entry.title, &entry.words, &entry.words_fault) {
        (Some(title), _, _) => format!("\"{title}\""),
        (None, Some(words), _) => words.trim_start().replace('\n', " "),
        (None, None, Some(_)) => {
            format!("(the words of {} are not here)", entry.model.as_deref().unwrap_or("its model"))
        }
        (None, None, None) => format!("{} cannot be read", entry.id),
    };
    format!("{damaged}{words}")
}

/// More of the one that is chosen, and the keys.
fn about(list: &LibraryList, width: usize, rows: usize, theme: &Theme) -> Vec<Line<'static>> {
    let mut out = vec![Line::styled(theme.glyphs.rule.repeat(width), theme.dim)];
    if let Some(hit) = list.hit() {
        let room = rows.saturating_sub(4);
        out.extend(place(hit, width, theme).into_iter().take(room.max(1)));
        if rows > 3 {
            out.push(Line::styled(fit(&visible_line(&made(&hit.entry)), width), theme.dim));
        }
    }
    out.truncate(rows.saturating_sub(if rows > 3 { 2 } else { 1 }));
    out.resize(rows.saturating_sub(if rows > 3 { 2 } else { 1 }), Line::default());
    if let Some(it) = &list.asked {
        if rows > 3 {
            out.push(Line::styled("Enter keeps it, Esc leaves it", theme.dim));
        }
        out.push(Line::from(vec![
            Span::styled(format!("{} ", question(it.asked)), theme.focus),
            Span::raw(visible(it.line.text())),
        ]));
        return out;
    }
    let undo = if list.removed.is_empty() { "" } else { "  u back" };
    let (first, second) = if list.searches && width >= 70 {
        let leave = if list.search.is_empty() { "Esc closes" } else { "Esc forgets the search" };
        let of_list = "Tab: title, tags, remove, page, Markdown, path, replay";
        (format!("Type to search  Enter opens  arrows choose  {leave}"), of_list.to_owned())
    } else if list.searches {
        ("type  Enter opens  Tab: keys".to_owned(), "Esc  F1 explains".to_owned())
    } else if width >= 70 {
        (
            format!("Enter opens  Tab searches  n new  r title  t tags  d removes{undo}"),
            "c copies the path  x page (prints)  m Markdown  v replays  Esc closes".to_owned(),
        )
    } else {
        (format!("Enter Tab n r t d{undo}"), "c x m v  F1 explains".to_owned())
    };
    out.push(Line::styled(fit(&first, width), theme.dim));
    if rows > 3 {
        out.push(Line::styled(fit(&second, width), theme.dim));
    }
    out
}

fn question(asked: Asked) -> &'static str {
    match asked {
        Asked::Title => "Title:",
        Asked::Tags => "Tags:",
    }
}

/// The place that was found, or the first words.
fn place(hit: &Hit, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    let entry = &hit.entry;
    if let Some(fault) = entry.fault.as_ref().or(entry.words_fault.as_ref()) {
        return wrapped(&visible(fault), width, theme.bad);
    }
    if hit.piece.is_empty() {
        return wrapped(
            &visible_line(&entry.words.as_deref().unwrap_or_default().replace('\n', " ")),
            width,
            theme.drawn,
        );
    }
    let branch = match (hit.run, hit.on_path) {
        (0, _) => "in the title or the tags: ".to_owned(),
        (run, false) => format!("in branch {run}: "),
        (_, true) => String::new(),
    };
    let mut spans = vec![Span::styled(branch, theme.dim)];
    for (at, part) in hit.piece.trim().split([FOUND, FOUND_END]).enumerate() {
        let style = if at % 2 == 1 { theme.focus } else { theme.drawn };
        spans.push(Span::styled(visible_line(part), style));
    }
    wrap_spans(spans, width)
}

/// Spans in rows of a width, cut wherever a row is full.
fn wrap_spans(spans: Vec<Span<'static>>, width: usize) -> Vec<Line<'static>> {
    let (mut out, mut row, mut used) = (Vec::new(), Vec::new(), 0);
    for span in spans {
        let mut rest: &str = &span.content;
        while !rest.is_empty() {
            let part = crate::text::cut(rest, width.saturating_sub(used));
            if part.is_empty() {
                if used == 0 {
                    break;
                }
                out.push(Line::from(std::mem::take(&mut row)));
                used = 0;
                continue;
            }
            row.push(Span::styled(part.to_owned(), span.style));
            used += columns_of(part);
            rest = &rest[part.len()..];
        }
    }
    out.push(Line::from(row));
    out
}

/// What wrote it and how.
fn made(entry: &Entry) -> String {
    let model = entry.model.as_deref().map_or("written by a person".to_owned(), |it| format!("model {it}"));
    let settings = if entry.settings.is_empty() { String::new() } else { format!(": {}", entry.settings) };
    format!("{}  {model}{settings}", entry.id)
}
