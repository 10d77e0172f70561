//! A continuation on standard output: text, or JSON.

use std::collections::VecDeque;
use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::interrupt::Interrupt;
use super::{Exit, demo_directory, find_model, model_source, places, say, say_notes};
use crate::TokenId;
use crate::cli::Arguments;
use crate::emergency::NO_MEMORY;
use crate::engine::generation::Control;
use crate::engine::protocol::{Cut, Event, Failure, MOST_TEXT, ModelCard, Request, RequestId, StopReason, Want};
use crate::loading::load;
use crate::manifest::MEGATRON_345M;
use crate::sample::{Draw, Row, Settings, StepTrace};
use crate::store::config::Config;
use crate::store::paths::Paths;
use crate::text::{StopBuffer, Utf8Stream, Visible, Vocabulary, stops};

/// Runs the headless mode.
///
/// # Errors
///
/// With the exit status of the kind of failure; 130 and 143 after a signal, when what was drawn has been printed.
pub fn generate(arguments: &Arguments, config: &Config, paths: &Paths, random_seed: u64) -> Result<(), Exit> {
    let (mut settings, seed) = arguments.sampling.settings(config).map_err(|e| Exit::usage(e.to_string()))?;
    settings.seed = seed.unwrap_or(random_seed);
    let prompt = read_prompt(&arguments.prompt)?;
    let wanted = arguments.model.model.as_deref().or(config.model.as_deref());
    let (name, directory) = find_model(paths, wanted)?;
    let quiet = arguments.output.quiet;
    if wanted.is_none() && !quiet {
        say(&if name == MEGATRON_345M {
            format!("megachat: using {name}, seed {}", settings.seed)
        } else {
            format!(
                "megachat: using the demo model (`megachat model download` gets the 345M one), seed {}",
                settings.seed
            )
        });
    } else if seed.is_none() && !quiet {
        // What was not chosen is told, so that the same can be drawn again.
        say(&format!("megachat: seed {}", settings.seed));
    }
    let directory = match directory {
        Some(it) => it,
        None => demo_directory(&places(paths, &arguments.files))?,
    };
    let usage = |e: crate::cli::MeaningError| Exit::usage(e.to_string());
    let source = model_source(&arguments.model, config, name, directory).map_err(usage)?;
    let (mut session, card) = load(&source, &mut |_, _| ()).map_err(|e| engine_exit(&e))?;
    if !quiet {
        say_notes(&card);
    }
    let output = &arguments.output;
    let form = match (output.json, output.jsonl) {
        (true, _) => Form::Json,
        (_, true) => Form::Lines,
        _ => Form::Text,
    };
    let request = Request {
        id: RequestId(1),
        path: Vec::new(),
        text: prompt.clone(),
        settings: settings.clone(),
        mu: None,
        typed: false,
        keep: usize::from(output.logprobs),
        want: Want::Continuation,
        prompt_logprobs: None,
    };
    // From here on a signal ends the continuation; before, it ends the program.
    let interrupt = Interrupt::listen()?;
    let mut printer = Printer::new(form, &card, settings, interrupt.clone(), quiet);
    session.run(&request, &mut printer);
    let reason = printer.finish(&card, &prompt)?;
    match (reason, interrupt.came()) {
        (_, true) => Err(Exit { code: interrupt.status(), message: String::new() }),
        (StopReason::ContextFull, _) if !quiet => {
            say(&format!("megachat: the context of {} tokens is full (--when-full slide goes on)", card.n_positions));
            Ok(())
        }
        _ => Ok(()),
    }
}

/// The words of the command line, and standard input if it is no terminal, without its last line end.
fn read_prompt(words: &[String]) -> Result<String, Exit> {
    let dash = words == ["-"];
    let mut prompt = if dash { String::new() } else { words.join(" ") };
    if dash || !io::stdin().is_terminal() {
        let mut bytes = Vec::new();
        io::stdin()
            .take(MOST_TEXT as u64 + 1)
            .read_to_end(&mut bytes)
            .map_err(|e| Exit::failed(format!("cannot read standard input: {e}")))?;
        if bytes.len() > MOST_TEXT {
            return Err(Exit::failed(format!(
                "standard input is longer than {MOST_TEXT} bytes, far more than a context holds"
            )));
        }
        let text = String::from_utf8_lossy(&bytes);
        prompt.push_str(text.strip_suffix('\n').unwrap_or(&text));
    }
    Ok(prompt)
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

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    Json,
    Lines,
}

/// A token that was drawn.
struct Drawn {
    /// Where its text ends among what was written.
    end: usize,
    draw: Draw,
    trace: Vec<StepTrace>,
}

/// Prints what may be printed: whole characters that cannot turn out to be the beginning of a stop string.
struct Printer {
    form: Form,
    vocabulary: Arc<Vocabulary>,
    settings: Settings,
    interrupt: Interrupt,
    drawn_bytes: StopBuffer,
    utf8: Utf8Stream,
    /// Draws, with where they end in `bytes`; those of `Form::Lines` leave when they are printed.
    draws: VecDeque<Drawn>,
    count: usize,
    /// Whether standard output is a terminal, which control characters could harm.
    terminal: bool,
    /// What was printed last there, which a mark may stand on.
    visible: Visible,
    outcome: Option<Result<(StopReason, Option<Cut>), Failure>>,
    broken: Option<io::Error>,
    started: Instant,
    first: Option<Duration>,
    prompt: Vec<TokenId>,
    /// What the vocabulary reads instead of the prompt, where it changes it.
    read_as: Option<String>,
    quiet: bool,
}

impl Printer {
    fn new(form: Form, card: &ModelCard, settings: Settings, interrupt: Interrupt, quiet: bool) -> Self {
        Self {
            form,
            vocabulary: card.vocabulary.clone(),
            settings,
            interrupt,
            drawn_bytes: StopBuffer::default(),
            utf8: Utf8Stream::default(),
            draws: VecDeque::new(),
            count: 0,
            terminal: io::stdout().is_terminal(),
            visible: Visible::default(),
            outcome: None,
            broken: None,
            started: Instant::now(),
            first: None,
            prompt: Vec::new(),
            read_as: None,
            quiet,
        }
    }

    /// Prints everything drawn up to `end`.
    fn print(&mut self, end: usize) -> io::Result<()> {
        let fresh = self.drawn_bytes.take(end);
        let mut out = io::stdout().lock();
        match self.form {
            Form::Json => {}
            Form::Text => {
                let mut text = String::new();
                self.utf8.push(fresh, &mut text);
                if self.terminal {
                    let mut shown = String::new();
                    self.visible.push(&text, &mut shown);
                    text = shown;
                }
                out.write_all(text.as_bytes())?;
                out.flush()?;
            }
            Form::Lines => {
                while self.draws.front().is_some_and(|it| it.end <= end) {
                    let Some(drawn) = self.draws.pop_front() else {
                        break;
                    };
                    serde_json::to_writer(&mut out, &token_json(&drawn, self.count, &self.vocabulary))?;
                    out.write_all(b"\n")?;
                    self.count += 1;
                }
                out.flush()?;
            }
        }
        Ok(())
    }

    fn token(&mut self, draw: Draw, trace: Vec<StepTrace>) {
        self.first.get_or_insert_with(|| self.started.elapsed());
        let is_end = self.vocabulary.is_end(draw.token);
        if draw.begun > 0 {
            self.prompt.pop();
        }
        // The mark is no text; where it does not end the continuation, it is.
        if !is_end || self.settings.end_of_text == crate::sample::EndOfText::Continue {
            self.drawn_bytes.push(&self.vocabulary.bytes(draw.token)[draw.begun..]);
        }
        self.draws.push_back(Drawn { end: self.drawn_bytes.bytes().len(), draw, trace });
        let safe = self.drawn_bytes.safe(&self.settings.stop);
        if let Err(error) = self.print(safe) {
            self.broken = Some(error);
        }
    }

    fn finish(mut self, card: &ModelCard, prompt: &str) -> Result<StopReason, Exit> {
        if let Some(error) = self.broken {
            return Err(error.into());
        }
        let (reason, cut) = match self.outcome.take() {
            Some(Ok(it)) => it,
            Some(Err(failure)) => {
                // What was held back is no stop string after all.
                self.print(self.drawn_bytes.bytes().len())?;
                return Err(engine_exit(&failure));
            }
            None => return Err(Exit::failed("the engine ended without an answer")),
        };
        let end = match &reason {
            StopReason::StopString(stop) => {
                let bytes = self.drawn_bytes.bytes();
                stops::find(bytes, 0, std::slice::from_ref(stop)).map_or(bytes.len(), |it| it.0)
            }
            _ => self.drawn_bytes.bytes().len(),
        };
        self.print(end)?;
        let mut out = io::stdout().lock();
        match self.form {
            Form::Text => {
                let mut rest = String::new();
                self.utf8.finish(&mut rest);
                out.write_all(rest.as_bytes())?;
                if self.terminal {
                    out.write_all(b"\n")?;
                }
            }
            Form::Json => {
                let keep = self.draws.len() - cut.map_or(0, |it| it.tokens);
                let value = self.summary(card, prompt, &reason, end, keep);
                serde_json::to_writer(&mut out, &value).map_err(io::Error::from)?;
                out.write_all(b"\n")?;
            }
            Form::Lines => {}
        }
        out.flush()?;
        Ok(reason)
    }

    fn summary(&self, card: &ModelCard, prompt: &str, reason: &StopReason, end: usize, keep: usize) -> Value {
        let elapsed = self.started.elapsed().as_secs_f64();
        let draws = self.draws.iter().take(keep);
        let tokens: Vec<Value> =
            draws.enumerate().map(|(index, drawn)| token_json(drawn, index, &self.vocabulary)).collect();
        let model = json!({
            "name": card.name,
            "sha256": card.sha256,
            "dtype": card.dtype,
            "device": card.device,
            "vocabulary": card.vocabulary.facts(),
        });
        json!({
            "model": model,
            "prompt": prompt,
            "prompt_tokens": self.prompt,
            "prompt_read_as": self.read_as,
            "text": String::from_utf8_lossy(&self.drawn_bytes.bytes()[..end]),
            "tokens": tokens,
            "stop_reason": reason.name(),
            "stop_string": match reason { StopReason::StopString(it) => Some(it), _ => None },
            "settings": self.settings,
            "seconds": { "to_first_token": self.first.map(|it| it.as_secs_f64()), "total": elapsed },
        })
    }
}

impl Control for Printer {
    fn event(&mut self, event: Event) {
        match event {
            Event::Token { draw, trace, .. } => self.token(*draw, trace),
            Event::Encoded { tokens, read_as, .. } => {
                self.prompt = tokens;
                self.read_as = read_as;
                if let (Some(it), false) = (&self.read_as, self.quiet) {
                    say(&format!("megachat: {it}"));
                }
            }
            Event::Finished { reason, cut, .. } => self.outcome = Some(Ok((reason, cut))),
            Event::Failed { failure, .. } => self.outcome = Some(Err(failure)),
            Event::Loading { .. }
            | Event::Loaded { .. }
            | Event::Prefill { .. }
            | Event::Next { .. }
            | Event::Under { .. }
            | Event::PromptLogprobs { .. }
            | Event::ColumnToken { .. }
            | Event::ColumnEnded { .. } => {}
        }
    }

    fn new_settings(&mut self) -> Option<Settings> {
        None
    }

    fn wanted(&mut self) -> bool {
        self.broken.is_none() && !self.interrupt.came()
    }
}

/// One token as JSON; log-probabilities are natural.
fn token_json(drawn: &Drawn, index: usize, vocabulary: &Vocabulary) -> Value {
    let draw = &drawn.draw;
    let row = |row: &Row| {
        json!({
            "id": row.token,
            "text": String::from_utf8_lossy(vocabulary.bytes(row.token)),
            "logprob": row.model.ln(),
            "logprob_after": row.after.map(f32::ln),
        })
    };
    let bytes = vocabulary.bytes(draw.token);
    let mut value = json!({
        "index": index,
        "id": draw.token,
        "text": String::from_utf8_lossy(bytes),
        "logprob": draw.model.ln(),
        "logprob_after": draw.after.ln(),
        "rank": draw.rank,
        "kept": draw.kept,
        "die": draw.die,
        "chain": drawn.trace,
    });
    if draw.begun > 0 {
        value["begun"] = json!(draw.begun);
    }
    if std::str::from_utf8(bytes).is_err() {
        value["bytes"] = json!(bytes);
    }
    if !draw.top.is_empty() {
        value["top"] = draw.top.iter().map(row).collect();
    }
    value
}
