//! Several continuations at once: `-N`, `--input`, and `--echo`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Output, Stdio};

use serde_json::{Value, json};

use crate::support::program::{Home, err, megachat, out};

fn run(home: &Home, arguments: &[&str]) -> Output {
    let always = ["--model", "demo", "--device", "cpu", "--print"];
    megachat(home.path(), &[&always[..], arguments].concat()).output().unwrap()
}

fn objects(output: &Output) -> Vec<Value> {
    out(output).lines().map(|it| serde_json::from_str(it).unwrap()).collect()
}

/// What was drawn and how it ended, without the times and without what says which of several it is.
fn drawn(object: &Value) -> Value {
    let mut object = object.clone();
    let map = object.as_object_mut().unwrap();
    for key in ["seconds", "line", "id", "sample"] {
        map.remove(key);
    }
    object
}

/// What one continuation by itself is.
fn alone(home: &Home, arguments: &[&str]) -> Value {
    let output = run(home, &[&["--json"], arguments].concat());
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    drawn(&serde_json::from_str(&out(&output)).unwrap())
}

/// Half words, stop strings, mirostat, a window that slides: whatever the settings are, several are what each is alone.
#[test]
fn several_samples_are_what_each_seed_draws_alone() {
    let home = Home::new();
    for settings in [
        &["-n", "12", "--logprobs", "3"][..],
        &["-n", "40", "--stop", "the", "--temp", "1.2"],
        &["-n", "20", "--preset", "mirostat", "--dtype", "f32"],
        &["-n", "-1", "--temp", "0.6"],
        &["-n", "30", "--when-full", "slide", "--ignore-eos"],
    ] {
        // The last one is hardly shorter than the context.
        let long = "Tom had a dog. ".repeat(100);
        let prompts = if settings[1] == "30" { [&*long, "One day"] } else { ["Once upon a ti", "Tom and his dog."] };
        for prompt in prompts.into_iter().chain((settings[1] == "12").then_some("")) {
            let common = [settings, &["-q"]].concat();
            let several = run(&home, &[&common[..], &["-N", "3", "-s", "7", "--jsonl", "--", prompt]].concat());
            assert_eq!(several.status.code(), Some(0), "{}", err(&several));
            let several = objects(&several);
            assert_eq!(several.len(), 3);
            for (index, object) in several.iter().enumerate() {
                assert_eq!(object["sample"], index + 1);
                let seed = (7 + index).to_string();
                let expected = alone(&home, &[&common[..], &["-s", &seed, "--", prompt]].concat());
                assert_eq!(drawn(object), expected, "{settings:?} {prompt}");
            }
        }
    }
}

#[test]
fn each_line_of_a_file_has_its_own_text_seed_and_settings() {
    let home = Home::new();
    let lines = [
        json!({"prompt": "Once upon a time", "seed": 3, "id": "a"}),
        json!({"prompt": "The big dragon flew over a tall hill and saw", "temp": 0.2, "id": 7}),
        json!({"prompt": "Tom", "preset": "greedy", "max_tokens": 4}),
        json!({"prompt": "", "top-k": 1}),
        json!({"prompt": "Once upon a time there was a little girl. One day, her mum said", "stop": ["."]}),
    ];
    let text: String = lines.iter().flat_map(|it| [it.to_string(), "\n\n".to_owned()]).collect();
    let file = home.path().join("prompts.jsonl");
    std::fs::write(&file, &text).unwrap();
    let common = ["-n", "15", "-s", "9", "-q", "--jsonl"];
    let output = run(&home, &[&common[..], &["-N", "2", "--input", file.to_str().unwrap()]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let all = objects(&output);
    let which: Vec<_> = all.iter().map(|it| (it["line"].clone(), it["sample"].clone(), it["id"].clone())).collect();
    let expected = [(1, "a".into()), (3, 7.into()), (5, Value::Null), (7, Value::Null), (9, Value::Null)];
    let expected = expected.iter().flat_map(|(line, id)| [1, 2].map(|it| (json!(line), json!(it), id.clone())));
    assert_eq!(which, expected.collect::<Vec<_>>());
    let arguments: [&[&str]; 5] = [
        &["-s", "4", "Once upon a time"],
        &["-s", "10", "--temp", "0.2", "The big dragon flew over a tall hill and saw"],
        &["-s", "10", "--preset", "greedy", "-n", "4", "Tom"],
        &["-s", "10", "--top-k", "1", ""],
        &["-s", "10", "--stop", ".", "Once upon a time there was a little girl. One day, her mum said"],
    ];
    for (second, arguments) in all.iter().skip(1).step_by(2).zip(arguments) {
        let most: &[&str] = if arguments.contains(&"-n") { &[] } else { &["-n", "15"] };
        assert_eq!(drawn(second), alone(&home, &[&["-q"], most, arguments].concat()));
    }
    // The same from standard input, as text.
    let arguments = ["--model", "demo", "--device", "cpu", "-q", "-n", "15", "-s", "9", "--input", "-"];
    let mut child = megachat(home.path(), &arguments).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let headings: Vec<String> = out(&output).lines().filter(|it| it.starts_with("--- ")).map(str::to_owned).collect();
    assert_eq!(
        headings,
        ["--- line 1, seed 3", "--- line 3, seed 9", "--- line 5, seed 9", "--- line 7, seed 9", "--- line 9, seed 9"]
    );
    let first = all[0]["text"].as_str().unwrap();
    assert!(out(&output).starts_with(&format!("--- line 1, seed 3\n{first}\n")), "{}", out(&output));
}

#[test]
fn a_line_that_says_nothing_is_named_and_the_others_are_drawn() {
    let home = Home::new();
    let file = home.path().join("prompts.jsonl");
    let long = "one two three ".repeat(400);
    let lines = [
        r#"{"prompt": "One day", "id": "good"}"#.to_owned(),
        r#"{"prompt": "One day", "temperatur": 1}"#.to_owned(),
        r#"{"prompt": "One day", "temp": -3}"#.to_owned(),
        r#"{"prompt": "One day", "temp": "hot"}"#.to_owned(),
        r#"{"prompt": "One day", "preset": "none\u001b[2J"}"#.to_owned(),
        "One day".to_owned(),
        r#"{"id": 3}"#.to_owned(),
        json!({"prompt": long, "id": "long"}).to_string(),
        r#"{"prompt": "One day", "id": "last"}"#.to_owned(),
    ];
    std::fs::write(&file, lines.join("\n")).unwrap();
    let file = file.to_str().unwrap();
    let output = run(&home, &["-n", "3", "-s", "1", "--jsonl", "--input", file]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("7 of 9 texts could not be continued"), "{}", err(&output));
    let all = objects(&output);
    assert_eq!(all.len(), 9);
    for (index, why) in [
        (1, "there is no setting `temperatur`"),
        (2, "temp is -3"),
        (3, "temp"),
        (4, "there is no preset"),
        (5, "a line is an object like"),
        (6, "missing field `prompt`"),
        (7, "512"),
    ] {
        let error = all[index]["error"].as_str().unwrap();
        assert!(error.contains(why), "{error}");
        assert_eq!(all[index]["line"], index + 1);
    }
    assert_eq!((&all[7]["id"], all[0]["text"].is_string()), (&json!("long"), true));
    assert_eq!(all[0]["text"], all[8]["text"]);
    let text = run(&home, &["-n", "3", "-s", "1", "--input", file]);
    assert_eq!(text.status.code(), Some(1));
    assert!(err(&text).contains("line 2: there is no setting `temperatur`"), "{}", err(&text));
    assert!(!err(&text).contains('\u{1b}') && out(&text).contains("--- line 9, seed 1"));
    // What is no text ends it, behind what came before; an empty file is told, and one that is not there.
    std::fs::write(home.path().join("latin"), b"{\"prompt\": \"One\"}\n{\"prompt\": \"\xe9\"}\n").unwrap();
    let latin = run(&home, &["-n", "3", "--jsonl", "--input", home.path().join("latin").to_str().unwrap()]);
    assert_eq!((latin.status.code(), objects(&latin).len()), (Some(1), 1));
    assert!(err(&latin).contains("UTF-8"), "{}", err(&latin));
    std::fs::write(home.path().join("empty"), "\n\n").unwrap();
    let empty = run(&home, &["--input", home.path().join("empty").to_str().unwrap()]);
    assert_eq!(empty.status.code(), Some(1));
    assert!(err(&empty).contains("the input is empty"), "{}", err(&empty));
    for (arguments, status) in [
        (&["--input", "/nowhere/x"][..], 1),
        (&["--input", file, "a", "prompt"], 2),
        (&["-N", "2", "--json", "One"], 2),
        (&["-N", "0", "One"], 2),
        (&["-N", "2", "--logprobs", "3", "One"], 2),
        (&["-N", "2", &long], 1),
    ] {
        assert_eq!(run(&home, arguments).status.code(), Some(status), "{arguments:?}");
    }
}

/// The scores of a prompt are those that `score` gives it.
#[test]
fn an_echo_is_the_text_with_what_the_model_thinks_of_it() {
    let home = Home::new();
    let prompt = "Once upon a time, a cat";
    let text = run(&home, &["-q", "-n", "5", "-s", "1", "--echo", "--", prompt]);
    let plain = run(&home, &["-q", "-n", "5", "-s", "1", "--", prompt]);
    assert_eq!(out(&text), format!("{prompt}{}", out(&plain)));
    let file = home.path().join("text");
    std::fs::write(&file, prompt).unwrap();
    let score = ["score", "--model", "demo", "--device", "cpu", "--json", "--no-start", file.to_str().unwrap()];
    let score = megachat(home.path(), &score).output().unwrap();
    let score: Value = serde_json::from_slice(&score.stdout).unwrap();
    for how in [&["--json"][..], &["--jsonl"], &["--jsonl", "-N", "2"]] {
        let arguments = [&["-q", "-n", "2", "-s", "1", "--dtype", "f32", "--echo", "--heal=off"], how, &["--", prompt]];
        let output = run(&home, &arguments.concat());
        let first: Value = serde_json::from_str(out(&output).lines().next().unwrap()).unwrap();
        let scores = first["prompt_scores"].as_array().unwrap();
        assert_eq!(scores.len(), first["prompt_tokens"].as_array().unwrap().len());
        assert_eq!((&scores[0]["logprob"], &scores[0]["text"]), (&Value::Null, &json!("Once")));
        for (mine, other) in scores.iter().zip(score["tokens"].as_array().unwrap()).skip(1) {
            let bits = -mine["logprob"].as_f64().unwrap() / std::f64::consts::LN_2;
            assert!((bits - other["bits"].as_f64().unwrap()).abs() < 1e-4, "{mine} {other}");
            assert_eq!(mine["rank"], other["rank"]);
        }
    }
}

/// What was drawn when the signal came is told, and nothing after it is begun.
#[test]
fn a_signal_ends_a_batch_with_what_there_is() {
    use nix::sys::signal::{Signal, kill};
    let home = Home::new();
    let arguments =
        ["--model", "demo", "--device", "cpu", "--jsonl", "-q", "-s", "1", "-N", "5000", "-n", "20", "One day"];
    let mut child = megachat(home.path(), &arguments).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    kill(nix::unistd::Pid::from_raw(child.id() as i32), Signal::SIGINT).unwrap();
    let rest: Vec<Value> = lines.map(|it| serde_json::from_str(&it.unwrap()).unwrap()).collect();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(first["totals"]["tokens"], 20);
    assert!(rest.len() < 4999, "{}", rest.len());
    assert!(rest.iter().all(|it| it["text"].is_string()));
}

/// Whatever is so unlikely that 32 bits cannot hold it has a logarithm, by the model and after the chain.
#[test]
fn every_candidate_that_is_left_has_finite_logarithms() {
    let home = Home::new();
    let arguments = [
        "-q",
        "-n",
        "1",
        "-s",
        "1",
        "--dtype",
        "f32",
        "--preset",
        "raw",
        "--temp",
        "0.02",
        "--json",
        "--logprobs",
        "1000",
    ];
    let output = run(&home, &[&arguments[..], &["Once upon a"]].concat());
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    let top = value["tokens"][0]["top"].as_array().unwrap();
    assert_eq!(top.len(), 1000);
    let smallest = top.iter().map(|it| it["logprob_after"].as_f64().unwrap()).fold(0.0, f64::min);
    assert!(smallest < -110.0 && top.iter().all(|it| it["logprob"].is_f64()), "{smallest}");
}

/// Each line's continuation is told before the next line is written.
#[test]
fn a_prompt_is_continued_before_the_next_is_there() {
    let home = Home::new();
    let arguments = ["--model", "demo", "--device", "cpu", "-q", "--jsonl", "-n", "3", "-N", "2", "--input", "-"];
    let mut child = megachat(home.path(), &arguments).stdin(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    for number in 1..3 {
        writeln!(input, "{}", json!({ "prompt": "One day", "seed": 7 })).unwrap();
        for sample in 1..3 {
            let told: Value = serde_json::from_str(&lines.next().unwrap()).unwrap();
            assert_eq!((&told["line"], &told["sample"]), (&number.into(), &sample.into()));
        }
    }
    drop(input);
    assert_eq!((lines.next(), child.wait().unwrap().code()), (None, Some(0)));
}
