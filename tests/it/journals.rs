//! Transcripts that somebody else had a hand in: names that a terminal would obey, damaged lines, numbers that cannot be,
//! and a file that is taken away while it is written.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use megachat::document::{Document, Header, Record, encode_line};
use megachat::sample::Settings;
use megachat::store::transcripts;

use crate::support::program::{Home, err, megachat, out, transcripts_in};

/// What moves a cursor, changes a title, turns text around, or begins a new line.
const EVIL: &str = "evil\u{1b}[2J\u{1b}]0;title\u{7}\u{9b}31m\u{202e}\nfake line\r\u{2066}";

fn lines(records: &[Record]) -> String {
    (0..).zip(records).map(|(n, it)| encode_line(n, it).unwrap()).collect()
}

fn header(id: &str) -> Record {
    Record::Header(Header { version: 1, id: id.into(), created: 0, program: EVIL.into() })
}

fn model() -> Record {
    let evil = || EVIL.to_owned();
    Record::Model {
        name: evil(),
        sha256: evil(),
        dtype: evil(),
        arithmetic: 1,
        device: evil(),
        driver: None,
        generator: String::new(),
        vocabulary: None,
        path: None,
    }
}

fn typed(first: u32, tokens: &[u32]) -> Record {
    Record::Typed { first, parent: first.checked_sub(1), tokens: tokens.to_vec(), chosen: false }
}

/// A home with a transcript of these lines, under any name.
fn with(name: &str, text: &str) -> (Home, PathBuf) {
    let home = Home::new();
    let directory = home.path().join("data/transcripts");
    fs::create_dir_all(&directory).unwrap();
    let path = directory.join(format!("{name}.jsonl"));
    fs::write(&path, text).unwrap();
    (home, path)
}

/// Nothing in it that a terminal would obey, and no line that begins with what was put into a name.
fn is_harmless(said: &str) {
    let obeyed =
        |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    assert!(!said.contains(obeyed), "{said:?}");
    assert!(!said.lines().any(|it| it.starts_with("fake line")), "{said}");
}

/// What the program says, on both streams, and its status.
fn run(home: &Path, arguments: &[&str]) -> (String, String, Option<i32>) {
    let output = megachat(home, arguments).output().unwrap();
    assert!(!err(&output).contains("panicked"), "{}", err(&output));
    (out(&output), err(&output), output.status.code())
}

#[test]
fn names_that_a_terminal_would_obey_are_shown_harmless_wherever_they_are_told() {
    let stop = Settings { stop: vec![EVIL.to_owned()], ..Settings::default() };
    let text = lines(&[header(EVIL), model(), Record::Settings { settings: stop }, typed(0, &[7454, 2402])]);
    let (home, _) = with(EVIL, &text);
    let (list, said, status) = run(home.path(), &["transcripts", "list"]);
    assert_eq!((list.lines().count(), said.as_str(), status), (1, "", Some(0)), "{list}{said}");
    is_harmless(&list);
    for arguments in [
        &["transcripts", "show", "latest"][..],
        &["transcripts", "export", "latest", "--to", "md"],
        &["replay", "latest"],
        &["replay", EVIL],
        &["transcripts", "show", EVIL],
        &["transcripts", "show", "no\u{1b}[2J\nfake line"],
        &["--plain", "--resume", "latest"],
        &["model", "info", EVIL],
        &["model", "verify", EVIL],
        &["model", "remove", EVIL],
        &["--model", EVIL, "-p", "x"],
        &["--config", EVIL],
        &["--temp", EVIL],
        &["--device", EVIL],
        &[EVIL, "--no-such\u{1b}[2J"],
        &["--no-such\u{9b}31m\u{202e}"],
    ] {
        let (printed, said, _) = run(home.path(), arguments);
        is_harmless(&printed);
        is_harmless(&said);
    }
    let (json, _, status) = run(home.path(), &["transcripts", "export", "latest", "--to", "json"]);
    assert_eq!(status, Some(0));
    assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap()["models"][0]["name"], EVIL);
}

#[cfg(unix)]
#[test]
fn paths_that_a_terminal_would_obey_are_shown_harmless_wherever_they_are_told() {
    let home = Home::new();
    let place = home.path().join("a\u{1b}[31m\nfake line \u{202e}");
    let at = |name: &str| place.join(name).into_os_string().into_string().unwrap();
    for directory in ["empty", "config.json", "odd"] {
        fs::create_dir_all(place.join(directory)).unwrap();
    }
    for (name, content) in [
        ("weights.pt", &b"PK no zip"[..]),
        ("model.safetensors", b"no header"),
        ("odd/model.safetensors", b"no header"),
        ("odd/config.json", b"{"),
        ("odd/\nfake line.bin", b"?"),
        ("latin1", b"caf\xe9"),
        ("config.toml", b"temp ="),
    ] {
        fs::write(place.join(name), content).unwrap();
    }
    for name in ["missing", "empty", "odd", "weights.pt", "model.safetensors", "latin1"] {
        let (path, made) = (at(name), at("out"));
        for arguments in [
            &["--model", &path, "-p", "x"][..],
            &["--model", "demo", "--tokenizer", &path, "-p", "x"],
            &["convert", &path, &made],
            &["convert", &path, &path],
            &["export", &path, &made, "--to", "gguf"],
            &["export", "demo", &path, "--to", "gguf"],
            &["model", "import", &path],
            &["model", "info", &path],
            &["model", "download", "gpt2", "--from", &path],
            &["score", &path],
            &["replay", &path],
            &["--config", &path, "-p", "x"],
            &["--ca-file", &path, "model", "download", "gpt2"],
        ] {
            let mut command = megachat(home.path(), arguments);
            let output = command.env("HF_ENDPOINT", "http://127.0.0.1:9").output().unwrap();
            for said in [out(&output), err(&output)] {
                assert!(!said.contains("panicked"), "{arguments:?}: {said}");
                is_harmless(&said);
            }
        }
    }
    let odd_home = at("home");
    for arguments in [&["doctor"][..], &["config", "show"], &["transcripts", "list"], &["transcripts", "show", "x"]] {
        let output = megachat(home.path(), arguments).env("MEGACHAT_HOME", &odd_home).output().unwrap();
        is_harmless(&out(&output));
        is_harmless(&err(&output));
    }
    let (shown, said, _) = run(home.path(), &["--config", &at("config.toml"), "doctor"]);
    is_harmless(&shown);
    is_harmless(&said);
}

#[test]
fn one_bit_in_the_first_line_hides_nothing() {
    let text = lines(&[header("a"), typed(0, &[7454]), typed(1, &[2402])]);
    let (home, path) = with("20260203-040506", &text);
    let first = text.find('\n').unwrap();
    for at in [0, 3, 9, first / 2, first - 1, first] {
        let mut bytes = text.clone().into_bytes();
        bytes[at] ^= 1;
        fs::write(&path, bytes).unwrap();
        let (shown, said, status) = run(home.path(), &["transcripts", "show", "latest"]);
        // A damaged line feed costs the line behind it, too.
        let expected = if at == first { " upon" } else { "Once upon" };
        assert_eq!((shown.as_str(), status), (expected, Some(0)), "{at}: {said}");
        assert!(said.contains("is damaged: "), "{at}: {said}");
        let (list, _, _) = run(home.path(), &["transcripts", "list"]);
        assert!(list.contains("(damaged)") && list.contains("2026-02-03"), "{at}: {list}");
    }
}

#[test]
fn lines_that_are_missing_double_or_out_of_order_are_told_on_every_way_in() {
    let whole = lines(&[header("a"), typed(0, &[7454]), typed(1, &[2402]), typed(2, &[257])]);
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    for (order, says) in [
        (&[0, 1, 3][..], "1 line is missing"),
        (&[0, 1, 2, 2, 3], "1 line is there twice and counts once"),
        (&[0, 2, 1, 3], "1 line is out of order"),
    ] {
        let text: String = order.iter().map(|&it| lines[it]).collect();
        let (home, _) = with("a", &text);
        for arguments in [&["transcripts", "show", "a"][..], &["transcripts", "export", "a", "--to", "json"]] {
            let (_, said, status) = run(home.path(), arguments);
            assert!(said.contains(says) && status == Some(0), "{arguments:?}: {said}");
        }
        let (shown, said, _) = run(home.path(), &["--plain", "--resume", "a"]);
        assert!(format!("{shown}{said}").contains(says), "{shown}{said}");
    }
}

#[test]
fn numbers_and_settings_that_cannot_be_cost_neither_the_text_nor_the_memory() {
    let line = |n: u64, record: &str| {
        format!("{{\"n\":{n},\"crc\":\"{:08x}\",\"r\":{record}}}\n", crc32fast::hash(record.as_bytes()))
    };
    let begin = lines(&[header("a"), typed(0, &[7454, 2402])]);
    let settings = |it: &str| format!(r#"{{"kind":"settings","settings":{{{it}}}}}"#);
    for (record, says) in [
        (r#"{"kind":"typed","first":4294967295,"parent":1,"tokens":[257]}"#.to_owned(), "damaged"),
        (r#"{"kind":"tip","node":4294967295}"#.to_owned(), "damaged"),
        (r#"{"kind":"bookmark","node":4000000000,"on":true}"#.to_owned(), "damaged"),
        (settings(r#""temperature":-3"#), "temp is -3"),
        (settings(r#""temperature":1e300,"top_k":4294967295"#), "temp"),
        (settings(r#""order":"temp,magic""#), "magic"),
        (settings(r#""when_full":"explode""#), "explode"),
        (settings(r#""stop":[""],"off":["nothing"]"#), "stop"),
    ] {
        let (home, _) = with("a", &format!("{begin}{}", line(2, &record)));
        let (shown, said, status) = run(home.path(), &["transcripts", "show", "a"]);
        assert_eq!((shown.as_str(), status), ("Once upon", Some(0)), "{record}: {said}");
        assert!(said.contains(says), "{record}: {said}");
        // Settings that could not be are no reason to refuse to go on.
        let (shown, said, status) = run(home.path(), &["--plain", "-m", "demo", "--resume", "a", "-n", "2"]);
        assert!(status == Some(0) && format!("{shown}{said}").contains(says), "{record}: {shown}{said}");
    }
}

#[test]
fn tokens_beyond_the_vocabulary_are_told_and_no_model_goes_on_from_them() {
    let (home, _) = with("a", &lines(&[header("a"), typed(0, &[7454, 2402]), typed(2, &[99_999, u32::MAX])]));
    // What the transcript was written with is said, so that the ids are no other model's.
    let (_, journal) = transcripts::read(&home.path().join("data/transcripts"), "a").unwrap();
    let mut records = journal.records.clone();
    records.insert(
        0,
        Record::Model {
            name: "demo".into(),
            sha256: String::new(),
            dtype: "q8".into(),
            arithmetic: 1,
            device: "cpu".into(),
            driver: None,
            generator: String::new(),
            vocabulary: Some(megachat::assets::vocabulary().record()),
            path: None,
        },
    );
    records.insert(0, header("a"));
    let (home, _) = with("a", &lines(&records));
    let (shown, said, status) = run(home.path(), &["transcripts", "show", "a"]);
    assert_eq!((shown.as_str(), status), ("Once upon", Some(0)), "{said}");
    assert!(said.contains("2 tokens that are none of its words"), "{said}");
    for more in [&[][..], &["--repeat-last-n=-1", "--dry-multiplier=1", "--no-repeat-ngram=2"]] {
        let arguments = [&["--plain", "-m", "demo", "--resume", "a", "-n", "2"], more].concat();
        let mut command = megachat(home.path(), &arguments);
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), b" a time\n").unwrap();
        let output = child.wait_with_output().unwrap();
        let said = format!("{}{}", out(&output), err(&output));
        assert!(said.contains("2 tokens that are none of its words"), "{said}");
        assert!(said.contains("is not in the vocabulary") && !said.contains("panicked"), "{said}");
    }
}

#[cfg(unix)]
#[test]
fn a_transcript_that_is_taken_away_is_written_anew_and_that_is_said() {
    use crate::pty::Pty;
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("data/transcripts");
    let mut pty = Pty::start(home.path(), &["--model", "demo", "-n", "5"], &[]);
    pty.wait_for("the model", |screen| screen.contains("ctx "));
    pty.press("Once upon a time\r");
    pty.wait_for("the end", |screen| screen.contains("5 new") && screen.contains("saved"));
    fs::remove_dir_all(&directory).unwrap();
    pty.see("was removed or renamed");
    pty.wait_for("a file", |screen| directory.is_dir() && screen.contains("saved"));
    fs::rename(&directory, home.path().join("data/moved")).unwrap();
    pty.press("\r");
    pty.wait_for("the end", |screen| screen.contains("10 new") && screen.contains("saved"));
    // Something that is no directory stands in the way: that is never called saved.
    fs::rename(&directory, home.path().join("data/moved again")).unwrap();
    fs::write(&directory, "in the way").unwrap();
    pty.press("\r");
    pty.wait_for("the end", |screen| screen.contains("15 new") && screen.contains("NOT SAVED"));
    fs::remove_file(&directory).unwrap();
    pty.wait_for("a file", |screen| !screen.contains("NOT SAVED") && screen.contains("saved"));
    pty.press("\x04");
    assert_eq!(pty.exit(), 0);
    let list = transcripts_in(&directory);
    assert_eq!((list.len(), list[0].document.drawn()), (1, 15));
    assert!(list[0].journal.faults.is_sound(), "{}", list[0].journal.faults);
}

#[cfg(unix)]
#[test]
fn the_line_mode_says_it_too_and_ends_with_a_status_if_it_cannot_be_mended() {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    let home = Home::new();
    let directory = home.path().join("data/transcripts");
    let mut command: Command = megachat(home.path(), &["--plain", "-m", "demo", "-n", "3", "-s", "1", "--ignore-eos"]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let (mut keys, mut said) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
    let mut all = String::new();
    let mut read_to = |what: &str| {
        while !all.contains(what) {
            assert!(said.read_line(&mut all).unwrap() > 0, "no `{what}` in\n{all}");
        }
        std::mem::take(&mut all)
    };
    keys.write_all(b"Once upon a time\n").unwrap();
    read_to("max-tokens reached");
    while !{
        keys.write_all(b"/status\n").unwrap();
        read_to("saved: ").contains("saved: yes")
    } {}
    fs::remove_dir_all(&directory).unwrap();
    keys.write_all(b"\n").unwrap();
    read_to("was removed or renamed");
    // Written anew, and nothing more to be written: else the directory could be made again in the middle.
    while !{
        keys.write_all(b"/status\n").unwrap();
        read_to("saved: ").contains("saved: yes")
    } {}
    fs::remove_dir_all(&directory).unwrap();
    fs::write(&directory, "in the way").unwrap();
    keys.write_all(b"\n").unwrap();
    read_to("The transcript is not saved");
    drop(keys);
    let mut why = String::new();
    child.stderr.take().unwrap().read_to_string(&mut why).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(74), "{why}");
    assert!(why.contains("could not be written"), "{why}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_keeps_a_transcript_from_being_written_anew_and_destroys_nothing() {
    use crate::support::disks::SmallDisk;
    use megachat::store::appender::Appender;
    let Some(disk) = SmallDisk::new(64 * 1024) else { return };
    let Record::Header(it) = header("a") else { unreachable!() };
    let mut appender = Appender::create(disk.path(), &it).unwrap();
    let mut first = 0;
    while appender.append(&typed(first, &[257; 400])).is_ok() {
        first += 400;
    }
    assert!(first > 0);
    // What was half written is cut off again, and somebody moves the file and puts another one in its place.
    assert_eq!(appender.change().unwrap(), None);
    fs::rename(appender.path(), disk.path().join("moved")).unwrap();
    fs::write(appender.path(), "x").unwrap_or_default();
    let there = fs::read(appender.path()).unwrap();
    assert!(appender.mend().is_err());
    assert_eq!(fs::read(appender.path()).unwrap(), there);
    assert_eq!(fs::read_dir(disk.path()).unwrap().count(), 2, "nothing half-made takes the room");
    disk.remount("size=1m");
    appender.mend().unwrap();
    appender.append(&typed(first, &[257])).unwrap();
    let journal = transcripts::read(disk.path(), "a").unwrap().1;
    let mut document = Document::default();
    journal.records.iter().for_each(|it| document.apply(it));
    assert_eq!((document.len(), journal.faults.is_sound()), (first as usize + 1, true));
}
