//! What `score` is given: slow and silent input, very many files, files that must not be lost, tables with odd names.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

#[cfg(target_os = "linux")]
use crate::support::disks::SmallDisk;
use crate::support::program::{Home, err, megachat, out};
use crate::support::tiny;

const SCORE: [&str; 5] = ["score", "--model", "demo", "--device", "cpu"];

fn score(home: &Home, arguments: &[&str]) -> std::process::Output {
    megachat(home.path(), &[&SCORE[..], arguments].concat()).output().unwrap()
}

fn file(home: &Home, name: &str, text: &str) -> String {
    let path = home.path().join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Each line or row is told before the next is written, and a signal ends the waiting for one.
#[test]
fn a_line_is_told_before_the_next_is_there_and_a_signal_ends_the_waiting() {
    let home = Home::new();
    let lines = ["The cat sat.\n", "A dog ran.\n"];
    let table = ["text,who\r\nThe cat sat.,a\r\n", "\"A dog\nran.\",b\r\n"];
    for (signal, status, arguments, texts, tokens) in [
        (Signal::SIGINT, 130, ["--lines", "--csv"], lines, [4, 4]),
        (Signal::SIGTERM, 143, ["--items", "--csv"], table, [4, 5]),
    ] {
        let mut command = megachat(home.path(), &[&SCORE[..], &arguments].concat());
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        for (number, (text, tokens)) in texts.into_iter().zip(tokens).enumerate() {
            input.write_all(text.as_bytes()).unwrap();
            // A heading stands before the first.
            let told: Vec<String> = lines.by_ref().take(tokens + usize::from(number == 0)).collect();
            assert!(told.last().unwrap().starts_with(&format!("{},", number + 1)), "{told:?}");
        }
        kill(Pid::from_raw(child.id() as i32), signal).unwrap();
        assert_eq!(lines.next(), None);
        assert_eq!(child.wait().unwrap().code(), Some(status));
        drop(input);
    }
}

/// A pipe to which nobody writes keeps the program waiting, and no longer than until it is told to stop.
#[test]
fn a_silent_pipe_is_left_when_a_signal_comes() {
    let home = Home::new();
    let first = file(&home, "first.txt", "The cat sat.\n");
    let pipe = home.path().join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let arguments = [&SCORE[..], &["--lines", "--csv", &first, pipe.to_str().unwrap()]].concat();
    let mut child = megachat(home.path(), &arguments).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // What comes before it is told meanwhile.
    assert!(lines.nth(4).unwrap().unwrap().contains(",.,"));
    kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(143));
}

#[test]
fn more_files_than_may_be_open_at_once_are_read() {
    let home = Home::new();
    let names: Vec<String> = (0..120).map(|it| file(&home, &format!("{it}.txt"), "The cat sat.")).collect();
    let program = megachat(home.path(), &[]);
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 64; exec \"$0\" score --model demo --device cpu --stats --csv \"$@\""]);
    command.arg(program.get_program()).args(&names).env("MEGACHAT_HOME", home.path());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert_eq!(out(&output).lines().count(), 121);
    // One that cannot be read is found before the work on the others.
    let missing = score(&home, &["--stats", "--csv", &names[0], "/nowhere/x"]);
    assert_eq!((missing.status.code(), &*out(&missing)), (Some(1), ""));
}

#[test]
fn a_sidecar_takes_the_place_of_nothing_but_a_sidecar() {
    let home = Home::new();
    let table = file(&home, "stimuli.csv", "text\nThe cat sat.\n");
    let other = file(&home, "other.json", "{\"program\": \"another\"}");
    let link = home.path().join("link.json");
    std::os::unix::fs::symlink(home.path().join("target.json"), &link).unwrap();
    for taken in [&*table, &other, link.to_str().unwrap()] {
        let refused = score(&home, &["--items", "--csv", &table, "--sidecar", taken]);
        assert_eq!((refused.status.code(), &*out(&refused)), (Some(1), ""), "{taken}");
        assert!(err(&refused).contains("name another file"), "{}", err(&refused));
    }
    assert!(fs::read_to_string(&table).unwrap().starts_with("text\n"));
    // Standard output itself.
    let words = fs::File::create(home.path().join("words.csv")).unwrap();
    let words_name = home.path().join("words.csv").to_str().unwrap().to_owned();
    let arguments = [&SCORE[..], &["--items", "--csv", &table, "--sidecar", &words_name]].concat();
    assert_eq!(megachat(home.path(), &arguments).stdout(words).status().unwrap().code(), Some(1));
    // An empty file and one's own are written anew.
    let beside = file(&home, "beside.json", "");
    for log in ["2", "e"] {
        let output = score(&home, &["--items", "--csv", "--log", log, &table, "--sidecar", &beside]);
        assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    }
    let kept: Value = serde_json::from_slice(&fs::read(&beside).unwrap()).unwrap();
    assert_eq!((&kept["program"], &kept["unit"]), (&"megachat".into(), &"nats".into()));
}

#[test]
fn a_column_that_would_be_hidden_is_refused_by_its_name() {
    let home = Home::new();
    for (column, arguments) in [
        ("bits", &["--words", "--csv"][..]),
        ("rank", &["--words", "--csv"]),
        ("words", &["--words", "--jsonl"]),
        ("perplexity", &["--words", "--jsonl"]),
        ("tokens", &["--jsonl"]),
        ("ppl", &["--stats", "--jsonl"]),
        ("nats", &["--words", "--csv", "--log", "e"]),
    ] {
        let table = file(&home, "table.csv", &format!("text,{column}\nThe cat sat.,1\n"));
        let refused = score(&home, &[&["--items", &*table], arguments].concat());
        assert_eq!((refused.status.code(), &*out(&refused)), (Some(1), ""), "{column}");
        assert!(err(&refused).contains(&format!("a column `{column}`")), "{}", err(&refused));
    }
    // In objects of their own they hide nothing.
    let table = file(&home, "table.csv", "text,rank\nThe cat sat.,7\n");
    let told = score(&home, &["--items", "--words", "--jsonl", &table]);
    let object: Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!((&object["rank"], object["words"][0]["rank"].is_u64()), (&"7".into(), true));
}

#[test]
fn doubtful_targets_are_counted_and_texts_of_several_files_say_which() {
    let home = Home::new();
    let rows = "text,target\nThe cats saw.,cat\nA cat saw a cat.,cat\nA dog.,cat\nThe cat sat.,cat\n";
    let table = file(&home, "table.csv", rows);
    let told = score(&home, &["--items", "--words", "--csv", &table]);
    let note = "of the targets: 1 not found (NA): item 3; 1 found inside a word only: item 1; 1 found more than once, of which the first is told: item 2";
    assert!(err(&told).contains(note), "{}", err(&told));
    let (one, two) = (file(&home, "one.txt", "The cat.\n"), file(&home, "two.txt", "A dog.\n"));
    let table = out(&score(&home, &["--lines", &one, &two]));
    assert!(table.contains("two.txt:1"), "{table}");
    let pairs = file(&home, "pairs.tsv", "good\tbad\nonly\n");
    let refused = score(&home, &["--pairs", &pairs, &one]);
    assert!(err(&refused).contains("pairs.tsv:2 has 1 fields"), "{}", err(&refused));
}

/// The configuration's precision is for drawing: figures that are held against others' are of 32 bits until somebody says otherwise here.
#[test]
fn the_configurations_precision_changes_no_figures() {
    let home = Home::new();
    fs::create_dir_all(home.path().join("config")).unwrap();
    fs::write(home.path().join("config/config.toml"), "dtype = \"q8\"\n").unwrap();
    let text = file(&home, "text", "The cat sat.");
    let dtype = |arguments: &[&str]| {
        let output = score(&home, &[&["--json", &*text], arguments].concat());
        serde_json::from_slice::<Value>(&output.stdout).unwrap()["model"]["dtype"].clone()
    };
    assert_eq!((dtype(&[]), dtype(&["--dtype", "q8"])), ("f32".into(), "q8".into()));
}

/// Wrong usage is told before a model is loaded, or found to be missing.
#[test]
fn wrong_usage_is_told_first() {
    let home = Home::new();
    let text = file(&home, "text", "The cat sat.");
    let output = megachat(home.path(), &["score", "--model", "nowhere", "--json", &text, &text]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", err(&output));
}

/// A text whose scores are no numbers is a row of `NA`; the others are told, and the status says that one is missing.
#[test]
fn scores_that_are_no_numbers_hide_nothing_but_themselves() {
    let home = Home::new();
    let model = home.path().join("model");
    tiny::overflowing(&model, 7);
    let model = model.to_str().unwrap();
    let run = |arguments: &[&str], text: &str| {
        let file = file(&home, "texts", text);
        let all = [&["score", "--model", model, "--device", "cpu"], arguments, &[&*file]].concat();
        megachat(home.path(), &all).output().unwrap()
    };
    let lines =
        "The cat sat.\nThe cat sat on the mat and saw a dog.\nA dog ran.\nOne day a cat and a dog sat on a mat.\n";
    for form in [&["--csv"][..], &["--csv", "--words"], &["--csv", "--stats"], &["--stats", "--csv", "--log", "e"]] {
        let output = run(&[&["--lines"], form].concat(), lines);
        assert_eq!(output.status.code(), Some(1), "{}", err(&output));
        let why = " of 2 are no numbers; so are those of 2 texts in all";
        assert!(err(&output).contains(why), "{}", err(&output));
        let mut table = csv::Reader::from_reader(&*output.stdout);
        let surprise = table.headers().unwrap().iter().position(|it| it == "bits" || it == "nats").unwrap();
        let rows: Vec<(String, bool)> =
            table.records().map(|it| it.unwrap()).map(|it| (it[0].to_owned(), &it[surprise] == "NA")).collect();
        assert!(rows.iter().all(|(item, is_missing)| *is_missing == (item == "2" || item == "4")), "{rows:?}");
        assert!(["1", "2", "3", "4"].iter().all(|item| rows.iter().any(|it| it.0 == *item)), "{rows:?}");
    }
    // Neither is such a text a likelier one.
    let pairs = run(&["--pairs", "--json"], "The cat sat.\tThe cat sat on the mat and saw a dog.\nA dog.\tA cat.\n");
    let object: Value = serde_json::from_slice(&pairs.stdout).unwrap();
    assert_eq!((&object["pairs"], &object["unscored"], pairs.status.code()), (&1.into(), &1.into(), Some(1)));
    let whole = run(&[], "The cat sat on the mat and saw a dog.");
    assert_eq!((whole.status.code(), &*out(&whole)), (Some(1), ""));
    assert!(err(&whole).contains("are no numbers"), "{}", err(&whole));
}

/// A disk without room says so, and what was told is told.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_under_the_sidecar_is_told() {
    let home = Home::new();
    let Some(disk) = SmallDisk::new(4096) else { return };
    fs::write(disk.path().join("filler"), vec![0; 1 << 16]).unwrap_err();
    let text = file(&home, "text", "The cat sat.");
    let sidecar = disk.path().join("beside.json").to_str().unwrap().to_owned();
    let output = score(&home, &["--stats", "--csv", &text, "--sidecar", &sidecar]);
    assert_eq!(output.status.code(), Some(74), "{}", err(&output));
    assert!(err(&output).contains("beside.json") && out(&output).lines().count() == 2, "{}", err(&output));
    assert_eq!(fs::read_dir(disk.path()).unwrap().count(), 1);
}
