//! `megachat guess`: Shannon's game, in which a class and the model guess the next word of a text.

mod answers;
mod passages;
mod player;
mod totals;

use std::io::{self, IsTerminal as _, Write};

use serde_json::{Value, json};

use self::answers::{Answers, Heard};
use self::passages::PASSAGES;
use self::player::{Player, Thought};
use self::totals::{ENOUGH, Totals};
use super::input::Piped;
use super::score::style;
use super::{Exit, measured, print_json};
use crate::cli::{FileArguments, GuessArguments};
use crate::files::Place;
use crate::output;
use crate::store::config::Config;
use crate::store::paths::Paths;
use crate::text::{Given, Wrap, visible, visible_line, visible_path};

/// Rows of the text that are shown again before a word; all of it is before the first.
const ROWS: usize = 4;
const RIGHT: &str = "\x1b[1;32m";
const WORD: &str = "\x1b[1m";
const PLAIN: &str = "\x1b[0m";

/// Plays a game and prints its totals.
///
/// # Errors
///
/// Status 2 if there is nobody to guess, or the text has too few words; 3 if there is no such model, 6 if there is no such
/// device, 7 if the model is damaged; 130 or 143 after a signal, when the totals have been printed; 1 if the file cannot be
/// used or the model cannot be run.
pub fn guess(wanted: &GuessArguments, files: &FileArguments, config: &Config, paths: &Paths) -> Result<(), Exit> {
    let out = output::stdout()?;
    if output::is_input_closed() {
        return Err(nobody());
    }
    let text = text(wanted)?;
    let style = style(wanted.color, config)?;
    // A terminal that does not know its width says 0.
    let width = crossterm::terminal::size().ok().map(|it| usize::from(it.0)).filter(|it| *it > 0).unwrap_or(80);
    let width = width.clamp(20, 100);
    let loaded = measured::open(None, None, &wanted.model, files, config, paths)?;
    let player = Player::new(loaded, text)?;
    let words = player.words.len();
    if words <= wanted.first {
        let message = format!("the text has {words} words, and --first gives {} of them", wanted.first);
        return Err(Exit::usage(format!("{message}: take a longer one, or --first {}", words.saturating_sub(1))));
    }
    let out: Box<dyn Write> = if wanted.json { Box::new(output::stderr()) } else { Box::new(out) };
    let (totals, answers) = (Totals::new(wanted.guesses), Answers::open()?);
    let colour = style.colour && !wanted.json;
    let mut game = Game { wanted, player, out, width, colour, answers, totals, rounds: Vec::new(), has_heard: false };
    let end = game.play()?;
    if end == End::Silent && !io::stdin().is_terminal() {
        return Err(nobody());
    }
    game.table()?;
    if wanted.json {
        print_json(&game.json())?;
    }
    if end == End::Stopped {
        return Err(Exit { code: game.player.interrupt.status(), message: String::new() });
    }
    Ok(())
}

fn nobody() -> Exit {
    Exit::usage(
        "there is nobody to guess: standard input is empty; play at a terminal, or pipe in a line for each guess",
    )
}

fn text(wanted: &GuessArguments) -> Result<String, Exit> {
    let Some(file) = &wanted.file else {
        return Ok(PASSAGES[(wanted.seed % PASSAGES.len() as u64) as usize].to_owned());
    };
    let (name, bytes) = (visible_path(file), measured::read(file, Place::Text.most())?);
    let given =
        Given::read(bytes).map_err(|e| Exit::failed(format!("{name} cannot be used: {e}; save it as UTF-8")))?;
    if given.text.trim().is_empty() {
        return Err(Exit::failed(format!("there is nothing to guess: {name} is empty")));
    }
    Ok(given.text)
}

/// A word as it is compared: in small letters, without the punctuation around it.
fn key(word: &str) -> String {
    let core = word.trim_matches(|it: char| !it.is_alphanumeric());
    if core.is_empty() { word.to_owned() } else { core.to_lowercase().replace('\u{2019}', "'") }
}

/// A guess as it was written, and with another first letter.
fn ways(guess: &str) -> Vec<String> {
    let mut rest = guess.chars();
    let Some(first) = rest.next() else { return Vec::new() };
    let with = |first: String| format!("{first}{}", rest.as_str());
    let mut out = vec![guess.to_owned(), with(first.to_uppercase().collect()), with(first.to_lowercase().collect())];
    out.dedup();
    if out.len() == 3 && out[0] == out[2] {
        out.pop();
    }
    out
}

/// Why a game is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// All words were asked, or somebody said so.
    Done,
    /// Nobody ever said anything.
    Silent,
    Stopped,
}

struct Game<'a> {
    wanted: &'a GuessArguments,
    player: Player,
    out: Box<dyn Write>,
    /// Columns of the terminal.
    width: usize,
    colour: bool,
    answers: Answers<Piped>,
    totals: Totals,
    rounds: Vec<Value>,
    has_heard: bool,
}

impl Game<'_> {
    fn play(&mut self) -> Result<End, Exit> {
        self.say(
            "Guess the next word. Capitals and the punctuation around it do not count. An empty line passes, :q ends.",
        )?;
        let first = self.wanted.first;
        let asked = self.wanted.words.unwrap_or(usize::MAX).min(self.player.words.len() - first);
        for at in first..first + asked {
            if let Some(end) = self.round(at).or_else(|e| self.stopped(e))? {
                return Ok(end);
            }
        }
        Ok(End::Done)
    }

    /// A signal that came while the model was at work ends the game as one while it waits.
    fn stopped(&self, exit: Exit) -> Result<Option<End>, Exit> {
        if self.player.interrupt.came() && exit.message.is_empty() { Ok(Some(End::Stopped)) } else { Err(exit) }
    }

    /// Asks one word. Answers why the game is over, if it is.
    fn round(&mut self, at: usize) -> Result<Option<End>, Exit> {
        let (thought, model_right, likeliest) = self.player.word(at)?;
        let word = self.player.text[self.player.words[at].place.clone()].to_owned();
        self.so_far(at)?;
        let (mut guesses, mut right) = (Vec::new(), None);
        let mut number = 0;
        while number < self.wanted.guesses {
            write!(self.out, "Word {}, guess {} of {}? ", at + 1, number + 1, self.wanted.guesses)?;
            self.out.flush()?;
            let guess = match self.answers.next().map_err(|e| cannot_read(&e))? {
                Heard::Line(it) => it,
                end => {
                    writeln!(self.out)?;
                    let ended = if self.has_heard { End::Done } else { End::Silent };
                    return Ok(Some(if end == Heard::Stopped { End::Stopped } else { ended }));
                }
            };
            self.has_heard = true;
            if !io::stdin().is_terminal() {
                writeln!(self.out, "{}", visible_line(&guess))?;
            }
            if guess == ":q" {
                return Ok(Some(End::Done));
            }
            if guess.is_empty() {
                break;
            }
            if guess == "?" {
                self.say("Write a word and press Enter. An empty line passes, :q ends the game.")?;
                continue;
            }
            // Capitals do not count: of the ways to write it, the one that the model expects most.
            let mut of_it: Option<Thought> = None;
            for way in ways(&guess) {
                let thought = self.player.instead(at, &way)?;
                of_it = match (of_it, thought) {
                    (Some(one), Some(other)) => Some(if other.bits < one.bits { other } else { one }),
                    (one, other) => one.or(other),
                };
            }
            guesses.push(json!({
                "text": guess, "tokens": of_it.as_ref().map(|it| it.tokens), "bits": of_it.as_ref().map(|it| it.bits),
                "rank": of_it.as_ref().map(|it| it.rank),
            }));
            if key(&guess) == key(&word) {
                right = Some(number);
                break;
            }
            number += 1;
            let told = of_it.map_or_else(|| "too long for the model".to_owned(), |it| told(&it));
            self.say(&format!("No. \"{}\": {told}.", visible_line(&guess)))?;
        }
        self.totals.add(right, model_right, thought.bits);
        self.answer(&word, &thought, (right, model_right), &likeliest)?;
        let text = |token| String::from_utf8_lossy(self.player.card.vocabulary.bytes(token)).into_owned();
        let likeliest: Vec<Value> = likeliest.iter().map(|it| json!({ "text": text(it.0), "p": it.1 })).collect();
        self.rounds.push(json!({
            "number": at + 1, "word": word, "tokens": thought.tokens, "bits": thought.bits, "rank": thought.rank,
            "likeliest": likeliest, "model_right": model_right, "guesses": guesses, "right": right.map(|it| it + 1),
        }));
        Ok(None)
    }

    /// The text before a word.
    fn so_far(&mut self, at: usize) -> Result<(), Exit> {
        let end = self.player.words[at].place.start;
        let shown = visible(self.player.text[..end].trim_end());
        let mut wrap = Wrap::new(self.width);
        wrap.extend(&shown);
        let rows = wrap.rows();
        let from = if at > self.wanted.first { rows.len().saturating_sub(ROWS) } else { 0 };
        writeln!(self.out)?;
        for row in &rows[from..] {
            writeln!(self.out, "{}", shown[row.clone()].trim_end())?;
        }
        Ok(writeln!(self.out)?)
    }

    /// The word, what the model thought, and how it stands.
    fn answer(
        &mut self,
        word: &str,
        thought: &Thought,
        (right, model_right): (Option<usize>, bool),
        likeliest: &[(crate::TokenId, f64)],
    ) -> Result<(), Exit> {
        let who = match (right, model_right) {
            (Some(at), true) => format!("You (guess {}) and the model are right.", at + 1),
            (Some(at), false) => format!("You are right at guess {}, the model is not.", at + 1),
            (None, true) => "The model is right.".to_owned(),
            (None, false) => "Nobody is right.".to_owned(),
        };
        let (on, off) = match (self.colour, right) {
            (false, _) => ("", ""),
            (true, Some(_)) => (RIGHT, PLAIN),
            (true, None) => (WORD, PLAIN),
        };
        writeln!(self.out, "The word: {on}{}{off}", visible_line(word))?;
        self.say(&format!("{who} For the model: {}.", told(thought)))?;
        let name = |token| visible_line(&String::from_utf8_lossy(self.player.card.vocabulary.bytes(token)));
        let all: Vec<String> = likeliest.iter().map(|it| format!("\"{}\" {:.1} %", name(it.0), it.1 * 100.0)).collect();
        self.say(&format!("Likeliest to it: {}.", all.join(", ")))?;
        let Totals { words, model, .. } = self.totals;
        let (first, any) = (self.totals.first(), self.totals.any());
        let bits = self.totals.bits().unwrap_or_default();
        self.say(&format!("Of {words}: you {first} at once, {any} in all; the model {model}, {bits:.2} bits a word."))
    }

    fn table(&mut self) -> Result<(), Exit> {
        let Totals { words, model, .. } = self.totals;
        let digits = |it: Option<f64>| it.map_or("-".to_owned(), |it| format!("{it:.2}"));
        let of = |it: usize| format!("{it} of {words}");
        let mut rows = vec![
            ("right at the first guess", of(self.totals.first())),
            ("right at any guess", of(self.totals.any())),
            ("the model's likeliest right", of(model)),
            ("the model's bits a word", digits(self.totals.bits())),
        ];
        let bounds = self.totals.bounds();
        if let Some((upper, lower)) = bounds {
            rows.push(("your entropy, upper bound", digits(Some(upper))));
            rows.push(("your entropy, lower bound", digits(lower)));
        }
        writeln!(self.out)?;
        for (what, value) in rows {
            writeln!(self.out, "{what:<27} {value:>10}")?;
        }
        let guesses = self.wanted.guesses;
        let note = match bounds {
            Some((_, None)) => format!(
                "Bounds in bits a word (Shannon 1951); words not guessed count as guess {}. The lower one needs fewer words at each further guess.",
                guesses + 1
            ),
            Some(_) => {
                format!("Bounds in bits a word (Shannon 1951); words not guessed count as guess {}.", guesses + 1)
            }
            None => format!("Shannon's bounds of your entropy are told from {ENOUGH} words on."),
        };
        self.say(&note)?;
        Ok(self.out.flush()?)
    }

    fn json(&self) -> Value {
        let (card, totals, wanted) = (&self.player.card, &self.totals, self.wanted);
        let bounds = totals.bounds();
        json!({
            "file": wanted.file.as_deref().map(visible_path),
            "seed": wanted.seed,
            "model": { "name": card.name, "sha256": card.sha256, "dtype": card.dtype, "device": card.device },
            "version": env!("CARGO_PKG_VERSION"),
            "first": wanted.first,
            "guesses_a_word": wanted.guesses,
            "rounds": self.rounds,
            "totals": {
                "words": totals.words, "right_first": totals.first(), "right": totals.any(), "model_right": totals.model,
                "bits_per_word": totals.bits(), "entropy_upper": bounds.map(|it| it.0),
                "entropy_lower": bounds.and_then(|it| it.1),
            },
        })
    }

    /// Writes a sentence, wrapped. What came from outside must have been made visible.
    fn say(&mut self, sentence: &str) -> Result<(), Exit> {
        let mut wrap = Wrap::new(self.width);
        wrap.extend(sentence);
        for row in wrap.rows() {
            writeln!(self.out, "{}", sentence[row.clone()].trim_end())?;
        }
        Ok(())
    }
}

/// A thought in words.
fn told(it: &Thought) -> String {
    let of = if it.tokens > 1 { format!(" of the first of its {} tokens", it.tokens) } else { String::new() };
    format!("{:.1} bits, rank {}{of}", it.bits, it.rank)
}

fn cannot_read(error: &io::Error) -> Exit {
    Exit::failed(format!("cannot read standard input: {error}"))
}
