//! How surprising a text is: against Hugging Face's numbers, against a naive computation, and as scripts use it.

use std::io::Write as _;
use std::process::{Output, Stdio};

use megachat::TokenId;
use megachat::assets;
use megachat::engine::load::{LoadedModel, load_model};
use megachat::engine::protocol::{DeviceChoice, ModelSource, Said};
use megachat::engine::reading::{read, windows};
use megachat::gpt2::{Model, ModelError, Precision, Scores};
use megachat::sample::Reading;
use serde_json::Value;

use crate::support::demo_directory;
use crate::support::program::{Home, err, megachat, out};
use crate::support::scripted::Scripted;

pub(crate) fn demo() -> Box<dyn Model> {
    let source = ModelSource {
        name: "demo".into(),
        directory: demo_directory(),
        device: DeviceChoice::On(megachat::model::Device::Cpu),
        precision: Some(Precision::F32),
        threads: Some(2),
        said: Said::default(),
    };
    let LoadedModel { model, .. } = load_model(&source, &mut |_, _| ()).unwrap();
    model
}

fn score(home: &Home, arguments: &[&str], text: &[u8]) -> Output {
    let mut command = megachat(home.path(), &[&["score", "--model", "demo"], arguments].concat());
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    // A program that does not read its input is none of this test's business.
    let _ = child.stdin.take().unwrap().write_all(text);
    child.wait_with_output().unwrap()
}

fn json(output: &Output) -> Value {
    assert_eq!(output.status.code(), Some(0), "{}", err(output));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn perplexities_are_those_of_hugging_face() {
    let home = Home::new();
    let cases = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/demo/cases.json")).unwrap();
    let cases: Vec<Value> = serde_json::from_slice(&cases).unwrap();
    let mut checked = 0;
    for case in &cases {
        let Some(loss) = case["mean_loss"].as_f64() else { continue };
        // There the first token has nothing before it.
        let prompt = case["prompt"].as_str().unwrap();
        let it = json(&score(&home, &["--json", "--no-start", "--dtype", "f32"], prompt.as_bytes()));
        let tokens = case["ids"].as_array().unwrap().len();
        assert_eq!(it["scored"].as_u64(), Some(tokens as u64 - 1));
        let (bits, perplexity) = (it["bits_per_token"].as_f64().unwrap(), it["perplexity"].as_f64().unwrap());
        let ours = bits * std::f64::consts::LN_2;
        println!("{tokens} tokens: loss {ours:.6}, Hugging Face {loss:.6}, perplexity {perplexity:.4}");
        assert!((ours - loss).abs() < 1e-3, "{ours} {loss}");
        assert!((perplexity / loss.exp() - 1.0).abs() < 1e-3);
        checked += 1;
    }
    assert_eq!(checked, 4);
}

#[test]
fn windows_of_a_long_text_agree_with_one_token_at_a_time() {
    let text = "One day, a dog named Max found a red ball in the park. He was very happy and ran home. ".repeat(40);
    let tokens = assets::vocabulary().encode(&text).unwrap().tokens;
    let (mut model, overlap) = (demo(), 200);
    let capacity = model.positions();
    assert!(tokens.len() > 800 && capacity == 512);
    let mut found: Vec<(usize, f64)> = Vec::new();
    let mut behind = None;
    let mut hear = |position: usize, row: &[f32]| match tokens.get(position) {
        Some(&token) => found.push((position, Reading::new(row, token).unwrap().bits)),
        None => behind = Some(position),
    };
    read(&mut *model, &tokens, (overlap, 50_257), &mut hear, &mut || true).unwrap();
    assert_eq!(found.iter().map(|it| it.0).collect::<Vec<_>>(), (1..tokens.len()).collect::<Vec<_>>());
    assert_eq!(behind, Some(tokens.len()));
    // The windows written out: the first 512; then always 312 further on, after 200 tokens that are known.
    let window = |position: usize| if position < 512 { 0 } else { (position - 512) / 312 * 312 + 312 };
    let mut row = vec![0.0; model.vocabulary()];
    let borders = [1, 2, 128, 129, 511, 512, 513, 640, 823, 824, 825];
    for position in borders.into_iter().chain((1..tokens.len()).step_by(101)).filter(|&it| it < tokens.len()) {
        model.rewind(0);
        model.extend(&tokens[window(position)..position], Scores::Last(&mut row), &mut || true).unwrap();
        let expected = Reading::new(&row, tokens[position]).unwrap().bits;
        let bits = found[position - 1].1;
        assert!((bits - expected).abs() < 2e-3, "position {position}: {bits} {expected}");
    }
    assert_eq!(windows(tokens.len(), 512, 200).len(), (tokens.len() - 512).div_ceil(312) + 1);
}

#[test]
fn padded_ids_are_never_heard_of_and_reading_can_be_stopped() {
    let script: Vec<TokenId> = (0..90).collect();
    let mut model = Scripted::new(&script, 16);
    let (mut rows, mut wanted) = (0, 0);
    read(&mut model, &script, (4, 100), &mut |_, row| rows += usize::from(row.len() == 100), &mut || true).unwrap();
    // Of every position but the first, and of what comes behind the last.
    assert_eq!(rows, 90);
    let stop = &mut || {
        wanted += 1;
        wanted < 3
    };
    let stopped = read(&mut model, &script, (4, 100), &mut |_, _| (), stop);
    assert!(matches!(stopped, Err(ModelError::Interrupted)));
}

#[test]
fn every_byte_is_accounted_for() {
    let home = Home::new();
    let text = "Once upon a time, a \"dog\" 日本 \u{1f469}\u{200d}\u{1f467}.\nOne day,\tMax\n";
    let it = json(&score(&home, &["--json"], text.as_bytes()));
    assert_eq!(it["first_token"], "after <|endoftext|>");
    assert_eq!(
        (it["windows"].as_u64(), it["overlap"].as_u64(), it["context"].as_u64()),
        (Some(1), Some(256), Some(512))
    );
    assert_eq!(
        (it["bytes"].as_u64(), it["characters"].as_u64()),
        (Some(text.len() as u64), Some(text.chars().count() as u64))
    );
    let tokens = it["tokens"].as_array().unwrap();
    let sum: f64 = tokens.iter().map(|it| it["bits"].as_f64().unwrap()).sum();
    assert!((sum - it["bits"].as_f64().unwrap()).abs() < 1e-9);
    let ranks = it["ranks"].as_object().unwrap().values().map(|it| it.as_u64().unwrap()).sum::<u64>();
    assert_eq!((ranks, it["scored"].as_u64()), (tokens.len() as u64, Some(tokens.len() as u64)));
    let ids: Vec<TokenId> = tokens.iter().map(|it| it["id"].as_u64().unwrap() as TokenId).collect();
    assert_eq!(assets::vocabulary().decode(&ids), text);
    let worst = it["worst"].as_array().unwrap();
    let bits = |it: &Value| it["bits"].as_f64().unwrap();
    assert!(worst.len() == 10 && worst.windows(2).all(|it| bits(&it[0]) >= bits(&it[1])));
    // The last word stands in the second line.
    let max = tokens.iter().find(|it| it["text"] == "Max").unwrap();
    assert_eq!((max["line"].as_u64(), max["column"].as_u64()), (Some(2), Some(10)));
    // The same as rows: as many as there are tokens, none with a line end in it.
    let csv = out(&score(&home, &["--csv"], text.as_bytes()));
    assert_eq!(csv.lines().count(), tokens.len() + 1);
    let sum: f64 = csv.lines().skip(1).map(bits_of).sum();
    assert!((sum - it["bits"].as_f64().unwrap()).abs() < 1e-6);
    // Without a start the first token is not scored, and its bytes are not shared out.
    let without = json(&score(&home, &["--json", "--no-start"], text.as_bytes()));
    assert_eq!(
        (without["scored"].as_u64(), without["bytes"].as_u64()),
        (Some(tokens.len() as u64 - 1), Some(text.len() as u64 - 4))
    );
    assert_eq!(without["tokens"][0].get("bits"), None);
    assert!(
        out(&score(&home, &["--csv", "--no-start"], text.as_bytes()))
            .lines()
            .nth(1)
            .unwrap()
            .ends_with(",NA,NA,NA,NA,NA,NA")
    );
}

/// The field of the bits, behind a text that may stand in quotes.
fn bits_of(line: &str) -> f64 {
    let mut read = csv::ReaderBuilder::new().has_headers(false).from_reader(line.as_bytes());
    let row = read.records().next().unwrap().unwrap();
    row[6].parse().unwrap()
}

#[test]
fn a_long_text_says_how_much_each_token_saw() {
    let home = Home::new();
    let text = "One day, a dog named Max found a red ball. ".repeat(60);
    let table = out(&score(&home, &["--overlap", "100"], text.as_bytes()));
    assert!(table.contains("of 512 tokens; after the first, every token has at least 100 before it"), "{table}");
    assert!(table.contains("settings of the samplers do not count") && table.contains("perplexity"), "{table}");
    // In a pipe there is no colour, and no text but what was asked for.
    assert!(!table.contains('\u{1b}') && !table.contains("found a red ball"), "{table}");
    for overlap in ["0", "512"] {
        let output = score(&home, &["--overlap", overlap], text.as_bytes());
        assert_eq!(output.status.code(), Some(2));
        assert!(err(&output).contains("must be between 1 and 511"), "{}", err(&output));
    }
}

#[test]
fn what_cannot_be_scored_is_said() {
    let home = Home::new();
    let missing = home.path().join("missing.txt");
    for (arguments, text, expected) in [
        (&[][..], &b""[..], "there is nothing to score: standard input is empty"),
        (
            &["-"],
            b"abc\xffd",
            "standard input cannot be used: it is not UTF-8: byte 3 of line 1 (0xff) belongs to no character",
        ),
        (&["--no-start"], b"Once", "has nothing before it; leave --no-start out"),
        (&[missing.to_str().unwrap()], b"", "missing.txt: No such file"),
    ] {
        let output = score(&home, arguments, text);
        assert_eq!((output.status.code(), out(&output).as_str()), (Some(1), ""), "{expected}");
        assert!(err(&output).contains(expected), "{}", err(&output));
    }
    let both = score(&home, &["--json", "--csv"], b"Once");
    assert_eq!(both.status.code(), Some(2));
}

#[test]
fn surprise_is_seen_with_and_without_colour() {
    let home = Home::new();
    let text = b"Once upon a time, there was a quantum \x1b[31mball.";
    let coloured = out(&score(&home, &["--color", "always"], text));
    // Reversed, and not only magenta; what a file holds does not colour anything.
    assert!(coloured.contains(" \u{1b}[7;35mquantum\u{1b}[0m"), "{coloured}");
    assert!(!coloured.contains("\u{1b}[31m") && coloured.contains("^["), "{coloured}");
}

#[cfg(unix)]
mod terminal {
    use super::*;
    use crate::pty::Pty;

    #[test]
    fn marks_stand_below_the_text_where_there_is_no_colour() {
        let home = Home::new();
        let file = home.path().join("a.txt");
        std::fs::write(&file, "Once upon a time, there was a quantum ball.\n").unwrap();
        let arguments = ["score", "--model", "demo", "--worst", "1", file.to_str().unwrap()];
        let pty = Pty::start(home.path(), &arguments, &[("NO_COLOR", "1")]);
        assert_eq!(pty.exit(), 0);
        pty.see("most surprising");
        let raw = String::from_utf8_lossy(&pty.raw.lock().unwrap()).into_owned();
        assert!(!raw.replace("\u{1b}[K", "").contains('\u{1b}'), "{raw}");
        let screen = raw.replace('\r', "");
        let rows: Vec<&str> = screen.lines().collect();
        let at = rows.iter().position(|it| it.contains("Once upon a time")).unwrap();
        let column = rows[at].find("quantum").unwrap() - rows[at].find("Once").unwrap();
        assert_eq!(rows[at + 1].as_bytes()[column], b'3', "{screen}");
        assert!(screen.contains("rank: 1-10 plain, 1: 11-100, 2: 101-1000, 3: over 1000"), "{screen}");
    }

    #[test]
    fn a_terminal_that_can_do_no_more_gets_no_escapes_and_no_marks_that_it_lacks() {
        let home = Home::new();
        let file = home.path().join("a.txt");
        // Long enough that its progress would be told.
        std::fs::write(&file, "Once upon a time, there was a quantum ball.\n".repeat(40)).unwrap();
        let arguments = ["score", "--model", "demo", "--worst", "1", file.to_str().unwrap()];
        let pty = Pty::start(home.path(), &arguments, &[("TERM", "dumb"), ("LC_ALL", "C")]);
        assert_eq!(pty.exit(), 0);
        pty.see("most surprising");
        let raw = String::from_utf8_lossy(&pty.raw.lock().unwrap()).into_owned();
        assert!(raw.is_ascii() && !raw.contains('\u{1b}'), "{raw:?}");
        assert!(raw.contains("\"_quantum\"") && raw.contains("####"), "{raw:?}");
    }

    #[test]
    fn an_interrupt_ends_it() {
        let home = Home::new();
        let file = home.path().join("long.txt");
        std::fs::write(&file, "One day, a dog named Max found a red ball. ".repeat(20_000)).unwrap();
        let pty = Pty::start(home.path(), &["score", "--model", "demo", file.to_str().unwrap()], &[]);
        pty.see("of 240001 tokens");
        pty.signal(rustix::process::Signal::INT);
        assert_eq!(pty.exit(), 130);
        assert!(!pty.contents().contains("perplexity"));
    }
}

#[test]
fn a_grapheme_of_several_tokens_is_marked_whole() {
    let home = Home::new();
    let family = "👨‍👩‍👧‍👦";
    let text = format!("ab {family} cd 🇩🇪 e\u{301} {family}");
    let coloured = out(&score(&home, &["--color", "always"], text.as_bytes()));
    let shown = coloured.split("\nrank: ").next().unwrap();
    assert!(shown.contains("\x1b["), "{shown:?}");
    for (grapheme, count) in [(family, 2), ("🇩🇪", 1), ("e\u{301}", 1)] {
        assert_eq!(shown.matches(grapheme).count(), count, "{grapheme} in {shown:?}");
    }
}
