use super::*;

/// An environment of these variables.
fn of<'a>(variables: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
    |name| variables.iter().find(|it| it.0 == name).map(|it| it.1.to_owned())
}

#[test]
fn colours_as_the_environment_says() {
    for (variables, expected) in [
        (&[("TERM", "xterm")][..], Colours::Sixteen),
        (&[("TERM", "xterm-256color")], Colours::Indexed),
        (&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")], Colours::True),
        (&[("TERM", "tmux-256color"), ("COLORTERM", "24bit")], Colours::True),
        (&[("TERM", "xterm-direct")], Colours::True),
        (&[("TERM", "linux"), ("COLORTERM", "yes")], Colours::Sixteen),
        (&[("TERM", "xterm-256color"), ("NO_COLOR", "1")], Colours::None),
        (&[("TERM", "xterm-256color"), ("NO_COLOR", "")], Colours::Indexed),
        (&[("TERM", "dumb"), ("COLORTERM", "truecolor")], Colours::None),
        (&[], Colours::None),
    ] {
        assert_eq!(Colours::told_by(of(variables)), expected, "{variables:?}");
    }
    assert_eq!(Colours::shown_by(of(&[("TERM", "xterm-256color"), ("NO_COLOR", "1")])), Colours::Indexed);
}

#[test]
fn the_background_as_the_environment_says() {
    for (value, expected) in [
        ("15;0", Background::Dark),
        ("0;15", Background::Light),
        ("12;8", Background::Dark),
        ("0;default;15", Background::Light),
        ("0;7", Background::Light),
        ("default;default", Background::Unknown),
        ("", Background::Unknown),
        ("0;231", Background::Unknown),
    ] {
        assert_eq!(Background::told_by(of(&[("COLORFGBG", value)])), expected, "{value}");
    }
}

#[test]
fn the_locale_says_whether_characters_are_utf8() {
    for (variables, expected) in [
        (&[("LANG", "en_GB.UTF-8")][..], true),
        (&[("LANG", "C.utf8")], true),
        (&[("LANG", "C")], false),
        (&[("LANG", "de_DE.ISO-8859-1")], false),
        (&[("LANG", "en_GB.UTF-8"), ("LC_ALL", "C")], false),
        (&[("LC_CTYPE", "en_GB.UTF-8"), ("LC_ALL", ""), ("LANG", "C")], true),
        (&[], cfg!(windows)),
    ] {
        assert_eq!(is_utf8(&locale(of(variables))), expected, "{variables:?}");
    }
}
