//! What is written stays: the program is killed while one writes, branches and goes over to other texts; journals are cut and
//! spoiled; two programs have one library; nothing can be written at all.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Output;
use std::time::Instant;

use megachat::assets;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::pty::Pty;
use crate::support::disks::SmallDisk;
use crate::support::fetching::points;
use crate::support::program::{Home, PATIENCE, err, megachat, out, transcripts_in};

/// F5.
const GO_ON: &str = "\x1b[15~";

const DEMO: [&str; 6] = ["-m", "demo", "--device", "cpu", "--dtype", "f32"];

fn transcripts(home: &Path, arguments: &[&str]) -> Output {
    megachat(home, &[&["transcripts"], arguments].concat()).output().unwrap()
}

fn json(home: &Path, arguments: &[&str]) -> Value {
    let output = transcripts(home, &[arguments, &["--json"]].concat());
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", err(&output));
    serde_json::from_str(&out(&output)).unwrap()
}

/// Begins a text, line by line.
fn write(home: &Path, lines: &str) {
    let prompts = tempfile::NamedTempFile::new().unwrap();
    fs::write(prompts.path(), lines).unwrap();
    let mut command = megachat(home, &[&["--plain", "-q", "-n", "10", "-s", "1", "--ignore-eos"], &DEMO[..]].concat());
    let output = command.stdin(fs::File::open(prompts.path()).unwrap()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
}

/// Every journal by its name.
fn journals(home: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(home.join("data/transcripts")).unwrap().map(|it| it.unwrap().path());
    let journals = entries.filter(|it| it.extension().is_some_and(|it| it == "jsonl"));
    journals.map(|it| (it.file_stem().unwrap().to_string_lossy().into_owned(), fs::read(&it).unwrap())).collect()
}

/// The texts of all transcripts, without spaces.
fn texts(home: &Path) -> Vec<String> {
    let ids = journals(home).into_keys();
    ids.map(|it| squeezed(&out(&transcripts(home, &["show", &it])))).filter(|it| !it.is_empty()).collect()
}

/// The texts of all branches of all transcripts, without spaces.
fn branches(home: &Path) -> Vec<String> {
    let mut out = Vec::new();
    for it in transcripts_in(&home.join("data/transcripts")) {
        let ends = (0..it.document.next_node()).filter(|id| it.document.children(Some(*id)).is_empty());
        for end in ends {
            let mut tokens = Vec::new();
            let mut at = Some(end);
            while let Some(node) = at.and_then(|id| it.document.node(id)) {
                tokens.push(node.token);
                at = node.parent;
            }
            tokens.reverse();
            out.push(squeezed(&assets::vocabulary().decode(&tokens)));
        }
    }
    out
}

fn squeezed(text: &str) -> String {
    text.chars().filter(|it| !it.is_whitespace()).collect()
}

/// Without what the screen puts between two tokens where a branch was drawn by another die, and without marks of the end.
fn bare(text: &str) -> String {
    let text = text.replace("<|endoftext|>", "");
    let mut pieces = text.split("seed");
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let rest = piece.split_once('>').filter(|it| it.0.parse::<u32>().is_ok());
        match rest {
            Some((_, rest)) => out += rest.trim_start_matches(|it: char| it.is_ascii_digit()),
            None => out = out + "seed" + piece,
        }
    }
    out
}

/// What the last whole screen shows of the text if it says that it is saved, without spaces. A screen is whole when its end has
/// come: the program holds each together.
fn saved_text(raw: &[u8]) -> Option<String> {
    const END: &[u8] = b"\x1b[?2026l";
    let end = raw.windows(END.len()).rposition(|it| it == END)? + END.len();
    let (rows, columns) = (std::num::NonZero::new(24).unwrap(), std::num::NonZero::new(80).unwrap());
    let mut parser = vt100::Parser::new(rows, columns, 0);
    parser.process(&raw[..end]);
    let screen = parser.screen();
    let rows: Vec<String> = screen.rows(0, 80).collect();
    let is_text = rows.get(1)?.starts_with("┌ text ─") || rows[1].starts_with("┏ > text ━");
    if !is_text || !rows[22].trim_end().ends_with("  saved") {
        return None;
    }
    let inner = rows[2..].iter().take_while(|it| !it.starts_with(['└', '┗']));
    let inner = inner.map(|it| it.chars().skip(1).take(50).collect::<String>());
    Some(squeezed(&inner.collect::<String>())).filter(|it| !it.is_empty())
}

/// Types as somebody does who looks: each key when something has come of the one before. Ends when the program has written so often
/// to the terminal, or when all is done; answers how often it has.
fn typed_until(pty: &mut Pty, keys: &[&str], writes: usize) -> usize {
    let first = pty.came();
    for key in keys {
        let before = pty.came();
        pty.press(key);
        pty.hear(before, Instant::now() + PATIENCE);
        // A text that is opened or drawn comes to its end before the next key, unless the kill is sooner.
        pty.wait_with("its end", |it| {
            let screen = it.contents();
            let is_at_rest = ["  saved", "library:", "ready", "reached"].iter().any(|it| screen.contains(it));
            it.came() - first >= writes || is_at_rest
        });
        if pty.came() - first >= writes {
            break;
        }
    }
    // What is still being drawn then is drawn to its end, wherever the keys have led.
    pty.wait_with("so many writes, or the end", |it| {
        let screen = it.contents();
        it.came() - first >= writes || screen.contains("  saved") || screen.contains("library:")
    });
    pty.came() - first
}

/// A program that is killed while one writes, draws, branches, undoes, marks, and opens other texts has lost nothing that it had
/// said was saved, and nothing of the texts that were there.
///
/// `MEGACHAT_KILL_POINTS=200` tries as many moments.
#[test]
fn a_kill_while_one_writes_and_branches_and_opens_loses_nothing_that_was_saved() {
    let home = Home::new();
    write(home.path(), "The lighthouse keeper\n/reroll 5\n");
    write(home.path(), "A dog ran\n/quit\n");
    let count = std::env::var("MEGACHAT_KILL_POINTS").map_or(12, |it| it.parse().unwrap());
    // Opens and goes on, undoes, writes, goes over to the other text, draws anew, marks, titles, begins one that is new.
    let keys = [
        "\x0f/keeper\r",
        GO_ON,
        "u",
        "i Mend\r",
        "\x0f/dog\r",
        GO_ON,
        "r",
        "Mhere\r",
        "\x18rDawn\r",
        "\x0e",
        "One night\r",
        "\t",
        "r",
        "\x0f/night\r",
    ];
    let start = || {
        let pty = Pty::start(home.path(), &[&DEMO[..], &["-n", "6"]].concat(), &[]);
        pty.see("demo f32 cpu");
        pty
    };
    // So often does the program write while all of it is done.
    let most = typed_until(&mut start(), &keys, usize::MAX);
    let (mut compared, mut torn, mut longer) = (0, 0, 0);
    // The last one when all is done.
    for moment in points(count, most, 21).into_iter().chain([usize::MAX]) {
        let before = journals(home.path());
        let mut pty = start();
        typed_until(&mut pty, &keys, moment);
        kill(Pid::from_raw(pty.id() as i32), Signal::SIGKILL).unwrap();
        pty.exit();
        let raw = pty.raw.lock().unwrap().clone();
        let after = journals(home.path());
        for (id, bytes) in &before {
            // A line that an earlier kill tore is set aside before anything is added.
            let whole = bytes.iter().rposition(|&it| it == b'\n').map_or(0, |it| it + 1);
            assert!(after[id].starts_with(&bytes[..whole]), "{id} lost something after {moment} of {most} writes");
            longer += usize::from(after[id].len() > bytes.len());
        }
        for it in transcripts_in(&home.path().join("data/transcripts")) {
            assert!(it.journal.faults.damaged == 0, "after {moment} of {most} writes: {}", it.journal.faults);
            torn += usize::from(it.journal.torn.is_some());
        }
        if let Some(shown) = saved_text(&raw) {
            compared += 1;
            // On whatever branch: a key behind that screen may have gone to another one.
            let all: Vec<String> = branches(home.path()).iter().map(|it| bare(it)).collect();
            let shown = bare(&shown);
            assert!(
                all.iter().any(|it| it.contains(&shown)),
                "after {moment} of {most} writes {shown:?} was said to be saved, and there is\n{all:#?}"
            );
        }
    }
    let list = json(home.path(), &["list"]);
    assert_eq!(list["transcripts"].as_array().unwrap().len(), texts(home.path()).len());
    println!("{count} kills: {compared} screens said that all is saved, {torn} torn lines, {longer} times a text grew");
    assert!(compared > 0, "no screen could be compared");
}

/// Where nothing can be written, all that is there can be read, listed and found; what would change it is refused with status 74
/// in one sentence, and changes nothing.
#[test]
fn a_library_that_cannot_be_written_is_read() {
    let Some(disk) = SmallDisk::new(100 << 20) else { return };
    let home = disk.path();
    write(home, "The lighthouse keeper\n/reroll 5\n");
    write(home, "A dog ran\n/quit\n");
    let import = home.join("text.txt");
    fs::write(&import, "A third text").unwrap();
    assert!(transcripts(home, &["import", "text.txt"]).status.success());
    assert!(transcripts(home, &["remove", "latest"]).status.success());
    assert_eq!(json(home, &["search", "third"])["found"], Value::Array(Vec::new()));
    // Neither where an index is there nor where none is.
    for with_index in [true, false] {
        if !with_index {
            fs::remove_dir_all(home.join("cache/library")).unwrap();
        }
        let before = journals(home);
        disk.remount("ro");
        let list = json(home, &["list"]);
        assert_eq!(list["transcripts"].as_array().unwrap().len(), 2, "{list}");
        let found = json(home, &["search", "keeper"]);
        assert_eq!(found["found"].as_array().unwrap().len(), 1, "{found}");
        assert!(out(&transcripts(home, &["show", "latest"])).starts_with("A dog ran"));
        let page = transcripts(home, &["export", "--to", "html", "-o", "-"]);
        assert!(page.status.success() && out(&page).contains("dog"), "{}", err(&page));
        for arguments in [
            &["rename", "latest", "x"][..],
            &["tag", "latest", "x"],
            &["remove", "latest"],
            &["restore"],
            &["import", "text.txt"],
            &["export", "--to", "html", "-o", "page.html"],
        ] {
            let output = transcripts(home, arguments);
            let said = err(&output);
            assert_eq!(output.status.code(), Some(74), "{arguments:?}: {said}");
            assert!(said.contains("Read-only file system"), "{arguments:?}: {said}");
            assert_eq!(
                said.lines().filter(|it| !it.contains("index of transcripts")).count(),
                1,
                "{arguments:?}: {said}"
            );
        }
        assert_eq!(journals(home), before);
        // The interface says it, and goes on.
        let mut pty = Pty::start(home, &[&DEMO[..], &["-n", "4"]].concat(), &[]);
        pty.see("demo f32 cpu");
        pty.press("\x0f");
        pty.wait_for("both texts", |it| it.contains("library: 2") && it.contains("A dog ran"));
        pty.press("\td");
        pty.see("Read-only file system");
        pty.press("\x1b");
        pty.wait_for("closed", |it| !it.contains("library: 2"));
        pty.press("A storm\r");
        pty.wait_for("the text goes on", |it| it.contains("4 new") && it.contains("not saved"));
        pty.press("\x04");
        pty.see("not saved");
        pty.press("\x04");
        pty.exit();
        assert_eq!(journals(home), before);
        disk.remount("rw");
    }
}

/// Two programs have one library: what one is writing the other does not write, what one does the other sees, and each text is
/// whole afterwards.
#[test]
fn two_programs_have_one_library() {
    let home = Home::new();
    write(home.path(), "The lighthouse keeper\n/quit\n");
    write(home.path(), "A dog ran\n/quit\n");
    let start = || {
        let pty = Pty::start(home.path(), &[&DEMO[..], &["-n", "4"]].concat(), &[]);
        pty.see("demo f32 cpu");
        pty
    };
    let (mut one, mut other) = (start(), start());
    one.press("\x0f/keeper\r");
    one.see("is open");
    other.press("\x0f/keeper");
    other.wait_for("found", |it| it.contains("library: 1 of 2"));
    other.press("\r");
    let is_taken = |it: &str| squeezed(it).contains("isopeninanothermegachat");
    other.wait_for("it is taken", is_taken);
    // It is not removed under the one that writes it.
    other.press("\x0f/keeper\x1b[A");
    other.wait_for("found", |it| it.contains("library: 1 of 2") && !is_taken(it));
    other.press("\x1b");
    other.see("library: 2");
    other.press("\x1b[B\x1b[B\x1b[A");
    other.press("\td");
    other.wait_for("refused", is_taken);
    other.press("\x1b");
    other.wait_for("closed", |it| !it.contains("library:"));
    // Both write, each its own.
    other.press("\x0f/dog");
    other.wait_for("found", |it| it.contains("library: 1 of 2"));
    other.press("\r");
    other.see("is open");
    for round in 1..=5 {
        one.press(GO_ON);
        other.press(GO_ON);
        let count = format!("{} new", 10 + 10 * round);
        one.see(&count);
        other.see(&count);
    }
    one.press("\x18r");
    one.see("title: Enter keeps it");
    one.press("Watch\r");
    one.see("is called \"Watch\"");
    // What one called it is what the other reads.
    other.press("\x0f");
    other.see("Watch");
    other.press("\x1b");
    other.wait_for("closed", |it| !it.contains("library:"));
    other.press("\x04");
    other.exit();
    one.press("\x04");
    one.exit();
    let list = json(home.path(), &["list"]);
    let titles: Vec<_> = list["transcripts"].as_array().unwrap().iter().map(|it| it["title"].as_str()).collect();
    assert_eq!((titles.len(), titles.contains(&Some("Watch"))), (2, true), "{list}");
    for it in transcripts_in(&home.path().join("data/transcripts")) {
        assert!(it.journal.faults.is_sound() && it.journal.torn.is_none(), "{}", it.journal.faults);
        assert!(it.document.drawn() > 10);
    }
}

/// Makes the system's time a year earlier from the moment at which a file is there.
#[cfg(target_os = "linux")]
const SET_BACK: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t which, struct timespec *out) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(which, out);
    const char *from = getenv("SET_BACK");
    if (which == CLOCK_REALTIME && from && access(from, F_OK) == 0) out->tv_sec -= 365 * 24 * 3600;
    return result;
}
"#;

/// The clock is set back while the program runs: all goes on, what is written then is whole, the last worked on is the last
/// worked on, and what is removed can be brought back.
#[cfg(target_os = "linux")]
#[test]
fn a_clock_that_is_set_back_while_the_program_runs_changes_no_order() {
    let home = Home::new();
    let (source, library) = (home.path().join("clock.c"), home.path().join("clock.so"));
    fs::write(&source, SET_BACK).unwrap();
    let mut compiler = std::process::Command::new("cc");
    let made = compiler.args(["-shared", "-fPIC", "-o"]).args([&library, &source]).arg("-ldl").status();
    if !made.is_ok_and(|it| it.success()) {
        println!("SKIPPED: there is no C compiler, so no clock was set back");
        return;
    }
    write(home.path(), "The lighthouse keeper\n/quit\n");
    let back = home.path().join("back");
    let environment = [("LD_PRELOAD", library.to_str().unwrap()), ("SET_BACK", back.to_str().unwrap())];
    let mut pty = Pty::start(home.path(), &[&DEMO[..], &["-n", "4"]].concat(), &environment);
    pty.see("demo f32 cpu");
    pty.press("A dog ran\r");
    pty.see("4 new");
    fs::write(&back, "").unwrap();
    pty.press("\r");
    pty.see("8 new");
    // Begun in what the clock calls last year.
    pty.press("\x0e");
    pty.press("One night\r");
    pty.wait_for("a new text", |it| it.contains("4 new") && it.contains("saved"));
    let titles = |words: &[&str]| {
        let list = json(home.path(), &["list"]);
        let all = list["transcripts"].as_array().unwrap();
        let first: Vec<String> = all.iter().map(|it| it["words"].as_str().unwrap_or_default().to_owned()).collect();
        let is_so = first.len() == words.len() && first.iter().zip(words).all(|(it, words)| it.starts_with(words));
        assert!(is_so, "{first:?} instead of {words:?}");
        all.iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let ids = titles(&["One night", "A dog ran", "The lighthouse keeper"]);
    assert!(ids[0] < ids[2], "its name is of the year before: {ids:?}");
    pty.press("\x0f/keeper\r");
    pty.see("is open");
    pty.press(GO_ON);
    pty.wait_for("it goes on", |it| it.contains("20 new") && it.contains("saved"));
    titles(&["The lighthouse keeper", "One night", "A dog ran"]);
    pty.press("\x0f/dog");
    pty.see("library: 1 of 3");
    pty.press("\x1b[A");
    pty.press("\x1b");
    pty.see("library: 3");
    pty.press("\x1b");
    pty.wait_for("closed", |it| !it.contains("library:"));
    pty.press("\x04");
    assert_eq!(pty.exit(), 0);
    // Removed by the clock of before, brought back by the one of now and the other way round.
    for set_back in [true, false] {
        let run = |arguments: &[&str], is_back: bool| {
            if is_back {
                fs::write(&back, "").unwrap();
            } else {
                let _ = fs::remove_file(&back);
            }
            let mut command = megachat(home.path(), &[&["transcripts"], arguments].concat());
            let output = command.envs(environment).output().unwrap();
            assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", err(&output));
        };
        run(&["remove", &ids[1]], set_back);
        titles(&["The lighthouse keeper", "One night"]);
        run(&["restore"], !set_back);
        titles(&["The lighthouse keeper", "One night", "A dog ran"]);
    }
    assert!(transcripts_in(&home.path().join("data/transcripts")).iter().all(|it| it.journal.faults.is_sound()));
}
