//! What the interface hands to others and gets back, in a real terminal: the editor, the clipboard, the mouse, the history.
#![cfg(unix)]

use std::path::{Path, PathBuf};

use megachat::store::history;
use vt100::MouseProtocolMode;

use crate::pty::Pty;
use crate::support::watch::Watch;

/// A machine with nothing that could take a text, and no terminal around the terminal.
const ALONE: [(&str, &str); 7] = [
    ("DISPLAY", ""),
    ("WAYLAND_DISPLAY", ""),
    ("TMUX", ""),
    ("SSH_CONNECTION", ""),
    ("SSH_TTY", ""),
    ("WSL_DISTRO_NAME", ""),
    ("WSL_INTEROP", ""),
];

/// An editor: a shell script that is given the file as `$1`.
fn editor(home: &Path, script: &str) -> String {
    let path = home.join("editor.sh");
    std::fs::write(&path, script).unwrap();
    format!("sh {}", path.display())
}

/// Says that it runs, and writes the line that is typed into the file, behind what is there.
const TYPING: &str = "printf 'EDITOR %s\\n' \"$(cat \"$1\")\"\nread -r line\nprintf ' %s\\n' \"$line\" >>\"$1\"\n";

fn begin(home: &Path, arguments: &[&str], script: &str) -> Pty {
    let editor = editor(home, script);
    let environment = [("VISUAL", editor.as_str()), ("TMPDIR", home.to_str().unwrap())];
    let pty = Pty::start(home, &[&["--model", "demo"], arguments].concat(), &environment);
    pty.see("ctx ");
    pty
}

/// What an editor left where files that are edited lie.
fn left(home: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(home).unwrap().map(|it| it.unwrap().path());
    entries.filter(|it| it.file_name().unwrap().to_str().unwrap().starts_with("megachat-")).collect()
}

#[test]
fn the_editor_has_the_terminal_and_every_key_while_it_runs() {
    let home = tempfile::tempdir().unwrap();
    let mut pty = begin(home.path(), &["-n", "3"], TYPING);
    pty.press("a draft");
    pty.see("a draft");
    for round in 0..3 {
        pty.press("\x18\x05");
        // What the editors before it wrote stands there still, before this one has the keys.
        pty.wait_for("the editor", |screen| screen.matches("EDITOR a draft").count() == round + 1);
        {
            let parser = pty.screen.lock().unwrap();
            let screen = parser.screen();
            assert!(!screen.alternate_screen() && !screen.bracketed_paste() && !screen.hide_cursor());
            assert_eq!(screen.mouse_protocol_mode(), MouseProtocolMode::None);
        }
        // A window is dragged meanwhile.
        pty.resize(90 + round as u16, 30);
        for key in format!("round {round} typed key by key").chars() {
            pty.press(key.encode_utf8(&mut [0; 4]));
        }
        pty.press("\r");
        pty.wait_for("the program, in its new size", |screen| {
            screen.lines().count() == 30
                && screen.contains(&format!("round {round} typed key by key"))
                && screen.contains("ctx ")
                && screen.lines().next().is_some_and(|it| it.chars().count() > 80)
        });
        assert!(pty.screen.lock().unwrap().screen().alternate_screen());
    }
    pty.press("\r");
    pty.drawn(3);
    pty.see("a draft round 0 typed key by key round 1 typed key by key");
    pty.see("round 2 typed key by key");
    assert!(left(home.path()).is_empty());
    pty.press("\x04");
    assert_eq!(pty.exit(), 0);
    pty.assert_restored();
}

#[test]
fn a_text_is_edited_while_nothing_is_lost_whatever_the_editor_does() {
    let home = tempfile::tempdir().unwrap();
    let mut pty = begin(home.path(), &["-n", "3"], "exit 3\n");
    pty.press("The bear\r");
    pty.drawn(3);
    let open = |pty: &mut Pty| pty.press("\t");
    open(&mut pty);
    pty.press("gE");
    pty.see("ended with status 3");
    pty.see("The bear");
    assert!(left(home.path()).is_empty());
    // It wrote something and failed: that is kept, and said where.
    editor(home.path(), "printf 'precious' >\"$1\"\nexit 1\n");
    pty.press("E");
    pty.see("What was written is in");
    let [kept] = &left(home.path())[..] else { panic!("{:?}", left(home.path())) };
    assert_eq!(std::fs::read(kept).unwrap(), b"precious");
    std::fs::remove_file(kept).unwrap();
    editor(home.path(), "printf 'n\\377n' >\"$1\"\n");
    pty.press("E");
    pty.see("is not UTF-8");
    let [kept] = &left(home.path())[..] else { panic!("{:?}", left(home.path())) };
    std::fs::remove_file(kept).unwrap();
    editor(home.path(), "rm \"$1\"\n");
    pty.press("E");
    pty.see("cannot be read");
    editor(home.path(), "exec no-such-editor \"$1\"\n");
    pty.press("E");
    pty.see("There is no editor");
    editor(home.path(), "kill -9 $$\n");
    pty.press("E");
    pty.see("nothing is changed");
    // Ctrl-C in the editor is the editor's.
    editor(
        home.path(),
        // Whenever it comes: before the line is waited for, too.
        "file=$1\ntrap 'printf \"A wolf\" >\"$file\"; exit 0' INT\nprintf 'EDITOR\\n'\nread -r line\n",
    );
    pty.press("E");
    pty.wait_for("the editor", |screen| screen.contains("EDITOR") && !screen.contains("ctx "));
    pty.press("\x03");
    pty.see("The text is yours");
    pty.see("A wolf");
    pty.press("u");
    pty.see("The bear");
    pty.press("\x04");
    assert_eq!(pty.exit(), 0);
    pty.assert_restored();
}

#[test]
fn a_continuation_is_written_on_and_not_drawn_while_the_editor_runs() {
    let home = tempfile::tempdir().unwrap();
    let mut pty = begin(home.path(), &["--ignore-eos", "-n", "0", "--when-full", "slide"], TYPING);
    pty.press("Once upon a time\r");
    pty.wait_for("text", |screen| screen.contains("tok/s"));
    pty.press("next\x18\x05");
    pty.wait_for("the editor", |screen| screen.contains("EDITOR next") && !screen.contains("ctx "));
    let transcript = || {
        let directory = home.path().join("data/transcripts");
        let file = std::fs::read_dir(directory).unwrap().next().unwrap().unwrap().path();
        std::fs::metadata(file).unwrap().len()
    };
    let (drawn, written) = (pty.raw.lock().unwrap().len(), transcript());
    Watch::on(&home.path().join("data/transcripts")).until(|| transcript() >= written + 20_000);
    assert_eq!(pty.raw.lock().unwrap().len(), drawn, "the screen is the editor's");
    pty.press("words\r");
    pty.see("next words");
    pty.see("tok/s");
    pty.press("\x03");
    // In the status line: the story may well say that something stopped.
    pty.wait_for("end", |screen| screen.lines().any(|it| it.starts_with(" stopped")));
    pty.signal(rustix::process::Signal::TERM);
    assert_eq!(pty.exit(), 143);
    pty.assert_restored();
}

#[test]
fn whoever_ends_the_program_ends_the_editor_too() {
    let home = tempfile::tempdir().unwrap();
    let script =
        "echo $$ >\"$TMPDIR/id\"\ntrap 'echo ENDED; exit 1' TERM\nprintf 'EDITOR\\n'\nwhile :; do sleep 0.02; done\n";
    let mut pty = begin(home.path(), &[], script);
    pty.press("\x18\x05");
    pty.wait_for("the editor", |screen| screen.contains("EDITOR") && !screen.contains("ctx "));
    pty.signal(rustix::process::Signal::TERM);
    assert_eq!(pty.exit(), 143);
    pty.see("ENDED");
    pty.assert_restored();
    let id: i32 = std::fs::read_to_string(home.path().join("id")).unwrap().trim().parse().unwrap();
    let gone = rustix::process::test_kill_process(rustix::process::Pid::from_raw(id).unwrap());
    assert!(gone.is_err(), "it lives on");
}

#[test]
fn what_an_editor_saves_when_it_is_ended_is_kept_and_its_place_is_said() {
    let home = tempfile::tempdir().unwrap();
    let script =
        "trap 'echo saved at the last moment >\"$1\"; exit 0' TERM\nprintf 'EDITOR\\n'\nwhile :; do sleep 0.02; done\n";
    let mut pty = begin(home.path(), &[], script);
    pty.press("\x18\x05");
    pty.wait_for("the editor", |screen| screen.contains("EDITOR") && !screen.contains("ctx "));
    pty.signal(rustix::process::Signal::TERM);
    assert_eq!(pty.exit(), 143);
    pty.see("What was written is in");
    let kept = left(home.path());
    assert_eq!(std::fs::read_to_string(&kept[0]).unwrap(), "saved at the last moment\n");
}

#[test]
fn keys_typed_ahead_of_the_editor_do_nothing_behind_its_back() {
    let home = tempfile::tempdir().unwrap();
    let mut pty = begin(home.path(), &["-n", "3"], TYPING);
    pty.press("a draft");
    pty.see("a draft");
    // In one piece, as over a slow line: the editor, the editor again, and a line that would be sent.
    pty.press("\x18\x05\x18\x05zz\r");
    pty.wait_for("the editor", |screen| screen.contains("EDITOR a draft"));
    pty.press("and more\r");
    pty.wait_for("the program", |screen| screen.contains("ctx ") && screen.contains("and more"));
    assert!(pty.contents().contains("ctx 0/"), "nothing was sent:\n{}", pty.contents());
    pty.press("\x03");
    pty.press("\x04");
    assert_eq!(pty.exit(), 0);
    pty.assert_restored();
}

#[test]
fn a_shell_that_stops_the_editor_stops_both_and_brings_both_back() {
    let home = tempfile::tempdir().unwrap();
    // It says that it goes on: only then is the terminal its own again, and its lines end where Enter is pressed.
    let script = format!("trap 'echo BACK' CONT\n{}", TYPING.replace("read -r line", "until read -r line; do :; done"));
    let editor = editor(home.path(), &script);
    let environment = [("PS1", "prompt$ "), ("EDITOR", editor.as_str()), ("VISUAL", "")];
    let mut pty = Pty::run("bash", home.path(), &["--norc", "--noprofile", "-i"], &environment);
    pty.see("prompt$");
    pty.press(&format!("{} --model demo -n 3\r", env!("CARGO_BIN_EXE_megachat")));
    pty.see("ctx ");
    pty.press("words\x18\x05");
    pty.see("EDITOR words");
    pty.press("\x1a");
    pty.shell_says("Stopped");
    pty.press("echo al\x7five\r");
    pty.shell_says("\naive");
    pty.press("fg\r");
    pty.see("BACK");
    pty.press("more\r");
    pty.see("words more");
    pty.see("ctx ");
    pty.press("\x03\x04");
    pty.shell_says("prompt$");
    pty.press("exit 7\r");
    assert_eq!(pty.exit(), 7);
}

#[test]
fn whoever_stops_the_program_from_outside_finds_the_terminal_as_it_was() {
    use rustix::process::{Pid, Signal, kill_process};
    let home = tempfile::tempdir().unwrap();
    let mut pty = Pty::run("bash", home.path(), &["--norc", "--noprofile", "-i"], &[("PS1", "prompt$ ")]);
    pty.see("prompt$");
    let file = home.path().join("id");
    let program = env!("CARGO_BIN_EXE_megachat");
    pty.press(&format!("sh -c 'echo $$ >{}; exec {program} --model demo'\r", file.display()));
    pty.see("ctx ");
    pty.press("words");
    pty.see("words");
    let id: i32 = std::fs::read_to_string(file).unwrap().trim().parse().unwrap();
    kill_process(Pid::from_raw(id).unwrap(), Signal::TSTP).unwrap();
    pty.shell_says("Stopped");
    // Bracketed paste is the shell's own by now.
    let modes = |screen: &vt100::Screen| (screen.alternate_screen(), screen.mouse_protocol_mode());
    let stopped = modes(pty.screen.lock().unwrap().screen());
    assert_eq!(stopped, (false, MouseProtocolMode::None));
    pty.press("fg\r");
    pty.wait_for("the program", |screen| screen.contains("words") && screen.contains("ctx "));
    pty.press("\x03\x04");
    pty.shell_says("prompt$");
    pty.press("exit 7\r");
    assert_eq!(pty.exit(), 7);
}

fn text_in_focus(home: &Path, environment: &[(&str, &str)]) -> Pty {
    let environment: Vec<(&str, &str)> = ALONE.iter().chain(environment).copied().collect();
    let mut pty = Pty::start(home, &["--model", "demo", "-n", "1"], &environment);
    pty.see("ctx ");
    pty.press("\x1b[200~H\u{e4}, \x1b]52;c;AAAA\x07 end\x1b[201~\r");
    pty.drawn(1);
    // From the first token on so many words.
    pty.press("\tgv");
    pty.see("Selecting");
    pty
}

#[test]
fn what_is_copied_goes_to_the_terminal_as_base64_and_that_is_said() {
    for (tmux, expected) in
        [("", "\x1b]52;c;SMOk\x07"), ("a-socket,1,0", "\x1b]52;c;SMOk\x07\x1bPtmux;\x1b\x1b]52;c;SMOk\x07\x1b\\")]
    {
        let home = tempfile::tempdir().unwrap();
        let mut pty = text_in_focus(home.path(), &[("TMUX", tmux)]);
        // `H` and `ä` are a token each.
        pty.press("ly");
        pty.see("Sent 2 characters to the terminal (OSC 52)");
        let raw = String::from_utf8_lossy(&pty.raw.lock().unwrap()).into_owned();
        assert_eq!(raw.matches("\x1b]52;").count(), expected.matches("\x1b]52;").count(), "{raw:?}");
        assert!(raw.contains(expected), "{raw:?}");
        pty.signal(rustix::process::Signal::TERM);
        assert_eq!(pty.exit(), 143);
    }
}

#[test]
fn a_tool_that_reaches_the_clipboard_goes_before_the_terminal() {
    let home = tempfile::tempdir().unwrap();
    let tools = home.path().join("tools");
    let path = format!("{}:{}", tools.display(), std::env::var("PATH").unwrap());
    // Written by a process of its own: a file that is open for writing anywhere cannot be run.
    let make = format!(
        "mkdir -p {0} && printf '%s' '#!/bin/sh\ncat >{0}/copied\n' >{0}/wl-copy && chmod +x {0}/wl-copy",
        tools.display()
    );
    assert!(std::process::Command::new("sh").args(["-c", &make]).status().unwrap().success());
    let mut pty = text_in_focus(home.path(), &[("PATH", &path), ("WAYLAND_DISPLAY", "wayland-0")]);
    pty.press("Gy");
    pty.see("with wl-copy.");
    let copied = std::fs::read_to_string(tools.join("copied")).unwrap();
    assert!(copied.starts_with("H\u{e4}, \x1b]52;c;AAAA\x07 end"), "{copied:?}");
    assert!(!String::from_utf8_lossy(&pty.raw.lock().unwrap()).contains("\x1b]52;"));
    // One that fails is said, and the terminal gets the text instead.
    let fail = format!("printf '#!/bin/sh\nexit 1\n' >{}/wl-copy", tools.display());
    assert!(std::process::Command::new("sh").args(["-c", &fail]).status().unwrap().success());
    pty.press("gvly");
    pty.see("wl-copy failed");
    assert!(String::from_utf8_lossy(&pty.raw.lock().unwrap()).contains("\x1b]52;c;SMOk\x07"));
    pty.signal(rustix::process::Signal::TERM);
    assert_eq!(pty.exit(), 143);
}

#[test]
fn the_mouse_is_asked_for_answered_and_given_back() {
    let home = tempfile::tempdir().unwrap();
    let mut pty = Pty::start(home.path(), &["--model", "demo", "-n", "3"], &[]);
    pty.see("ctx ");
    assert_eq!(pty.screen.lock().unwrap().screen().mouse_protocol_mode(), MouseProtocolMode::ButtonMotion);
    pty.press("Once upon a time\r");
    pty.drawn(3);
    // A click on ` upon`, and a second one; places count from 1.
    for action in ['M', 'm'] {
        pty.press(&format!("\x1b[<0;9;3{action}"));
    }
    pty.see("> text");
    for action in ['M', 'm'] {
        pty.press(&format!("\x1b[<0;10;3{action}"));
    }
    pty.see("token 2 of");
    pty.press("q");
    pty.press("\x1b[12~");
    pty.press("\x04");
    assert_eq!(pty.exit(), 0);
    pty.assert_restored();
    for (arguments, environment) in
        [(&["--model", "demo", "--no-mouse"][..], &[][..]), (&["--model", "demo"], &[("MEGACHAT_NO_MOUSE", "1")])]
    {
        let mut pty = Pty::start(home.path(), arguments, environment);
        pty.see("ctx ");
        pty.press("\x04");
        assert_eq!(pty.exit(), 0);
        assert!(!String::from_utf8_lossy(&pty.raw.lock().unwrap()).contains("\x1b[?100"), "not even switched off");
    }
    std::fs::create_dir_all(home.path().join("config")).unwrap();
    std::fs::write(home.path().join("config/config.toml"), "mouse = false\nedit-mode = \"vi\"\n").unwrap();
    let mut pty = Pty::start(home.path(), &["--model", "demo"], &[]);
    pty.see("ctx ");
    pty.press("one");
    pty.see("one");
    pty.press("\x1b");
    pty.see("NORMAL");
    assert_eq!(pty.screen.lock().unwrap().screen().mouse_protocol_mode(), MouseProtocolMode::None);
    pty.press("\x03\x04");
    assert_eq!(pty.exit(), 0);
}

#[test]
fn what_was_sent_is_there_in_the_next_run() {
    let home = tempfile::tempdir().unwrap();
    let file = history::file(&home.path().join("state"));
    let run = |arguments: &[&str], keys: &[(&str, &str)]| {
        let mut pty = Pty::start(home.path(), &[&["--model", "demo", "-n", "1"], arguments].concat(), &[]);
        pty.see("ctx ");
        for (keys, seen) in keys {
            pty.press(keys);
            pty.see(seen);
        }
        pty.press("\x04");
        assert_eq!(pty.exit(), 0);
    };
    run(
        &[],
        &[
            ("first words\nsecond line".replace('\n', "\x1b\r").as_str(), "second line"),
            ("\r", "1 new"),
            ("cleared", "cleared"),
            ("\x03", "Cleared"),
        ],
    );
    assert_eq!(history::load(&file), ["first words\nsecond line", "cleared"]);
    run(&["--no-save"], &[("\x1b[A", "cleared"), ("\x03", "Cleared"), ("secret", "secret"), ("\x03", "Cleared")]);
    assert_eq!(history::load(&file), ["first words\nsecond line", "cleared"]);
    run(&[], &[("\x12sec", "search `sec`: first words"), ("\r", "> input"), ("\x03", "Cleared")]);
    assert_eq!(history::load(&file), ["first words\nsecond line", "cleared", "first words\nsecond line"]);
    // A place that cannot be written is said once, and the program goes on.
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    // What is sent while the model still writes would stay in the input.
    run(&[], &[("words\r", "not kept for later runs"), ("", "1 new"), ("", "max-tokens reached"), ("more\r", "2 new")]);
}
