//! The library, line by line.

use super::LibraryList;
use crate::app::context::Context;
use crate::app::messages::spoken::count;
use crate::store::protocol::{FOUND, FOUND_END, State};
use crate::text::visible_line;

/// How many texts are told.
const TOLD: usize = 30;

/// Where a transcript is, as people read it.
pub(in crate::app) fn path_of(cx: &Context, id: &str) -> String {
    format!("{}/{id}.jsonl", cx.journal.place)
}

/// The texts with their numbers.
pub(in crate::app) fn tell(cx: &Context, list: &LibraryList) -> Vec<String> {
    let words = list.words();
    if let Some(why) = &list.fault {
        return vec![visible_line(&format!("The texts cannot be told: {why}."))];
    }
    if list.hits.is_empty() {
        let why = if words.is_empty() { "There are no texts yet." } else { "No text has these words." };
        return vec![why.to_owned()];
    }
    let found = if words.is_empty() { String::new() } else { format!(" of {}", list.of) };
    let mut out = vec![format!("{}{found}, the last worked on first:", count(list.hits.len(), "text"))];
    for (number, hit) in (1..).zip(list.hits.iter().take(TOLD)) {
        let entry = &hit.entry;
        let title = entry.title.as_ref().map_or_else(String::new, |it| format!(", called \"{it}\""));
        let tags = entry.tags_written().replace(" #", ", #");
        let branches = if entry.branches > 1 { format!(", {} branches", entry.branches) } else { String::new() };
        let open = if cx.journal.id.as_ref() == Some(&entry.id) { ", open here" } else { "" };
        let text = match (&hit.piece, entry.state) {
            (_, State::Unreadable) => entry.fault.clone().unwrap_or_default(),
            (piece, _) if piece.is_empty() => {
                entry.words.clone().or_else(|| entry.words_fault.clone()).unwrap_or_default()
            }
            (piece, _) => {
                let branch = if hit.on_path || hit.run == 0 { String::new() } else { format!("branch {}: ", hit.run) };
                format!("{branch}{}", piece.replace([FOUND, FOUND_END], ""))
            }
        };
        let tokens = count(entry.tokens as usize, "token");
        out.push(visible_line(&format!(
            "{number}: {}{title}{tags}, {tokens}{branches}{open}: {}",
            entry.id,
            text.trim().replace('\n', " ")
        )));
    }
    if list.hits.len() > TOLD {
        out.push(format!("and {} more", list.hits.len() - TOLD));
    }
    out.push("/open K opens one, /library WORDS finds.".to_owned());
    out
}
