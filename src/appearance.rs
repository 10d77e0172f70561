//! How the screen looks: the colours, the background and the characters of the terminal, and what its environment says
//! about them.

/// How many colours there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colours {
    /// None: weight, lines and reversal have to do.
    None,
    /// The sixteen that every terminal names, in the shades its owner chose.
    Sixteen,
    /// The 256 of xterm.
    Indexed,
    /// Any.
    True,
}

/// What the text stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Background {
    /// Unknown: the terminal's own sixteen colours suit it, whatever it is.
    Unknown,
    /// Dark.
    Dark,
    /// Light.
    Light,
}

/// How the screen looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appearance {
    /// How many colours there are.
    pub colours: Colours,
    /// What the text stands on.
    pub background: Background,
    /// Whether frames, bars and marks are drawn with ASCII alone.
    pub ascii: bool,
}

impl Colours {
    /// As many as the environment says, `NO_COLOR` included.
    #[must_use]
    pub fn told_by(variable: impl Fn(&str) -> Option<String>) -> Self {
        let value = |name: &str| variable(name).unwrap_or_default();
        if value("NO_COLOR").is_empty() { Self::shown_by(variable) } else { Self::None }
    }

    /// As many as the terminal shows, whether they are wanted or not.
    #[must_use]
    pub fn shown_by(variable: impl Fn(&str) -> Option<String>) -> Self {
        let value = |name: &str| variable(name).unwrap_or_default();
        let term = value("TERM");
        match value("COLORTERM").as_str() {
            _ if term.is_empty() || term == "dumb" => Self::None,
            "truecolor" | "24bit" => Self::True,
            _ if term.ends_with("-direct") => Self::True,
            _ if term.contains("256color") => Self::Indexed,
            _ => Self::Sixteen,
        }
    }

    /// The number of colours in words, as `doctor` shows it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "no colour",
            Self::Sixteen => "16 colours",
            Self::Indexed => "256 colours",
            Self::True => "true colour",
        }
    }
}

impl Background {
    /// What `COLORFGBG` says: some terminals write the numbers of their two colours there.
    ///
    /// The terminal itself is not asked: one that answers late, or never, would leave its answer among the keys.
    #[must_use]
    pub fn told_by(variable: impl Fn(&str) -> Option<String>) -> Self {
        let colours = variable("COLORFGBG").unwrap_or_default();
        match colours.rsplit(';').next().unwrap_or_default().parse() {
            Ok(0..=6 | 8) => Self::Dark,
            Ok(7 | 9..=15) => Self::Light,
            Ok(16_u8..) | Err(_) => Self::Unknown,
        }
    }

    /// The background in words, as `doctor` shows it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "background not known",
            Self::Dark => "dark background",
            Self::Light => "light background",
        }
    }
}

/// The locale, by the rules of POSIX: the first of three variables that says something; empty if none does.
#[must_use]
pub fn locale(variable: impl Fn(&str) -> Option<String>) -> String {
    ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(variable).find(|it| !it.is_empty()).unwrap_or_default()
}

/// Whether a locale's characters are UTF-8. On Windows there are no such names, and terminals that can.
#[must_use]
pub fn is_utf8(locale: &str) -> bool {
    locale.to_ascii_lowercase().replace('-', "").contains("utf8") || (cfg!(windows) && locale.is_empty())
}

#[cfg(test)]
mod tests;
