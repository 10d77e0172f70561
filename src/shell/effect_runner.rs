//! What carries out effects.

use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;

use super::{End, Input, Session, clipboard, replaying};
use crate::app::{App, Effect, Msg, start};
use crate::engine::{Engine, spawn_with};
use crate::install::installer::Installer;
use crate::install::protocol::{CopyAt, Job as InstallJob};
use crate::loading;
use crate::store::config::update_state;
use crate::store::librarian::{self, Librarian};
use crate::store::paths::Paths;
use crate::store::protocol::{Job as StoreJob, LibraryJob};
use crate::store::transcripts::new_header;
use crate::store::{self, Finished, Numbers, Store};
use crate::threads::NoThread;

/// The services, and what carries effects out on them; the same for every front end.
pub(super) struct EffectRunner {
    engine: Engine,
    store: Option<Store>,
    librarian: Librarian,
    installer: Installer,
    paths: Paths,
    sender: Sender<Input>,
    /// How it ends, once it does.
    pub(super) end: Option<End>,
    /// Whether everything is to be drawn anew.
    pub(super) repaint: bool,
    /// Whether the process is to be stopped.
    pub(super) suspend: bool,
    /// A text that is to be opened in the editor.
    pub(super) edit: Option<String>,
    /// A text for the terminal's clipboard, and why no tool has taken it if one should have.
    pub(super) copy: Option<(String, Option<String>)>,
}

impl EffectRunner {
    /// Starts the services and the application. What they say goes to `sender`.
    ///
    /// # Errors
    ///
    /// If the system gives no thread for one of them.
    pub(super) fn start(session: Session, size: (u16, u16), sender: Sender<Input>) -> Result<(App, Self), NoThread> {
        let Session { paths, places, save, open, start: mut begin_with, .. } = session;
        let from_engine = sender.clone();
        let loader = Box::new(loading::load);
        let engine = spawn_with(loader, move |event| drop(from_engine.send(Input::Msg(Msg::Engine(event)))))?;
        let numbers = Numbers::default();
        let spawn = || {
            let from_store = sender.clone();
            let events = move |event| drop(from_store.send(Input::Msg(Msg::Store(event))));
            store::spawn(paths.clone(), open, numbers.clone(), events)
        };
        let store = if save { Some(spawn()?) } else { None };
        let from_library = sender.clone();
        let heard = move |event| drop(from_library.send(Input::Msg(Msg::Library(event))));
        let librarian = librarian::spawn(paths.clone(), save.then_some(numbers), heard)?;
        begin_with.size = size;
        let (app, effects) = start(begin_with);
        let installer = Installer::new(places);
        let mut runner = Self {
            engine,
            store,
            librarian,
            installer,
            paths,
            sender,
            end: None,
            repaint: false,
            suspend: false,
            edit: None,
            copy: None,
        };
        runner.act(effects);
        Ok((app, runner))
    }

    /// Ends the engine's work and writes what is left to write.
    pub(super) fn save(&mut self) -> Finished {
        self.engine.stop();
        self.store.take().map_or_else(Finished::default, Store::finish)
    }

    /// Ends the threads.
    pub(super) fn quit(self) {
        self.installer.finish();
        self.engine.quit();
    }

    pub(super) fn act(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Engine(command) => self.engine.send(command),
                Effect::StopEngine => self.engine.stop(),
                Effect::Store(job) => self.store(job),
                Effect::NewTranscript => self.store(StoreJob::Begin(new_header())),
                Effect::Library(LibraryJob::Replay { id }) => replaying::start(id, self.sender.clone()),
                Effect::Library(LibraryJob::Export { id, format, directory }) => {
                    // The whole path, so that it can be found from anywhere.
                    let directory = std::path::absolute(&directory).unwrap_or(directory);
                    self.librarian.send(LibraryJob::Export { id, format, directory });
                }
                Effect::Library(job) => self.librarian.send(job),
                Effect::Install(job) => self.install(job),
                Effect::StopInstall => self.installer.stop(),
                Effect::RememberDemoOnly(demo_only) => {
                    // Forgetting costs a question at the next start.
                    let _ = update_state(&self.paths.state, |it| it.demo_only = demo_only);
                }
                Effect::RememberModel(name) => {
                    // Forgetting costs a flag at the next start.
                    let _ = update_state(&self.paths.state, |it| it.model = Some(name));
                }
                Effect::Open(path) => {
                    let from = CopyAt::of(expand_home(&path));
                    self.install(InstallJob::Import { from, name: None });
                }
                Effect::Repaint => self.repaint = true,
                Effect::Suspend => self.suspend = true,
                Effect::Edit(text) => self.edit = Some(text),
                Effect::Copy(text) => match clipboard::tool_here() {
                    Some(tool) => clipboard::copy_with(tool, text, self.sender.clone()),
                    None => self.copy = Some((text, None)),
                },
                Effect::Quit => self.end = Some(End::Quit),
            }
        }
    }

    fn store(&self, job: StoreJob) {
        match (&self.store, job) {
            (Some(store), job) => store.send(job),
            (None, StoreJob::Open(id)) => {
                let why = "with --no-save nothing is written, and a text that is opened would be".to_owned();
                let event = store::protocol::Event::NotOpened { id, why };
                drop(self.sender.send(Input::Msg(Msg::Store(event))));
            }
            (None, _) => {}
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
