//! The types of values that a parameter can have: how each is written, read, counted and turned.

use super::super::{Bias, EndOfText, Order, Step, WhenFull};

/// How many texts a setting may name.
const MOST_TEXTS: usize = 1_000;

/// How many bytes these may have in all.
const MOST_TEXT_BYTES: usize = 100_000;

/// A value of some type.
pub(in crate::sample) trait Value {
    /// As it is written in one line.
    fn show(&self) -> String;

    /// As a person would write it down, where that says more.
    fn written(&self) -> String {
        self.show()
    }

    /// Reads what `show` writes, or what a person writes instead.
    ///
    /// # Errors
    ///
    /// What it must be, in words.
    fn read(&mut self, text: &str) -> Result<(), String>;

    /// Reads what stands behind several flags of the same name.
    ///
    /// # Errors
    ///
    /// What one of them must be, in words.
    fn read_each(&mut self, texts: &[String]) -> Result<(), String> {
        texts.last().map_or(Ok(()), |it| self.read(it))
    }

    /// How it is handled.
    fn kind(&self) -> Kind;

    /// It as a number, where it is one.
    fn number(&self) -> Option<f64> {
        None
    }

    /// Makes it a number, where it is one: the nearest of its type.
    fn set_number(&mut self, _: f64) {}

    /// Goes on to another of a few words, or to another seed.
    fn turn(&mut self, _by: i32) {}

    /// What cannot be meant in it, and what must be instead.
    fn fault(&self) -> Option<(String, &'static str)> {
        None
    }
}

/// How a value is handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number that is turned by hundredths.
    Number,
    /// A whole number.
    Whole,
    /// Any of 2^64 numbers, all alike.
    Seed,
    /// On or off.
    Switch,
    /// One of a few words.
    Word,
    /// A list of texts.
    Texts,
    /// A list of names with commas between them.
    Names,
}

macro_rules! numbers {
    ($($type:ty, $kind:expr, $what:literal, $from:expr);*) => { $(
        impl Value for $type {
            fn show(&self) -> String {
                let text = format!("{self:.4}");
                let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
                // What is almost off is not off.
                if matches!(text, "0" | "-0" | "1") { self.to_string() } else { text.to_owned() }
            }

            fn written(&self) -> String {
                self.to_string()
            }

            fn read(&mut self, text: &str) -> Result<(), String> {
                *self = text.parse().map_err(|_| format!(concat!("`{}` is not ", $what), text))?;
                Ok(())
            }

            fn kind(&self) -> Kind {
                $kind
            }

            fn number(&self) -> Option<f64> {
                Some(f64::from(*self))
            }

            fn set_number(&mut self, value: f64) {
                *self = $from(value);
            }
        }
    )* };
}

numbers! {
    f32, Kind::Number, "a number", |it| it as f32;
    u32, Kind::Whole, "a whole number", |it: f64| it.round() as u32;
    i32, Kind::Whole, "a whole number", |it: f64| it.round() as i32
}

impl Value for u64 {
    fn show(&self) -> String {
        self.to_string()
    }

    fn read(&mut self, text: &str) -> Result<(), String> {
        *self = text.parse().map_err(|_| format!("`{text}` is not a whole number"))?;
        Ok(())
    }

    fn kind(&self) -> Kind {
        Kind::Seed
    }

    fn turn(&mut self, by: i32) {
        *self = self.wrapping_add_signed(i64::from(by));
    }
}

/// A word as one of two values, by whichever of their words.
fn one_of<T: Copy>(text: &str, values: [(T, &[&str]); 2]) -> Result<T, String> {
    let found = values.iter().find(|it| it.1.iter().any(|it| it.eq_ignore_ascii_case(text))).map(|it| it.0);
    found.ok_or_else(|| format!("`{text}` is none of: {}, {}", values[0].1[0], values[1].1[0]))
}

/// From the first to the second and back, so many times; from anything else to the first.
fn toggle<T: PartialEq>(value: &mut T, by: i32, [first, second]: [T; 2]) {
    if by % 2 != 0 {
        *value = if *value == first { second } else { first };
    }
}

const ON: &[&str] = &["on", "true", "yes", "1", "t", "y"];
const OFF: &[&str] = &["off", "false", "no", "0", "f", "n"];

impl Value for bool {
    fn show(&self) -> String {
        if *self { "on" } else { "off" }.to_owned()
    }

    fn read(&mut self, text: &str) -> Result<(), String> {
        *self = one_of(text, [(true, ON), (false, OFF)])?;
        Ok(())
    }

    fn kind(&self) -> Kind {
        Kind::Switch
    }

    fn turn(&mut self, by: i32) {
        toggle(self, by, [false, true]);
    }
}

impl Value for EndOfText {
    fn show(&self) -> String {
        (*self == Self::Continue).show()
    }

    fn read(&mut self, text: &str) -> Result<(), String> {
        // Transcripts and former configurations have the words that say what happens.
        let (on, off) = ([ON, &["continue", "go on"]].concat(), [OFF, &["stop"]].concat());
        *self = one_of(text, [(Self::Continue, on.as_slice()), (Self::Stop, off.as_slice())])?;
        Ok(())
    }

    fn kind(&self) -> Kind {
        Kind::Switch
    }

    fn turn(&mut self, by: i32) {
        toggle(self, by, [Self::Stop, Self::Continue]);
    }
}

impl Value for WhenFull {
    fn show(&self) -> String {
        if *self == Self::Slide { "slide" } else { "stop" }.to_owned()
    }

    fn read(&mut self, text: &str) -> Result<(), String> {
        *self = one_of(text, [(Self::Slide, &["slide"]), (Self::Stop, &["stop"])])?;
        Ok(())
    }

    fn kind(&self) -> Kind {
        Kind::Word
    }

    fn turn(&mut self, by: i32) {
        toggle(self, by, [Self::Stop, Self::Slide]);
    }
}

impl Value for Order {
    fn show(&self) -> String {
        self.name().to_owned()
    }

    fn written(&self) -> String {
        self.to_string()
    }

    fn read(&mut self, text: &str) -> Result<(), String> {
        *self = text.parse()?;
        Ok(())
    }

    fn kind(&self) -> Kind {
        Kind::Word
    }

    fn turn(&mut self, by: i32) {
        toggle(self, by, [Self::LlamaCpp, Self::HuggingFace]);
    }
}

impl Value for Vec<String> {
    fn show(&self) -> String {
        show_texts(self)
    }

    fn read(&mut self, text: &str) -> Result<(), String> {
        *self = parse_texts(text);
        Ok(())
    }

    fn read_each(&mut self, texts: &[String]) -> Result<(), String> {
        *self = texts.iter().map(|it| unescape(it)).collect();
        Ok(())
    }

    fn kind(&self) -> Kind {
        Kind::Texts
    }

    fn fault(&self) -> Option<(String, &'static str)> {
        let empty = self.iter().any(String::is_empty).then(|| ("\"\"".to_owned(), "at least one character long"));
        empty.or_else(|| too_much(self.len(), self.iter().map(String::len).sum()))
    }
}

/// Texts are looked for at every token, so that there may be so many and no more.
fn too_much(count: usize, bytes: usize) -> Option<(String, &'static str)> {
    let is_too_much = count > MOST_TEXTS || bytes > MOST_TEXT_BYTES;
    is_too_much.then(|| (format!("{count} texts of {bytes} bytes"), "at most 1,000 texts of 100,000 bytes in all"))
}

impl Value for Vec<Bias> {
    fn show(&self) -> String {
        show_texts(&self.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    fn read(&mut self, text: &str) -> Result<(), String> {
        *self = parse_texts(text).iter().map(|it| it.parse()).collect::<Result<_, _>>()?;
        Ok(())
    }

    fn read_each(&mut self, texts: &[String]) -> Result<(), String> {
        *self = texts.iter().map(|it| unescape(it).parse()).collect::<Result<_, _>>()?;
        Ok(())
    }

    fn kind(&self) -> Kind {
        Kind::Texts
    }

    fn fault(&self) -> Option<(String, &'static str)> {
        let wrong = self.iter().find(|it| !(-100.0..=100.0).contains(&it.by));
        let wrong = wrong.map(|it| (it.by.to_string(), "TEXT=NUMBER with a number between -100 and 100"));
        wrong.or_else(|| too_much(self.len(), self.iter().map(|it| it.text.len()).sum()))
    }
}

impl Value for Vec<Step> {
    fn show(&self) -> String {
        self.iter().map(|it| it.name()).collect::<Vec<_>>().join(",")
    }

    fn read(&mut self, text: &str) -> Result<(), String> {
        let names = text.split(',').map(str::trim).filter(|it| !it.is_empty());
        let mut steps: Self = names.map(str::parse).collect::<Result<_, _>>()?;
        // In one order and once each, so that equal settings are equal.
        steps.sort_by_key(|it| Step::ALL.iter().position(|other| other == it));
        steps.dedup();
        *self = steps;
        Ok(())
    }

    fn read_each(&mut self, texts: &[String]) -> Result<(), String> {
        self.read(&texts.join(","))
    }

    fn kind(&self) -> Kind {
        Kind::Names
    }

    fn fault(&self) -> Option<(String, &'static str)> {
        (self.len() > Step::ALL.len()).then(|| (format!("{} steps", self.len()), "each step once at the most"))
    }
}

/// Texts in one line, `|` between them.
fn show_texts(texts: &[String]) -> String {
    let shown = |it: &String| it.replace('\\', "\\\\").replace('\n', "\\n").replace('\t', "\\t").replace('|', "\\|");
    let line = texts.iter().map(shown).collect::<Vec<_>>().join("|");
    // Else it would mean that there are none.
    if line == "off" { "\\off".to_owned() } else { line }
}

fn parse_texts(text: &str) -> Vec<String> {
    let (mut texts, mut current) = (Vec::new(), String::new());
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match c {
            '|' => texts.push(std::mem::take(&mut current)),
            '\\' => match characters.next() {
                Some('n') => current.push('\n'),
                Some('t') => current.push('\t'),
                Some(other) => current.push(other),
                None => current.push('\\'),
            },
            _ => current.push(c),
        }
    }
    texts.push(current);
    texts.retain(|it| !it.is_empty());
    texts
}

/// `\n`, `\t` and `\\` as shells rarely let one type them.
fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match (c, c == '\\') {
            (_, true) => match characters.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some('\\') | None => out.push('\\'),
                Some(other) => out.extend(['\\', other]),
            },
            (other, false) => out.push(other),
        }
    }
    out
}
