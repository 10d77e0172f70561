//! What a row of the table of parameters says, and the macro that makes settings of the rows.

use super::super::{Parameter, Step};

/// Where a parameter is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the panel, always.
    Panel,
    /// In the panel while it has the focus or the parameter does something.
    More,
    /// Nowhere: the panel shows it in another way.
    Flag,
}

/// At which values the flip points of a parameter are looked for.
#[derive(Clone, Copy, Debug)]
pub struct Flips {
    /// The ends of the range, below and above. Above, `None` is the size of the vocabulary, which "off" stands for, too.
    pub ends: (f32, Option<f32>),
    /// The smallest difference that matters on the screen.
    pub grain: f32,
    /// How the values lie between the one in force and an end.
    pub spread: Spread,
}

/// How values lie between two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// At equal distances.
    Even,
    /// At equal ratios: ranks spread over five orders of magnitude.
    Ratios,
    /// Upwards closer together at first, with the third power.
    Cubes,
}

/// One sampling parameter, but for its field, type, default and neutral value, which the table has before it.
#[derive(Clone, Copy, Debug)]
pub(in crate::sample) struct Row {
    /// Its one name: of the flag, in the configuration, in the panel, after `/set`.
    pub name: &'static str,
    /// Other names that are understood and not shown: former ones, and those of other programs.
    pub aliases: &'static [&'static str],
    /// The flag in one letter.
    pub short: Option<char>,
    /// What stands for a value in the flag's help; empty for a switch, which needs none.
    pub value: &'static str,
    /// One line on what it does. It fits two rows of the narrowest panel.
    pub help: &'static str,
    /// The step of the chain it belongs to.
    pub step: Option<Step>,
    /// The parameter without which it does nothing, where that is not its step's.
    pub of: Option<Parameter>,
    pub place: Place,
    /// The ends of the range of a number.
    pub range: (f64, f64),
    /// Values of a number that are called by a word. What ends in `off` is what `off` means.
    pub words: &'static [(f64, &'static str)],
    /// Other numbers for a value, as other programs write it.
    pub also: &'static [(&'static str, f64)],
    /// What its flag's help says besides.
    pub note: &'static str,
    /// How far one step turns a number.
    pub turn: f64,
    /// Where the bar of a number is empty and where it is full; the same where there is none.
    pub bar: (f64, f64),
    /// Where its flip points are looked for, if they are.
    pub flips: Option<Flips>,
}

/// A number in the panel: name, what stands for its value, one line on what it does.
pub(super) const fn number(name: &'static str, value: &'static str, help: &'static str) -> Row {
    Row {
        name,
        aliases: &[],
        short: None,
        value,
        help,
        step: None,
        of: None,
        place: Place::More,
        range: (0.0, f64::INFINITY),
        words: &[],
        also: &[],
        note: "",
        turn: 1.0,
        bar: (0.0, 0.0),
        flips: None,
    }
}

/// Words or texts: the same without what only a number has.
pub(super) const fn words(name: &'static str, value: &'static str, help: &'static str) -> Row {
    number(name, value, help)
}

/// Makes the settings, their default, their neutral values and the list of parameters of the table's rows.
macro_rules! parameters {
    ($($(#[$meta:meta])* $name:ident, $field:ident: $type:ty = $default:expr, neutral $neutral:expr => $row:expr;)*) => {
        /// Everything that decides how a continuation is drawn: a value for each sampling parameter.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct Settings {
            $($(#[$meta])* pub $field: $type,)*
        }

        impl Default for Settings {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }

        impl Settings {
            /// The settings that leave the model's own distribution alone, with whatever has no neutral value as by default.
            /// They are asked for many times a frame, and so made once.
            #[must_use]
            pub fn neutral() -> &'static Self {
                static NEUTRAL: LazyLock<Settings> = LazyLock::new(|| Settings { $($field: $neutral,)* });
                &NEUTRAL
            }
        }

        /// One sampling parameter.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Parameter {
            $(#[doc = concat!("[`Settings::", stringify!($field), "`].")] $name,)*
        }

        impl Parameter {
            /// All parameters, in the order of the panel and the help.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            pub(in crate::sample) const fn row(self) -> &'static Row {
                match self { $(Self::$name => const { &$row },)* }
            }

            /// The name of its field in a transcript.
            #[must_use]
            pub fn field(self) -> &'static str {
                match self { $(Self::$name => stringify!($field),)* }
            }

            pub(in crate::sample) fn value(self, settings: &Settings) -> &dyn Value {
                match self { $(Self::$name => &settings.$field,)* }
            }

            pub(in crate::sample) fn value_mut(self, settings: &mut Settings) -> &mut dyn Value {
                match self { $(Self::$name => &mut settings.$field,)* }
            }

            /// Takes its value over from other settings.
            pub fn copy(self, from: &Settings, to: &mut Settings) {
                match self { $(Self::$name => to.$field.clone_from(&from.$field),)* }
            }

            /// Whether two settings have the very same value of it.
            #[must_use]
            #[expect(clippy::float_cmp, reason = "what was set is compared, not what was computed")]
            pub fn is_same(self, one: &Settings, other: &Settings) -> bool {
                match self { $(Self::$name => one.$field == other.$field,)* }
            }

            /// Reads its value as a configuration has it.
            ///
            /// # Errors
            ///
            /// If it is of another type.
            pub fn deserialize<'de, D: Deserializer<'de>>(self, to: &mut Settings, from: D) -> Result<(), D::Error> {
                match self { $(Self::$name => to.$field = Deserialize::deserialize(from)?,)* }
                Ok(())
            }

            /// Writes its value as a configuration has it.
            ///
            /// # Errors
            ///
            /// As the serializer says.
            pub fn serialize<S: Serializer>(self, from: &Settings, to: S) -> Result<S::Ok, S::Error> {
                match self { $(Self::$name => from.$field.serialize(to),)* }
            }
        }
    };
}
