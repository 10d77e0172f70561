//! A continuation on standard output: text, or JSON.

use self::printer::{Form, Printer, Told};
use super::interrupt::Interrupt;
use super::{DASH, Exit, demo_directory, find_model, model_source, places, say, say_notes};
use crate::cli::Arguments;
use crate::emergency::NO_MEMORY;
use crate::engine::generation::Session;
use crate::engine::protocol::{Failure, ModelCard, Request, RequestId, StopReason, Want};
use crate::loading::load;
use crate::output;
use crate::store::config::Config;
use crate::store::paths::Paths;

mod batch;
mod printer;
mod prompt;
mod told;

/// The model that runs where none was asked for and none is installed.
const DEMO_MODEL: &str = "the demo model (`megachat model download` gets the 345M one)";

/// Runs the headless mode.
///
/// # Errors
///
/// With the exit status of the kind of failure; 130 and 143 after a signal, when what was drawn has been printed.
pub fn generate(arguments: &Arguments, config: &Config, paths: &Paths, random_seed: u64) -> Result<(), Exit> {
    let (mut settings, seed) = arguments.sampling.settings(config).map_err(|e| Exit::usage(e.to_string()))?;
    settings.seed = seed.unwrap_or(random_seed);
    let output = &arguments.output;
    if output.logprobs.is_some() && !output.json && !output.jsonl {
        return Err(Exit::usage("--logprobs needs --json or --jsonl: a text has no room for them"));
    }
    if output.samples.is_some() || output.input.is_some() {
        return batch::generate(arguments, config, paths, &settings);
    }
    let form = match (output.json, output.jsonl) {
        (true, _) => Form::Json,
        (_, true) => Form::Lines,
        _ => Form::Text,
    };
    // Before anything is read or drawn that could not be told.
    let out = output::stdout()?;
    let quiet = output.quiet;
    let mut unread = Unread { words: &arguments.prompt, is_said: quiet };
    unread.say();
    let prompt = prompt::read(&arguments.prompt, quiet)?;
    if prompt.is_empty() && !quiet {
        say("megachat: there is no text to go on from; it begins with the model's blank page");
    }
    // JSON has the model and the seed.
    let tells = !quiet && form == Form::Text;
    let Loaded { mut session, card, taken } = load_named(arguments, config, paths)?;
    // What was not chosen is told, so that the same can be drawn again; after the model is there, for without it nothing is.
    match taken {
        Some(name) if tells => say(&format!("megachat: using {name}, seed {}", settings.seed)),
        None if tells && seed.is_none() => say(&format!("megachat: seed {}", settings.seed)),
        _ => {}
    }
    if !quiet {
        say_notes(&card);
    }
    let request = Request {
        id: RequestId(1),
        path: Vec::new(),
        text: prompt.clone(),
        settings: settings.clone(),
        mu: None,
        typed: false,
        keep: usize::from(output.logprobs.unwrap_or(0)),
        want: Want::Continuation,
        prompt_logprobs: (output.echo && form != Form::Text).then_some(0),
    };
    // From here on a signal ends the continuation; before, it ends the program.
    let interrupt = Interrupt::listen()?;
    let told = Told { form, card: &card, prompt: &prompt, settings: &settings, quiet, echo: output.echo, which: None };
    let mut printer = Printer::new(told, out, interrupt.clone());
    session.run(&request, &mut printer);
    let reason = printer.finish()?;
    // A program on the other side of a pipe may have been slower.
    unread.say();
    match (reason, interrupt.came()) {
        (_, true) => Err(Exit { code: interrupt.status(), message: String::new() }),
        (StopReason::ContextFull, _) if !quiet => {
            say(&format!("megachat: the context of {} tokens is full (--when-full slide goes on)", card.n_positions));
            Ok(())
        }
        _ => Ok(()),
    }
}

/// A model that draws.
struct Loaded {
    session: Session,
    card: ModelCard,
    /// What it is called, where nobody chose it.
    taken: Option<String>,
}

/// Loads the model that the arguments or the configuration name.
fn load_named(arguments: &Arguments, config: &Config, paths: &Paths) -> Result<Loaded, Exit> {
    let wanted = arguments.model.model.as_deref().or(config.model.as_deref());
    let (name, directory) = find_model(paths, wanted)?;
    let is_demo = directory.is_none();
    let directory = match directory {
        Some(it) => it,
        None => demo_directory(&places(paths, &arguments.files))?,
    };
    let source = model_source(&arguments.model, config, name, directory).map_err(|e| Exit::usage(e.to_string()))?;
    let (session, card) = load(&source, &mut |_, _| ()).map_err(|e| engine_exit(&e))?;
    let taken = wanted.is_none().then(|| if is_demo { DEMO_MODEL.to_owned() } else { card.name.clone() });
    Ok(Loaded { session, card, taken })
}

/// What waits on standard input while words are given.
struct Unread<'a> {
    words: &'a [String],
    is_said: bool,
}

impl Unread<'_> {
    /// Says that it is not read, once.
    fn say(&mut self) {
        let is_read = self.words.is_empty() || self.words.iter().any(|it| it == DASH);
        if !self.is_said && !is_read && prompt::waits() {
            say("megachat: there is something on standard input, which is not read; `-` among the words takes it in");
            self.is_said = true;
        }
    }
}

/// The exit of a program whose engine failed: status 6 without the device or where it cannot run the model, 2 for a text that cannot be spelled, 7 for a damaged
/// model, 71 where memory is short, 1 for all else.
#[must_use]
pub fn engine_exit(failure: &Failure) -> Exit {
    let code = match failure {
        Failure::NoDevice { .. } | Failure::CannotRun { .. } | Failure::DeviceLost(_) => 6,
        Failure::Unspelled(_) => 2,
        Failure::Damaged { .. } => super::DAMAGED,
        Failure::NoMemory(_) | Failure::OutOfMemory(_) => NO_MEMORY,
        _ => 1,
    };
    let hint = match failure {
        Failure::TooLong { .. } => "; shorten it, or give --when-full slide",
        Failure::NoDevice { .. } | Failure::DeviceLost(_) => "; --device cpu runs on the CPU",
        Failure::CannotRun { .. } => "; --device cpu runs on the CPU, --dtype names another precision",
        Failure::Unreadable { .. } | Failure::BadModel { .. } => {
            "; a GPT-2 directory in Hugging Face's layout is expected"
        }
        _ => "",
    };
    Exit { code, message: format!("{failure}{hint}") }
}
