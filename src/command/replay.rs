//! `megachat replay`: a transcript's tokens drawn again, and held against what is recorded.

mod print;
mod verdict;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::generate::engine_exit;
use super::interrupt::Interrupt;
use super::resume::recorded_model;
use super::transcripts::{meant, transcript_exit};
use super::{Exit, demo_directory, find_model, places, say, say_notes};
use crate::cli::{FileArguments, ReplayArguments};
use crate::document::{Document, Journal, NodeId, Origin, ReplayPlan, ReplayStep, RunInfo, replay_plan};
use crate::engine::generation::{Break, Control, Session};
use crate::engine::protocol::{Event, Failure, ModelCard, ModelSource};
use crate::loading::load;
use crate::model::DeviceChoice;
use crate::model::Precision;
use crate::model::device::UnknownDevice;
use crate::output;
use crate::sample::{Context, Draw, GENERATOR, Redrawn, Settings, TokenConstraints, redraw};
use crate::store::config::Config;
use crate::store::paths::Paths;
use crate::store::transcripts::{read, read_file};
use crate::text::{visible_json, visible_line, visible_path};
use verdict::{Outcome, Verdict};

/// The exit status of a transcript that does not come out again.
const DIFFERS: u8 = 8;

/// Draws everything again and prints what came of it.
///
/// # Errors
///
/// Status 8 if something differs, 3 if there is no such model, 130 or 143 after a signal, 1 if there is no such
/// transcript or it cannot be drawn again.
pub fn replay(wanted: &ReplayArguments, files: &FileArguments, config: &Config, paths: &Paths) -> Result<(), Exit> {
    // Before minutes of work that could not be told.
    let mut out = output::stdout()?;
    let (path, journal) = find(&wanted.id, paths)?;
    if !journal.faults.is_sound() {
        let differ = if journal.faults.lose_something() { "; what came after that may differ for it" } else { "" };
        say(&format!("megachat: {} is damaged: {}{differ}", visible_path(&path), journal.faults));
    }
    let ReplayPlan { document, steps } = replay_plan(&journal.records);
    let mut player = Player {
        wanted,
        files,
        config,
        paths,
        document: &document,
        loaded: None,
        constraints: TokenConstraints::default(),
    };
    let mut listener = Listener { interrupt: Interrupt::listen()?, lively: super::lively(), said: String::new() };
    let (mut outcomes, mut models): (Vec<Outcome>, Vec<(RunInfo, ModelCard)>) = (Vec::new(), Vec::new());
    for step in &steps {
        match step {
            ReplayStep::Load(recorded) => {
                if !recorded.generator.is_empty() && recorded.generator != GENERATOR {
                    let strange = visible_line(&recorded.generator);
                    return Err(Exit::failed(format!("its dice are `{strange}`, which this program does not have")));
                }
                models.push(((**recorded).clone(), player.load(recorded)?));
            }
            ReplayStep::Draw(nodes) => {
                // A transcript that lost the line says nothing of the model.
                if models.is_empty() {
                    let recorded = RunInfo::default();
                    models.push((recorded.clone(), player.load(&recorded)?));
                }
                let redrawn = player.draw(nodes, &mut listener)?;
                let model = models.len() - 1;
                outcomes.extend(
                    redrawn
                        .into_iter()
                        .map(|(node, draw, redrawn)| Outcome::new(&document, node, draw, redrawn, model)),
                );
                listener.tell(outcomes.len());
            }
        }
    }
    listener.tell(0);
    let verdict = Verdict::new(&outcomes, &models, wanted.verify);
    let report = print::Report { path: &path, outcomes: &outcomes, models: &models, verdict: &verdict };
    for warning in print::warnings(&report) {
        say(&format!("megachat: {warning}"));
    }
    let text = if wanted.json {
        format!("{}\n", visible_json(&print::json(&report).to_string()))
    } else {
        print::text(&report)
    };
    out.write_all(text.as_bytes())?;
    out.flush()?;
    if verdict.differs { Err(Exit { code: DIFFERS, message: String::new() }) } else { Ok(()) }
}

/// A transcript by its name or by its file.
fn find(id: &str, paths: &Paths) -> Result<(PathBuf, Journal), Exit> {
    let path = Path::new(id);
    let is_path = path.extension().is_some_and(|it| it == "jsonl") || path.components().count() > 1;
    let found = if is_path {
        read_file(path).map(|it| (path.to_owned(), it))
    } else {
        read(&paths.transcripts, &meant(id, paths)?)
    };
    found.map_err(|e| transcript_exit(&e))
}

/// Draws with the models that are recorded.
struct Player<'a> {
    wanted: &'a ReplayArguments,
    files: &'a FileArguments,
    config: &'a Config,
    paths: &'a Paths,
    document: &'a Document,
    loaded: Option<(ModelSource, Session, ModelCard)>,
    constraints: TokenConstraints,
}

impl Player<'_> {
    /// Makes the model ready that was recorded, or the one that was asked for instead.
    fn load(&mut self, recorded: &RunInfo) -> Result<ModelCard, Exit> {
        let source = self.source(recorded)?;
        match &mut self.loaded {
            // What it has read before changes none of its scores.
            Some((old, ..)) if *old == source => {}
            _ => {
                // The old model goes first: two may not fit.
                self.loaded = None;
                let (session, card) = load(&source, &mut |_, _| ()).map_err(|e| engine_exit(&e))?;
                say_notes(&card);
                self.loaded = Some((source, session, card));
            }
        }
        match &self.loaded {
            Some((_, _, card)) => Ok(card.clone()),
            None => Err(Exit::failed("no model is loaded")),
        }
    }

    fn source(&self, recorded: &RunInfo) -> Result<ModelSource, Exit> {
        let asked = &self.wanted.model;
        let usage = |e: crate::cli::MeaningError| Exit::usage(e.to_string());
        let of_record = Some(recorded.name.as_str()).filter(|it| !it.is_empty());
        let name = asked.model.as_deref().or(of_record).or(self.config.model.as_deref());
        // By its weights, or by where it lay; else by its name, and the weights are compared.
        let recorded_model = match (&asked.model, of_record) {
            (None, Some(name)) => recorded_model(self.paths, name, &recorded.sha256, recorded.path.as_deref())?,
            _ => None,
        };
        let named = recorded_model.map_or_else(|| find_model(self.paths, name), Ok);
        let (name, directory) = named.map_err(|exit| {
            let hint = "\nIt was drawn with that model; --model names another place where it is.";
            let message = if asked.model.is_none() { exit.message + hint } else { exit.message };
            Exit { message, ..exit }
        })?;
        let directory = match directory {
            Some(it) => it,
            None => demo_directory(&places(self.paths, self.files))?,
        };
        // What is recorded goes before the configuration: only so can the same come out.
        let device = match &asked.device {
            Some(device) => device.clone(),
            // A transcript that lost the line says nothing of the device.
            None if recorded.device.is_empty() => asked.device(self.config).map_err(usage)?,
            None => DeviceChoice::On(recorded.device.parse().map_err(|e: UnknownDevice| {
                let hint =
                    "The transcript was drawn there; --device names another place, where other numbers may come.";
                Exit { code: 6, message: format!("{e}. {hint}") }
            })?),
        };
        let precision = match (asked.dtype, Precision::named(&recorded.dtype)) {
            (None, Some(it)) => Some(it),
            _ => asked.precision(self.config).map_err(usage)?,
        };
        Ok(ModelSource { name, directory, device, precision, threads: asked.threads, said: asked.said() })
    }

    /// Draws tokens again, each after the recorded tokens before it.
    fn draw(&mut self, nodes: &[NodeId], control: &mut Listener) -> Result<Vec<(NodeId, Draw, Redrawn)>, Exit> {
        let Self { document, loaded, constraints, .. } = self;
        let Some((_, session, card)) = loaded else { return Err(Exit::failed("no model is loaded")) };
        let mut out = Vec::new();
        for it in nodes.iter().filter_map(|&it| Recorded::of(document, it)) {
            let path = document.tokens_to(it.parent);
            // A damaged transcript may hold what no model can read; then nothing comes out.
            let mut redrawn = Redrawn { draw: None, recorded: None };
            if !path.is_empty() {
                match session.scores_after(&path, control) {
                    Ok(logits) => redrawn = it.again(document, card, constraints, logits),
                    Err(broken) => control.check(broken)?,
                }
            }
            out.push((it.node, it.draw, redrawn));
        }
        Ok(out)
    }
}

/// A drawn token as the transcript has it.
struct Recorded {
    node: NodeId,
    draw: Draw,
    parent: Option<NodeId>,
}

impl Recorded {
    fn of(document: &Document, node: NodeId) -> Option<Self> {
        let it = document.node(node)?;
        let Origin::Drawn(draw) = &it.origin else { return None };
        Some(Self { node, draw: (**draw).clone(), parent: it.parent })
    }

    /// It, drawn from scores under the settings of then.
    fn again(
        &self,
        document: &Document,
        card: &ModelCard,
        constraints: &mut TokenConstraints,
        logits: &[f32],
    ) -> Redrawn {
        let usual = Settings::default();
        let settings = document.settings_at(self.node).unwrap_or(&usual);
        constraints.follow(settings, &card.vocabulary);
        let path = document.tokens_to(self.parent);
        // What goes on with a begun word is drawn before mirostat knows anything.
        let before = self.parent.filter(|_| self.draw.begun == 0);
        let mu = before.and_then(|it| Self::of(document, it)).and_then(|it| it.draw.mu);
        let begun = card.vocabulary.bytes(self.draw.token).get(..self.draw.begun).unwrap_or_default();
        let context = Context::new(&path, constraints).with_mu(mu).with_begun(begun);
        redraw(logits, &context, settings, self.draw.token)
    }
}

/// Hears nothing but the signals.
struct Listener {
    interrupt: Interrupt,
    lively: bool,
    /// What went wrong last, which need not be said again.
    said: String,
}

impl Listener {
    /// What must end the replay.
    fn check(&mut self, broken: Break) -> Result<(), Exit> {
        match broken {
            Break::Cancelled => Err(Exit { code: self.interrupt.status(), message: String::new() }),
            // That says nothing of the transcript.
            Break::Failed(failure @ (Failure::OutOfMemory(_) | Failure::DeviceLost(_))) => Err(engine_exit(&failure)),
            // A token that nothing comes of counts as one that did not come out again.
            Break::Failed(failure) => {
                let why = failure.to_string();
                if self.said != why {
                    say(&format!("megachat: {why}"));
                    self.said = why;
                }
                Ok(())
            }
        }
    }

    fn tell(&self, done: usize) {
        if self.lively && done.is_multiple_of(16) {
            let what = if done == 0 { String::new() } else { format!("{done} tokens") };
            // That it cannot be shown changes nothing.
            let _ = write!(output::stderr(), "\r\x1b[K{what}");
        }
    }
}

impl Control for Listener {
    fn event(&mut self, event: Event) {
        if let Event::Moved { why, .. } = event {
            say(&format!("megachat: {why}"));
        }
    }

    fn new_settings(&mut self) -> Option<Settings> {
        None
    }

    fn wanted(&mut self) -> bool {
        !self.interrupt.came()
    }
}
