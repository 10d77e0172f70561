//! The last line: the keys that matter now, from the table in force.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::context::Context;
use crate::app::focus::Focus;
use crate::app::keymap::Action;
use crate::app::screen::glyphs::Glyphs;
use crate::app::screen::theme::Theme;
use crate::text::columns_of;

/// Actions that belong together, and what they do, in a word.
type Item = (&'static [Action], &'static str);

const WRITING: &[Item] = &[
    (&[Action::Interrupt], "stop"),
    (&[Action::Warmer, Action::Colder], "temp"),
    (&[Action::Help], "help"),
    (&[Action::TopPDown, Action::TopPUp], "top-p"),
    (&[Action::PageUp], "scroll"),
    (&[Action::NextFocus], "focus"),
];
const INPUT: &[Item] = &[
    (&[Action::Send], "go"),
    (&[Action::Help], "help"),
    (&[Action::TogglePanel], "panel"),
    (&[Action::Warmer, Action::Colder], "temp"),
    (&[Action::NextFocus], "focus"),
    (&[Action::Palette], "commands"),
    (&[Action::Models], "models"),
    (&[Action::Chat], "chat"),
    (&[Action::NewTranscript], "new"),
    (&[Action::QuitOrDelete], "quit"),
];
/// While something is written.
const WRITTEN: &[Item] = &[
    (&[Action::Send], "send"),
    (&[Action::Add], "only add"),
    (&[Action::NewLine], "new line"),
    (&[Action::Help], "help"),
    (&[Action::Warmer, Action::Colder], "temp"),
    (&[Action::NextFocus], "focus"),
    (&[Action::Interrupt], "clear"),
    (&[Action::UndoEdit], "undo"),
    (&[Action::EditInEditor], "editor"),
    (&[Action::Palette], "commands"),
];
const TEXT: &[Item] = &[
    (&[Action::TokenLeft, Action::TokenRight], "token"),
    (&[Action::Inspect], "look"),
    (&[Action::Heat], "heat"),
    (&[Action::Reroll], "new dice"),
    (&[Action::PreviousSibling, Action::NextSibling], "branch"),
    (&[Action::Undo], "undo"),
    (&[Action::Continue], "go on"),
    (&[Action::Compare], "compare"),
    (&[Action::Futures], "futures"),
    (&[Action::Tree], "tree"),
    (&[Action::TypeHere], "type here"),
    (&[Action::Select], "select"),
    (&[Action::Copy], "copy"),
    (&[Action::FindToken], "find token"),
    (&[Action::Score], "score"),
    (&[Action::Help], "help"),
];
const SELECTING: &[Item] = &[
    (&[Action::Copy], "copy"),
    (&[Action::LeaveText], "leave"),
    (&[Action::TokenLeft, Action::TokenRight], "token"),
    (&[Action::TokenWordLeft, Action::TokenWordRight], "word"),
    (&[Action::RowUp, Action::RowDown], "row"),
    (&[Action::Top, Action::Follow], "ends"),
    (&[Action::Help], "help"),
];
const PANEL: &[Item] = &[
    (&[Action::KnobUp, Action::KnobDown], "choose"),
    (&[Action::Less, Action::More], "change"),
    (&[Action::Neutral], "off"),
    (&[Action::Type], "type"),
    (&[Action::SwitchStep], "switch"),
    (&[Action::StepEarlier, Action::StepLater], "move"),
    (&[Action::FindToken], "find token"),
    (&[Action::NextFocus], "focus"),
    (&[Action::Help], "help"),
];

/// The keys that matter now, most important first; what does not fit is left out whole.
pub(super) fn draw(cx: &Context, theme: &Theme, area: Rect, frame: &mut Frame) {
    let items = match cx.in_focus() {
        Focus::Input if cx.drawing.running.is_some() => WRITING,
        Focus::Input if !cx.input.is_empty() => WRITTEN,
        Focus::Input => INPUT,
        Focus::Text => TEXT,
        Focus::Panel => PANEL,
    };
    // The keys of a line of its own are fixed.
    let keys: Vec<(String, &str)> = if cx.panel.typing.is_some() {
        vec![("Enter".into(), "set"), ("Esc".into(), "leave")]
    } else if cx.input.search().is_some() {
        let older = cx.keymap.short(Focus::Input, Action::SearchHistory).map(|it| (it, "older"));
        [Some(("Enter".into(), "take")), older, Some(("Esc".into(), "leave"))].into_iter().flatten().collect()
    } else if cx.text.anchor.is_some() && cx.in_focus() == Focus::Text {
        SELECTING.iter().filter_map(|&(actions, what)| Some((names(cx, actions, theme.glyphs)?, what))).collect()
    } else {
        // Whatever has the focus, what runs can be stopped.
        let stop: &[Item] =
            if cx.drawing.running.is_some() && cx.in_focus() != Focus::Input { &WRITING[..1] } else { &[] };
        let named = |&(actions, what): &Item| Some((names(cx, actions, theme.glyphs)?, what));
        stop.iter().chain(items).filter_map(named).collect()
    };
    let mut spans = vec![Span::raw(" ")];
    let mut used = 1;
    for (key, what) in keys {
        let width = columns_of(&key) + columns_of(what) + 3;
        if used + width > area.width as usize + 2 {
            continue;
        }
        used += width;
        spans.push(Span::styled(key, theme.strong));
        spans.push(Span::styled(format!(" {what}  "), theme.dim));
    }
    frame.render_widget(Line::from(spans), area);
}

/// The keys of some actions in a word: `Alt-↑↓`; `None` if one of them has none.
fn names(cx: &Context, actions: &[Action], glyphs: &Glyphs) -> Option<String> {
    let keys: Vec<String> = actions.iter().map(|&it| cx.keymap.short(cx.in_focus(), it)).collect::<Option<_>>()?;
    let [one, other] = keys.as_slice() else { return Some(keys.concat()) };
    let split = |key: &str| {
        key.rsplit_once('-').map_or((String::new(), key.to_owned()), |it| (format!("{}-", it.0), it.1.to_owned()))
    };
    let ((before, first), (also, second)) = (split(one), split(other));
    let pair = match (first.as_str(), second.as_str()) {
        ("Left", "Right") => Some(glyphs.pairs[0]),
        ("Up", "Down") => Some(glyphs.pairs[1]),
        _ => None,
    };
    match pair {
        Some(pair) if before == also => Some(format!("{before}{pair}")),
        _ => Some(format!("{one}/{other}")),
    }
}
