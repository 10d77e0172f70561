//! The paper's evaluations: against an independent script's figures, and as people stop and misuse them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::support::program::{Home, err, megachat, out};
use crate::support::watch::Watch;

fn data(name: &str) -> String {
    format!("{}/tests/data/evaluations/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn eval(home: &Home, arguments: &[&str]) -> Output {
    megachat(home.path(), &[&["eval"], arguments, &["--model", "demo", "--device", "cpu"]].concat()).output().unwrap()
}

fn json(output: &Output) -> Value {
    assert_eq!(output.status.code(), Some(0), "{}", err(output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Counts must be equal, all other figures to four digits.
fn compare(ours: &Value, theirs: &Value) {
    for (name, expected) in theirs.as_object().unwrap() {
        let found = &ours[name];
        if expected.is_u64() {
            assert_eq!(found, expected, "{name}");
        } else {
            let (found, expected) = (found.as_f64().unwrap(), expected.as_f64().unwrap());
            println!("{name}: {found} {expected}");
            assert!((found / expected - 1.0).abs() < 5e-5, "{name}: {found} {expected}");
        }
    }
}

#[test]
fn figures_are_those_of_an_independent_script() {
    let home = Home::new();
    let expected: Value = serde_json::from_slice(&fs::read(data("expected.json")).unwrap()).unwrap();
    let (passages, stream) = (data("lambada.jsonl"), data("wiki.test.tokens"));
    let strict = json(&eval(&home, &["lambada", &passages, "--json"]));
    compare(&strict, &expected["strict"]);
    assert_eq!((&strict["model"]["dtype"], &strict["left_out"]), (&"f32".into(), &1.into()));
    assert!(strict["right"].as_u64().unwrap() > 5 && strict["paper"].is_null());
    compare(&json(&eval(&home, &["lambada", &passages, "--plain", "--json"])), &expected["plain"]);
    let plain = out(&eval(&home, &["lambada", &passages, "--plain"]));
    assert!(plain.contains("it counts whole words"), "{plain}");
    let found = json(&eval(&home, &["wikitext103", &stream, "--json"]));
    compare(&found, &expected["wikitext103"]);
    assert!(found["windows"].as_u64().unwrap() > found["windows_read"].as_u64().unwrap());
    // For people the same.
    let table = eval(&home, &["wikitext103", &stream]);
    assert!(out(&table).contains(&format!("{:.2}", found["adjusted_perplexity"].as_f64().unwrap())), "{}", out(&table));
    // What is finished is forgotten.
    assert_eq!(fs::read_dir(home.path().join("state/evaluations")).unwrap().count(), 0);
}

#[test]
fn what_was_stopped_or_killed_goes_on() {
    let home = Home::new();
    let stream = home.path().join("wiki");
    fs::write(&stream, fs::read_to_string(data("wiki.test.tokens")).unwrap().repeat(2)).unwrap();
    let stream = stream.to_str().unwrap();
    let arguments = ["eval", "wikitext103", stream, "--json", "--model", "demo", "--device", "cpu"];
    let kept = home.path().join("state/evaluations");
    fs::create_dir_all(&kept).unwrap();
    let whole = json(&eval(&Home::new(), &["wikitext103", stream, "--json"]));
    for signal in [Signal::SIGKILL, Signal::SIGINT] {
        let (before, watch) = (newest(&kept), Watch::on(&kept));
        let child = megachat(home.path(), &arguments).spawn().unwrap();
        // The first of it is written down at once; of what is found before, a later one is waited for.
        watch.until(|| newest(&kept) != before);
        kill(Pid::from_raw(child.id() as i32), signal).unwrap();
        let output = child.wait_with_output().unwrap();
        if signal == Signal::SIGINT {
            assert_eq!(output.status.code(), Some(130), "{}", err(&output));
            assert!(err(&output).contains("stopped after") && err(&output).contains("goes on"), "{}", err(&output));
        }
        assert_ne!(newest(&kept), None);
    }
    let output = megachat(home.path(), &arguments).output().unwrap();
    assert!(err(&output).contains("goes on where it was stopped"), "{}", err(&output));
    assert_eq!(json(&output), whole);
}

/// The content of what is kept.
fn newest(kept: &Path) -> Option<Vec<u8>> {
    let files: Vec<PathBuf> = fs::read_dir(kept).ok()?.map(|it| it.unwrap().path()).collect();
    fs::read(files.into_iter().find(|it| it.extension().is_some_and(|it| it == "json"))?).ok()
}

#[test]
fn wrong_files_are_named() {
    let home = Home::new();
    let write = |name: &str, bytes: &[u8]| {
        let path = home.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (latin, wiki_latin) = (write("latin", b"caf\xe9"), write("wiki-latin", b"caf\xe9"));
    let (lines, other) = (write("lines", b"{\"text\": \"a b\"}\n\n{\"words\": 1}\n"), write("plain.txt", b"a b c"));
    let (empty, one) = (write("wiki-empty", b""), write("one", b"{\"text\": \"alone\"}\n"));
    for (arguments, status, words) in [
        (&["lambada"][..], 2, "cybertronai/bflm"),
        (&["wikitext103"], 2, "wikitext-103-v1.zip"),
        (&["lambada", "/nowhere/x"], 1, "/nowhere/x"),
        (&["lambada", &latin], 1, "not UTF-8: byte 3"),
        (&["wikitext103", &wiki_latin], 1, "not UTF-8"),
        (&["lambada", &lines], 1, "lines:3"),
        (&["lambada", &one], 1, "holds no passage"),
        (&["wikitext103", &other], 2, "must hold `wiki`"),
        (&["wikitext103", &empty], 1, "nothing to score"),
    ] {
        let output = eval(&home, arguments);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {}", err(&output));
        assert!(err(&output).contains(words), "{arguments:?}: {}", err(&output));
        assert_eq!(out(&output), "");
    }
}

#[test]
fn pairs_are_those_of_score() {
    let home = Home::new();
    let file = home.path().join("pairs.tsv");
    fs::write(&file, "The cat sat on the mat.\tThe cat sat in the sky sky.\nA dog ran.\tA dog dog dog.\n").unwrap();
    let file = file.to_str().unwrap();
    for form in [&[][..], &["--json"], &["--jsonl"], &["--csv"]] {
        let score =
            megachat(home.path(), &[&["score", "--pairs", file, "--model", "demo", "--device", "cpu"], form].concat());
        let (ours, theirs) = (eval(&home, &[&["pairs", file], form].concat()), { score }.output().unwrap());
        assert_eq!((ours.status.code(), out(&ours)), (Some(0), out(&theirs)));
    }
    let totals = json(&eval(&home, &["pairs", file, "--json"]));
    assert_eq!((&totals["pairs"], &totals["accuracy"]), (&2.into(), &1.0.into()));
    let where_from = eval(&home, &["pairs"]);
    assert!(where_from.status.code() == Some(2) && err(&where_from).contains("BLiMP"), "{}", err(&where_from));
}
