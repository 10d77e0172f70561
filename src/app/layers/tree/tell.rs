//! The branches, line by line.

use crate::app::context::Context;
use crate::app::messages::spoken::count;
use crate::document::Run;
use crate::sample::{Parameter, Settings};
use crate::text::visible_line;

/// Marks in a run, with their names, a space behind; empty without any.
pub(super) fn marks(cx: &Context, run: &Run) -> String {
    let document = &cx.text.document;
    let names: Vec<&str> = run.nodes.iter().filter_map(|&it| document.bookmark_name(it)).collect();
    if !run.nodes.iter().any(|&it| document.is_bookmarked(it)) {
        return String::new();
    }
    if names.is_empty() { "' ".to_owned() } else { format!("'{} ", visible_line(&names.join(", "))) }
}

/// The settings under which a run was drawn, in a few words: temperature, top-p and seed, and what is not as usual; empty where a
/// person wrote it.
pub(super) fn told_settings(cx: &Context, run: &Run) -> String {
    let document = &cx.text.document;
    let Some(drawn) = run.nodes.iter().find(|&&it| document.is_drawn(it)) else { return String::new() };
    let Some(settings) = document.settings_at(*drawn) else { return String::new() };
    let usual = Settings::default();
    let always = [Parameter::Temperature, Parameter::TopP, Parameter::Seed];
    let told = |it: &Parameter| format!("{} {}", it.name(), it.show(settings));
    let different = |it: &&Parameter| !always.contains(*it) && it.show(settings) != it.show(&usual);
    let others = Parameter::ALL.iter().filter(different);
    always.iter().chain(others).map(told).collect::<Vec<_>>().join(" ")
}

/// The branches with their numbers.
pub(in crate::app) fn tell(cx: &Context) -> Vec<String> {
    let runs = cx.text.document.runs();
    if runs.is_empty() {
        return vec!["There is no text yet.".to_owned()];
    }
    let last = runs.iter().rposition(|it| it.on_path);
    let mut out = vec!["The branches, with the number of forks above each:".to_owned()];
    for (index, run) in runs.iter().enumerate() {
        /// As many tokens tell one branch from another.
        const TOLD: usize = 16;
        let text = cx.text.shown_of(&run.nodes[..run.nodes.len().min(TOLD)]);
        let more = if run.nodes.len() > TOLD { " and so on" } else { "" };
        let here = match (run.on_path, Some(index) == last) {
            (true, true) => ", the end of the text",
            (true, false) => ", in the text",
            (false, _) => "",
        };
        let marked = match marks(cx, run).trim().trim_matches('\'').trim() {
            _ if !run.nodes.iter().any(|&it| cx.text.document.is_bookmarked(it)) => String::new(),
            "" => ", marked".to_owned(),
            names => format!(", marked: {names}"),
        };
        let settings = match told_settings(cx, run) {
            it if it.is_empty() => String::new(),
            it => format!(", drawn with {it}"),
        };
        let (depth, tokens) = (run.depth, count(run.nodes.len(), "token"));
        out.push(format!("{}: depth {depth}, {tokens}{here}{marked}{settings}: \"{text}\"{more}", index + 1));
    }
    out.push("/branch K goes to one.".to_owned());
    out
}
