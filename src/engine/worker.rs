//! The thread that owns the model.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use super::generation::{Control, Session};
use super::load::load;
use super::pace::Pace;
use super::protocol::{Command, Event, Failure, ModelCard, ModelSource, RequestId};
use crate::sample::Settings;
use crate::threads::{self, NoThread};

/// How a model is made from its source; the real one is [`load`], tests bring a scripted one.
pub type Loader =
    Box<dyn FnMut(&ModelSource, &mut dyn FnMut(usize, usize)) -> Result<(Session, ModelCard), Failure> + Send>;

/// The handle of the engine's thread.
pub struct Engine {
    commands: Sender<Command>,
    /// The request still wanted: the only thing the threads share.
    wanted: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Engine {
    /// Sends a command. One to an engine that has ended is dropped: its end has been reported.
    pub fn send(&self, command: Command) {
        match &command {
            Command::Generate(request) => self.wanted.store(request.id.0, Ordering::Release),
            Command::Columns(request) => self.wanted.store(request.id.0, Ordering::Release),
            Command::Load { id, .. } => self.wanted.store(id.0, Ordering::Release),
            Command::Quit => self.wanted.store(0, Ordering::Release),
            Command::Settings(_) => {}
        }
        let _ = self.commands.send(command);
    }

    /// Makes the running request end after the token, or the block of the prompt, it is at.
    pub fn stop(&self) {
        self.wanted.store(0, Ordering::Release);
    }

    /// Ends the thread and waits for it.
    pub fn quit(mut self) {
        self.send(Command::Quit);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Starts the thread. `events` hears everything, on that thread.
///
/// # Errors
///
/// If the system gives no thread.
pub fn spawn(events: impl FnMut(Event) + Send + 'static) -> Result<Engine, NoThread> {
    spawn_with(Box::new(load), events)
}

/// [`spawn`] with another way to make a model.
///
/// # Errors
///
/// If the system gives no thread.
pub fn spawn_with(loader: Loader, events: impl FnMut(Event) + Send + 'static) -> Result<Engine, NoThread> {
    let (commands, inbox) = channel();
    let wanted = Arc::new(AtomicU64::new(0));
    let worker = Worker {
        inbox,
        pending: VecDeque::new(),
        wanted: wanted.clone(),
        events: Box::new(events),
        loader,
        session: None,
        quit: false,
        lost: false,
        settings: None,
        current: RequestId(0),
        pace: Pace::default(),
    };
    let thread = threads::start("engine", "the engine", || worker.run())?;
    Ok(Engine { commands, wanted, thread: Some(thread) })
}

struct Worker {
    inbox: Receiver<Command>,
    /// Commands that came while a request was running.
    pending: VecDeque<Command>,
    wanted: Arc<AtomicU64>,
    events: Box<dyn FnMut(Event) + Send>,
    loader: Loader,
    session: Option<Session>,
    quit: bool,
    /// Whether the running request has lost the model.
    lost: bool,
    /// Settings that came since the last look.
    settings: Option<Settings>,
    current: RequestId,
    pace: Pace,
}

impl Worker {
    fn run(mut self) {
        while !self.quit {
            let command = match self.pending.pop_front() {
                Some(waited) => waited,
                None => match self.inbox.recv() {
                    Ok(new) => {
                        // Settings that came before it are in it.
                        self.settings = None;
                        new
                    }
                    Err(_) => break,
                },
            };
            match command {
                Command::Load { id, source } => self.load(id, &source),
                Command::Generate(request) => self.generate(request.id, |it, to| it.run(&request, to)),
                Command::Columns(request) => self.generate(request.id, |it, to| it.run_columns(&request, to)),
                // Nothing runs: the next request brings them along.
                Command::Settings(_) => {}
                Command::Quit => break,
            }
        }
    }

    fn load(&mut self, id: RequestId, source: &ModelSource) {
        // The old model goes first: two may not fit.
        self.session = None;
        let (loader, events) = (&mut self.loader, &mut self.events);
        let result = catch_unwind(AssertUnwindSafe(|| {
            loader(source, &mut |done, total| {
                events(Event::Loading { id, done, total });
            })
        }));
        match result {
            Ok(Ok((session, card))) => {
                self.session = Some(session);
                (self.events)(Event::Loaded { id, card: Box::new(card) });
            }
            Ok(Err(failure)) => (self.events)(Event::Failed { id, failure }),
            Err(panic) => (self.events)(Event::Failed { id, failure: Failure::Panic(words(panic.as_ref())) }),
        }
    }

    fn generate(&mut self, id: RequestId, run: impl FnOnce(&mut Session, &mut Self)) {
        let Some(mut session) = self.session.take() else {
            (self.events)(Event::Failed { id, failure: Failure::NoModel });
            return;
        };
        (self.current, self.pace) = (id, Pace::default());
        match catch_unwind(AssertUnwindSafe(|| run(&mut session, self))) {
            Ok(()) if std::mem::take(&mut self.lost) => {}
            Ok(()) => self.session = Some(session),
            // The model may be in any state: it is dropped, and the interface loads it again.
            Err(panic) => (self.events)(Event::Failed { id, failure: Failure::Panic(words(panic.as_ref())) }),
        }
    }

    fn drain(&mut self) {
        for command in self.inbox.try_iter() {
            match command {
                Command::Settings(settings) => self.settings = Some(settings),
                Command::Quit => self.quit = true,
                Command::Load { .. } | Command::Generate(_) | Command::Columns(_) => {
                    // Settings that came before it are in it; those that come after are for it.
                    self.settings = None;
                    self.pending.push_back(command);
                }
            }
        }
    }
}

impl Control for Worker {
    fn event(&mut self, event: Event) {
        self.lost |= matches!(&event, Event::Failed { failure, .. } if failure.drops_the_model());
        (self.events)(event);
    }

    fn new_settings(&mut self) -> Option<Settings> {
        self.drain();
        // With another request waiting, they are for that one.
        if self.pending.is_empty() { self.settings.take() } else { None }
    }

    fn wanted(&mut self) -> bool {
        !self.quit && self.wanted.load(Ordering::Acquire) == self.current.0
    }

    fn rest(&mut self, pace: f32) {
        let mut clock = std::mem::take(&mut self.pace);
        clock.rest(pace, || {
            self.drain();
            // Another pace holds at once.
            self.wanted() && self.settings.as_ref().is_none_or(|it| it.pace.to_bits() == pace.to_bits())
        });
        self.pace = clock;
    }
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message").to_owned()
}
