//! The user's own editor, for what is written here.
//!
//! It runs in the foreground with the terminal as it was; the main loop goes on, so a continuation is not held up and
//! is written to the disk as always. Nothing is drawn meanwhile.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Child, Command};
use std::sync::mpsc::{SendError, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tempfile::TempPath;

use super::Input;
use crate::files::{self, Place};
use crate::memory;
use crate::output::stderr_of_child;
use crate::text::{Given, visible_path};
use crate::threads;

/// Whether the terminal is the editor's, and when it no longer was.
static STATE: Mutex<State> = Mutex::new(State { runs: false, ended: None });

struct State {
    runs: bool,
    ended: Option<Instant>,
}

/// How long a signal may take from the terminal to the thread that hears of it.
const ON_ITS_WAY: Duration = Duration::from_millis(300);

fn runs(runs: bool) {
    let ended = (!runs).then(Instant::now);
    *STATE.lock().unwrap_or_else(PoisonError::into_inner) = State { runs, ended };
}

/// Whether Ctrl-C in the terminal was meant for the editor: it has the terminal, or had it a moment ago.
pub(super) fn has_the_terminal() -> bool {
    let state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
    state.runs || state.ended.is_some_and(|it| it.elapsed() < ON_ITS_WAY)
}

/// The editor, while it runs.
pub(super) struct Editor {
    id: u32,
    thread: JoinHandle<()>,
}

/// Starts it on a text; what becomes of that arrives in the inbox. The terminal must have been given back.
///
/// # Errors
///
/// Why it cannot be started, as a sentence.
pub(super) fn start(text: &str, inbox: Sender<Input>) -> Result<Editor, String> {
    let no_file = |e: io::Error| format!("There is no place for a file to edit: {e}.");
    let mut file = tempfile::Builder::new().prefix("megachat-").suffix(".txt").tempfile().map_err(no_file)?;
    file.write_all(text.as_bytes()).and_then(|()| file.flush()).map_err(no_file)?;
    let path = file.into_temp_path();
    let name = named(&|it| std::env::var(it).ok());
    let mut command = command(&name, &path);
    let (before, editor) = (text.to_owned(), name.clone());
    let (started, child) = channel();
    let wait = move || {
        // Where there is none, it was said why.
        let Ok(child) = child.recv() else { return };
        let name = editor;
        let edited = edited(child, &name, &path, &before);
        let is_changed = files::read(Place::Edited, &path).is_ok_and(|it| it != before.as_bytes());
        let back = match edited {
            // What the user wrote and the program could not take stays.
            Err(problem) if is_changed => Back { result: Err(format!("{problem} {}", kept(path))), file: None },
            result => Back { file: (result.is_ok() && is_changed).then_some(path), result },
        };
        // The main loop has ended: then it stays, too.
        if let Err(SendError(Input::Edited(Back { file: Some(path), .. }))) = inbox.send(Input::Edited(back)) {
            kept(path);
        }
    };
    // The thread first: an editor that nobody waits for would keep the terminal.
    let thread =
        threads::start("editor", "the editor", wait).map_err(|e| format!("The editor is not started: {e}."))?;
    runs(true);
    let child = command.spawn().map_err(|e| {
        runs(false);
        if e.kind() == io::ErrorKind::NotFound {
            none(&name)
        } else {
            format!("The editor `{name}` cannot be started: {e}.")
        }
    })?;
    memory::unlimited(&child);
    let id = child.id();
    let _ = started.send(child);
    Ok(Editor { id, thread })
}

/// What an editor that has ended leaves.
pub(super) struct Back {
    /// The text, or why there is none.
    pub(super) result: Result<String, String>,
    /// The file with what is new in it, which goes with this value.
    pub(super) file: Option<TempPath>,
}

impl Back {
    /// Where what was written can be found, if it was not taken; `None` if there is nothing.
    pub(super) fn keep(self) -> Option<String> {
        match (self.result, self.file) {
            (_, Some(path)) => Some(kept(path)),
            (Err(why), None) => Some(why),
            (Ok(_), None) => None,
        }
    }
}

/// Leaves the file where it is, and says where that is.
fn kept(path: TempPath) -> String {
    let path = path.keep().unwrap_or_else(|it| it.path.to_path_buf());
    format!("What was written is in {}.", visible_path(&path))
}

impl Editor {
    /// Asks it to end, because this program does.
    pub(super) fn ask_to_end(&self) {
        #[cfg(unix)]
        if let Some(id) = rustix::process::Pid::from_raw(self.id.cast_signed()) {
            let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
        }
        #[cfg(not(unix))]
        let _ = self.id;
    }

    /// Waits a moment for its end: two programs must not share a terminal.
    pub(super) fn wait(self) {
        let began = Instant::now();
        while !self.thread.is_finished() && began.elapsed() < Duration::from_secs(1) {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// The editor that the environment names, or the one that is everywhere.
fn named(variable: &dyn Fn(&str) -> Option<String>) -> String {
    let given = ["VISUAL", "EDITOR"].iter().filter_map(|it| variable(it)).find(|it| !it.trim().is_empty());
    given.unwrap_or_else(|| if cfg!(windows) { "notepad" } else { "vi" }.to_owned())
}

/// `$EDITOR` may be a command with arguments, `code --wait`, or anything that a shell understands.
fn command(name: &str, file: &Path) -> Command {
    let is_plain = |c: char| c.is_alphanumeric() || " _./+=:,@%-".contains(c);
    if cfg!(unix) && !name.chars().all(is_plain) {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("{name} \"$@\""), name]).arg(file).stderr(stderr_of_child());
        return command;
    }
    // Without a shell between, a signal reaches the editor itself.
    let mut words = name.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words).arg(file).stderr(stderr_of_child());
    command
}

fn none(name: &str) -> String {
    format!("There is no editor `{name}`. VISUAL or EDITOR may name another.")
}

/// Waits until a child has ended. Whenever it is stopped this process stops, too, and never before it: a shell would be back
/// at the terminal while the child still takes keys from it.
#[cfg(unix)]
fn follow(child: &Child) {
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
    let Some(id) = Pid::from_raw(child.id().cast_signed()) else { return };
    loop {
        // How it ended stays to be asked for.
        match waitid(WaitId::Pid(id), WaitIdOptions::EXITED | WaitIdOptions::STOPPED | WaitIdOptions::NOWAIT) {
            Ok(Some(status)) if status.stopped() => {
                let _ = waitid(WaitId::Pid(id), WaitIdOptions::STOPPED | WaitIdOptions::NOHANG);
                let _ = super::terminal::stop();
            }
            Err(rustix::io::Errno::INTR) => {}
            _ => return,
        }
    }
}

/// Elsewhere nothing stops a process.
#[cfg(not(unix))]
fn follow(_: &Child) {}

/// What is in the file once the editor has ended.
fn edited(mut child: Child, name: &str, path: &Path, before: &str) -> Result<String, String> {
    follow(&child);
    let status = child.wait();
    runs(false);
    match status.map(|it| (it.success(), it.code())) {
        Ok((true, _)) => {}
        Ok((_, Some(127))) if cfg!(unix) => {
            return Err(none(name));
        }
        Ok((_, Some(code))) => {
            return Err(format!("The editor `{name}` ended with status {code}; nothing is changed."));
        }
        Ok((_, None)) => return Err(format!("A signal ended the editor `{name}`; nothing is changed.")),
        Err(e) => return Err(format!("The editor `{name}` is lost: {e}.")),
    }
    let bytes = files::read(Place::Edited, path).map_err(|e| format!("What was edited cannot be read: {e}."))?;
    let given =
        Given::read(bytes.clone()).map_err(|e| format!("What was edited cannot be used: {e}; nothing is changed."))?;
    // Line ends that were there before are the text's own.
    let text = if before.contains("\r\n") { String::from_utf8_lossy(&bytes).into_owned() } else { given.text };
    Ok(without_last_line_end(text, before))
}

/// Editors end a file with a line end, whether there was one or not.
fn without_last_line_end(mut text: String, before: &str) -> String {
    if !before.ends_with('\n') && text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    text
}

#[cfg(test)]
mod tests;
