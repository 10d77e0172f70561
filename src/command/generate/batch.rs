//! Continuations of several texts: of one text several, `-N`, and of the texts of a file, `--input`.

use std::collections::VecDeque;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;
use std::rc::Rc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::score::each_line;
use super::super::source::Progress;
use super::super::{DASH, Exit, engine_exit, lively, say, say_notes};
use super::printer::{Form, Printer, Told};
use super::told::Which;
use super::{Interrupt, Loaded, load_named, prompt};
use crate::cli::Arguments;
use crate::engine::generation::{Control, Session};
use crate::engine::protocol::{Event, Failure, ModelCard, Request, RequestId, Want};
use crate::output::{self, Output};
use crate::sample::{Settings, preset, preset_names};
use crate::store::config::Config;
use crate::store::paths::Paths;
use crate::store::sampling::Sampling;
use crate::text::{visible_json, visible_name};

/// Texts that are drawn before any of them is told.
const TOLD_TOGETHER: usize = 8;

/// A continuation to draw.
struct Job {
    which: Which,
    prompt: String,
    settings: Settings,
}

/// A line of the input.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct Line {
    prompt: String,
    id: Option<Value>,
    preset: Option<String>,
    #[serde(flatten)]
    sampling: Sampling,
}

/// Draws and prints them.
///
/// # Errors
///
/// Status 2 if what is asked for has no meaning; as [`super::generate`] where the one text fails; 1 where some of a file's fail,
/// when the others are printed.
pub(super) fn generate(arguments: &Arguments, config: &Config, paths: &Paths, settings: &Settings) -> Result<(), Exit> {
    let wanted = &arguments.output;
    if wanted.json {
        return Err(Exit::usage("--json is about one continuation; --jsonl prints an object for each"));
    }
    let form = if wanted.jsonl { Form::Json } else { Form::Text };
    let out = output::stdout()?;
    let mut texts = texts(arguments, settings)?;
    // Before a model is loaded for nothing.
    let Some(first) = texts.each.next() else {
        return Err(Exit::failed("there is nothing to continue: the input is empty"));
    };
    let Loaded { session, card, taken } = load_named(arguments, config, paths)?;
    if let Some(name) = taken.filter(|_| !wanted.quiet && form == Form::Text) {
        say(&format!("megachat: using {name}"));
    }
    if !wanted.quiet {
        say_notes(&card);
    }
    let shows = lively() && !wanted.quiet && !io::stdout().is_terminal();
    let interrupt = Interrupt::listen()?;
    let mut batch = Batch { arguments, form, card, session, interrupt, out, texts: 0, failed: 0 };
    texts.each = Box::new(std::iter::once(first).chain(texts.each));
    let mut outcome = Ok(true);
    while let Ok(true) = outcome {
        outcome = batch.some(&mut texts);
        if shows {
            let _ = write!(output::stderr(), "\r\x1b[K{} texts", batch.texts);
        }
    }
    if shows {
        let _ = write!(output::stderr(), "\r\x1b[K");
    }
    batch.out.flush()?;
    outcome?;
    match batch.failed {
        0 => Ok(()),
        failed => Err(Exit::failed(format!("{failed} of {} texts could not be continued", batch.texts))),
    }
}

/// What there is to draw, text by text.
struct Texts {
    each: Box<dyn Iterator<Item = Result<Vec<Job>, Bad>>>,
    /// How far the input is read, if there is one.
    progress: Option<Rc<Progress>>,
    /// The first of those that are not drawn yet.
    next: VecDeque<Job>,
}

impl Texts {
    /// Some to be drawn together, none at the end of all, and why there are no more of them.
    fn some(&mut self) -> (Vec<Job>, Option<Bad>) {
        // What is there is drawn before more is waited for.
        let waits = |it: &Self| !it.next.is_empty() && it.progress.as_ref().is_some_and(|it| it.waits.get());
        let mut bad = None;
        while self.next.len() < TOLD_TOGETHER && bad.is_none() && !waits(self) {
            match self.each.next() {
                Some(Ok(jobs)) => self.next.extend(jobs),
                Some(Err(it)) => bad = Some(it),
                None => break,
            }
        }
        (self.next.drain(..TOLD_TOGETHER.min(self.next.len())).collect(), bad)
    }
}

fn texts(arguments: &Arguments, settings: &Settings) -> Result<Texts, Exit> {
    let wanted = &arguments.output;
    let samples = wanted.samples.unwrap_or(1);
    let Some(file) = &wanted.input else {
        let prompt = prompt::read(&arguments.prompt, wanted.quiet)?;
        let each = Box::new(std::iter::once(Ok(several(None, None, &prompt, settings, samples))));
        return Ok(Texts { each, progress: None, next: VecDeque::new() });
    };
    let file = Some(&**file).filter(|it| *it != Path::new(DASH));
    let settings = settings.clone();
    let (lines, progress) = each_line(file, &format!("prompts, in each line one like {EXAMPLE}"))?;
    let lines = (1..).zip(lines).filter(|it| !it.1.as_ref().is_ok_and(|line| line.trim().is_empty()));
    let each = Box::new(lines.map(move |(number, line)| {
        let line = line.map_err(Bad::Input)?;
        jobs_of(number, &line, &settings, samples).map_err(|why| Bad::Line(number, why))
    }));
    Ok(Texts { each, progress: Some(progress), next: VecDeque::new() })
}

/// A run over all texts.
struct Batch<'a> {
    arguments: &'a Arguments,
    form: Form,
    card: ModelCard,
    session: Session,
    interrupt: Interrupt,
    out: Output,
    /// How many were told, and how many of them could not be drawn.
    texts: usize,
    failed: usize,
}

impl Batch<'_> {
    /// Draws and tells some; answers whether there may be more.
    fn some(&mut self, texts: &mut Texts) -> Result<bool, Exit> {
        let (some, bad) = texts.some();
        if some.is_empty() && bad.is_none() {
            return Ok(false);
        }
        let failures = self.draw(&some)?;
        match bad {
            Some(Bad::Line(line, why)) => {
                self.texts += 1;
                self.fail(&Which { line: Some(line), id: None, sample: 1, samples: 1 }, &why)?;
            }
            Some(Bad::Input(exit)) => return Err(exit),
            None => {}
        }
        self.out.flush()?;
        if self.interrupt.came() {
            return Err(Exit { code: self.interrupt.status(), message: String::new() });
        }
        // No other text can be drawn; and where there is one prompt, its failure is that of the whole.
        let is_one = self.arguments.output.input.is_none();
        match failures.iter().find(|it| it.drops_the_model() || is_one) {
            Some(it) => Err(engine_exit(it)),
            None => Ok(true),
        }
    }

    /// Draws some together, and tells them in their order.
    fn draw(&mut self, some: &[Job]) -> Result<Vec<Failure>, Exit> {
        let (form, wanted) = (self.form, &self.arguments.output);
        let requests: Vec<Request> = (1..).zip(some).map(|(id, it)| it.request(id, self.arguments)).collect();
        let mut told: Vec<Vec<u8>> = vec![Vec::new(); some.len()];
        let printers = some.iter().zip(&mut told).map(|(it, out)| {
            let (card, which) = (&self.card, Some(it.which.clone()));
            let Job { prompt, settings, .. } = it;
            let told = Told { form, card, prompt, settings, quiet: wanted.quiet, echo: wanted.echo, which };
            Printer::new(told, out, self.interrupt.clone())
        });
        let mut listener = Several { printers: printers.collect(), interrupt: &self.interrupt, failures: Vec::new() };
        self.session.run_batch(&requests, &mut listener);
        let Several { printers, failures, .. } = listener;
        let ends: Vec<Option<String>> = printers.into_iter().map(|it| it.finish().err().map(|it| it.message)).collect();
        for ((job, bytes), end) in some.iter().zip(&told).zip(ends) {
            if form == Form::Text {
                writeln!(self.out, "{}", heading(&job.which, job.settings.seed))?;
            }
            self.out.write_all(bytes)?;
            if let Some(why) = end {
                self.fail(&job.which, &why)?;
            }
        }
        self.texts += some.len();
        Ok(failures)
    }

    /// Tells of one that could not be drawn.
    fn fail(&mut self, which: &Which, why: &str) -> Result<(), Exit> {
        self.failed += 1;
        if self.form == Form::Json {
            let mut object = json!({ "line": which.line });
            if let Some(id) = &which.id {
                object["id"] = id.clone();
            }
            (object["sample"], object["error"]) = (which.sample.into(), why.into());
            writeln!(self.out, "{}", visible_json(&object.to_string()))?;
        } else if let Some(line) = which.line {
            say(&format!("megachat: line {line}: {why}"));
        }
        Ok(())
    }
}

/// Why there is no job.
enum Bad {
    /// The input ends here.
    Input(Exit),
    /// This line says nothing that could be drawn; the others may.
    Line(usize, String),
}

/// What a line of the input asks for, over what the command line says.
fn jobs_of(number: usize, line: &str, settings: &Settings, samples: u32) -> Result<Vec<Job>, String> {
    let Line { prompt, id, preset: named, sampling } =
        serde_json::from_str(line).map_err(|e| format!("{}; a line is an object like {EXAMPLE}", reason(&e)))?;
    if let Some(key) = sampling.unknown.keys().next() {
        let key = visible_name(key);
        return Err(format!(
            "there is no setting `{key}`; a line has prompt, id, preset, seed and settings by their flags' names"
        ));
    }
    let mut settings = settings.clone();
    if let Some(name) = named {
        let Some(preset) = preset(&name) else {
            return Err(format!("there is no preset `{}`; there are {}", visible_name(&name), preset_names()));
        };
        settings.apply(preset);
    }
    sampling.apply(&mut settings);
    settings.check().map_err(|e| e.to_string())?;
    Ok(several(Some(number), id.as_ref(), &prompt, &settings, samples))
}

/// What is wrong with a line, in words that are not of a programming language.
fn reason(error: &serde_json::Error) -> String {
    let said = error.to_string();
    // Of a line there is one.
    let (said, column) = said.split_once(" at line 1 column ").map_or((&*said, None), |it| (it.0, Some(it.1)));
    let said =
        [("f32", "a number"), ("f64", "a number"), ("u64", "a number"), ("u32", "a number"), ("i32", "a number")]
            .iter()
            .fold(said.replace("sequence", "list").replace("map", "object"), |said, it| {
                said.replace(&format!("expected {}", it.0), &format!("expected {}", it.1))
            });
    column.map_or_else(|| said.clone(), |it| format!("{said} (at byte {it})"))
}

/// What a line may look like.
const EXAMPLE: &str = r#"{"prompt": "Once upon a time", "seed": 1, "temp": 0.8}"#;

/// Continuations of one text, each with the next seed.
fn several(line: Option<usize>, id: Option<&Value>, prompt: &str, settings: &Settings, samples: u32) -> Vec<Job> {
    let job = |sample: u32| Job {
        which: Which { line, id: id.cloned(), sample, samples },
        prompt: prompt.to_owned(),
        settings: Settings { seed: settings.seed.wrapping_add(u64::from(sample - 1)), ..settings.clone() },
    };
    (1..=samples).map(job).collect()
}

impl Job {
    fn request(&self, id: u64, arguments: &Arguments) -> Request {
        let wanted = &arguments.output;
        Request {
            id: RequestId(id),
            path: Vec::new(),
            text: self.prompt.clone(),
            settings: self.settings.clone(),
            mu: None,
            typed: false,
            keep: usize::from(wanted.logprobs.unwrap_or(0)),
            want: Want::Continuation,
            prompt_logprobs: (wanted.echo && wanted.jsonl).then_some(0),
        }
    }
}

/// The line before a text.
fn heading(which: &Which, seed: u64) -> String {
    let line = which.line.map(|it| format!("line {it}, ")).unwrap_or_default();
    let of = if which.samples > 1 { format!("{} of {}, ", which.sample, which.samples) } else { String::new() };
    format!("--- {line}{of}seed {seed}")
}

/// Hears of all and tells each its own.
struct Several<'a, 'b> {
    printers: Vec<Printer<'a, &'b mut Vec<u8>>>,
    interrupt: &'a Interrupt,
    failures: Vec<Failure>,
}

impl Control for Several<'_, '_> {
    fn event(&mut self, event: Event) {
        if let Event::Failed { failure, .. } = &event {
            self.failures.push(failure.clone());
        }
        let index = event.id().0 as usize - 1;
        if let Some(printer) = self.printers.get_mut(index) {
            printer.event(event);
        }
    }

    fn new_settings(&mut self) -> Option<Settings> {
        None
    }

    fn wanted(&mut self) -> bool {
        !self.interrupt.came()
    }
}
