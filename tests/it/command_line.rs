//! The command line as shells, scripts and cron use it: what is a verb, what is read, what is said, and with which status.

use std::fs::{self, File};
use std::io::Write as _;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::channel;

use serde_json::Value;

use crate::support::program::{Home, PATIENCE, err, megachat, out};

/// Short, and the same each time.
const FEW: [&str; 6] = ["-q", "-n", "3", "-s", "7", "--json"];

fn status(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn run(home: &Home, arguments: &[&str]) -> Output {
    megachat(home.path(), arguments).output().unwrap()
}

/// Runs it with these bytes on standard input, as a pipe.
fn fed(home: &Home, arguments: &[&str], bytes: &[u8]) -> Output {
    let mut child = megachat(home.path(), arguments).stdin(Stdio::piped()).spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(bytes);
    child.wait_with_output().unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}{}", out(output), err(output)))
}

/// A shell that knows the program as `megachat`, with this home.
fn shell(home: &Home, script: &str) -> Output {
    let mut command = megachat(home.path(), &[]);
    let mut sh = Command::new("sh");
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => sh.env(name, value),
            None => sh.env_remove(name),
        };
    }
    command.stdin(Stdio::null());
    let script = format!("megachat() {{ '{}' \"$@\"; }}\n{script}", env!("CARGO_BIN_EXE_megachat"));
    sh.args(["-c", &script]).current_dir(home.path()).stdin(Stdio::null()).output().unwrap()
}

#[test]
fn what_is_nearly_a_verb_is_no_text() {
    let home = Home::new();
    let file = home.path().join("x.txt");
    fs::write(&file, "Once upon a time").unwrap();
    let file = file.to_str().unwrap();
    for (words, meant) in [
        (&["evaluate"][..], "eval"),
        (&["Evaluate", "lambada"], "eval lambada"),
        (&["modle", "list"], "model list"),
        (&["modle", "list", "--json"], "model list"),
        (&["models"], "model"),
        (&["Models", "LIST"], "model list"),
        (&["MODEL", "list"], "model list"),
        (&["Score", file], "score "),
        (&["score_", file, "--csv"], "score "),
        (&["transcript", "show", "latest"], "transcripts show"),
        (&["benchmark"], "bench"),
        (&["docter"], "doctor"),
        (&["conifg", "show"], "config show"),
        (&["Replay"], "replay"),
        (&["download"], "model download"),
        (&["sessions"], "transcripts"),
        (&["sessions", "list"], "transcripts list"),
        (&["settings", "show"], "config show"),
        (&["mna"], "man"),
        (&["list"], "model list"),
        (&["version"], "--version"),
        (&["-n", "3", "modle", "list"], "model list"),
    ] {
        let output = run(&home, words);
        assert_eq!((status(&output), output.stdout.len()), (2, 0), "{words:?}: {}", err(&output));
        assert!(err(&output).contains(&format!("`megachat {meant}")), "{words:?}: {}", err(&output));
    }
    for words in [
        &["show", "me", "a", "story"][..],
        &["models", "of", "the", "world"],
        &["Score", "one", "for", "us"],
        &["The", "model"],
        &["download", "the", "moon"],
        &["cat"],
        &["manuscript"],
        &["model list"],
        &["-p", "evaluate"],
        &["-p", "modle", "list"],
        &["-p", "model"],
        &["models", "-p"],
        &["-p", "Score"],
    ] {
        let output = run(&home, &[&FEW[..], words].concat());
        assert_eq!(status(&output), 0, "{words:?}: {}", err(&output));
        let text = words.iter().filter(|it| !it.starts_with('-')).copied().collect::<Vec<_>>().join(" ");
        assert_eq!(json(&output)["prompt"], text);
    }
}

#[test]
fn standard_input_is_read_only_where_it_is_asked_for() {
    let home = Home::new();
    let prompt = |words: &[&str], bytes: &[u8]| {
        let output = fed(&home, &[&FEW[..], words].concat(), bytes);
        assert_eq!(status(&output), 0, "{words:?}: {}", err(&output));
        json(&output)["prompt"].as_str().unwrap().to_owned()
    };
    assert_eq!(prompt(&[], b"Once upon\n"), "Once upon");
    assert_eq!(prompt(&["-p"], b"Once upon\n"), "Once upon");
    assert_eq!(prompt(&["-"], b"Once\nupon\n\n"), "Once\nupon\n");
    assert_eq!(prompt(&["A", "title:", "-"], b"Once\n"), "A title: Once");
    assert_eq!(prompt(&["-p", "-", "he", "said"], b"Once\n"), "Once he said");
    assert_eq!(prompt(&["-p", "Once"], b" upon"), "Once");
    assert_eq!(prompt(&["Once"], b" upon"), "Once");
    let twice = fed(&home, &["-", "-"], b"Once");
    assert_eq!(status(&twice), 2, "{}", err(&twice));
}

#[cfg(unix)]
#[test]
fn a_loop_is_not_robbed_and_a_pipe_that_stays_open_is_not_waited_for() {
    let home = Home::new();
    let looped = shell(
        &home,
        "printf 'The cat\\nThe dog\\nThe bird\\n' > l
         while read -r line; do megachat -q -p \"$line\" -n 1 -s 1 --jsonl | grep -o '\"prompt\":\"[^\"]*\"'; done < l
         while read -r line; do megachat -p \"$line\" -n 1 -s 1 2>&1 >/dev/null | grep -o 'standard input'; done < l
         cat l | while read -r line; do megachat -q \"$line\" -n 1 -s 1 > /dev/null; echo again; done",
    );
    let said = out(&looped);
    let prompts: Vec<&str> = said.lines().filter(|it| it.starts_with("\"prompt\"")).collect();
    assert_eq!(prompts, [r#""prompt":"The cat""#, r#""prompt":"The dog""#, r#""prompt":"The bird""#], "{said}");
    // The last call leaves nothing that could be lost.
    assert_eq!(said.matches("standard input").count(), 2, "{said}");
    assert_eq!(said.matches("again").count(), 3, "{said}");
    let mut child = megachat(home.path(), &[&FEW[..], &["-p", "Once"]].concat()).stdin(Stdio::piped()).spawn().unwrap();
    let held = child.stdin.take();
    let (sender, ended) = channel();
    std::thread::spawn(move || sender.send(child.wait_with_output()));
    let output = ended.recv_timeout(PATIENCE).expect("it waits for standard input").unwrap();
    assert_eq!(status(&output), 0, "{}", err(&output));
    drop(held);
}

#[cfg(unix)]
#[test]
fn what_waits_unread_on_standard_input_is_told() {
    let home = Home::new();
    let tells = |output: &Output| err(output).contains("`-` among the words takes it in");
    let few = ["-n", "1", "-s", "1", "-p", "Once"];
    assert!(tells(&fed(&home, &few, b"upon a time")));
    assert!(!tells(&fed(&home, &few, b"")));
    assert!(!tells(&fed(&home, &["-q", "-n", "1", "-s", "1", "-p", "Once"], b"upon")));
    assert!(!tells(&fed(&home, &["-n", "1", "-s", "1", "-p", "Once", "-"], b"upon")));
    let file = home.path().join("text");
    for (content, expected) in [("upon", true), ("", false)] {
        fs::write(&file, content).unwrap();
        let output = megachat(home.path(), &few).stdin(File::open(&file).unwrap()).output().unwrap();
        assert_eq!(tells(&output), expected);
    }
    assert!(!tells(&megachat(home.path(), &few).stdin(File::open("/dev/zero").unwrap()).output().unwrap()));
}

#[test]
fn a_variable_that_is_set_and_empty_is_not_set() {
    let home = Home::new();
    let names: Vec<String> = {
        let help = out(&run(&home, &["--help"]));
        let names = help.split("MEGACHAT_").skip(1).map(|it| {
            let end = it.find(|c: char| !c.is_ascii_uppercase() && c != '_').unwrap_or(it.len());
            format!("MEGACHAT_{}", &it[..end])
        });
        names.filter(|it| it != "MEGACHAT_HOME").collect()
    };
    assert!(names.len() > 40, "{names:?}");
    let plain = run(&home, &[&FEW[..], &["-p", "Once"]].concat());
    let all = |command: &mut Command| {
        command.envs(names.iter().map(|it| (it, ""))).envs([("HF_ENDPOINT", ""), ("HF_HUB_OFFLINE", "")]);
    };
    let mut command = megachat(home.path(), &[&FEW[..], &["-p", "Once"]].concat());
    all(&mut command);
    let output = command.output().unwrap();
    assert_eq!((status(&output), err(&output)), (0, String::new()));
    assert_eq!(json(&output)["tokens"], json(&plain)["tokens"]);
    let show = out(&run(&home, &["config", "show"]));
    let mut command = megachat(home.path(), &["config", "show"]);
    all(&mut command);
    assert_eq!(out(&command.output().unwrap()), show);
    for arguments in [&["model", "list"][..], &["doctor"], &["transcripts", "list"], &["cache", "list"]] {
        let mut command = megachat(home.path(), arguments);
        all(&mut command);
        let output = command.output().unwrap();
        let (with, without) = (without_free_space(&out(&output)), without_free_space(&out(&run(&home, arguments))));
        assert_eq!((status(&output), with), (0, without), "{}", err(&output));
    }
}

/// What is told of a machine whose disk others write to meanwhile.
fn without_free_space(text: &str) -> String {
    let line = |it: &str| match it.strip_suffix(" free").and_then(|it| it.rsplit_once(", ")) {
        Some((before, room)) if room.starts_with(|c: char| c.is_ascii_digit()) => format!("{before}, ROOM free"),
        _ => it.to_owned(),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_a_variable_sets_is_shown_as_it_is_written() {
    let home = Home::new();
    let set = [("device", "cpu"), ("device", "cuda:1"), ("dtype", "bf16"), ("theme", "dark"), ("color", "256")];
    for (name, value) in set {
        let variable = format!("MEGACHAT_{}", name.to_uppercase());
        let output = megachat(home.path(), &["config", "show"]).env(variable, value).output().unwrap();
        let shown = out(&output);
        let row: Vec<&str> = shown.lines().find(|it| it.starts_with(name)).unwrap().split_whitespace().collect();
        assert_eq!(row, [name, value, "environment"]);
    }
}

#[test]
fn an_error_names_the_variable_that_it_comes_from() {
    let home = Home::new();
    for (name, value) in [
        ("TEMP", "abc"),
        ("THREADS", "0"),
        ("DEVICE", "ev\nfake line"),
        ("IGNORE_EOS", "perhaps"),
        ("OFFLINE", "perhaps"),
        ("PLAIN", "perhaps"),
        ("NO_MOUSE", "perhaps"),
    ] {
        let variable = format!("MEGACHAT_{name}");
        let output = megachat(home.path(), &["-p", "x"]).env(&variable, value).output().unwrap();
        let said = err(&output);
        assert!(status(&output) == 2 && said.contains(&format!("by the variable {variable}")), "{said}");
        assert!(!said.lines().any(|it| it.starts_with("fake line")), "{said}");
    }
    for arguments in [&["-p", "x", "-n", "10", "-s3"][..], &["-p", "0"]] {
        let output = megachat(home.path(), arguments).env("MEGACHAT_THREADS", "0").output().unwrap();
        assert!(err(&output).contains("by the variable MEGACHAT_THREADS"), "{}", err(&output));
    }
    for typed in
        [&["--temp", "abc"][..], &["--temperature=abc"], &["-nabc"], &["-n", "1\nfake line"], &["-n1\nfake line"]]
    {
        let mut command = megachat(home.path(), &[&["-p", "x"], typed].concat());
        let output = command.env("MEGACHAT_TEMP", "1").env("MEGACHAT_MAX_TOKENS", "1").output().unwrap();
        let said = err(&output);
        assert!(status(&output) == 2 && !said.contains("variable"), "{said}");
        assert!(!said.lines().any(|it| it.starts_with("fake line")), "{said}");
    }
}

#[test]
fn a_prompt_of_nothing_is_said() {
    let home = Home::new();
    let says = |output: &Output| err(output).contains("there is no text to go on from");
    assert!(says(&run(&home, &["-m", "demo", "-n", "1", "-s", "1", ""])));
    assert!(says(&fed(&home, &["-m", "demo", "-n", "1", "-s", "1"], b"")));
    assert!(!says(&run(&home, &["-q", "-m", "demo", "-n", "1", "-s", "1", ""])));
    assert!(!says(&run(&home, &["-m", "demo", "-n", "1", "-s", "1", "Once"])));
    // What JSON tells itself is not told beside it.
    assert_eq!(err(&run(&home, &["-m", "demo", "-n", "1", "--json", "Once"])), "");
}

#[test]
fn a_configuration_with_an_error_is_used_by_nothing() {
    let home = Home::new();
    let (file, text) = (home.path().join("config/config.toml"), home.path().join("text"));
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&text, "Once upon a time").unwrap();
    let text = text.to_str().unwrap();
    for (content, says) in [
        ("[sampling\n", "line 1"),
        ("[sampling]\ntemp = \"hot\"\n", "line 2"),
        ("[sampling]\ntemp = -1\n", "between 0 and 100"),
        ("preset = \"mild\"\n", "no preset `mild`"),
        ("device = \"gpux\"\n", "`gpux` is no device"),
        ("dtype = \"q9\"\n", "`q9` is no dtype"),
        ("color = \"pink\"\n", "`pink` is no color"),
        ("model = 3\n", "line 1"),
    ] {
        fs::write(&file, content).unwrap();
        for arguments in [&["-p", "Once", "-n", "1"][..], &["-q", "-p", "Once", "-n", "1"], &["score", text]] {
            let output = run(&home, arguments);
            assert_eq!((status(&output), output.stdout.len()), (2, 0), "{content}: {}", err(&output));
            assert!(err(&output).contains(says), "{content}: {}", err(&output));
        }
        // Those that show it, and those that it does not matter to.
        for arguments in [&["config", "path"][..], &["config", "show"], &["model", "list"], &["transcripts", "list"]] {
            assert_eq!(status(&run(&home, arguments)), 0, "{content}: {arguments:?}");
        }
        let output = fed(&home, &["--plain", "--no-save", "-m", "demo"], b"/quit\n");
        assert_eq!(status(&output), 0, "{content}: {}{}", out(&output), err(&output));
        assert!(out(&output).contains(says), "{content}: {}", out(&output));
        assert_eq!(fs::read_to_string(&file).unwrap(), content);
    }
    // A key that this version does not know is told, and changes nothing.
    fs::write(&file, "colour = \"red\"\n").unwrap();
    let output = run(&home, &["-p", "Once", "-n", "1"]);
    assert!(status(&output) == 0 && err(&output).contains("unknown key `colour`"), "{}", err(&output));
}

#[test]
fn minus_one_goes_on_until_the_text_ends_or_the_context_is_full() {
    let home = Home::new();
    let end = |arguments: &[&str]| {
        let output = run(&home, &[&["-q", "--json", "-s", "1", "-p", "Once upon a time"], arguments].concat());
        assert_eq!(status(&output), 0, "{}", err(&output));
        json(&output)
    };
    let text = end(&["-n", "-1"]);
    assert!(text["tokens"].as_array().unwrap().len() > 20 && text["stop_reason"] == "end-of-text", "{text}");
    let full = end(&["-n", "-1", "--ignore-eos"]);
    assert_eq!(full["stop_reason"], "context-full");
    let wrong = run(&home, &["-n", "-2", "-p", "x"]);
    assert!(status(&wrong) == 2 && err(&wrong).contains("must be 0 or more"), "{}", err(&wrong));
    let wrong = run(&home, &["--temp", "-1", "-p", "x"]);
    assert!(status(&wrong) == 2 && err(&wrong).contains("between 0 and 100"), "{}", err(&wrong));
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_74() {
    let home = Home::new();
    fs::write(home.path().join("text"), "Once upon a time there").unwrap();
    fs::write(home.path().join("lines"), "Once\n/quit\n").unwrap();
    // A transcript, to list and to show.
    assert_eq!(status(&shell(&home, "megachat --plain -m demo -n 2 < lines")), 0);
    for arguments in [
        "-q -p Once -n 2",
        "-q -p Once -n 2 --json",
        "-q -p Once -n 2 --jsonl",
        "score text",
        "score text --json",
        "score text --csv",
        "model list",
        "model info demo",
        "model verify",
        "transcripts list",
        "transcripts show latest",
        "transcripts export latest --to json",
        "replay latest",
        "cache list",
        "config show",
        "config path",
        "doctor",
        "bench --runs 1 --prefill 8 --decode 2 --depth 0 --batch 1",
        "--help",
        "-h",
        "--version",
        "help model",
        "model --help",
        "--plain -m demo --no-save < lines",
    ] {
        for to in ["> /dev/full", ">&-", "1< text"] {
            // What says nothing has nothing that could not be written.
            if matches!(arguments, "cache list") && to == "> /dev/full" {
                continue;
            }
            let output = shell(&home, &format!("megachat {arguments} {to}"));
            let said = err(&output);
            assert_eq!(status(&output), 74, "{arguments} {to}: {said}");
            assert!(said.contains("standard output cannot be written"), "{arguments} {to}: {said}");
        }
        let output = shell(&home, &format!("megachat {arguments} > /dev/null"));
        assert_eq!(status(&output), 0, "{arguments}: {}", err(&output));
    }
    // A reader that has enough is no fault.
    assert_eq!(out(&shell(&home, "megachat --help | head -n 1 | wc -l; echo ok")).lines().last(), Some("ok"));
}

#[test]
fn who_asks_for_json_is_told_of_errors_in_json() {
    let home = Home::new();
    for (arguments, expected, says) in [
        (&["-q", "--json", "-m", "megatron-345m", "-p", "x"][..], 3, "there is no model"),
        (&["--jsonl", "--top-p", "7", "-p", "x"], 2, "between 0 and 1"),
        (&["score", "--json", "/nowhere/x"], 1, "/nowhere/x"),
        (&["--json", "modle", "list"], 2, "`modle` is no verb"),
    ] {
        let output = run(&home, arguments);
        let said = err(&output);
        let value: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap_or_else(|e| panic!("{e}: {said}"));
        assert_eq!((status(&output), &value["status"], output.stdout.len()), (expected, &expected.into(), 0), "{said}");
        assert!(value["error"].as_str().unwrap().contains(says), "{said}");
    }
}

#[test]
fn log_probabilities_need_a_form_that_has_room_for_them() {
    let home = Home::new();
    for count in ["0", "3"] {
        let output = run(&home, &["--logprobs", count, "-p", "x"]);
        assert!(status(&output) == 2 && err(&output).contains("--json or --jsonl"), "{}", err(&output));
    }
}

#[cfg(unix)]
#[test]
fn text_that_is_not_utf8_is_refused_alike_everywhere() {
    use std::os::unix::ffi::OsStrExt as _;
    let home = Home::new();
    let latin1 = b"caf\xe9 ol\xe9\n";
    let file = home.path().join("latin1");
    fs::write(&file, latin1).unwrap();
    let file = file.to_str().unwrap();
    for (output, line) in [
        (fed(&home, &["-q", "-n", "1"], latin1), 1),
        (fed(&home, &["-q", "-n", "1", "A", "-"], latin1), 1),
        (fed(&home, &["--plain", "--no-save", "-m", "demo", "-n", "1"], &[&b"Once\n"[..], latin1].concat()), 2),
        (fed(&home, &["score"], latin1), 1),
        (run(&home, &["score", file]), 1),
    ] {
        assert_eq!(status(&output), 1, "{}", err(&output));
        let place = format!("it is not UTF-8: byte 3 of line {line} (0xe9) belongs to no character");
        assert!(err(&output).contains(&place), "{}", err(&output));
    }
    let word = std::ffi::OsStr::from_bytes(b"caf\xe9");
    let output = megachat(home.path(), &["-p"]).arg(word).output().unwrap();
    assert!(status(&output) == 2 && err(&output).contains("UTF-8"), "{}", err(&output));
}

#[test]
fn a_line_that_is_too_long_is_called_that_also_where_a_character_is_cut() {
    let home = Home::new();
    let most = megachat::engine::protocol::MOST_TEXT;
    let lines = format!("{}\n/quit\n", "é".repeat(most / 2 + 9));
    let output = fed(&home, &["--plain", "--no-save", "-m", "demo", "-n", "1"], lines.as_bytes());
    let said = out(&output) + &err(&output);
    assert!(said.contains(&format!("at most {most} are taken")) && !said.contains("UTF-8"), "{said}");
}

#[test]
fn a_byte_order_mark_is_dropped_and_windows_line_ends_are_understood() {
    let home = Home::new();
    let (marked, plain) = (b"\xef\xbb\xbfOnce upon\r\na time\r\n", b"Once upon\na time\n");
    let prompt = |bytes: &[u8]| json(&fed(&home, &FEW, bytes))["prompt"].clone();
    assert_eq!((prompt(marked), prompt(plain)), ("Once upon\na time".into(), "Once upon\na time".into()));
    let score = |bytes: &[u8]| {
        let output = fed(&home, &["score", "--json"], bytes);
        assert_eq!(status(&output), 0, "{}", err(&output));
        (json(&output)["perplexity"].clone(), json(&output)["characters"].clone())
    };
    assert_eq!(score(marked), score(plain));
    let said = err(&fed(&home, &["score", "--json"], marked));
    assert!(said.contains("2 line ends of Windows are read as line feeds"), "{said}");
    let lines = |bytes: &[u8]| out(&fed(&home, &["--plain", "--no-save", "-m", "demo", "-n", "3", "-s", "1"], bytes));
    assert_eq!(lines(b"\xef\xbb\xbf/status\r\nOnce\r\n/quit\r\n"), lines(b"/status\nOnce\n/quit\n"));
    assert!(lines(b"\xef\xbb\xbf/status\r\n").contains("demo"));
}

#[test]
fn a_stop_string_that_begins_in_the_healed_word_is_not_printed_and_text_and_tokens_agree() {
    let home = Home::new();
    let usual = ["-q", "-n", "5", "--preset", "greedy", "-p", "Once upon a ti", "--stop", "time"];
    let with = |form: &[&str]| {
        let output = run(&home, &[&usual[..], form].concat());
        assert_eq!(status(&output), 0, "{}", err(&output));
        output
    };
    assert_eq!(out(&with(&[])), "");
    let whole = json(&with(&["--json"]));
    assert_eq!((&whole["text"], &whole["stop_string"]), (&"".into(), &"time".into()));
    assert_eq!(whole["tokens"].as_array().unwrap().len(), 0);
    let unhealed = json(&run(&home, &["-q", "-n", "1", "--json", "--heal", "off", "-p", "Once upon a ti"]));
    assert_eq!(whole["prompt_tokens"], unhealed["prompt_tokens"], "the word stays as it was typed");
    let lines: Vec<Value> = out(&with(&["--jsonl"])).lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    let events: Vec<&str> = lines.iter().map(|it| it["event"].as_str().unwrap()).collect();
    assert_eq!((events, &lines[0]["prompt_tokens"]), (vec!["begin", "end"], &whole["prompt_tokens"]));
    assert_eq!(lines[1]["text"], "");
}

#[test]
fn text_and_tokens_agree_in_every_form_wherever_a_stop_string_begins() {
    let home = Home::new();
    for (prompt, stop) in [
        ("Once upon a ti", "me"),
        ("Once upon a ti", "e,"),
        ("Once upon a ti", "a time"),
        ("Once upon a ti", "upon a time, there"),
        ("Once upon a time", "ttle gi"),
        ("Once upon a time", "was a li"),
        ("Once upon a time", "named"),
        ("Once upon a time", "nowhere"),
    ] {
        let with = |form: &str| {
            let arguments = ["-q", "-n", "12", "--preset", "greedy", "-p", prompt, "--stop", stop, form];
            run(&home, &arguments[..arguments.len() - usize::from(form.is_empty())])
        };
        let (printed, whole) = (out(&with("")), json(&with("--json")));
        let lines: Vec<Value> = out(&with("--jsonl")).lines().map(|it| serde_json::from_str(it).unwrap()).collect();
        let [begin, tokens @ .., end] = &lines[..] else { panic!("{lines:?}") };
        let said = |it: &Value| it["text"].as_str().unwrap()[it["begun"].as_u64().unwrap_or(0) as usize..].to_owned();
        let joined = |tokens: &[Value], end: &Value| {
            let tail = if end["tail"].is_null() { String::new() } else { said(&end["tail"]) };
            tokens.iter().map(said).collect::<String>() + &tail
        };
        let what = format!("{prompt} / {stop}");
        assert!(!printed.contains(stop) && whole["text"] == printed && end["text"] == printed, "{what}: {whole}");
        assert_eq!(joined(whole["tokens"].as_array().unwrap(), &whole), printed, "{what}: {whole}");
        assert_eq!(joined(tokens, end), printed, "{what}: {lines:?}");
        assert_eq!(begin["prompt_tokens"], whole["prompt_tokens"], "{what}");
        assert_eq!(end["totals"]["tokens"], tokens.len(), "{what}");
    }
}

#[test]
fn json_lines_begin_with_what_was_set_and_end_with_what_it_came_to() {
    let home = Home::new();
    let arguments = ["-q", "--jsonl", "-n", "4", "-s", "5", "--temp", "0.7", "--top-p", "0.9", "-p", "Once"];
    let text = out(&run(&home, &arguments));
    let lines: Vec<Value> = text.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    let [begin, tokens @ .., end] = &lines[..] else { panic!("{text}") };
    assert_eq!((begin["event"].as_str(), begin["seed"].as_u64()), (Some("begin"), Some(5)));
    assert_eq!((&begin["model"]["name"], &begin["prompt"]), (&"demo".into(), &"Once".into()));
    assert!(begin["model"]["sha256"].as_str().unwrap().len() == 64 && begin["settings"]["repeat_penalty"].is_number());
    assert!(tokens.len() == 4 && tokens.iter().all(|it| it["event"] == "token"));
    assert_eq!((end["event"].as_str(), end["stop_reason"].as_str()), (Some("end"), Some("max-tokens")));
    let sum: f64 = tokens.iter().map(|it| it["logprob"].as_f64().unwrap()).sum();
    assert!((end["totals"]["logprob"].as_f64().unwrap() - sum).abs() < 1e-5);
    assert!(end["seconds"]["total"].as_f64().unwrap() >= end["seconds"]["to_first_token"].as_f64().unwrap());
    // As short as it reads back.
    assert!(text.contains("\"temperature\":0.7,") && text.contains("\"top_p\":0.9,"), "{text}");
    let digits = |it: &str| it.chars().filter(char::is_ascii_digit).count();
    let logprob = text.split("\"logprob\":").nth(1).unwrap().split(',').next().unwrap();
    assert!(digits(logprob) <= 10, "{logprob}");
    let whole = out(&run(&home, &[&arguments[..1], &["--json"], &arguments[2..]].concat()));
    assert!(whole.contains("\"temperature\":0.7,") && whole.contains(&format!("\"logprob\":{logprob},")), "{whole}");
    // Silence takes nothing from it: a seed that was not chosen is told there.
    let seeded = json(&run(&home, &["-q", "--json", "-n", "1", "-p", "Once"]));
    let again = ["-q", "--json", "-n", "1", "-p", "Once", "-s", &seeded["seed"].to_string()].map(str::to_owned);
    let again = json(&run(&home, &again.iter().map(String::as_str).collect::<Vec<_>>()));
    assert_eq!(again["tokens"], seeded["tokens"]);
}

/// Every exit status, with a command that shows it.
#[cfg(target_os = "linux")]
#[test]
fn every_exit_status_has_a_command_that_shows_it() {
    const STATUSES: [(i32, &str); 15] = [
        (0, "megachat -m demo -p Once -n 1"),
        (1, "megachat score empty"),
        (2, "megachat --top-p 7 -p Once"),
        (3, "megachat -m megatron-345m -p Once"),
        (4, "megachat model download --model-url http://127.0.0.1:9/zip"),
        (5, "megachat convert absent new"),
        (6, "megachat -m demo --device cuda -p Once"),
        (7, "megachat model verify mine"),
        (7, "megachat -m mine -p Once"),
        (8, "megachat replay other"),
        (71, "ulimit -v 80000; megachat -m demo -p Once"),
        (74, "megachat -m demo -p Once -n 1 > /dev/full"),
        (129, "ended HUP"),
        (130, "ended INT"),
        (143, "ended TERM"),
    ];
    // What an earlier call wrote must not stand for the first token of this one: before that no signal is listened for.
    const ENDED: &str = "ended() {
        rm -f out
        '{}' -q -m demo -p Once -n -1 --ignore-eos --when-full slide > out &
        while [ ! -s out ]; do kill -0 $! || return 99; done
        kill -$1 $!
        wait $!
    }";
    let home = Home::new();
    fs::write(home.path().join("empty"), "").unwrap();
    fs::write(home.path().join("lines"), "Once upon a time\n/quit\n").unwrap();
    fs::write(home.path().join("demo.zip"), megachat::assets::DEMO_ZIP).unwrap();
    let prepared = shell(
        &home,
        "set -e
         megachat model import demo.zip --name mine --heads 3
         megachat --plain -m demo -n 5 -s 5 < lines
         cd data/transcripts; sed 's/\"seed\":5/\"seed\":6/' *.jsonl > other.jsonl
         printf '!' | dd of=../models/mine/model.safetensors bs=1 seek=90000 conv=notrunc",
    );
    assert_eq!(status(&prepared), 0, "{}", err(&prepared));
    let ended = ENDED.replace("{}", env!("CARGO_BIN_EXE_megachat"));
    for (expected, command) in STATUSES {
        let output = shell(&home, &format!("{ended}\n{command}"));
        assert_eq!(status(&output), expected, "{command}: {}{}", out(&output), err(&output));
        assert!(expected == 0 || expected > 128 || !err(&output).is_empty(), "{command} says nothing");
    }
}
