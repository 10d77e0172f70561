//! What a line does.

use super::command::{What, help, meant, name_and_rest};
use super::steer::number;
use super::{Line, Plain, Report, is_covered, tell};
use crate::app::intent::{Intent, Question, WayOut};
use crate::app::keymap::Action;
use crate::app::knobs::{KNOBS, Knob, changed, settings_in};
use crate::app::layers::columns::{self, Purpose};
use crate::app::layers::{Layer, models};
use crate::app::messages::columns::WAYS_OUT;
use crate::app::messages::spoken;
use crate::app::messages::state::{FirstAnswer, first_answers};
use crate::app::msg::Msg;
use crate::app::outbox::Effect;
use crate::app::state::App;
use crate::app::text::Heat;
use crate::sample::Parameter;
use crate::store::protocol::Format;

/// Alternatives, candidates and tokens that are told where no number was given.
pub(super) const FEW: usize = 10;
/// What is told of more than that at the most.
pub(super) const MANY: usize = 20;

impl Plain {
    /// Does what a line says.
    pub(super) fn take_line(&mut self, app: &mut App, line: Line) {
        // A user who writes does not want to leave.
        app.keyboard.quit_armed = None;
        let text = match line {
            Line::Text(text) => return self.send(app, text),
            Line::Typed(text) => text,
        };
        if app.layers.is_first_run() && !text.starts_with('/') {
            return self.answer_first(app, text.trim());
        }
        if let Some(Layer::Loop(_)) = app.layers.top() {
            let number = text.trim().parse::<usize>().ok().and_then(|it| it.checked_sub(1));
            let way = number.and_then(|it| WAYS_OUT.get(it)).map(|it| it.0);
            self.want(app, Intent::WayOut(way.unwrap_or(WayOut::Leave)));
            if way.is_some() {
                return;
            }
        }
        match text.strip_prefix('/') {
            Some(rest) if rest.starts_with('/') => self.send(app, rest.to_owned()),
            Some(rest) => {
                let (name, rest) = name_and_rest(rest);
                let before = (self.out.len(), self.report);
                match meant(name) {
                    Ok(what) => self.command(app, what, rest.trim()),
                    Err(why) => self.out.error(&why),
                }
                // Each command is answered, if only by "done".
                let quits = self.effects.iter().any(|it| matches!(it, Effect::Quit | Effect::Suspend));
                if before == (self.out.len(), self.report) && app.context.drawing.running.is_none() && !quits {
                    self.out.note("done.");
                }
            }
            None => self.send(app, text),
        }
    }

    pub(super) fn want(&mut self, app: &mut App, intent: Intent) {
        let effects = self.hear(app, Msg::Intent(intent), self.now);
        self.effects.extend(effects);
    }

    pub(super) fn send(&mut self, app: &mut App, text: String) {
        if is_covered(app) {
            self.want(app, Intent::Close);
        }
        if text.is_empty() {
            return self.want(app, Intent::Act(Action::Continue));
        }
        if app.context.chat && !self.at_terminal {
            self.out.line(&format!("You: {text}"));
        }
        self.want(app, Intent::Send(text));
    }

    /// An answer to the question of the first run: a number, or the letter that is its key on the screen.
    fn answer_first(&mut self, app: &mut App, line: &str) {
        let answers = first_answers(&app.context);
        let (word, path) = line.split_once(char::is_whitespace).map_or((line, ""), |(word, rest)| (word, rest.trim()));
        let by_number = word.parse::<usize>().ok().and_then(|it| answers.get(it.checked_sub(1)?)).map(|it| it.0);
        let answer = match word {
            "" => answers.first().map(|it| it.0),
            "d" => Some(FirstAnswer::Download),
            "n" => Some(FirstAnswer::Demo),
            "i" => Some(FirstAnswer::Own),
            _ => by_number,
        };
        match answer {
            Some(FirstAnswer::Start(index)) if path.is_empty() => self.want(app, Intent::StartWith(index)),
            Some(FirstAnswer::Download) if path.is_empty() => self.want(app, Intent::Download),
            Some(FirstAnswer::Demo) if path.is_empty() => {
                self.want(app, Intent::DemoOnly);
                self.out.note("the demo it is; /models gets the other one at any time.");
            }
            Some(FirstAnswer::Own) if !path.is_empty() => self.want(app, Intent::Import(path.to_owned())),
            None if line == "q" => self.want(app, Intent::Act(Action::QuitOrDelete)),
            _ => {
                let last = answers.len();
                let numbers: Vec<String> = (1..last).map(|it| it.to_string()).collect();
                let numbers = numbers.join(", ");
                self.out.error(&format!("An answer is an empty line, {numbers}, or {last} and a path; /quit leaves."));
            }
        }
    }

    fn command(&mut self, app: &mut App, what: What, rest: &str) {
        match what {
            What::Act(action) => self.action(app, action, rest),
            What::Knob(knob) => self.set(app, &format!("{} {rest}", knob.name())),
            What::Set => self.set(app, rest),
            What::Settings => self.out.lines(tell::settings_lines(&app.context, rest)),
            What::Status => self.out.lines(tell::status(&app.context)),
            What::Show => self.show(app, rest),
            What::Next => self.report = Some(Report::Next(rest.parse().unwrap_or(FEW))),
            What::Cut => {
                self.want(app, Intent::Heat(Heat::Cut));
                self.report = Some(Report::Cut);
            }
            What::Branch => match number(rest).filter(|&it| it < app.context.text.document.runs().len()) {
                Some(run) => self.want(app, Intent::Branch(run)),
                None => self.out.error("Which branch? /tree lists them with their numbers."),
            },
            What::Open => self.open(app, rest),
            What::Take => self.take_alternative(app, rest),
            What::Tell(topic) => self.want(app, Intent::Tell(topic)),
            What::Keep => self.keep(app, rest),
            What::Dice => match app.layers.columns() {
                Some(it) if it.purpose == Purpose::Compare => {
                    self.want(app, Intent::SameDice);
                    self.report = Some(Report::Columns);
                }
                _ => self.out.error("There is nothing to compare; /compare does."),
            },
        }
    }

    fn futures(&mut self, app: &mut App, action: Action, rest: &str) {
        let open = app.layers.columns().filter(|it| it.purpose == Purpose::Futures);
        if let (Some(state), "tree") = (open, rest) {
            return self.out.lines(columns::branches(&app.context, state));
        }
        if rest == "exact" {
            if open.is_none_or(|it| it.exact.is_none()) {
                self.want(app, Intent::ExactTree);
            }
        } else if open.is_some() && rest == "more" {
            self.want(app, Intent::OtherDice);
        } else if self.point_or_end(app, rest) {
            self.want(app, Intent::Act(action));
        }
        self.await_columns(app);
    }

    /// What concerns this text as one of many.
    fn of_library(&mut self, app: &mut App, action: Action, rest: &str) {
        let words = rest.trim_matches('"').to_owned();
        let intent = match action {
            Action::FindText if rest.is_empty() => {
                return self.out.error("What is to be found? As in: /search moon");
            }
            Action::FindText => Intent::FindText(words),
            Action::Library => Intent::Library(rest.to_owned()),
            Action::Rename => Intent::Name(Question::Title, words),
            Action::Tag => Intent::Name(Question::Tags, words),
            Action::NameBookmark => Intent::Name(Question::Bookmark, words),
            _ => match format(rest) {
                Some(it) => Intent::Export(it),
                None => return self.out.error("To what? /export md, txt, json, html or loom."),
            },
        };
        self.want(app, intent);
    }

    /// Opens a text of the library: one that was told, by its number, or any by its name.
    fn open(&mut self, app: &mut App, rest: &str) {
        let told = number(rest).and_then(|it| self.listed.get(it)).cloned();
        match told.or_else(|| Some(rest.to_owned()).filter(|it| it.len() > 4)) {
            Some(id) => {
                self.leave(app);
                self.want(app, Intent::Open(id));
            }
            None => self.out.error("Which text? /library lists them with their numbers."),
        }
    }

    /// What a key does in the full interface, or its counterpart here.
    fn action(&mut self, app: &mut App, action: Action, rest: &str) {
        match action {
            Action::Help => self.out.lines(help(rest, &app.context.settings)),
            Action::Palette => self.out.lines(help(if rest.is_empty() { "all" } else { rest }, &app.context.settings)),
            Action::Interrupt => {
                let effects = self.interrupt(app, self.now);
                self.effects.extend(effects);
            }
            Action::Send => self.send(app, rest.to_owned()),
            Action::Add => self.add(app, rest),
            Action::FindToken if rest.is_empty() => self.out.error("What is to be found? As in: /find moon"),
            Action::FindToken => {
                // A space before a word counts, and a command's own is gone.
                self.want(app, Intent::Find(rest.trim_matches('"').to_owned()));
                self.report = Some(Report::Found);
            }
            Action::FindText
            | Action::Library
            | Action::Rename
            | Action::Tag
            | Action::NameBookmark
            | Action::Export => self.of_library(app, action, rest),
            Action::Inspect => self.inspect(app, rest),
            Action::ThrowDice => self.throw(app, rest),
            Action::Reroll | Action::Bookmark => {
                if self.point(app, rest) {
                    self.want(app, Intent::Act(action));
                }
            }
            Action::TypeHere => self.type_here(app, rest),
            Action::Type if rest.starts_with(|it: char| it.is_ascii_digit()) => self.type_here(app, rest),
            Action::Type if rest.is_empty() => {
                self.out.error("Write /type 5 TEXT for a text from token 5 on, or /set NAME VALUE for a control.");
            }
            Action::Type => self.set(app, rest),
            Action::EditFromHere => self.edit(app, rest),
            Action::Heat => self.heat(app, rest),
            Action::Score => {
                self.want(app, Intent::Act(Action::Score));
                self.report = Some(Report::Score);
            }
            Action::Compare => self.compare(app, rest),
            Action::Futures => self.futures(app, action, rest),
            Action::Models => self.models(app, rest),
            _ if action.is_of_panel() => self.control(app, action, rest),
            Action::Warmer | Action::Colder => self.turn(app, action, Parameter::Temperature),
            Action::TopPUp | Action::TopPDown => self.turn(app, action, Parameter::TopP),
            Action::TokenLeft
            | Action::TokenRight
            | Action::TokenWordLeft
            | Action::TokenWordRight
            | Action::Top
            | Action::Follow
            | Action::NextBookmark => {
                self.want(app, Intent::Act(action));
                self.out.line(&spoken::token(&app.context, app.context.text.cursor));
            }
            Action::QuitOrDelete | Action::Continue | Action::Undo | Action::Redo => {
                self.leave(app);
                self.want(app, Intent::Act(action));
            }
            _ => {
                if let Some(why) = needs_a_screen(action) {
                    return self.out.note(why);
                }
                self.leave(app);
                self.want(app, Intent::Act(action));
            }
        }
    }

    /// Closes columns that were not taken.
    pub(super) fn leave(&mut self, app: &mut App) {
        if is_covered(app) {
            self.want(app, Intent::Close);
        }
    }

    /// Turns to a control or changes one: the one that is named, else the one that was turned to.
    fn control(&mut self, app: &mut App, action: Action, rest: &str) {
        if matches!(action, Action::KnobUp | Action::KnobDown) {
            self.want(app, Intent::Act(action));
            return self.out.line(&tell::knob(&app.context, KNOBS[app.context.panel.knob]));
        }
        match Knob::named(rest) {
            Some(knob) => self.want(app, Intent::Pick(knob)),
            None if rest.is_empty() => {}
            None => return self.out.error(&format!("There is no control {rest}; /settings lists them.")),
        }
        self.turn(app, action, KNOBS[app.context.panel.knob]);
    }

    fn set(&mut self, app: &mut App, rest: &str) {
        match settings_in(rest) {
            Ok(found) if found.len() == 1 && found[0].1.is_empty() => {
                self.out.line(&tell::knob(&app.context, found[0].0));
            }
            // All of them or none.
            Ok(found) => match changed(&app.context.settings, rest) {
                Ok(_) => found.into_iter().for_each(|(knob, value)| self.want(app, Intent::Set(knob, value))),
                Err(why) => self.out.error(&why),
            },
            Err(why) => self.out.error(&format!("{why} /settings lists them all.")),
        }
    }

    /// Turns a control, and says what it is then.
    fn turn(&mut self, app: &mut App, action: Action, knob: impl Into<Knob>) {
        let knob = knob.into();
        let (before, told) = (app.context.settings.clone(), self.out.len());
        self.want(app, Intent::Act(action));
        if self.out.len() == told {
            let stays = if before == app.context.settings { " still" } else { " now" };
            self.out.note(&format!("{} is{stays} {}.", knob.name(), knob.show(&app.context.settings)));
        }
    }

    fn show(&mut self, app: &App, rest: &str) {
        if app.context.text.document.is_empty() {
            return self.out.line("The text is empty.");
        }
        if rest.is_empty() {
            return self.out.line(app.context.text.flow.text());
        }
        let mut numbers = rest.split_whitespace().map(number);
        match (numbers.next().flatten(), numbers.next()) {
            (Some(from), to) => {
                let to = to
                    .flatten()
                    .map_or(from.saturating_add(MANY), |it| it.saturating_add(1))
                    .min(app.context.text.document.len());
                self.out.lines(tell::tokens(&app.context, from..to));
                if to < app.context.text.document.len() {
                    self.out.line(&format!("/show {} goes on.", to + 1));
                }
            }
            (None, _) => self.out.error("Write the number of a token, as in /show 5, or of two."),
        }
    }

    fn heat(&mut self, app: &mut App, rest: &str) {
        let (mut heat, mut most) = (Heat::Surprise, FEW);
        for word in rest.split_whitespace() {
            match (word, word.parse()) {
                (_, Ok(n)) => most = n,
                ("surprise", _) => heat = Heat::Surprise,
                ("entropy", _) => heat = Heat::Entropy,
                ("varentropy", _) => heat = Heat::Varentropy,
                ("rank", _) => heat = Heat::Rank,
                ("cut", _) => heat = Heat::Cut,
                _ => return self.out.error("The text is looked at by surprise, entropy, varentropy, rank or cut."),
            }
        }
        self.want(app, Intent::Heat(heat));
        self.report = Some(if heat == Heat::Cut { Report::Cut } else { Report::Heat(heat, most) });
    }

    fn models(&mut self, app: &mut App, rest: &str) {
        let busy = app.context.models.is_installing();
        match rest.split_once(char::is_whitespace).unwrap_or((rest, "")) {
            ("", _) => self.out.lines(models::tell(&app.context)),
            ("download", _) if app.context.models.has_345m => self.out.note("The 345M model is installed already."),
            ("download", _) if busy => self.out.note("Something is being installed; /models stop ends that."),
            ("download", _) => self.want(app, Intent::Download),
            ("import", path) if !path.trim().is_empty() => {
                self.want(app, Intent::Import(path.trim().to_owned()));
            }
            ("import", _) => self.out.error("Import what? As in /models import checkpoint.zip"),
            ("switch", _) if app.context.models.offered.is_none() => {
                self.out.note("There is no other model to go over to yet.");
            }
            ("switch", _) => self.want(app, Intent::SwitchModel),
            ("stop", _) if !busy => self.out.note("Nothing is being installed."),
            ("stop", _) => self.want(app, Intent::StopInstall),
            (word, _) => self
                .out
                .error(&format!("/models {word} means nothing; /models download, import PATH, switch and stop do.")),
        }
    }
}

/// The format of that name.
fn format(name: &str) -> Option<Format> {
    Some(match name {
        "" | "md" | "markdown" => Format::Markdown,
        "txt" | "text" => Format::Text,
        "json" => Format::Json,
        "html" | "page" => Format::Html,
        "loom" => Format::Loom,
        _ => return None,
    })
}

/// Why an action has nothing to do without a screen; `None` if it has.
pub(super) fn needs_a_screen(action: Action) -> Option<&'static str> {
    match action {
        Action::NextFocus | Action::PreviousFocus | Action::LeaveText | Action::TogglePanel => {
            Some("there are no panels here: /settings, /next and /show tell what is in them.")
        }
        Action::Repaint => Some("nothing is drawn here, so there is nothing to draw anew."),
        Action::PageUp | Action::PageDown | Action::RowUp | Action::RowDown => {
            Some("the terminal scrolls what was written; /show tells the text again.")
        }
        Action::Select | Action::Copy => {
            Some("the terminal selects and copies here; `megachat transcripts show latest` prints the whole text.")
        }
        Action::EditInEditor => Some("/edit N writes on from token N; an editor of your own needs the whole screen."),
        Action::NewLine => Some("a line that ends in \\ goes on in the next one."),
        Action::Up
        | Action::Down
        | Action::Left
        | Action::Right
        | Action::WordLeft
        | Action::WordRight
        | Action::LineStart
        | Action::LineEnd
        | Action::Backspace
        | Action::Delete
        | Action::DeleteWord
        | Action::DeleteWordRight
        | Action::DeleteToStart
        | Action::DeleteToEnd
        | Action::Yank
        | Action::UndoEdit
        | Action::SearchHistory => Some("the terminal edits the line here, by its own keys."),
        _ => None,
    }
}
