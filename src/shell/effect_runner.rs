//! What carries out effects.

use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;
use std::time::SystemTime;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{End, Input, Session, clipboard};
use crate::app::{App, Effect, Msg, start};
use crate::document::Header;
use crate::engine::{Engine, spawn_with};
use crate::install::installer::Installer;
use crate::install::protocol::{CopyAt, Job as InstallJob};
use crate::loading;
use crate::store::config::update_state;
use crate::store::paths::Paths;
use crate::store::protocol::Job as StoreJob;
use crate::store::{self, Finished, Store};
use crate::threads::NoThread;

/// The services, and what carries effects out on them; the same for every front end.
pub(super) struct EffectRunner {
    engine: Engine,
    store: Option<Store>,
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
        let spawn = || {
            let from_store = sender.clone();
            let events = move |event| drop(from_store.send(Input::Msg(Msg::Store(event))));
            store::spawn(paths.transcripts.clone(), store::history::file(&paths.state), open, events)
        };
        let store = if save { Some(spawn()?) } else { None };
        begin_with.size = size;
        let (app, effects) = start(begin_with);
        let installer = Installer::new(places);
        let mut runner = Self {
            engine,
            store,
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
    header_at(SystemTime::now(), TimeZone::system())
}

/// Of a transcript that is begun now, whatever the clock says: the name of its file is a date of the calendar.
fn header_at(now: SystemTime, zone: TimeZone) -> Header {
    let earliest = Timestamp::UNIX_EPOCH;
    // A day before the calendar ends, for zones to the east.
    let latest = Timestamp::MAX - jiff::Span::new().hours(48);
    let beyond = if now < SystemTime::UNIX_EPOCH { earliest } else { latest };
    let now = Timestamp::try_from(now).unwrap_or(beyond).clamp(earliest, latest).to_zoned(zone);
    Header {
        version: 1,
        id: now.strftime("%Y%m%d-%H%M%S").to_string(),
        created: now.timestamp().as_millisecond(),
        program: concat!("megachat ", env!("CARGO_PKG_VERSION")).to_owned(),
    }
}

#[cfg(test)]
mod tests;
