//! The line mode: lines in, lines out, for screen readers, for terminals that can do no more, and for scripts.
//!
//! Nothing that was written is ever changed, and no key is read: a line is a text or a command. It is another front end of
//! the same application: what is asked for goes through [`update`](fn@crate::app::update), what happened is read off the state.

mod act;
mod command;
mod out;
mod report;
mod steer;
mod stream;
mod tell;

use std::collections::VecDeque;
use std::time::Duration;

use out::Out;
use stream::Stream;

use super::intent::Intent;
use super::keymap::Action;
use super::layers::Layer;
use super::messages;
use super::messages::columns::WAYS_OUT;
use super::messages::state::{
    FirstAnswer, SAFE_TO_STOP, SOURCES_REPORTED, first_answers, more_installed, needs, sources,
};
use super::models::EngineState;
use super::msg::Msg;
use super::outbox::{Effect, Tone};
use super::state::App;
use super::text::Heat;
use super::update::update;
use crate::install::protocol as install;
use crate::manifest::DEMO;

/// The state of the line mode.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each answers a question of its own")]
pub struct Plain {
    out: Out,
    stream: Stream,
    /// Whether a person at a terminal writes the lines; else they are done one after the other, each to its end.
    at_terminal: bool,
    /// The texts of the library that were told last, in their order.
    listed: Vec<String>,
    /// What was read and is not done yet.
    lines: VecDeque<Line>,
    /// The beginning of a line that goes on in the next one.
    begun: Option<String>,
    /// What is to be told as soon as it is known.
    report: Option<Report>,
    /// Whether no more lines come.
    at_end: bool,
    /// Whether the installer is at something that was asked for.
    installs: bool,
    /// What was told of the model and of an installation.
    told_model: Option<String>,
    told_stage: Option<std::mem::Discriminant<install::Stage>>,
    told_answers: usize,
    /// Whether the question about a loop, or that of the first run, was put.
    asked: bool,
    /// How many lines were told to wait.
    told_to_wait: usize,
    /// What the shell must do for the lines of this step, and the time of the step.
    effects: Vec<Effect>,
    now: Duration,
}

/// Something that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Line {
    /// As it was typed.
    Typed(String),
    /// A text, whatever it begins with.
    Text(String),
}

impl Line {
    fn is_command(&self) -> bool {
        matches!(self, Self::Typed(text) if text.starts_with('/') && !text.starts_with("//"))
    }
}

/// What was asked for and takes the model, or a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Report {
    /// The likeliest next tokens, so many.
    Next(usize),
    /// The token that is looked at, with so many alternatives.
    Inspection(usize),
    /// What many dice come to in the place of the token that is looked at.
    Thrown,
    /// Puts an alternative in its place.
    Take(usize),
    /// The tokens that stand out, so many.
    Heat(Heat, usize),
    /// How surprising the text is.
    Score,
    /// What the settings would have cut.
    Cut,
    /// What was found.
    Found,
    /// Columns.
    Columns,
}

impl Plain {
    /// For lines that a user writes at a terminal, or that come from elsewhere.
    #[must_use]
    pub fn new(at_terminal: bool) -> Self {
        Self {
            out: Out::default(),
            stream: Stream::default(),
            at_terminal,
            listed: Vec::new(),
            lines: VecDeque::new(),
            begun: None,
            report: None,
            at_end: false,
            installs: false,
            told_model: None,
            told_stage: None,
            told_answers: 0,
            asked: false,
            told_to_wait: 0,
            effects: Vec::new(),
            now: Duration::ZERO,
        }
    }

    /// Says what this is; to be called once, with the application's first state.
    pub fn begin(&mut self, app: &mut App) {
        if self.at_terminal {
            self.out.line(
                "megachat, line by line. A line is text and the model goes on from it; /help lists the commands.",
            );
        }
        if !app.context.text.document.is_empty() {
            self.stream.skip(&app.context);
            self.out.note(&tell::end(&app.context));
        }
        let draft = app.context.input.take();
        if !draft.is_empty() {
            self.lines.push_back(Line::Text(draft));
        }
        self.follow(app);
    }

    /// A line was read, without its end.
    pub fn line(&mut self, line: &str) {
        if self.at_terminal {
            self.out.entered();
        }
        let begun = self.begun.take();
        let is_text = begun.is_some() || !line.starts_with('/') || line.starts_with("//");
        let mut text = begun.unwrap_or_default();
        match (is_text, line.strip_suffix("\\\\"), line.strip_suffix('\\')) {
            (true, Some(rest), _) => text = format!("{text}{rest}\\"),
            (true, None, Some(rest)) => {
                self.begun = Some(format!("{text}{rest}\n"));
                return;
            }
            _ => text.push_str(line),
        }
        self.lines.push_back(Line::Typed(text));
    }

    /// A line was read that cannot be used.
    pub fn refuse(&mut self, why: &str) {
        self.out.entered();
        self.out.error(why);
    }

    /// No more lines come.
    pub fn end(&mut self) {
        self.at_end = true;
        if let Some(text) = self.begun.take() {
            self.lines.push_back(Line::Typed(text.trim_end_matches('\n').to_owned()));
        }
    }

    /// The user interrupts: what runs ends, and what was written ahead is forgotten; with nothing to stop, a second time
    /// leaves.
    pub fn interrupt(&mut self, app: &mut App, now: Duration) -> Vec<Effect> {
        if self.at_terminal {
            // The terminal shows ^C.
            self.out.end_line();
            self.lines.clear();
            self.begun = None;
        }
        self.hear(app, Msg::Intent(Intent::Act(Action::Interrupt)), now)
    }

    /// Applies a message to the application and takes note of what it changed.
    pub fn hear(&mut self, app: &mut App, msg: Msg, now: Duration) -> Vec<Effect> {
        if let Msg::Install(install::Event::Ready(install::Ready { name, .. }) | install::Event::Failed { name, .. }) =
            &msg
        {
            // The demo is made ready by itself.
            self.installs &= name == DEMO && app.context.models.demo_coming;
        }
        let effects = update(app, msg, now);
        let by_hand = |it: &Effect| match it {
            Effect::Install(job) => *job != install::Job::Demo,
            Effect::Open(_) => true,
            _ => false,
        };
        self.installs |= effects.iter().any(by_hand);
        self.follow(app);
        effects
    }

    /// Does what can be done now: tells what has become known, takes the next lines, asks for more. Says what the shell
    /// must do.
    pub fn step(&mut self, app: &mut App, now: Duration) -> Vec<Effect> {
        self.now = now;
        self.ask(app);
        loop {
            if self.report.is_some() && !self.tell(app) {
                break;
            }
            let Some(line) = self.next_line(app) else { break };
            self.take_line(app, line);
            self.ask(app);
            if self.effects.contains(&Effect::Quit) {
                return std::mem::take(&mut self.effects);
            }
        }
        if self.at_terminal && self.lines.len() > self.told_to_wait && is_writing(app) {
            self.say_waiting(app);
        }
        self.told_to_wait = self.lines.len();
        let done = self.lines.is_empty() && !self.is_busy(app);
        if self.at_end && (self.at_terminal || done) {
            self.out.end_line();
            self.effects.push(Effect::Quit);
        } else if self.at_terminal && done && self.report.is_none() {
            self.out.prompt(if app.context.chat { "You: " } else { "> " });
        }
        std::mem::take(&mut self.effects)
    }

    /// Whether the next line may be read.
    #[must_use]
    pub fn wants_a_line(&self, app: &App) -> bool {
        let first_run = app.layers.is_first_run();
        !self.at_end && (self.at_terminal || self.lines.is_empty() && (first_run || !self.is_busy(app)))
    }

    /// What is to be written now.
    pub fn take(&mut self) -> String {
        self.out.take()
    }

    /// Whether something goes on that the next line has to wait for.
    fn is_busy(&self, app: &App) -> bool {
        let waits = !self.at_terminal && (app.context.drawing.awaited.is_some() || self.installs);
        let loads = app.context.models.is_one_coming();
        let asks = app.layers.is_first_run();
        // What the library answers is told before the next line is done.
        let looks = app.layers.library().is_some_and(|it| !it.is_complete) || app.context.journal.opening.is_some();
        is_writing(app) || self.report.is_some() || waits || loads && !asks || looks
    }

    /// The next line that may be done: commands at a terminal at once, texts when the model is free.
    fn next_line(&mut self, app: &App) -> Option<Line> {
        if self.report.is_some() {
            return None;
        }
        let asks = app.layers.is_first_run();
        if !self.is_busy(app) || asks {
            return self.lines.pop_front();
        }
        if !self.at_terminal {
            return None;
        }
        let at = self.lines.iter().position(Line::is_command)?;
        self.lines.remove(at)
    }

    /// Takes note of what changed, and says it.
    fn follow(&mut self, app: &mut App) {
        let ended = self.stream.ended(&app.context, &mut self.out);
        if let Some(ended) = ended {
            self.out.end_line();
            // In chat the stop string is where the other one's turn begins, which is no news.
            if let Some(how) = ended.how.filter(|_| !(app.context.chat && ended.by_stop_string)) {
                self.out.note(&format!("{how}, {}.", messages::spoken::count(ended.drawn, "token")));
            }
        }
        if let Some(notice) = app.context.outbox.notice.take() {
            match notice.tone {
                Tone::Info => self.out.note(&notice.text),
                Tone::Error => self.out.error(&notice.text),
            }
        }
        if ended.is_none() && self.stream.follow(&app.context, &mut self.out) {
            self.out.note(&tell::end(&app.context));
        }
        // What could not be sent stays with its sender: there is no line here to put it back into.
        if app.context.drawing.running.is_none()
            && !app.context.drawing.send_when_ready
            && !app.context.input.is_empty()
        {
            app.context.input.take();
        }
        self.follow_models(app);
        self.read_out(app);
    }

    /// A model that became ready, an installation that goes on: a line for each stage.
    fn follow_models(&mut self, app: &App) {
        if let EngineState::Ready(_) = &app.context.models.engine {
            let model = messages::state::model(&app.context.models.engine);
            if self.told_model.as_ref() != Some(&model) {
                if self.at_terminal || self.told_model.is_some() {
                    self.out.note(&format!("{model} is ready; seed {}.", app.context.settings.seed));
                }
                self.told_model = Some(model);
            }
        }
        let Some(job) = &app.context.models.installing else {
            (self.told_stage, self.told_answers) = (None, 0);
            return;
        };
        for (source, answer) in job.answers.iter().skip(self.told_answers) {
            self.out.note(&format!("{source}: {answer}"));
            // What comes now is about another source.
            self.told_stage = None;
        }
        self.told_answers = job.answers.len();
        let Some(stage) = &job.stage else { return };
        let kind = std::mem::discriminant(stage);
        if self.told_stage != Some(kind) {
            self.out.note(&format!("{}: {}", job.name, messages::stage(stage)));
            self.told_stage = Some(kind);
        }
    }

    /// Puts the questions that wait for an answer: that of the first run, that about a loop.
    fn ask(&mut self, app: &App) {
        match app.layers.top() {
            Some(Layer::FirstRun(_)) if !self.asked => {
                self.out.line(&messages::WHAT_IT_IS.join(" "));
                self.out.lines([needs(&app.context).0, sources(&app.context), SOURCES_REPORTED.to_owned()]);
                for (number, (answer, what, _)) in (1..).zip(first_answers(&app.context)) {
                    self.out.line(&match (number, answer) {
                        (1, _) => format!("1 or an empty line: {what}."),
                        (_, FirstAnswer::Own) => {
                            format!("{number} and a path: {what}, as in: {number} ~/checkpoint.zip")
                        }
                        _ => format!("{number}: {what}."),
                    });
                }
                let more = more_installed(&app.context);
                if !more.is_empty() {
                    self.out.line(&more);
                }
                self.out.line(SAFE_TO_STOP);
            }
            Some(Layer::Loop(found)) if !self.asked && app.context.drawing.running.is_none() => {
                self.out.line(&messages::columns::loop_found(&app.context.text.document, found.since));
                for (number, (_, _, what)) in (1..).zip(WAYS_OUT) {
                    self.out.line(&format!("{number}: {what}."));
                }
                self.out.line("The number of one does it; any other line leaves it as it is.");
            }
            Some(Layer::FirstRun(_)) => {}
            Some(Layer::Loop(_)) => return,
            _ => return self.asked = false,
        }
        self.asked = true;
    }
}

/// Whether the model writes, here or in columns.
fn is_writing(app: &App) -> bool {
    let columns = app.layers.columns().is_some_and(|it| it.request.is_some());
    app.context.drawing.running.is_some() || columns
}

/// Whether a layer lies over the text that can be closed.
fn is_covered(app: &App) -> bool {
    !app.layers.is_empty() && !app.layers.is_first_run()
}
