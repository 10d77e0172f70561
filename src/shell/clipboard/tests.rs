use super::*;

#[test]
fn the_clipboard_of_the_user_at_the_screen() {
    for (os, variables, programs, expected) in [
        ("linux", "WAYLAND_DISPLAY DISPLAY", "wl-copy xclip xsel", Some(WL_COPY)),
        ("linux", "WAYLAND_DISPLAY DISPLAY", "xclip xsel", Some(XCLIP)),
        ("linux", "DISPLAY", "wl-copy xsel", Some(XSEL)),
        ("linux", "WAYLAND_DISPLAY", "xclip xsel", None),
        ("linux", "", "wl-copy xclip xsel", None),
        ("linux", "DISPLAY", "", None),
        ("linux", "DISPLAY SSH_CONNECTION", "xclip", None),
        ("linux", "WAYLAND_DISPLAY SSH_TTY", "wl-copy", None),
        ("linux", "WSL_DISTRO_NAME DISPLAY", "clip.exe win32yank.exe xclip", Some(WIN32YANK)),
        ("linux", "WSL_INTEROP", "clip.exe", Some(CLIP)),
        ("linux", "WSL_INTEROP WAYLAND_DISPLAY", "wl-copy", Some(WL_COPY)),
        ("linux", "DISPLAY", "clip.exe", None),
        ("macos", "", "pbcopy", Some(PBCOPY)),
        ("macos", "SSH_TTY", "pbcopy", None),
        ("macos", "DISPLAY", "xclip", Some(XCLIP)),
        ("windows", "", "clip.exe", Some(CLIP)),
        ("freebsd", "DISPLAY", "xclip", Some(XCLIP)),
    ] {
        let among = |all: &'static str| move |it: &str| all.split(' ').any(|other| other == it);
        let found = tool_for(os, &among(variables), &among(programs));
        assert_eq!(found, expected, "{os}, {variables}, {programs}");
    }
}

#[test]
fn base64_as_everybody_writes_it() {
    for (text, expected) in [
        ("", ""),
        ("f", "Zg=="),
        ("fo", "Zm8="),
        ("foo", "Zm9v"),
        ("foob", "Zm9vYg=="),
        ("Hällo\n", "SMOkbGxvCg=="),
        ("\u{3ff}\u{3fe}", "z7/Pvg=="),
    ] {
        assert_eq!(base64(text.as_bytes()), expected);
    }
}

#[test]
fn the_terminal_is_told_in_one_sequence_and_tmux_in_two() {
    assert_eq!(osc52("hi\x1b", false).unwrap(), "\x1b]52;c;aGkb\x07");
    assert_eq!(osc52("hi", true).unwrap(), "\x1b]52;c;aGk=\x07\x1bPtmux;\x1b\x1b]52;c;aGk=\x07\x1b\\");
    assert!(osc52(&"x".repeat(MOST_BYTES), false).is_some_and(|it| it.len() <= 100_000));
    assert_eq!(osc52(&"x".repeat(MOST_BYTES + 1), false), None);
}

#[cfg(unix)]
#[test]
fn a_tool_succeeds_fails_or_is_not_waited_for() {
    assert_eq!(run(tool("sh", &["-c", "cat >/dev/null"]), "text"), Ok(()));
    assert!(run(tool("sh", &["-c", "exit 3"]), "text").unwrap_err().starts_with("failed"));
    assert!(run(tool("no-such-tool", &[]), "text").unwrap_err().starts_with("cannot be started"));
    // Longer than a pipe holds: writing it never ends.
    let why = run(tool("sleep", &["600"]), &"x".repeat(1 << 20)).unwrap_err();
    assert_eq!(why, "did not answer in 2 seconds");
}
