//! Styles by what they mean. The sixteen colours of the terminal, so that light and dark both work; and never colour alone.

use ratatui::style::{Color, Modifier, Style};

/// The styles.
pub(super) struct Theme {
    /// What a person wrote.
    pub(super) typed: Style,
    /// What the model drew.
    pub(super) drawn: Style,
    /// What is of less weight: frames, hints, what the model no longer sees.
    pub(super) dim: Style,
    /// What has the focus.
    pub(super) focus: Style,
    /// What is good news.
    pub(super) good: Style,
    /// What went wrong.
    pub(super) bad: Style,
    /// Worth a look.
    pub(super) note: Style,
    /// Keys and headings.
    pub(super) strong: Style,
    /// Control characters made visible, and `<|endoftext|>`.
    pub(super) mark: Style,
    /// What the settings of now would have cut.
    pub(super) gone: Style,
    /// The token under the cursor.
    pub(super) cursor: Style,
    levels: [Style; 5],
}

impl Theme {
    /// A level of heat, 0 to 4, told apart without colour as well.
    pub(super) fn level(&self, level: usize) -> Style {
        self.levels[level.min(self.levels.len() - 1)]
    }

    pub(super) fn new(colour: bool) -> Self {
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        let dim = plain.add_modifier(Modifier::DIM);
        let in_colour = |style: Style, colour_of: Color| if colour { style.fg(colour_of) } else { style };
        Self {
            typed: bold,
            drawn: plain,
            dim: if colour { plain.fg(Color::DarkGray) } else { dim },
            focus: in_colour(bold, Color::Cyan),
            good: in_colour(plain, Color::Green),
            bad: in_colour(bold, Color::Red),
            note: in_colour(plain, Color::Yellow),
            strong: bold,
            mark: in_colour(plain.add_modifier(Modifier::REVERSED), Color::Magenta),
            gone: in_colour(plain.add_modifier(Modifier::REVERSED | Modifier::CROSSED_OUT), Color::Red),
            cursor: in_colour(bold.add_modifier(Modifier::REVERSED | Modifier::UNDERLINED), Color::Cyan),
            levels: [
                plain,
                in_colour(plain.add_modifier(Modifier::ITALIC), Color::Green),
                in_colour(plain.add_modifier(Modifier::UNDERLINED), Color::Yellow),
                in_colour(bold.add_modifier(Modifier::UNDERLINED), Color::Red),
                in_colour(plain.add_modifier(Modifier::REVERSED), Color::Magenta),
            ],
        }
    }
}
