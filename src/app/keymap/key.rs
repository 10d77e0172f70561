//! Keys by the names that people write: `Ctrl-Left`, `k`, `F5`, `Ctrl-X Ctrl-E`.

use std::fmt;
use std::str::FromStr;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What may be written for a key, for a user who wrote something else.
pub(super) const ALLOWED: &str = "a character or one of Enter, Tab, Esc, Space, Up, Down, Left, Right, Home, End, PgUp, PgDn, Insert, \
     Delete, Backspace, F1 to F24; before it Ctrl-, Alt- or Shift-; at most two such keys, with a space between";

const NAMES: [(&str, KeyCode); 15] = [
    ("Enter", KeyCode::Enter),
    ("Tab", KeyCode::Tab),
    ("Esc", KeyCode::Esc),
    ("Space", KeyCode::Char(' ')),
    ("Up", KeyCode::Up),
    ("Down", KeyCode::Down),
    ("Left", KeyCode::Left),
    ("Right", KeyCode::Right),
    ("Home", KeyCode::Home),
    ("End", KeyCode::End),
    ("PgUp", KeyCode::PageUp),
    ("PgDn", KeyCode::PageDown),
    ("Insert", KeyCode::Insert),
    ("Delete", KeyCode::Delete),
    ("Backspace", KeyCode::Backspace),
];

/// A key with its modifiers, in one spelling: terminals differ in how they report the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    code: KeyCode,
    modifiers: KeyModifiers,
}

impl Key {
    fn new(code: KeyCode, modifiers: KeyModifiers) -> Self {
        let modifiers = modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
        let shift = modifiers.contains(KeyModifiers::SHIFT);
        let without_shift = modifiers - KeyModifiers::SHIFT;
        match code {
            // One byte stands for them all: that of Ctrl-_, which the library calls by its digit.
            KeyCode::Char('7' | '/' | '_') if without_shift == KeyModifiers::CONTROL => {
                Self { code: KeyCode::Char('_'), modifiers: without_shift }
            }
            // A shifted letter is its own key; with Ctrl or Alt, terminals differ in whether it is a capital.
            KeyCode::Char(c) if without_shift.is_empty() => {
                let c = if shift { c.to_ascii_uppercase() } else { c };
                Self { code: KeyCode::Char(c), modifiers: without_shift }
            }
            KeyCode::Char(c) => Self { code: KeyCode::Char(c.to_ascii_lowercase()), modifiers: without_shift },
            KeyCode::Tab if shift => Self { code: KeyCode::BackTab, modifiers: without_shift },
            KeyCode::BackTab => Self { code, modifiers: without_shift },
            _ => Self { code, modifiers },
        }
    }

    /// The key without its modifiers; letters are as they are typed, capitals included.
    #[must_use]
    pub fn code(self) -> KeyCode {
        self.code
    }

    /// With which modifiers.
    #[must_use]
    pub fn modifiers(self) -> KeyModifiers {
        self.modifiers
    }

    /// Whether it writes a character where something can be written.
    #[must_use]
    pub fn writes(self) -> bool {
        matches!(self.code, KeyCode::Char(_)) && self.modifiers.is_empty()
    }
}

impl From<&KeyEvent> for Key {
    fn from(event: &KeyEvent) -> Self {
        Self::new(event.code, event.modifiers)
    }
}

impl FromStr for Key {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        let mut modifiers = KeyModifiers::NONE;
        let mut rest = name;
        while let Some((modifier, after)) = rest.split_once('-').filter(|it| !it.1.is_empty() && !it.0.is_empty()) {
            modifiers |= match modifier.to_ascii_lowercase().as_str() {
                "ctrl" => KeyModifiers::CONTROL,
                "alt" => KeyModifiers::ALT,
                "shift" => KeyModifiers::SHIFT,
                _ => return Err(()),
            };
            rest = after;
        }
        let mut letters = rest.chars();
        let code = match (letters.next(), letters.next()) {
            (Some(c), None) if !c.is_control() => KeyCode::Char(c),
            _ => {
                let named = NAMES.iter().find(|it| it.0.eq_ignore_ascii_case(rest)).map(|it| it.1);
                let number = || rest.strip_prefix(['F', 'f'])?.parse().ok().filter(|it| (1..=24).contains(it));
                named.or_else(|| number().map(KeyCode::F)).ok_or(())?
            }
        };
        Ok(Self::new(code, modifiers))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (modifier, name) in
            [(KeyModifiers::CONTROL, "Ctrl-"), (KeyModifiers::ALT, "Alt-"), (KeyModifiers::SHIFT, "Shift-")]
        {
            if self.modifiers.contains(modifier) {
                f.write_str(name)?;
            }
        }
        if let Some((name, _)) = NAMES.iter().find(|it| it.1 == self.code) {
            return f.write_str(name);
        }
        match self.code {
            KeyCode::Char(c) if self.modifiers.is_empty() => write!(f, "{c}"),
            KeyCode::Char(c) => write!(f, "{}", c.to_ascii_uppercase()),
            KeyCode::BackTab => f.write_str("Shift-Tab"),
            KeyCode::F(n) => write!(f, "F{n}"),
            other => write!(f, "{other}"),
        }
    }
}

/// One key, or two of them one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chord {
    /// The key that comes before, if there are two.
    pub prefix: Option<Key>,
    /// The last key.
    pub key: Key,
}

impl Chord {
    /// Whether it begins with a key that writes a character where something can be written.
    #[must_use]
    pub fn writes(self) -> bool {
        self.prefix.unwrap_or(self.key).writes()
    }

    /// As short as the last line of the screen wants it: `^C`, `Alt-Up`.
    #[must_use]
    pub fn short(self) -> String {
        let text = self.to_string().replace("Ctrl-", "^");
        if text == "Delete" { "Del".to_owned() } else { text }
    }
}

impl FromStr for Chord {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let keys: Vec<Key> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        match keys.as_slice() {
            [key] => Ok(Self { prefix: None, key: *key }),
            [prefix, key] => Ok(Self { prefix: Some(*prefix), key: *key }),
            _ => Err(()),
        }
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(prefix) = self.prefix {
            write!(f, "{prefix} ")?;
        }
        write!(f, "{}", self.key)
    }
}

#[cfg(test)]
mod tests;
