//! Styles by what they mean, in the colours there are; and never colour alone.

use ratatui::style::{Color, Modifier, Style};

use super::glyphs::Glyphs;
use super::tones::{ON_DARK, ON_LIGHT, Tones};
use crate::appearance::{Appearance, Background, Colours};

/// The styles.
pub(in crate::app) struct Theme {
    /// What a person wrote.
    pub(in crate::app) typed: Style,
    /// What the model drew.
    pub(in crate::app) drawn: Style,
    /// What is of less weight: frames, hints, what the model no longer sees.
    pub(in crate::app) dim: Style,
    /// What has the focus.
    pub(in crate::app) focus: Style,
    /// What is good news.
    pub(in crate::app) good: Style,
    /// What went wrong.
    pub(in crate::app) bad: Style,
    /// Worth a look.
    pub(in crate::app) note: Style,
    /// Keys and headings.
    pub(in crate::app) strong: Style,
    /// Control characters made visible, and `<|endoftext|>`.
    pub(in crate::app) mark: Style,
    /// What the settings of now would have cut.
    pub(in crate::app) gone: Style,
    /// The token under the cursor.
    pub(in crate::app) cursor: Style,
    /// The characters of frames, bars and marks.
    pub(in crate::app) glyphs: &'static Glyphs,
    levels: [Style; LEVELS],
}

/// How many levels of heat there are.
pub(in crate::app) const LEVELS: usize = 5;

/// What sets the levels apart where there is no colour.
const WEIGHTS: [Modifier; LEVELS] = [
    Modifier::empty(),
    Modifier::ITALIC,
    Modifier::UNDERLINED,
    Modifier::BOLD.union(Modifier::UNDERLINED),
    Modifier::REVERSED,
];

/// The colours of the text.
struct Ink {
    /// None where the terminal's own are all there are: its grey may be the colour of the ground.
    dim: Option<Color>,
    focus: Color,
    good: Color,
    bad: Color,
    note: Color,
    mark: Color,
}

/// The terminal's own, which suit what its owner chose to write on.
const OWN: Ink = Ink {
    dim: None,
    focus: Color::Cyan,
    good: Color::Green,
    bad: Color::Red,
    note: Color::Yellow,
    mark: Color::Magenta,
};

/// The terminal's own, without those that are too light on white in most.
const OWN_ON_LIGHT: Ink = Ink { focus: Color::Blue, good: Color::Blue, note: Color::Magenta, ..OWN };

/// Heat in the terminal's own colours, the coldest first.
const WARM: [Color; LEVELS - 1] = [Color::Green, Color::Yellow, Color::Red, Color::Magenta];
const WARM_ON_LIGHT: [Color; LEVELS - 1] = [Color::Blue, Color::Magenta, Color::Red, Color::LightRed];

impl Theme {
    /// A level of heat, 0 to 4, told apart without colour as well.
    pub(in crate::app) fn level(&self, level: usize) -> Style {
        self.levels[level.min(LEVELS - 1)]
    }

    pub(in crate::app) fn new(appearance: Appearance) -> Self {
        let Appearance { colours, background, .. } = appearance;
        let ink = match (colours, background) {
            (Colours::None, _) => None,
            (Colours::Sixteen, Background::Light) => Some(OWN_ON_LIGHT),
            (Colours::Sixteen, _) | (_, Background::Unknown) => Some(OWN),
            (_, Background::Dark) => Some(Ink::of(&ON_DARK, colours)),
            (_, Background::Light) => Some(Ink::of(&ON_LIGHT, colours)),
        };
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        let reversed = plain.add_modifier(Modifier::REVERSED);
        let inked = |style: Style, colour: fn(&Ink) -> Color| ink.as_ref().map_or(style, |it| style.fg(colour(it)));
        Self {
            typed: bold,
            drawn: plain,
            dim: ink.as_ref().and_then(|it| it.dim).map_or(plain.add_modifier(Modifier::DIM), |it| plain.fg(it)),
            focus: inked(bold, |it| it.focus),
            good: inked(plain, |it| it.good),
            bad: inked(bold, |it| it.bad),
            note: inked(plain, |it| it.note),
            strong: bold,
            mark: inked(reversed, |it| it.mark),
            gone: inked(reversed.add_modifier(Modifier::CROSSED_OUT), |it| it.bad),
            // The ground of a heat must not become the letters under the cursor.
            cursor: inked(bold.add_modifier(Modifier::REVERSED | Modifier::UNDERLINED), |it| it.focus).bg(Color::Reset),
            glyphs: appearance.glyphs(),
            levels: levels(appearance),
        }
    }
}

fn levels(appearance: Appearance) -> [Style; LEVELS] {
    let tones = if appearance.background == Background::Light { &ON_LIGHT } else { &ON_DARK };
    std::array::from_fn(|level| {
        let style = Style::new().add_modifier(WEIGHTS[level]);
        let Some(hotter) = level.checked_sub(1) else { return style };
        match (appearance.colours, appearance.background) {
            (Colours::True | Colours::Indexed, _) => {
                let (ground, letters) = tones.heat[hotter];
                let (ground, letters) = (ground.among(appearance.colours), letters.among(appearance.colours));
                // Reversed, it is shown the other way round.
                let is_reversed = WEIGHTS[level].contains(Modifier::REVERSED);
                if is_reversed { style.fg(ground).bg(letters) } else { style.fg(letters).bg(ground) }
            }
            (Colours::Sixteen, Background::Light) => style.fg(WARM_ON_LIGHT[hotter]),
            (Colours::Sixteen, Background::Dark | Background::Unknown) => style.fg(WARM[hotter]),
            (Colours::None, _) => style,
        }
    })
}

impl Ink {
    fn of(tones: &Tones, colours: Colours) -> Self {
        let of = |tone: super::tones::Tone| tone.among(colours);
        Self {
            dim: Some(of(tones.dim)),
            focus: of(tones.focus),
            good: of(tones.good),
            bad: of(tones.bad),
            note: of(tones.note),
            mark: of(tones.mark),
        }
    }
}

#[cfg(test)]
mod tests;
