use clap::Parser as _;

use super::super::Arguments;
use super::*;

fn appearance(arguments: &[&str], config: &Config, variables: &[(&str, &str)]) -> Result<Appearance, MeaningError> {
    let arguments = Arguments::try_parse_from([&["megachat"], arguments].concat()).unwrap();
    arguments.interface.appearance(config, |name| variables.iter().find(|it| it.0 == name).map(|it| it.1.to_owned()))
}

#[test]
fn flags_go_before_the_configuration_and_that_before_the_terminal() {
    let terminal = [("TERM", "xterm-256color"), ("COLORFGBG", "0;15"), ("LANG", "C")];
    let found = Appearance { colours: Colours::Indexed, background: Background::Light, ascii: true };
    let config =
        Config { color: Some("never".into()), theme: Some("dark".into()), ascii: Some(false), ..Config::default() };
    let configured = Appearance { colours: Colours::None, background: Background::Dark, ascii: false };
    for (arguments, config, expected) in [
        (&[][..], &Config::default(), found),
        (&[], &config, configured),
        (&["--color", "true"], &config, Appearance { colours: Colours::True, ..configured }),
        (&["--color", "16"], &config, Appearance { colours: Colours::Sixteen, ..configured }),
        (&["--color", "auto"], &config, Appearance { colours: Colours::Indexed, ..configured }),
        (&["--theme", "light"], &config, Appearance { background: Background::Light, ..configured }),
        (&["--theme", "auto"], &config, Appearance { background: Background::Light, ..configured }),
        (&["--ascii"], &config, Appearance { ascii: true, ..configured }),
        (&["--ascii=no"], &Config::default(), Appearance { ascii: false, ..found }),
    ] {
        assert_eq!(appearance(arguments, config, &terminal), Ok(expected), "{arguments:?}");
    }
    let wrong = Config { theme: Some("blue".into()), ..Config::default() };
    assert_eq!(appearance(&[], &wrong, &terminal).unwrap_err().to_string(), "`blue` is no theme");
}

#[test]
fn always_is_stronger_than_no_color_and_auto_is_not() {
    let of = |arguments: &[&str], variables: &[(&str, &str)]| {
        appearance(arguments, &Config::default(), variables).unwrap().colours
    };
    let terminal = [("TERM", "xterm-256color"), ("NO_COLOR", "1")];
    assert_eq!(of(&[], &terminal), Colours::None);
    assert_eq!(of(&["--color", "always"], &terminal), Colours::Indexed);
    assert_eq!(of(&["--color", "always"], &[("TERM", "dumb")]), Colours::Sixteen);
}

#[test]
fn a_prompt_behind_the_switch_is_a_prompt() {
    let arguments = Arguments::try_parse_from(["megachat", "--ascii", "Once upon"]).unwrap();
    assert_eq!((arguments.interface.ascii, arguments.prompt), (Some(true), vec!["Once upon".to_owned()]));
}
