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
mod tests {
    use super::*;

    fn appearances() -> impl Iterator<Item = Appearance> {
        let colours = [Colours::None, Colours::Sixteen, Colours::Indexed, Colours::True];
        let backgrounds = [Background::Unknown, Background::Dark, Background::Light];
        colours.into_iter().flat_map(move |colours| {
            backgrounds.into_iter().map(move |background| Appearance { colours, background, ascii: false })
        })
    }

    fn styles(theme: &Theme) -> Vec<Style> {
        let mut styles = vec![
            theme.typed,
            theme.drawn,
            theme.dim,
            theme.focus,
            theme.good,
            theme.bad,
            theme.note,
            theme.strong,
            theme.mark,
            theme.gone,
            theme.cursor,
        ];
        styles.extend((0..LEVELS).map(|it| theme.level(it)));
        styles
    }

    #[test]
    fn levels_differ_with_and_without_their_colours() {
        for appearance in appearances() {
            let theme = Theme::new(appearance);
            for (a, b) in (0..LEVELS).flat_map(|a| (0..a).map(move |b| (a, b))) {
                assert_ne!(theme.level(a).add_modifier, theme.level(b).add_modifier, "{appearance:?}");
                let has_colours = appearance.colours != Colours::None && b > 0;
                let colours = |it: usize| (theme.level(it).fg, theme.level(it).bg);
                assert!(!has_colours || colours(a) != colours(b), "{appearance:?}: {a} and {b}");
            }
        }
    }

    #[test]
    fn nothing_is_written_in_a_grey_that_may_be_the_ground() {
        // Colours 0, 7, 8 and 15: each is the ground of some terminal, and 8 is that of Solarized.
        let greys = [Color::Black, Color::Gray, Color::DarkGray, Color::White];
        for appearance in appearances() {
            let theme = Theme::new(appearance);
            for style in styles(&theme) {
                let colours = [style.fg, style.bg].into_iter().flatten();
                assert!(colours.clone().all(|it| !greys.contains(&it)), "{appearance:?}: {style:?}");
            }
            let is_unknown = appearance.background == Background::Unknown;
            assert!(!is_unknown || theme.dim == Style::new().add_modifier(Modifier::DIM), "{appearance:?}");
        }
    }

    #[test]
    fn colours_are_of_the_depth_that_was_asked_for() {
        for appearance in appearances() {
            for style in styles(&Theme::new(appearance)) {
                for colour in [style.fg, style.bg].into_iter().flatten().filter(|it| *it != Color::Reset) {
                    let fits = match (appearance.colours, colour) {
                        (Colours::True, Color::Rgb(..)) | (Colours::Indexed, Color::Indexed(16..)) => true,
                        // Without colour there is none. Where the background is unknown, the terminal's own are the safe ones.
                        (Colours::None, _) | (_, Color::Rgb(..) | Color::Indexed(_)) => false,
                        _ => appearance.colours == Colours::Sixteen || appearance.background == Background::Unknown,
                    };
                    assert!(fits, "{appearance:?}: {colour:?}");
                }
            }
        }
    }
}
