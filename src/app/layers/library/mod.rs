//! The library: every text, found again by its words, opened, named, filed, removed, exported.

mod draw;
mod tell;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;

use crate::app::context::Context;
use crate::app::editing::edit_line;
use crate::app::input::Input;
use crate::app::intent::Intent;
use crate::app::keymap::Action;
use crate::app::layers::answer::Answer;
use crate::app::layers::list::chosen_after;
use crate::app::layers::room::Room;
use crate::app::messages::words::{self, Word};
use crate::app::outbox::Effect;
use crate::app::screen::theme::Theme;
use crate::app::verbs::library;
use crate::store::protocol::{Entry, Format, Hit, LibraryJob};

pub(in crate::app) use tell::{path_of, tell};

/// What is being written about the chosen transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// What it is called from then on.
    Title,
    /// Under which words it is filed, all of them.
    Tags,
}

/// Something that is being written about a transcript.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// What it is.
    pub asked: Asked,
    /// The transcript's name: the list may change meanwhile.
    pub of: String,
    /// The answer so far.
    pub line: Input,
}

/// The state of the library.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LibraryList {
    /// What is looked for.
    pub search: Input,
    /// Whether letters are written into the search; else they are keys of the list.
    pub searches: bool,
    /// What is there, or what was found, in its order.
    pub hits: Vec<Hit>,
    /// The words that `hits` is the answer to; `None` before the first one.
    pub answered: Option<String>,
    /// Why nothing can be told, if so.
    pub fault: Option<String>,
    /// How many transcripts there are.
    pub of: usize,
    /// Whether everything was looked at.
    pub is_complete: bool,
    /// The one that is chosen.
    pub chosen: usize,
    /// Whether somebody chose it; else the first one is.
    pub moved: bool,
    /// What is being written.
    pub asked: Option<Question>,
    /// Those that were removed since the program began, the last one last.
    pub removed: Vec<String>,
}

impl LibraryList {
    /// Opens with all transcripts, or those with some words; what is typed is searched.
    pub(in crate::app) fn open(cx: &mut Context, words: &str) -> Self {
        let mut it = Self { searches: true, removed: cx.journal.removed.clone(), ..Self::default() };
        it.search.insert(words);
        it.look(cx);
        it
    }

    /// What is looked for.
    pub(in crate::app) fn words(&self) -> String {
        self.search.text().trim().to_owned()
    }

    /// Takes what is there. What was removed here is not, whatever an index says that was not brought up to date yet.
    pub(in crate::app) fn listed(&mut self, words: String, hits: Vec<Hit>, of: usize, is_complete: bool) {
        let chosen = self.hit().filter(|_| self.moved).map(|it| it.entry.id.clone());
        (self.hits, self.of, self.is_complete) = (hits, of, is_complete);
        if !is_complete {
            self.hits.retain(|it| !self.removed.contains(&it.entry.id));
        }
        (self.answered, self.fault) = (Some(words), None);
        let same = chosen.and_then(|id| self.hits.iter().position(|it| it.entry.id == id));
        self.chosen = same.unwrap_or(self.chosen).min(self.hits.len().saturating_sub(1));
    }

    /// Takes why nothing can be told.
    pub(in crate::app) fn not_listed(&mut self, words: String, why: String) {
        self.listed(words, Vec::new(), 0, true);
        self.fault = Some(why);
    }

    /// The one that is chosen.
    pub(in crate::app) fn hit(&self) -> Option<&Hit> {
        self.hits.get(self.chosen)
    }

    fn entry(&self) -> Option<&Entry> {
        self.hit().map(|it| &it.entry)
    }

    fn look(&mut self, cx: &mut Context) {
        cx.outbox.push(Effect::Library(LibraryJob::List { words: self.words() }));
    }

    /// The key while something is written about the chosen one.
    fn key_of_asked(&mut self, cx: &mut Context, key: &KeyEvent) {
        let Some(mut question) = self.asked.take() else { return };
        match (key.code, question.asked) {
            (KeyCode::Esc, _) => {}
            (KeyCode::Enter, Asked::Title) => library::retitle(cx, &question.of, question.line.text()),
            (KeyCode::Enter, Asked::Tags) => library::retag(cx, &question.of, question.line.text()),
            _ => {
                edit_line(&cx.keymap, &mut question.line, key);
                self.asked = Some(question);
            }
        }
    }

    /// The key while words are looked for; whether it was one of those.
    fn key_of_search(&mut self, cx: &mut Context, key: &KeyEvent) -> bool {
        match key.code {
            KeyCode::Esc if self.search.is_empty() => return false,
            KeyCode::Esc => self.change_search(cx, |_, search| drop(search.take())),
            KeyCode::Tab => self.searches = false,
            // Many programs begin a search with it.
            KeyCode::Char('/') if self.search.is_empty() => {}
            code if is_for_the_list(code) => return false,
            _ => self.change_search(cx, |cx, search| edit_line(&cx.keymap, search, key)),
        }
        true
    }

    fn change_search(&mut self, cx: &mut Context, change: impl FnOnce(&Context, &mut Input)) {
        let before = self.words();
        change(cx, &mut self.search);
        if self.words() != before {
            (self.chosen, self.moved) = (0, false);
            self.look(cx);
        }
    }

    /// Begins to write something about the chosen one, from what there is of it.
    fn ask(&mut self, asked: Asked, of: &str, now: &str) {
        let mut line = Input::default();
        line.insert(now);
        self.asked = Some(Question { asked, of: of.to_owned(), line });
    }

    fn remove(&mut self, cx: &mut Context) {
        let Some(id) = self.entry().map(|it| it.id.clone()) else { return };
        if cx.journal.id.as_ref() == Some(&id) {
            return cx.outbox.complain("This text is open. Open another one or begin a new one, then remove it.");
        }
        self.hits.remove(self.chosen);
        self.chosen = self.chosen.min(self.hits.len().saturating_sub(1));
        cx.outbox.push(Effect::Library(LibraryJob::Remove { id: id.clone() }));
        cx.outbox.say("It is in the trash for 30 days; u brings it back.");
        self.removed.push(id.clone());
        cx.journal.removed.push(id);
        self.look(cx);
    }
}

impl Room for LibraryList {
    fn key(&mut self, cx: &mut Context, key: &KeyEvent, action: Option<Action>) -> Answer {
        if self.asked.is_some() {
            self.key_of_asked(cx, key);
            return Answer::Stay;
        }
        if self.searches && self.key_of_search(cx, key) {
            return Answer::Stay;
        }
        let (last, before) = (self.hits.len().saturating_sub(1), self.chosen);
        let page = draw::list_rows(cx.window.size).max(1);
        match key.code {
            KeyCode::Esc | KeyCode::Char('q') => return Answer::Close,
            _ if action == Some(Action::Library) => return Answer::Close,
            KeyCode::PageUp => self.chosen = self.chosen.saturating_sub(page),
            KeyCode::PageDown => self.chosen = (self.chosen + page).min(last),
            KeyCode::Char('/') | KeyCode::Tab => self.searches = true,
            KeyCode::Char('n') => return Answer::Do(Intent::Act(Action::NewTranscript)),
            KeyCode::Char('u') => match self.removed.pop().and(cx.journal.removed.pop()) {
                Some(id) => {
                    cx.outbox.push(Effect::Library(LibraryJob::Restore { id }));
                    self.look(cx);
                }
                None => cx.outbox.say(
                    "Nothing was removed since the program began. In a shell: megachat transcripts restore --list.",
                ),
            },
            _ => {
                let Some(entry) = self.entry().cloned() else { return Answer::Stay };
                match key.code {
                    KeyCode::Enter => {
                        if library::open(cx, &entry.id, &self.words()) {
                            return Answer::Close;
                        }
                    }
                    KeyCode::Char('r') => {
                        self.ask(Asked::Title, &entry.id, entry.title.as_deref().unwrap_or_default());
                    }
                    KeyCode::Char('t') => self.ask(Asked::Tags, &entry.id, &entry.tags.join(" ")),
                    KeyCode::Char('d') => self.remove(cx),
                    KeyCode::Char('c') => cx.outbox.push(Effect::Copy(path_of(cx, &entry.id))),
                    KeyCode::Char('x') => library::export(cx, entry.id, Format::Html),
                    KeyCode::Char('m') => library::export(cx, entry.id, Format::Markdown),
                    KeyCode::Char('v') => library::replay(cx, entry.id),
                    code => self.chosen = chosen_after(code, self.chosen, last).unwrap_or(self.chosen),
                }
            }
        }
        self.moved |= self.chosen != before;
        Answer::Stay
    }

    fn draw(&self, cx: &Context, theme: &Theme, frame: &mut Frame) {
        draw::draw(cx, self, theme, frame);
    }

    fn paste(&mut self, cx: &mut Context, text: &str) {
        let line = text.lines().next().unwrap_or_default();
        if let Some(question) = &mut self.asked {
            question.line.insert(line);
        } else if self.searches {
            self.change_search(cx, |_, search| search.insert(line));
        }
    }

    fn waits(&self, key: &KeyEvent, action: Option<Action>) -> bool {
        let is_answered = self.answered.as_ref().is_some_and(|it| *it == self.words());
        if is_answered || self.asked.is_some() || action == Some(Action::Library) {
            return false;
        }
        let needs_no_list = matches!(key.code, KeyCode::Esc | KeyCode::Tab | KeyCode::Char('q' | '/' | 'n'));
        if self.searches { is_for_the_list(key.code) } else { !needs_no_list }
    }

    fn is_written_in(&self) -> bool {
        self.searches || self.asked.is_some()
    }

    fn shows_settings(&self) -> bool {
        false
    }

    fn words(&self) -> &'static [Word] {
        words::LIBRARY
    }

    fn tell(&self, cx: &Context) -> Option<Vec<String>> {
        // What is there is told once it is known.
        self.is_complete.then(|| tell(cx, self))
    }
}

/// Whether a key means the list also while words are looked for.
fn is_for_the_list(key: KeyCode) -> bool {
    matches!(key, KeyCode::Enter | KeyCode::Up | KeyCode::Down | KeyCode::PageUp | KeyCode::PageDown)
}
