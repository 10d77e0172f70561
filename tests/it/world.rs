//! A world that is not as it should be: odd terminals, limits on files, disks that cannot be written, places that are gone.

#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::pty::Pty;
use crate::support::disks::SmallDisk;
use crate::support::program::{err, megachat, out};

const BIN: &str = env!("CARGO_BIN_EXE_megachat");

/// A home in which the demo is installed.
fn with_demo() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    install_demo(home.path());
    home
}

fn install_demo(home: &Path) {
    let output = megachat(home, &["-m", "demo", "-p", "Once", "-n", "1"]).output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
}

/// The program, after what a shell does before.
fn after(before: &str, home: &Path, arguments: &[&str], input: Stdio) -> Output {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{before} && exec \"$0\" \"$@\""), BIN]).args(arguments);
    command.env("MEGACHAT_HOME", home).env_remove("RUST_BACKTRACE").stdin(input).output().unwrap()
}

fn resident_kilobytes(process: u32) -> usize {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|it| it.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_terminal_of_any_size_is_drawn_in_bounded_memory() {
    let home = with_demo();
    let mut pty = Pty::start(home.path(), &["--model", "demo", "-n", "5"], &[]);
    pty.see(" ready");
    let usual = resident_kilobytes(pty.id());
    for (columns, rows) in [(65_535, 65_535), (5_000, 5_000), (0, 0), (65_535, 1), (1, 65_535), (1, 1), (0, 7)] {
        let before = pty.raw.lock().unwrap().len();
        pty.claim(columns, rows);
        // Nothing is drawn where there is no room; a key that does something is answered in any case.
        if columns != 1 && rows != 1 {
            pty.wait_with("a frame of the new size", |pty| pty.raw.lock().unwrap().len() > before);
        }
    }
    pty.claim(80, 24);
    pty.press("Once\r");
    pty.see("max-tokens reached");
    let most = resident_kilobytes(pty.id());
    assert!(most < usual + 300_000, "{usual} kB became {most} kB");
    pty.press("\x04");
    assert_eq!(pty.exit(), 0);
    pty.assert_restored();
}

#[test]
fn a_terminal_that_says_no_size_gets_the_usual_one() {
    let home = with_demo();
    let mut pty = Pty::sized((0, 0), BIN, home.path(), &["--model", "demo"], &[]);
    pty.see(" ready");
    assert!(pty.contents().lines().next().is_some_and(|it| it.contains("megachat")), "{}", pty.contents());
    pty.press("\x04");
    assert_eq!(pty.exit(), 0);
}

#[test]
fn a_limit_on_files_is_an_error_and_leaves_nothing() {
    let home = with_demo();
    let fresh = tempfile::tempdir().unwrap();
    let demo = home.path().join("data/models/demo");
    let out = home.path().join("out");
    let (demo, to) = (demo.to_str().unwrap(), out.to_str().unwrap());
    for (home, arguments) in [
        (home.path(), &["convert", demo, to][..]),
        (home.path(), &["export", "demo", "--to", "gguf", to]),
        (home.path(), &["model", "import", demo, "--name", "copy"]),
        (fresh.path(), &["-m", "demo", "-p", "Once", "-n", "1"]),
    ] {
        // Blocks of 512 bytes.
        let output = after("ulimit -f 1000", home, arguments, Stdio::null());
        assert_eq!(output.status.code(), Some(74), "{arguments:?}: {}", err(&output));
        assert!(err(&output).contains("File too large"), "{arguments:?}: {}", err(&output));
    }
    let names = |directory: &Path| {
        let mut names: Vec<String> =
            fs::read_dir(directory).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|it| Path::new(it).extension().is_none_or(|it| it != "lock"));
        names.sort();
        names
    };
    assert_eq!(
        names(home.path()),
        ["cache", "data"].iter().copied().filter(|it| home.path().join(it).exists()).collect::<Vec<_>>()
    );
    assert_eq!(names(&home.path().join("data/models")), ["demo"]);
    assert_eq!(names(&fresh.path().join("data/models")), [""; 0]);
}

#[test]
fn a_limit_on_files_does_not_end_a_text() {
    let home = with_demo();
    let lines = home.path().join("lines");
    fs::write(&lines, "Once\n\n\n\n").unwrap();
    let input = fs::File::open(&lines).unwrap();
    let arguments = ["--plain", "-m", "demo", "-n", "40", "--seed", "7", "--ignore-eos"];
    let output = after("ulimit -f 4", home.path(), &arguments, input.into());
    assert_eq!(output.status.code(), Some(74), "{}", err(&output));
    assert!(err(&output).contains("could not be written"), "{}", err(&output));
    assert!(out(&output).len() > 300, "the text goes on: {}", out(&output));
    // What fits is whole.
    let list = crate::support::program::transcripts_in(&home.path().join("data/transcripts"));
    assert!(list.iter().all(|it| it.journal.faults.damaged == 0 && it.journal.torn.is_none()));
}

#[test]
fn a_disk_that_is_read_only_is_said_with_status_74() {
    let Some(disk) = SmallDisk::new(100 << 20) else { return };
    let home = disk.path();
    install_demo(home);
    let lines = tempfile::NamedTempFile::new().unwrap();
    fs::write(lines.path(), "Once\n").unwrap();
    let run = |arguments: &[&str]| megachat(home, arguments).output().unwrap();
    let plain = || {
        let mut command = megachat(home, &["--plain", "-m", "demo", "-n", "3"]);
        command.stdin(fs::File::open(lines.path()).unwrap()).output().unwrap()
    };
    assert_eq!(plain().status.code(), Some(0));
    disk.remount("ro");
    // What only reads works.
    for arguments in
        [&["-m", "demo", "-p", "Once", "-n", "2"][..], &["transcripts", "list"], &["model", "verify", "demo"]]
    {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", err(&output));
    }
    let to = home.join("out");
    let (demo, to) = (home.join("data/models/demo"), to.to_str().unwrap());
    let demo = demo.to_str().unwrap();
    for arguments in [
        &["convert", demo, to][..],
        &["export", "demo", "--to", "gguf", to],
        &["model", "import", demo, "--name", "copy"],
        &["model", "remove", "demo"],
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(74), "{arguments:?}: {}", err(&output));
        assert!(err(&output).contains("Read-only file system"), "{arguments:?}: {}", err(&output));
    }
    let output = plain();
    assert_eq!(output.status.code(), Some(74), "{}", err(&output));
    assert!(err(&output).contains("could not be written"), "{}", err(&output));
    let resumed = megachat(home, &["--plain", "--resume"]).output().unwrap();
    assert_eq!(resumed.status.code(), Some(74), "{}", err(&resumed));
    disk.remount("rw");
}

#[test]
fn a_working_directory_that_is_gone_is_only_missed_where_a_path_begins_in_it() {
    let home = with_demo();
    let gone = |arguments: &[&str], variables: &[(&str, &str)]| {
        let place = tempfile::tempdir().unwrap();
        let mut shell = Command::new("sh");
        shell.args(["-c", "rmdir \"$PWD\" && exec \"$0\" \"$@\"", BIN]).args(arguments).current_dir(place.path());
        shell.env("MEGACHAT_HOME", home.path()).envs(variables.iter().copied()).stdin(Stdio::null());
        shell.output().unwrap()
    };
    let output = gone(&["-m", "demo", "-p", "Once", "-n", "2"], &[]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let output = gone(&["-m", "demo", "-p", "Once", "-n", "2"], &[("MEGACHAT_HOME", "here")]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("the working directory is gone"), "{}", err(&output));
    let output = gone(&["export", "demo", "--to", "gguf", "out"], &[]);
    assert!(output.status.code().is_some_and(|it| it != 0), "{}", err(&output));
}

#[test]
fn a_home_that_is_no_place_is_refused_or_left_out() {
    let place = tempfile::tempdir().unwrap();
    let run = |variables: &[(&str, &str)]| {
        let mut command = Command::new(BIN);
        for name in ["MEGACHAT_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"] {
            command.env_remove(name);
        }
        command.args(["config", "path"]).current_dir(place.path()).envs(variables.iter().copied()).output().unwrap()
    };
    let output = run(&[("HOME", "relative")]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("set HOME, or MEGACHAT_HOME"), "{}", err(&output));
    let home = place.path().to_str().unwrap();
    for odd in ["", "relative"] {
        let output = run(&[("HOME", home), ("XDG_CONFIG_HOME", odd)]);
        assert_eq!(out(&output).trim(), format!("{home}/.config/megachat/config.toml"), "{odd:?}");
    }
    let output = run(&[("HOME", "/dev/null")]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(err(&output).contains("cannot be read"), "{}", err(&output));
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0, "nothing is made where the program was started");
}
