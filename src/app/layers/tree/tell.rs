//! The branches, line by line.

use crate::app::context::Context;
use crate::app::messages::spoken::count;

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
        let marked = if run.nodes.iter().any(|&it| cx.text.document.is_bookmarked(it)) { ", marked" } else { "" };
        let (depth, tokens) = (run.depth, count(run.nodes.len(), "token"));
        out.push(format!("{}: depth {depth}, {tokens}{here}{marked}: \"{text}\"{more}", index + 1));
    }
    out.push("/branch K goes to one.".to_owned());
    out
}
