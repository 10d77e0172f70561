//! What people look for among the commands and what is none: where the text is saved, how it is printed, how fast it came.

use crate::app::context::{Context, Saved};
use crate::app::keymap::Action;
use crate::app::messages;
use crate::app::messages::state::model;

/// Something that people look for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// Where the text is saved.
    Save,
    /// How fast tokens come.
    Speed,
    /// The settings of sampling, and those of the program.
    Settings,
    /// The colours.
    Theme,
    /// Which program and which model this is.
    Version,
}

impl Topic {
    /// Each of them.
    pub const ALL: [Self; 5] = [Self::Save, Self::Speed, Self::Settings, Self::Theme, Self::Version];

    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Save => "save",
            Self::Speed => "speed",
            Self::Settings => "settings",
            Self::Theme => "theme",
            Self::Version => "version",
        }
    }

    /// What it tells.
    #[must_use]
    pub fn help(self) -> &'static str {
        match self {
            Self::Save => "where the text is saved, and whether it is",
            Self::Speed => "how fast the last tokens came",
            Self::Settings => "go to the settings of sampling",
            Self::Theme => "how the colours are chosen",
            Self::Version => "which version this is, and which model runs",
        }
    }

    /// What is said of it.
    #[must_use]
    pub fn told(self, cx: &Context) -> String {
        let (place, key) = (&cx.journal.place, |action| cx.key_of(action));
        match self {
            Self::Save => match &cx.journal.saved {
                Saved::Yes | Saved::Soon => {
                    format!("This transcript is saved as it is written, in {place}; there is nothing to do.")
                }
                Saved::No(why) => format!("This transcript is not saved: {why}. It is tried again with every change."),
                Saved::Nothing => {
                    format!("What is written from now on is saved at once, in {place}, unless --no-save was given.")
                }
            },
            Self::Speed => {
                let speed = cx.drawing.speed.map(|it| format!("{it:.0} tokens a second"));
                let first = cx.drawing.first_token.map(|it| format!("the first one after {}", messages::span(it)));
                let told: Vec<String> = [speed, first].into_iter().flatten().collect();
                let told = if told.is_empty() { "nothing has been drawn yet".to_owned() } else { told.join(", ") };
                format!("{}: {told}. In a shell: megachat bench measures it.", model(&cx.models.engine))
            }
            Self::Settings => {
                "These are the settings of sampling. In a shell: megachat config show lists those of the program."
                    .to_owned()
            }
            Self::Theme => format!(
                "Colours are chosen at the start: --theme dark or light, --color 16, 256, true or never, --ascii; theme = \
                 \"dark\" in config.toml keeps it. {} colours the text by what surprises the model.",
                key(Action::Heat)
            ),
            Self::Version => format!("megachat {}, {}.", env!("CARGO_PKG_VERSION"), model(&cx.models.engine)),
        }
    }
}
