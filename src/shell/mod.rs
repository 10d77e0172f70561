//! The shell: owns the terminal, the clock and the threads; carries messages up to the application and effects down.

mod input;
mod signals;
mod terminal;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use crate::app::{App, Effect, Msg, Start, next_deadline, start, update};
use crate::document::Header;
use crate::engine::{self, Engine};
use crate::install::installer::Installer;
use crate::install::job::Places;
use crate::install::protocol::{CopyAt, Job as InstallJob};
use crate::store::config::{State, store_state};
use crate::store::paths::Paths;
use crate::store::protocol::Job as StoreJob;
use crate::store::transcripts::Appender;
use crate::store::{self, Store};
use terminal::Terminal;

pub use terminal::install_panic_hook;

/// The least time between two frames.
const FRAME: Duration = Duration::from_millis(16);

/// The same while nobody touches anything: text that streams is as well read at thirty frames a second, and each frame
/// takes time from the model.
const CALM_FRAME: Duration = Duration::from_millis(33);

/// What reaches the main loop.
enum Input {
    Msg(Msg),
    /// A signal that ends programs, by its number.
    Signal(i32),
    /// The terminal's input ended or broke.
    TerminalGone,
}

/// What the shell starts with.
pub struct Session {
    /// Where everything is.
    pub paths: Paths,
    /// Where models come from.
    pub places: Places,
    /// Whether transcripts are written.
    pub save: bool,
    /// A transcript to go on with.
    pub open: Option<Appender>,
    /// What the application starts with.
    pub start: Start,
}

/// How the interface ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The user left.
    Quit,
    /// A signal came.
    Signal(i32),
}

/// What the interface leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub end: End,
    /// How many changes of the transcript could not be written.
    pub unsaved: usize,
}

/// Runs the interface until the user leaves.
///
/// # Errors
///
/// If the terminal cannot be used. It is as it was before in any case.
pub fn run(session: Session) -> io::Result<Outcome> {
    let (sender, inbox) = channel();
    let mut terminal = Terminal::enter()?;
    signals::listen(sender.clone())?;
    input::listen(sender.clone());
    let to_inbox = |sender: &Sender<Input>| sender.clone();
    let from_engine = to_inbox(&sender);
    let engine = engine::spawn(move |event| drop(from_engine.send(Input::Msg(Msg::Engine(event)))));
    let store = session.save.then(|| {
        let from_store = to_inbox(&sender);
        let events = move |event| drop(from_store.send(Input::Msg(Msg::Store(event))));
        store::spawn(session.paths.transcripts.clone(), session.open, events)
    });
    let began = Instant::now();
    let mut start_with = session.start;
    start_with.size = terminal.size()?;
    let (mut app, effects) = start(start_with);
    let mut hands = Hands {
        engine,
        store,
        installer: Installer::new(session.places),
        paths: session.paths,
        sender,
        end: None,
        repaint: false,
        suspend: false,
    };
    hands.act(effects);
    let result = main_loop(&mut app, &mut terminal, &mut hands, &inbox, began);
    // What is drawn is in the journal before the terminal is given back; whoever sees the prompt again can rely on it.
    hands.engine.stop();
    let unsaved = hands.store.take().map_or(0, Store::finish);
    terminal.leave();
    hands.installer.finish();
    hands.engine.quit();
    result.map(|end| Outcome { end, unsaved })
}

fn main_loop(
    app: &mut App,
    terminal: &mut Terminal,
    hands: &mut Hands,
    inbox: &Receiver<Input>,
    began: Instant,
) -> io::Result<End> {
    let mut last_frame: Option<Instant> = None;
    let (mut dirty, mut touched) = (true, true);
    loop {
        if let Some(end) = hands.end {
            return Ok(end);
        }
        if std::mem::take(&mut hands.suspend) {
            terminal.suspend()?;
            (app.size, hands.repaint) = (terminal.size()?, true);
        }
        if std::mem::take(&mut hands.repaint) {
            terminal.repaint()?;
            dirty = true;
        }
        let pace = if touched { FRAME } else { CALM_FRAME };
        let due = last_frame.map_or(Duration::ZERO, |it| pace.saturating_sub(it.elapsed()));
        if dirty && due.is_zero() {
            let more = app.prepare();
            terminal.draw(app)?;
            last_frame = Some(Instant::now());
            (dirty, touched) = (more, more);
        }
        let wait = if dirty { due } else { patience(app, began) };
        let first = match inbox.recv_timeout(wait) {
            Ok(it) => Some(it),
            Err(RecvTimeoutError::Timeout) => (!dirty).then_some(Input::Msg(Msg::Tick)),
            Err(RecvTimeoutError::Disconnected) => return Ok(End::Quit),
        };
        // All that waits goes into one frame; but a flood must not keep the screen from being drawn.
        for input in first.into_iter().chain(inbox.try_iter().take(4096)) {
            match input {
                Input::Msg(msg) => {
                    #[cfg(debug_assertions)]
                    panic_if_asked(&msg);
                    touched |= !matches!(msg, Msg::Engine(_) | Msg::Install(_) | Msg::Store(_) | Msg::Tick);
                    let effects = update(app, msg, began.elapsed());
                    hands.act(effects);
                    dirty = true;
                }
                Input::Signal(number) => hands.end = Some(End::Signal(number)),
                Input::TerminalGone => hands.end = Some(End::Signal(1)),
            }
        }
    }
}

/// Lets a test see what a panic leaves behind: F12, if the environment says so, in builds for testing alone.
#[cfg(debug_assertions)]
fn panic_if_asked(msg: &Msg) {
    let is_f12 = matches!(msg, Msg::Key(key) if key.code == crossterm::event::KeyCode::F(12));
    assert!(!(is_f12 && std::env::var_os("MEGACHAT_TEST_PANIC").is_some()), "a panic that was asked for");
}

/// How long nothing needs to happen by itself.
fn patience(app: &App, began: Instant) -> Duration {
    let deadline = next_deadline(app).map(|it| it.saturating_sub(began.elapsed()) + Duration::from_millis(1));
    deadline.unwrap_or(Duration::from_secs(3600))
}

/// What carries out effects.
struct Hands {
    engine: Engine,
    store: Option<Store>,
    installer: Installer,
    paths: Paths,
    sender: Sender<Input>,
    end: Option<End>,
    repaint: bool,
    suspend: bool,
}

impl Hands {
    fn act(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Engine(command) => self.engine.send(command),
                Effect::StopEngine => self.engine.stop(),
                Effect::Store(job) => self.store(job),
                Effect::NewTranscript => self.store(StoreJob::Begin(new_header())),
                Effect::Install(job) => self.install(job),
                Effect::StopInstall => self.installer.stop(),
                Effect::RememberDemoOnly(demo_only) => {
                    // Forgetting costs a question at the next start.
                    let _ = store_state(&self.paths.state, &State { demo_only });
                }
                Effect::Open(path) => {
                    let from = CopyAt::of(expand_home(&path));
                    self.install(InstallJob::Import { from, name: None });
                }
                Effect::Repaint => self.repaint = true,
                Effect::Suspend => self.suspend = true,
                Effect::Quit => self.end = Some(End::Quit),
            }
        }
    }

    fn store(&self, job: StoreJob) {
        if let Some(store) = &self.store {
            store.send(job);
        }
    }

    fn install(&mut self, job: InstallJob) {
        let sender = self.sender.clone();
        self.installer.start(job, move |event| {
            drop(sender.send(Input::Msg(Msg::Install(event))));
        });
    }
}

/// `~/x` as shells expand it: in a path prompt there is no shell that would.
fn expand_home(path: &Path) -> PathBuf {
    let home = directories::BaseDirs::new();
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => home.home_dir().join(rest),
        _ => path.to_owned(),
    }
}

fn new_header() -> Header {
    let now = jiff::Zoned::now();
    Header {
        version: 1,
        id: now.strftime("%Y%m%d-%H%M%S").to_string(),
        created: now.timestamp().as_millisecond(),
        program: concat!("megachat ", env!("CARGO_PKG_VERSION")).to_owned(),
    }
}
