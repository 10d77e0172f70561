//! A transcript that is drawn again by another process of this program: the interface and its model go on meanwhile.

use std::process::{Command, Stdio};
use std::sync::mpsc::Sender;

use serde_json::Value;

use super::Input;
use crate::app::Msg;
use crate::store::protocol::LibraryEvent;
use crate::text::visible_name;
use crate::threads;

/// Draws it again; the verdict arrives in the inbox.
pub(super) fn start(id: String, inbox: Sender<Input>) {
    let (back, name) = (inbox.clone(), visible_name(&id));
    let body = move || {
        let event = match verdict(&id) {
            Ok(what) => LibraryEvent::Done { what: format!("{} {what}.", visible_name(&id)) },
            Err(why) => LibraryEvent::Failed { why: format!("{} cannot be drawn again: {why}", visible_name(&id)) },
        };
        drop(inbox.send(Input::Msg(Msg::Library(event))));
    };
    if let Err(error) = threads::start("replay", "drawing a text again", body) {
        let why = format!("{name} cannot be drawn again: {error}");
        drop(back.send(Input::Msg(Msg::Library(LibraryEvent::Failed { why }))));
    }
}

fn verdict(id: &str) -> Result<String, String> {
    let program = std::env::current_exe().map_err(|e| e.to_string())?;
    let output = Command::new(program)
        .args(["replay", id, "--json"])
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .map_err(|e| e.to_string())?;
    let Ok(told) = serde_json::from_slice::<Value>(&output.stdout) else {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().rfind(|it| !it.trim().is_empty()).unwrap_or("it ended without a word");
        return Err(last.trim_start_matches("megachat: ").to_owned());
    };
    let (drawn, identical) = (told["drawn"].as_u64().unwrap_or(0), told["identical"].as_u64().unwrap_or(0));
    Ok(match (drawn, identical == drawn) {
        (0, _) => "has nothing that a model drew".to_owned(),
        (_, true) => format!("comes out the same: all {drawn} tokens"),
        (_, false) => format!("comes out otherwise: {identical} of {drawn} tokens are the same"),
    })
}
