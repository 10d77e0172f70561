use super::*;

#[test]
fn the_environment_names_the_editor() {
    for (visual, editor, expected) in [
        (Some("code --wait"), Some("ed"), "code --wait"),
        (None, Some("ed"), "ed"),
        (Some(" "), Some("ed"), "ed"),
        (None, None, if cfg!(windows) { "notepad" } else { "vi" }),
    ] {
        let variable = |name: &str| if name == "VISUAL" { visual } else { editor }.map(str::to_owned);
        assert_eq!(named(&variable), expected);
    }
}

#[test]
fn a_command_is_run_as_a_shell_would() {
    for (name, program, arguments) in [
        ("vi", "vi", &["a file"][..]),
        (" code  --wait ", "code", &["--wait", "a file"]),
        ("x='1 2' vi", "sh", &["-c", "x='1 2' vi \"$@\"", "x='1 2' vi", "a file"]),
    ] {
        let command = command(name, Path::new("a file"));
        assert_eq!(
            (command.get_program().to_str(), command.get_args().collect::<Vec<_>>()),
            (Some(program), arguments.iter().map(std::ffi::OsStr::new).collect())
        );
    }
}

#[test]
fn one_line_end_that_was_not_there_goes() {
    for (before, after, expected) in [
        ("a", "b\n", "b"),
        ("a\n", "b\n", "b\n"),
        ("a", "b\n\n", "b\n"),
        ("a", "b", "b"),
        ("", "\n", ""),
        ("a\r\nb", "b\r\n", "b"),
    ] {
        assert_eq!(without_last_line_end(after.into(), before), expected);
    }
}
