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
