//! Shannon's game: its figures are those of `score`, from a pipe and in a terminal.
#![cfg(unix)]

use std::fs;
use std::io::Write as _;
use std::process::{Output, Stdio};

use serde_json::Value;

use crate::pty::Pty;
use crate::support::program::{Home, err, megachat, out};

const TEXT: &str = "Once upon a time there was a little dog, who lived in Timbuktu.\n\nHe liked to play \"in\" the park with his friends.";

fn guess(home: &Home, arguments: &[&str], answers: &[u8]) -> Output {
    let mut command = megachat(home.path(), &[&["guess", "--model", "demo", "--device", "cpu"], arguments].concat());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A program that does not read its input is none of this test's business.
    let _ = child.stdin.take().unwrap().write_all(answers);
    child.wait_with_output().unwrap()
}

fn file(home: &Home, text: impl AsRef<[u8]>) -> String {
    let path = home.path().join("text.txt");
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn json(output: &Output) -> Value {
    assert_eq!(output.status.code(), Some(0), "{}", err(output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Bits and ranks of all words, as `score` has them.
fn scored(home: &Home, file: &str) -> Vec<(String, f64, u64)> {
    let arguments = ["score", "--words", "--jsonl", file, "--model", "demo", "--device", "cpu"];
    let output = megachat(home.path(), &arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let object: Value = serde_json::from_str(out(&output).lines().next().unwrap()).unwrap();
    let word =
        |it: &Value| (it["text"].as_str().unwrap().into(), it["bits"].as_f64().unwrap(), it["rank"].as_u64().unwrap());
    object["words"].as_array().unwrap().iter().map(word).collect()
}

#[test]
fn bits_and_ranks_are_those_of_score() {
    let home = Home::new();
    let short = file(&home, TEXT);
    let long = home.path().join("long.txt");
    // Longer than the context, so that there are windows.
    fs::write(&long, [TEXT; 30].join(" ")).unwrap();
    for (name, first) in [(&*short, 0), (long.to_str().unwrap(), 3)] {
        let expected = scored(&home, name);
        let answers = "\n".repeat(expected.len());
        let found = json(&guess(&home, &[name, "--first", &first.to_string(), "--json"], answers.as_bytes()));
        let rounds = found["rounds"].as_array().unwrap();
        assert_eq!(rounds.len(), expected.len() - first, "{found}");
        for (round, (word, bits, rank)) in rounds.iter().zip(&expected[first..]) {
            assert_eq!(round["word"], **word);
            assert!((round["bits"].as_f64().unwrap() - bits).abs() < 1e-9, "{round} {bits}");
            assert_eq!(round["rank"], *rank, "{round}");
        }
        let mean = expected[first..].iter().map(|it| it.1).sum::<f64>() / rounds.len() as f64;
        assert!((found["totals"]["bits_per_word"].as_f64().unwrap() - mean).abs() < 1e-9);
    }
}

#[test]
fn a_guess_is_scored_as_if_it_stood_in_the_text() {
    let home = Home::new();
    let name = file(&home, TEXT);
    // The ninth word is "dog,", the thirteenth "Timbuktu." and the fourteenth stands behind an empty line.
    let answers = "cat\nDOG\n\n\n\nLondon\n\"timbuktu\"!\nShe\nhe\n";
    let found = json(&guess(&home, &[&name, "--words", "6", "--json"], answers.as_bytes()));
    let rounds = &found["rounds"];
    assert_eq!((&rounds[0]["right"], &rounds[4]["right"], &rounds[5]["right"]), (&2.into(), &2.into(), &2.into()));
    assert_eq!((&rounds[1]["right"], &rounds[1]["guesses"]), (&Value::Null, &Value::Array(Vec::new())));
    let totals = &found["totals"];
    assert_eq!((&totals["words"], &totals["right_first"], &totals["right"]), (&6.into(), &0.into(), &3.into()));
    assert!(totals["entropy_upper"].is_null());
    for (round, at, other) in [(0, 8, "cat"), (4, 12, "London"), (5, 13, "She")] {
        let words = ["dog,", "Timbuktu.", "He"];
        let end = TEXT.find(words[if round == 0 { 0 } else { round - 3 }]).unwrap();
        let changed = file(&home, format!("{}{other}", &TEXT[..end]));
        let (word, bits, rank) = scored(&home, &changed)[at].clone();
        let guessed = &rounds[round]["guesses"][0];
        assert_eq!((guessed["text"].as_str(), guessed["rank"].as_u64()), (Some(&*word), Some(rank)));
        assert!((guessed["bits"].as_f64().unwrap() - bits).abs() < 1e-9, "{guessed} {bits}");
    }
}

#[test]
fn from_ten_words_on_the_entropy_is_bounded() {
    let home = Home::new();
    let name = file(&home, TEXT);
    let words: Vec<&str> = TEXT.split_whitespace().skip(8).take(10).collect();
    let answers =
        words.iter().enumerate().map(|(at, it)| if at < 8 { format!("{it}\n") } else { format!("x\n{it}\n") });
    let output = guess(&home, &[&name, "--words", "10", "--guesses", "2"], answers.collect::<String>().as_bytes());
    let text = out(&output);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let value = |name: &str| {
        text.lines().find(|it| it.starts_with(name)).unwrap().rsplit("  ").next().unwrap().trim().to_owned()
    };
    assert_eq!(value("right at the first guess"), "8 of 10");
    assert_eq!(value("right at any guess"), "10 of 10");
    // -0.8 log2 0.8 - 0.2 log2 0.2, and 2 times 0.2.
    assert_eq!(
        (value("your entropy, upper bound"), value("your entropy, lower bound")),
        ("0.72".into(), "0.40".into())
    );
}

#[test]
fn what_cannot_be_played_says_what_to_do() {
    let home = Home::new();
    let refused = |text: &[u8], arguments: &[&str], answers: &[u8], status: i32, why: &str| {
        let name = file(&home, text);
        let output = guess(&home, &[&[&*name], arguments].concat(), answers);
        assert_eq!(output.status.code(), Some(status), "{why}: {}", err(&output));
        assert!(err(&output).contains(why), "{}", err(&output));
    };
    refused(TEXT.as_bytes(), &[], b"", 2, "there is nobody to guess");
    refused(b"One two three.", &[], b"a\n", 2, "the text has 3 words, and --first gives 8 of them");
    refused(b" \n", &[], b"a\n", 1, "is empty");
    refused(b"Once \xff", &[], b"a\n", 1, "save it as UTF-8");
    refused(TEXT.as_bytes(), &["--guesses", "0"], b"a\n", 2, "--guesses");
    // Nothing of the text or of a guess reaches the terminal raw; a mark before the text is none of it.
    let name = file(&home, "\u{feff}Once upon \x1b[31m a time there was a \x1b]0;x\x07bear.");
    let output = guess(&home, &[&name, "--first", "3"], "\x1b[2J\n\x1b\nb\n:q\n".as_bytes());
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(!output.stdout.contains(&0x1b) && !output.stdout.contains(&7), "{}", out(&output));
    assert!(!out(&output).contains('\u{feff}'));
    // A passage of the program's own is the same for a number, and another for another.
    let passage = |seed: &str| out(&guess(&home, &["--seed", seed], b":q\n"));
    assert!(passage("1") == passage("1") && passage("1") != passage("2") && passage("6") == passage("1"));
}

#[test]
fn a_class_plays_in_a_terminal_and_interrupts() {
    let home = tempfile::tempdir().unwrap();
    let mut pty = Pty::start(home.path(), &["guess", "--model", "demo", "--device", "cpu", "--seed", "0"], &[]);
    pty.see("Word 9, guess 1 of 3?");
    pty.press("Boy\r");
    pty.see("No. \"Boy\":");
    pty.see("Word 9, guess 2 of 3?");
    pty.press("GIRL!\r");
    pty.see("The word: girl");
    pty.see("Word 10, guess 1 of 3?");
    pty.press("\r");
    pty.see("Of 2: you 0 at once, 1 in all");
    pty.see("Word 11, guess 1 of 3?");
    pty.press("Ti\x03");
    pty.see("right at any guess              1 of 2");
    assert_eq!(pty.exit(), 130);
    pty.assert_restored();
}
