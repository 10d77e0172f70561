//! A transcript drawn again: what the real program wrote comes out as it was, and what was changed in it is found.
#![cfg(unix)]

use std::path::{Path, PathBuf};
use std::process::Output;

use megachat::document::{Header, Journal, Origin, Record, ReplayPlan, ReplayStep, encode_line, replay_plan};
use megachat::sample::Draw;
use megachat::store::transcripts::{read, read_file};
use serde_json::Value;

use crate::pty::Pty;
use crate::support::program::{Home, err, megachat, out};
use crate::support::watch::Watch;

fn transcripts(home: &Home) -> PathBuf {
    home.path().join("data/transcripts")
}

fn replay(home: &Home, arguments: &[&str]) -> Output {
    megachat(home.path(), &[&["replay"], arguments].concat()).output().unwrap()
}

fn json(home: &Home, arguments: &[&str]) -> Value {
    let output = replay(home, &[arguments, &["--json"]].concat());
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}{}", out(&output), err(&output)))
}

/// The program with the demo, at work until `what` is on the screen.
fn start(home: &Home, arguments: &[&str]) -> Pty {
    let pty = Pty::start(home.path(), &[&["--model", "demo"], arguments].concat(), &[]);
    pty.see("ctx ");
    pty
}

fn quit(mut pty: Pty) {
    pty.press("\x04");
    assert_eq!(pty.exit(), 0);
}

/// Waits until so many continuations have ended, by the journal.
#[track_caller]
fn ended(home: &Home, count: usize) {
    let ended = |it: &Record| matches!(it, Record::Stopped { .. });
    let so_far =
        || read(&transcripts(home), "latest").map_or(0, |it| it.1.records.iter().filter(|it| ended(it)).count());
    // It may be made only now, with the first text.
    std::fs::create_dir_all(transcripts(home)).unwrap();
    Watch::on(&transcripts(home)).until(|| so_far() >= count);
}

/// Everything that moves the end of the text or changes how it is drawn, in the precision that rounds the most.
fn a_full_life(home: &Home) {
    let mut pty = start(home, &["-s", "7", "-n", "20"]);
    // A half word, which the model finishes.
    pty.press("Once upon a ti\r");
    ended(home, 1);
    // Warmer midway.
    pty.press("\x1b[1;3A\x1b[1;3A");
    pty.see("T 0.8");
    pty.press("\x1b[15~");
    ended(home, 2);
    // Two columns; both are kept, and the second goes on.
    pty.press("\x1b[17~");
    pty.see("first difference: token");
    pty.press("\x1b[C");
    pty.press("k");
    pty.see("Kept as 2 branches");
    pty.press("\x1b[15~");
    ended(home, 3);
    // Back and forth: each time the model is asked what comes next, and broken off by the next key.
    let length = |screen: &str| screen.split("ctx ").nth(1).and_then(|it| it.split('/').next()).map(str::to_owned);
    pty.see("max-tokens reached");
    let whole = length(&pty.contents());
    assert!(whole.is_some());
    pty.press("\x1bu");
    pty.wait_for("undoing", |screen| length(screen).is_some_and(|it| Some(it) != whole));
    pty.press("\x1br\x1bu\x1br");
    pty.wait_for("redoing", |screen| length(screen) == whole);
    // Scored, so that all of it is read again; then new dice some tokens before the end.
    pty.press("\t");
    pty.see("new dice");
    pty.press("s");
    pty.wait_for("score", |screen| screen.contains("no sampler counts") && !screen.contains("not known yet"));
    pty.press("q");
    pty.press("hhhhhhhh");
    pty.press("r");
    pty.see("seed 8");
    ended(home, 4);
    // Columns in the middle that are let go: what comes after is read anew.
    pty.press("hhhh\x1b[17~");
    pty.see("same dice, other settings");
    pty.press("q");
    pty.press("G\x1b[15~");
    ended(home, 5);
    // One's own words in the middle.
    pty.press("hhhht");
    pty.see("What you send now goes here");
    pty.press(" The end, said the dog\r");
    ended(home, 6);
    quit(pty);
}

/// Whoever pauses while he writes is shown what could come next; the text is drawn as if he had not paused.
#[test]
fn a_text_that_was_looked_ahead_in_comes_out_again_to_the_last_bit() {
    let home = Home::new();
    let mut pty = start(&home, &["-s", "7", "-n", "12"]);
    for (count, words) in [(1, ["Once upon", " a time, there", " was"]), (2, [" The bear", " ran and", " ran"])] {
        for part in words {
            pty.press(part);
            // With a figure behind it once the model has read it.
            pty.see("after yours: ");
        }
        pty.press("\r");
        ended(&home, count);
    }
    quit(pty);
    let output = replay(&home, &["latest"]);
    assert_eq!((out(&output), err(&output)), ("identical 24/24\n".to_owned(), String::new()));
}

#[test]
fn a_transcript_comes_out_again_to_the_last_bit() {
    let home = Home::new();
    a_full_life(&home);
    let (path, journal) = read(&transcripts(&home), "latest").unwrap();
    let ReplayPlan { document, steps } = replay_plan(&journal.records);
    // It holds what it should: healing, columns, other settings, branches.
    let has = |what: fn(&ReplayStep) -> bool| assert!(steps.iter().any(what), "{steps:?}");
    has(|it| matches!(it, ReplayStep::Draw(it) if it.len() > 1));
    has(|it| {
        matches!(it, ReplayStep::Load(it)
            if it.dtype == "q8" && it.arithmetic != 0 && it.generator.contains("splitmix64"))
    });
    assert!(document.settings_history().len() > 3 && document.runs().len() > 5);
    let begun = |id| matches!(&document.node(id).unwrap().origin, Origin::Drawn(it) if it.begun > 0);
    assert!((0..document.next_node()).any(begun));
    let output = replay(&home, &["latest"]);
    let drawn =
        (0..document.next_node()).filter(|&id| matches!(document.node(id).unwrap().origin, Origin::Drawn(_))).count();
    assert_eq!((out(&output), err(&output)), (format!("identical {drawn}/{drawn}\n"), String::new()));
    assert_eq!(output.status.code(), Some(0));
    let it = json(&home, &[path.to_str().unwrap(), "--verify"]);
    assert_eq!((it["drawn"].as_u64(), it["identical"].as_u64()), (Some(drawn as u64), Some(drawn as u64)));
    let largest = it["probabilities"]["largest_difference"].as_f64().unwrap();
    println!("{drawn} tokens, largest difference {largest:.2e}");
    assert_eq!(largest, 0.0, "{it:#}");
    // In another precision other tokens come out, and the probabilities say that rounding is why.
    let other = replay(&home, &["latest", "--verify", "--dtype", "f32"]);
    assert_eq!(other.status.code(), Some(0), "{}", out(&other));
    assert!(out(&other).contains("(recorded q8 cpu, now f32 cpu)"), "{}", out(&other));
    let it = json(&home, &["latest", "--dtype", "f32"]);
    assert_eq!((it["same_circumstances"].as_bool(), it["same_weights"].as_bool()), (Some(false), Some(true)));
    assert_eq!(it["differs"].as_bool(), Some(it["identical"] != it["drawn"]));
}

#[test]
fn what_slides_and_what_mirostat_steers_comes_out_again_also_after_a_resumption() {
    let home = Home::new();
    let arguments = ["-s", "3", "-n", "900", "--when-full", "slide", "--ignore-eos", "--mirostat-tau", "3"];
    let mut pty = start(&home, &arguments);
    // Its last word could go on, and does not.
    pty.press("Once upon a time there was\r");
    pty.wait_for("a text", |screen| screen.contains("tok/s"));
    // Warmer while it streams.
    pty.press("\x1b[1;3A");
    pty.see("T 0.75");
    ended(&home, 1);
    quit(pty);
    let mut pty = Pty::start(home.path(), &["--model", "demo", "--resume", "-n", "10"], &[]);
    pty.see("out of sight");
    pty.press("\r");
    ended(&home, 2);
    quit(pty);
    let (_, journal) = read(&transcripts(&home), "latest").unwrap();
    let ReplayPlan { document, .. } = replay_plan(&journal.records);
    let temperatures: Vec<f32> = document.settings_history().iter().map(|it| it.1.temperature).collect();
    assert!(temperatures.contains(&0.7) && temperatures.contains(&0.75), "{temperatures:?}");
    let it = json(&home, &["latest", "--verify"]);
    assert_eq!((it["drawn"].as_u64(), it["identical"].as_u64()), (Some(910), Some(910)), "{it:#}");
    assert_eq!((it["models"].as_array().unwrap().len(), it["differs"].as_bool()), (2, Some(false)));
    assert!(it["probabilities"]["largest_difference"].as_f64().unwrap() < 1e-6, "{it:#}");
}

/// Writes the records as a transcript of its own.
fn write(path: &Path, header: &Header, records: &[Record]) {
    let header = Record::Header(header.clone());
    let lines = (0..).zip(std::iter::once(&header).chain(records)).map(|(n, it)| encode_line(n, it).unwrap());
    std::fs::write(path, lines.collect::<String>()).unwrap();
}

/// The journal of twelve tokens that were drawn in 32 bits.
fn twelve_tokens() -> (Home, Journal) {
    let home = Home::new();
    let mut pty = start(&home, &["-s", "5", "-n", "12", "--dtype", "f32"]);
    pty.press("Once upon a time\r");
    ended(&home, 1);
    quit(pty);
    let (_, journal) = read(&transcripts(&home), "latest").unwrap();
    (home, journal)
}

#[test]
fn another_arithmetic_is_said_and_judged_as_another_device_is() {
    let (home, journal) = twelve_tokens();
    let path = home.path().join("changed.jsonl");
    for (number, expected) in [(77, "arithmetic is number 77"), (0, "names no arithmetic")] {
        let mut records = journal.records.clone();
        for it in &mut records {
            if let Record::Model { arithmetic, .. } = it {
                assert_ne!(std::mem::replace(arithmetic, number), number);
            }
        }
        write(&path, &journal.header, &records);
        let output = replay(&home, &[path.to_str().unwrap()]);
        assert_eq!((output.status.code(), out(&output).as_str()), (Some(0), "identical 12/12\n"));
        assert!(err(&output).contains(expected), "{}", err(&output));
        // A token that fell otherwise is not passed over.
        for it in &mut records {
            if let Record::Drawn { first: 9, draws, .. } = it {
                (draws[0].token, draws[0].after) = (draws[0].top[1].token, 0.5);
            }
        }
        write(&path, &journal.header, &records);
        let output = replay(&home, &[path.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(8));
        assert!(out(&output).contains("now f32 cpu, another arithmetic)"), "{}", out(&output));
        let it = json(&home, &[path.to_str().unwrap()]);
        assert_eq!(it["same_circumstances"], false);
        assert_eq!(it["models"][0]["recorded"]["arithmetic"], number);
    }
}

#[test]
fn what_was_changed_afterwards_is_found() {
    let (home, journal) = twelve_tokens();
    let path = home.path().join("changed.jsonl");
    let try_with = |change: &mut dyn FnMut(&mut Record), arguments: &[&str]| {
        let mut records = journal.records.clone();
        records.iter_mut().for_each(change);
        assert_ne!(records, journal.records);
        write(&path, &journal.header, &records);
        replay(&home, &[&[path.to_str().unwrap()], arguments].concat())
    };
    let sixth = |it: &mut Record, change: fn(&mut Draw)| {
        if let Record::Drawn { first: 9, draws, .. } = it {
            change(&mut draws[0]);
        }
    };
    // Another token: it does not come out, and is told beside the one that does.
    let output = try_with(&mut |it| sixth(it, |draw| draw.token = 30_000), &[]);
    assert_eq!(output.status.code(), Some(8));
    let text = out(&output);
    assert!(text.contains("diverged at 10: recorded \"") && text.contains("(recorded f32 cpu, now f32 cpu)"), "{text}");
    // One that no vocabulary has.
    let output = try_with(&mut |it| sixth(it, |draw| draw.token = 99_999), &["--verify"]);
    assert_eq!(output.status.code(), Some(8), "{}{}", out(&output), err(&output));
    // Another probability: only looking at them finds it.
    for change in [|draw: &mut Draw| draw.model += 0.01, |draw: &mut Draw| draw.after -= 0.01] {
        let output = try_with(&mut |it| sixth(it, change), &[]);
        assert_eq!((output.status.code(), out(&output).as_str()), (Some(0), "identical 12/12\n"));
        let output = try_with(&mut |it| sixth(it, change), &["--verify"]);
        assert_eq!(output.status.code(), Some(8));
        let text = out(&output);
        assert!(text.contains("at 10 (") && text.contains("1 of 12 probabilities differ"), "{text}");
    }
    // Another seed: every die is another one, whatever it draws.
    let mut seed = |it: &mut Record| {
        if let Record::Settings { settings } = it {
            settings.seed += 1;
        }
    };
    let output = try_with(&mut seed, &[]);
    assert_eq!(output.status.code(), Some(8));
    assert!(out(&output).contains("this seed's is") && out(&output).contains("identical 0/12"), "{}", out(&output));
    // Other settings, another model, other dice.
    let mut hot = |it: &mut Record| {
        if let Record::Settings { settings } = it {
            settings.temperature = 3.0;
        }
    };
    assert_eq!(try_with(&mut hot, &[]).status.code(), Some(8));
    let mut other = |it: &mut Record| {
        if let Record::Model { sha256, .. } = it {
            *sha256 = "0".repeat(64);
        }
    };
    let output = try_with(&mut other, &[]);
    assert_eq!((output.status.code(), out(&output).as_str()), (Some(8), "identical 12/12\n"));
    assert!(err(&output).contains("another model: the weights recorded are 000000000000..."), "{}", err(&output));
    let mut dice = |it: &mut Record| {
        if let Record::Model { generator, .. } = it {
            *generator = "two coins".into();
        }
    };
    let output = try_with(&mut dice, &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("its dice are `two coins`"), "{}", err(&output));
    let mut elsewhere = |it: &mut Record| {
        // Weights that are here are found, whatever the model was called.
        if let Record::Model { name, sha256, .. } = it {
            (*name, *sha256) = ("nowhere".into(), String::new());
        }
    };
    let output = try_with(&mut elsewhere, &[]);
    assert_eq!(output.status.code(), Some(3));
    assert!(err(&output).contains("--model names another place"), "{}", err(&output));
    let output = try_with(&mut elsewhere, &["--model", "demo"]);
    assert_eq!((output.status.code(), out(&output).as_str()), (Some(0), "identical 12/12\n"));
    // A device that is none: the CPU's numbers are not said to be its numbers, unless the user says where.
    let mut adrift = |it: &mut Record| {
        if let Record::Model { device, .. } = it {
            *device = "nowhere".into();
        }
    };
    let output = try_with(&mut adrift, &[]);
    assert_eq!((output.status.code(), out(&output).as_str()), (Some(6), ""));
    assert!(
        err(&output).contains("`nowhere` names no device") && err(&output).contains("--device"),
        "{}",
        err(&output)
    );
    let output = try_with(&mut adrift, &["--device", "cpu"]);
    assert!(out(&output).contains("identical 12/12"), "{}{}", out(&output), err(&output));
    // A transcript that lost the line is drawn on what is here, and says that the weights are not known.
    let lost: Vec<Record> = journal.records.iter().filter(|it| !matches!(it, Record::Model { .. })).cloned().collect();
    write(&path, &journal.header, &lost);
    let output = replay(&home, &[path.to_str().unwrap(), "--model", "demo", "--dtype", "f32"]);
    assert_eq!((output.status.code(), out(&output).as_str()), (Some(0), "identical 12/12\n"), "{}", err(&output));
    assert!(err(&output).contains("does not say which weights"), "{}", err(&output));
    // What older programs wrote: no generator.
    let mut old = |it: &mut Record| {
        if let Record::Model { generator, .. } = it {
            generator.clear();
        }
    };
    assert_eq!(out(&try_with(&mut old, &[])), "identical 12/12\n");
    assert_eq!(read_file(&path).unwrap().records.len(), journal.records.len());
}

#[test]
fn there_must_be_a_transcript() {
    let home = Home::new();
    for (id, expected) in [("latest", "there is no transcript `latest`"), ("/nowhere/x.jsonl", "/nowhere/x.jsonl: ")] {
        let output = replay(&home, &[id]);
        assert_eq!(output.status.code(), Some(1));
        assert!(err(&output).contains(expected), "{}", err(&output));
    }
}
