//! Places of words, line by line.

use super::TextFind;
use crate::app::messages::spoken::count;
use crate::text::visible_line;

/// How many places are told.
const TOLD: usize = 20;

/// Where the words are.
pub(super) fn tell(state: &TextFind) -> Vec<String> {
    if state.places.is_empty() {
        return vec!["No branch of the text has these words.".to_owned()];
    }
    let mut out = vec![format!("{}:", count(state.places.len(), "place"))];
    for place in state.places.iter().take(TOLD) {
        let branch = if place.on_path { "in the text".to_owned() } else { format!("in branch {}", place.run + 1) };
        out.push(visible_line(&format!("{branch}: {}", place.piece.concat().replace('\n', " "))));
    }
    if state.places.len() > TOLD {
        out.push(format!("and {} more", state.places.len() - TOLD));
    }
    out.push("/branch K goes to a branch.".to_owned());
    out
}
