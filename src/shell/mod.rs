//! The shell: owns the terminal, the clock and the threads; carries messages up to the application and effects down.

mod clipboard;
mod editor;
mod effect_runner;
mod input;
mod lines;
mod plain;
mod replaying;
mod signals;
mod size;
mod terminal;
mod terminal_lease;

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::app::{App, Msg, Start, next_deadline, update};
use crate::engine::protocol::Failure;
use crate::install::places::Places;
use crate::store::Finished;
use crate::store::appender::Appender;
use crate::store::paths::Paths;
use crate::text::NotUtf8;
use crate::threads::NoThread;
use effect_runner::EffectRunner;
use terminal::Terminal;
use terminal_lease::TerminalLease;

pub use plain::run_plain;
pub use terminal::install_panic_hook;

/// The least time between two frames: half of one at 60 Hz, so that with the drawing itself a key shows within one.
const FRAME: Duration = Duration::from_millis(8);

/// The same while no key is pressed: text that streams is as well read at thirty frames a second, and each frame
/// takes time from the model.
const CALM_FRAME: Duration = Duration::from_millis(33);

/// What reaches the main loop.
enum Input {
    Msg(Msg),
    /// The editor has ended.
    Edited(editor::Back),
    /// A tool could not copy a text.
    NotCopied {
        text: String,
        why: String,
    },
    /// The user wants the program to stop for a while, as the terminal's Ctrl-Z does.
    Stop,
    /// A signal that ends programs, by its number.
    Signal(i32),
    /// The terminal's input ended or broke.
    TerminalGone,
    /// A signal that asks for a stop, where no key does.
    Interrupt,
    /// A line was read.
    Line(String),
    /// A line was read that is no text.
    NotText(NotUtf8),
    /// There are no more lines.
    LastLine,
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
    /// Whether the terminal is asked to report the mouse.
    pub mouse: bool,
    /// What the application starts with.
    pub start: Start,
}

/// How the interface ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The user left.
    Quit,
    /// The lines ended, and the model that they were for could not be loaded.
    WithoutModel(Failure),
    /// A line that was piped in is no text, and those behind it were not read.
    NotText(NotUtf8),
    /// A signal came.
    Signal(i32),
}

/// What the interface leaves behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub end: End,
    /// The transcript, and how many changes of it could not be written.
    pub saved: Finished,
    /// What is to be said of texts that were not taken.
    pub kept: Vec<String>,
}

/// Why the interface cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The terminal cannot be used.
    #[error("the terminal cannot be used: {0}")]
    Terminal(#[from] io::Error),
    /// Something that needs a thread has none.
    #[error(transparent)]
    Thread(#[from] NoThread),
}

/// Runs the interface until the user leaves.
///
/// # Errors
///
/// If the terminal cannot be used, or the system gives no threads. The terminal is as it was before in any case.
pub fn run(session: Session) -> Result<Outcome, Trouble> {
    let (sender, inbox) = channel();
    let mut terminal = Terminal::enter(session.mouse)?;
    signals::listen(sender.clone(), signals::Watched::Terminal)?;
    let mut lease = TerminalLease::new(input::listen(sender.clone())?, sender.clone());
    let began = Instant::now();
    let (mut app, mut runner) = EffectRunner::start(session, terminal.size()?, sender)?;
    let result = main_loop(&mut app, &mut terminal, &mut runner, &mut lease, &inbox, began);
    lease.ask_to_end();
    // What is drawn is in the journal before the terminal is given back; a user who sees the prompt again can rely on it.
    let saved = runner.save();
    lease.wait();
    let kept =
        inbox.try_iter().filter_map(|it| if let Input::Edited(back) = it { back.keep() } else { None }).collect();
    terminal.leave();
    runner.quit();
    let end = match result {
        // What was drawn on is gone; the thread that watches it may not have said so yet.
        Err(_) if signals::is_gone() => End::Signal(1),
        other => other?,
    };
    Ok(Outcome { end, saved, kept })
}

fn main_loop(
    app: &mut App,
    terminal: &mut Terminal,
    runner: &mut EffectRunner,
    lease: &mut TerminalLease,
    inbox: &Receiver<Input>,
    began: Instant,
) -> io::Result<End> {
    let mut last_frame: Option<Instant> = None;
    let (mut dirty, mut touched) = (true, true);
    loop {
        if let Some(end) = runner.end.take() {
            return Ok(end);
        }
        if std::mem::take(&mut runner.suspend) {
            terminal.suspend()?;
            (app.context.window.size, runner.repaint) = (terminal.size()?, true);
        }
        if let Some(text) = runner.edit.take() {
            lease.open_editor(&text, terminal);
        }
        if !lease.is_away() {
            lease.copy_through(runner, terminal)?;
            if std::mem::take(&mut runner.repaint) {
                terminal.repaint()?;
                dirty = true;
            }
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
                // Typed ahead, it was meant for the program that has the terminal now.
                Input::Msg(Msg::Key(_) | Msg::Paste(_) | Msg::Mouse(_)) if lease.is_away() => {}
                Input::Msg(msg) => {
                    #[cfg(debug_assertions)]
                    panic_if_asked(&msg);
                    touched |= !matches!(msg, Msg::Engine(_) | Msg::Install(_) | Msg::Store(_) | Msg::Tick);
                    let effects = update(app, msg, began.elapsed());
                    runner.act(effects);
                    dirty = true;
                }
                Input::Edited(back) => {
                    lease.take_back(terminal)?;
                    // Whatever happened to the screen meanwhile: it is drawn anew, in the size that it has now.
                    let (columns, rows) = terminal.size()?;
                    runner.repaint = true;
                    for msg in [Msg::Resize(columns, rows), Msg::Edited(back.result)] {
                        let effects = update(app, msg, began.elapsed());
                        runner.act(effects);
                    }
                }
                // While the terminal is the editor's, the program stops when the editor does.
                Input::Stop => runner.suspend = !lease.is_away(),
                Input::NotCopied { text, why } => runner.copy = Some((text, Some(why))),
                Input::Signal(number) => runner.end = Some(End::Signal(number)),
                Input::TerminalGone => runner.end = Some(End::Signal(1)),
                // Of the line mode alone.
                Input::Interrupt | Input::Line(_) | Input::NotText(_) | Input::LastLine => {}
            }
            // What was typed after it is for the program that has the terminal then, or for later.
            if runner.suspend || runner.edit.is_some() {
                break;
            }
        }
    }
}

/// Lets a test see what a panic, or memory that is refused, leaves behind: F12, if the environment says so, in builds for testing alone.
#[cfg(debug_assertions)]
fn panic_if_asked(msg: &Msg) {
    let is_f12 = matches!(msg, Msg::Key(key) if key.code == crossterm::event::KeyCode::F(12));
    assert!(!(is_f12 && std::env::var_os("MEGACHAT_TEST_PANIC").is_some()), "a panic that was asked for");
    if is_f12 && std::env::var_os("MEGACHAT_TEST_MEMORY").is_some() {
        // More than any machine has, asked for as most of a program asks.
        std::hint::black_box(Vec::<u8>::with_capacity(isize::MAX as usize));
    }
}

/// How long nothing needs to happen by itself.
fn patience(app: &App, began: Instant) -> Duration {
    let deadline = next_deadline(app).map(|it| it.saturating_sub(began.elapsed()) + Duration::from_millis(1));
    deadline.unwrap_or(Duration::from_secs(3600))
}
