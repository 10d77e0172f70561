//! What must be done: effects, and sentences for the user.

use std::path::PathBuf;
use std::time::Duration;

use crate::document::Record;
use crate::engine::protocol as engine;
use crate::install::protocol as install;
use crate::store::protocol as store;

/// Something must be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Tell the engine.
    Engine(engine::Command),
    /// End what the engine is doing.
    StopEngine,
    /// Tell the transcripts' writer.
    Store(store::Job),
    /// Tell the keeper of the library.
    Library(store::LibraryJob),
    /// Begin a new transcript; its name is made from the clock.
    NewTranscript,
    /// Install something.
    Install(install::Job),
    /// End what the installer is doing.
    StopInstall,
    /// Remember that the question of the first run was answered with "only the demo".
    RememberDemoOnly(bool),
    /// Remember the model that the next start begins with, by its name.
    RememberModel(String),
    /// Find the model in a directory that a path names, and load or import it.
    Open(PathBuf),
    /// Draw everything anew: something else may have written to the terminal.
    Repaint,
    /// Stop the process as a shell's Ctrl-Z does, and go on when it is continued.
    Suspend,
    /// Give the terminal to the user's editor, with this text.
    Edit(String),
    /// Put this text into the clipboard.
    Copy(String),
    /// Leave.
    Quit,
}

/// How a notice sounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Worth knowing; it goes by itself.
    Info,
    /// Something did not work; it stays until a key is pressed.
    Error,
}

/// A sentence for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// One or more sentences.
    pub text: String,
    /// How the notice sounds.
    pub tone: Tone,
    /// When it goes by itself, in time since the start.
    pub until: Option<Duration>,
}

/// How long a notice that is worth knowing stays.
const SHOWN_FOR: Duration = Duration::from_secs(6);

/// What one message leads to: effects, a notice, and the time of the message.
#[derive(Debug, Default)]
pub struct Outbox {
    effects: Vec<Effect>,
    /// The notice on the screen.
    pub notice: Option<Notice>,
    /// The time of the message, since the start.
    pub now: Duration,
    requests: u64,
    records: u64,
}

impl Outbox {
    /// Begins a message: the notice whose time is over goes.
    pub(super) fn begin(&mut self, now: Duration) {
        self.now = now;
        if self.notice.as_ref().and_then(|it| it.until).is_some_and(|until| now >= until) {
            self.notice = None;
        }
    }

    /// Takes what has to be done, in order.
    pub(super) fn take(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// A number that names the next request to the engine.
    pub(super) fn request(&mut self) -> engine::RequestId {
        self.requests += 1;
        engine::RequestId(self.requests)
    }

    /// Tells the engine.
    pub(super) fn engine(&mut self, command: engine::Command) {
        self.effects.push(Effect::Engine(command));
    }

    /// Tells the writer of transcripts.
    pub(super) fn store(&mut self, job: store::Job) {
        self.effects.push(Effect::Store(job));
    }

    /// Hands a record to the writer of transcripts.
    pub(super) fn append(&mut self, record: Record) {
        self.records += 1;
        self.store(store::Job::Append(record));
    }

    /// How many records were handed to the writer of transcripts.
    pub(super) fn records(&self) -> u64 {
        self.records
    }

    /// Has anything else done.
    pub(super) fn push(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// Says what is worth knowing.
    pub(super) fn say(&mut self, text: impl Into<String>) {
        let until = Some(self.now + SHOWN_FOR);
        self.notice = Some(Notice { text: text.into(), tone: Tone::Info, until });
    }

    /// Says what is worth knowing before what is said already; an error gives way.
    pub(super) fn say_first(&mut self, text: &str) {
        let text = match self.notice.take() {
            Some(it) if it.tone == Tone::Info => format!("{text} {}", it.text),
            _ => text.to_owned(),
        };
        self.say(text);
    }

    /// Says what did not work.
    pub(super) fn complain(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice { text: text.into(), tone: Tone::Error, until: None });
    }
}
