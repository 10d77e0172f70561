//! What lists things: as lines for people, and as one JSON document that says the same.

use std::path::Path;

use megachat::cli::Arguments;
use serde_json::Value;

use crate::support::program::{Home, err, flip, megachat, out};
use crate::support::tiny;

fn run(home: &Home, arguments: &[&str]) -> (String, String, Option<i32>) {
    let output = megachat(home.path(), arguments).output().unwrap();
    (out(&output), err(&output), output.status.code())
}

/// The document that a verb prints, and nothing else; its words on standard error and its status.
#[track_caller]
fn json(home: &Home, arguments: &[&str]) -> (Value, String, Option<i32>) {
    let (printed, said, status) = run(home, &[arguments, &["--json"]].concat());
    let value = serde_json::from_str(&printed).unwrap_or_else(|e| panic!("{arguments:?}: {e}: {printed}{said}"));
    let is_bad = |c: char| c.is_control() && c != '\n';
    assert!(!printed.contains(is_bad) && printed.lines().count() == 1, "{printed:?}");
    (value, said, status)
}

fn import(home: &Home, from: &Path, name: &str) {
    let (_, said, status) = run(home, &["model", "import", from.to_str().unwrap(), "--name", name]);
    assert_eq!(status, Some(0), "{said}");
}

fn strings<'a>(rows: &'a Value, key: &str) -> Vec<&'a str> {
    rows.as_array().unwrap().iter().map(|it| it[key].as_str().unwrap()).collect()
}

#[test]
fn models_are_listed_for_programs_as_for_people() {
    let (home, copy) = (Home::new(), tempfile::tempdir().unwrap());
    let (none, _, _) = json(&home, &["model", "list"]);
    assert_eq!(none["directory"], home.models().to_str().unwrap());
    assert_eq!(strings(&none["models"], "name")[..2], ["demo", "megatron-345m"]);
    tiny::hugging_face(copy.path(), 1);
    import(&home, copy.path(), "mine");
    import(&home, copy.path(), "broken");
    std::fs::write(home.models().join("broken/megachat.json"), "{").unwrap();
    let (found, said, status) = json(&home, &["model", "list"]);
    assert_eq!((said.as_str(), status), ("", Some(0)));
    let (lines, _, _) = run(&home, &["model", "list"]);
    let names: Vec<&str> = lines.lines().map(|it| it.split(' ').next().unwrap()).collect();
    assert_eq!(strings(&found["models"], "name"), names);
    for (line, it) in lines.lines().zip(found["models"].as_array().unwrap()) {
        let says = match it["state"].as_str().unwrap() {
            "installed" => it["directory"].as_str().unwrap(),
            "damaged" => it["fault"].as_str().unwrap(),
            "built-in" => "built in",
            "downloadable" => "to download",
            other => panic!("{other}"),
        };
        assert!(line.contains(says), "{line}: {it}");
        assert_eq!(it["state"] == "damaged", it["parameters"].is_null(), "{it}");
    }
    let mine = &found["models"][0];
    assert_eq!((&mine["name"], &mine["state"], &mine["fault"]), (&"mine".into(), &"installed".into(), &Value::Null));
    let files = std::fs::read_dir(home.models().join("mine")).unwrap();
    let bytes: u64 = files.map(|it| it.unwrap().metadata().unwrap().len()).sum();
    assert_eq!(mine["bytes"], bytes);
}

#[test]
fn a_check_of_the_models_is_told_with_its_faults_and_its_status_is_the_same() {
    let (home, copy) = (Home::new(), tempfile::tempdir().unwrap());
    tiny::hugging_face(copy.path(), 1);
    import(&home, copy.path(), "one");
    import(&home, copy.path(), "two");
    let (found, said, status) = json(&home, &["model", "verify"]);
    assert_eq!((&found["ok"], said.as_str(), status), (&true.into(), "", Some(0)));
    assert_eq!(strings(&found["models"], "state"), ["sound", "sound"]);
    let (line, _, _) = run(&home, &["model", "verify", "one"]);
    assert!(line.contains(&format!("sound, {} files", found["models"][0]["files"])), "{line}: {found}");
    flip(&home.models().join("two/model.safetensors"));
    let (lines, said, status) = run(&home, &["model", "verify"]);
    let (found, said_too, status_too) = json(&home, &["model", "verify"]);
    assert_eq!((status, status_too, &found["ok"]), (Some(7), Some(7), &false.into()));
    let error: Value = serde_json::from_str(&said_too).unwrap();
    assert_eq!((said, &error["status"]), (format!("megachat: {}\n", error["error"].as_str().unwrap()), &7.into()));
    assert_eq!(strings(&found["models"], "state"), ["sound", "damaged"]);
    let fault = found["models"][1]["fault"].as_str().unwrap();
    assert!(fault.contains("model.safetensors") && lines.contains(&format!("two: damaged: {fault}")), "{lines}");
    // One that cannot be mended, and one that can.
    std::fs::write(home.models().join("one/megachat.json"), "{").unwrap();
    let (found, said, status) = json(&home, &["model", "verify", "--repair"]);
    assert_eq!((status, &found["ok"]), (Some(7), &false.into()), "{said}");
    let (one, two) = (&found["models"][0], &found["models"][1]);
    assert_eq!((&one["repaired"], &two["repaired"], &two["problem"]), (&false.into(), &true.into(), &Value::Null));
    assert!(one["problem"].as_str().is_some_and(|it| said.contains(it)), "{one}: {said}");
    let (_, _, status) = run(&home, &["model", "verify", "two"]);
    assert_eq!(status, Some(0));
    // What is not there is no document.
    let (printed, said, status) = run(&home, &["model", "verify", "three", "--json"]);
    assert_eq!((printed.as_str(), status), ("", Some(3)), "{said}");
}

#[test]
fn one_model_of_a_newer_program_does_not_hide_the_others() {
    let (home, copy) = (Home::new(), tempfile::tempdir().unwrap());
    tiny::hugging_face(copy.path(), 1);
    import(&home, copy.path(), "new");
    import(&home, copy.path(), "old");
    std::fs::write(home.models().join("new/megachat.json"), r#"{"version": 99}"#).unwrap();
    let (found, said, status) = json(&home, &["model", "verify"]);
    assert_eq!(strings(&found["models"], "state"), ["newer", "sound"]);
    assert_eq!(status, Some(1));
    assert!(said.contains("newer megachat"), "{said}");
}

/// A transcript of a few words, by the name that it is given.
fn write(home: &Home, name: &str, text: &str) {
    use std::io::Write as _;
    let arguments = ["--plain", "--model", "demo", "-n", "2", "-s", "1", "-q"];
    let mut child = megachat(home.path(), &arguments).stdin(std::process::Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(format!("{text}\n").as_bytes()).unwrap();
    assert!(child.wait_with_output().unwrap().status.success());
    let directory = home.path().join("data/transcripts");
    // Its name is a date of this century, and those that are given here are none.
    let made = megachat::store::transcripts::read(&directory, "2").unwrap().0;
    std::fs::rename(made, directory.join(format!("{name}.jsonl"))).unwrap();
}

#[test]
fn transcripts_are_listed_with_what_is_wrong_with_them() {
    // A name that a terminal would obey.
    const EVIL: &str = "9-\u{1b}[2J\u{202e}x";
    let home = Home::new();
    let (found, said, status) = json(&home, &["transcripts", "list"]);
    assert_eq!((&found["transcripts"], status), (&serde_json::json!([]), Some(0)));
    assert!(said.contains("no transcripts yet"), "{said}");
    let directory = home.path().join("data/transcripts");
    write(&home, "8-damaged", "The bear");
    flip(&directory.join("8-damaged.jsonl"));
    write(&home, EVIL, "Once\tupon \u{9b}31m a time");
    std::fs::create_dir(directory.join("7-no-file.jsonl")).unwrap();
    let (found, said, status) = json(&home, &["transcripts", "list"]);
    assert_eq!(status, Some(0));
    let rows = found["transcripts"].as_array().unwrap();
    assert_eq!(strings(&found["transcripts"], "id"), [EVIL, "8-damaged", "7-no-file"]);
    assert_eq!(strings(&found["transcripts"], "state"), ["sound", "damaged", "unreadable"]);
    assert_eq!((&rows[0]["model"], &rows[0]["fault"]), (&"demo".into(), &Value::Null));
    assert!(rows[0]["words"].as_str().unwrap().starts_with("Once\tupon \u{9b}31m a time"), "{}", rows[0]);
    assert_eq!(rows[0]["path"], directory.join(format!("{EVIL}.jsonl")).to_str().unwrap());
    assert!(rows[0]["created"].as_i64().unwrap() > 1_600_000_000_000);
    assert!(!rows[1]["fault"].as_str().unwrap().is_empty());
    assert!(rows[2]["fault"].as_str().unwrap().contains("a directory"), "{}", rows[2]);
    let (lines, said_too, status) = run(&home, &["transcripts", "list"]);
    assert_eq!((&said, status), (&said_too, Some(0)));
    assert!(said.contains("a directory"), "{said}");
    let lines: Vec<&str> = lines.lines().collect();
    assert_eq!(lines.len(), 2);
    for (line, it) in lines.iter().zip(rows) {
        assert!(line.contains(&format!("{} tokens", it["tokens"])), "{line}: {it}");
        assert_eq!(line.contains("(damaged)"), it["state"] == "damaged", "{line}: {it}");
    }
}

#[test]
fn unfinished_downloads_are_listed() {
    let home = Home::new();
    assert_eq!(json(&home, &["cache", "list"]).0["downloads"], serde_json::json!([]));
    std::fs::create_dir_all(home.downloads()).unwrap();
    let (one, two) = (home.downloads().join("a.zip.part"), home.downloads().join("b \u{202e}.zip.part"));
    std::fs::write(&one, vec![0; 1234]).unwrap();
    std::fs::write(&two, "x").unwrap();
    let (found, said, status) = json(&home, &["cache", "list"]);
    assert_eq!((said.as_str(), status), ("", Some(0)));
    assert_eq!(found["directory"], home.downloads().to_str().unwrap());
    assert_eq!(strings(&found["downloads"], "path"), [one.to_str().unwrap(), two.to_str().unwrap()]);
    assert_eq!((&found["downloads"][0]["bytes"], &found["downloads"][1]["bytes"]), (&1234.into(), &1.into()));
    let (lines, _, _) = run(&home, &["cache", "list"]);
    assert!(lines.lines().count() == 2 && lines.contains(one.to_str().unwrap()), "{lines}");
}

#[test]
fn the_configuration_is_told_with_values_of_their_types() {
    let home = Home::new();
    std::fs::create_dir_all(home.path().join("config")).unwrap();
    let model = "/a/very/long/path".repeat(12);
    let text = format!(
        "model = \"{model}\"\nmouse = false\npreset = \"wild\"\n[sampling]\ntemp = 0.7\ntop-k = 40\nignore-eos = true\n\
         stop = [\"a\\nb\", \"日本\"]\n[keys]\nundo = [\"F9\"]\nheat = []\n"
    );
    std::fs::write(home.path().join("config/config.toml"), text).unwrap();
    let (found, said, status) = json(&home, &["config", "show"]);
    assert_eq!((said.as_str(), status), ("", Some(0)));
    let value = |name: &str| {
        let all = found["values"].as_array().unwrap();
        let it = all.iter().find(|it| it["name"] == name).unwrap_or_else(|| panic!("no {name}"));
        (it["value"].clone(), it["origin"].as_str().unwrap().to_owned())
    };
    for (name, expected, origin) in [
        ("model", Value::from(model.as_str()), "configuration"),
        ("mouse", false.into(), "configuration"),
        ("plain", false.into(), "default"),
        ("ascii", Value::Null, "default"),
        ("device", "auto".into(), "default"),
        ("temp", serde_json::json!(0.7), "configuration"),
        ("top-k", 40.into(), "configuration"),
        ("min-p", serde_json::json!(0.1), "preset"),
        ("ignore-eos", true.into(), "configuration"),
        ("stop", serde_json::json!(["a\nb", "日本"]), "configuration"),
        ("seed", Value::Null, "default"),
    ] {
        assert_eq!(value(name), (expected, origin.to_owned()), "{name}");
    }
    let key =
        |action: &str| found["keys"].as_array().unwrap().iter().find(|it| it["action"] == action).unwrap().clone();
    assert_eq!((&key("undo")["keys"], &key("undo")["origin"]), (&serde_json::json!(["F9"]), &"configuration".into()));
    assert_eq!(key("heat")["keys"], serde_json::json!([]));
    assert_eq!((&key("palette")["origin"], key("palette")["keys"].is_array()), (&"default".into(), true));
    let paths = &found["paths"];
    assert_eq!(
        (&paths["models"], &paths["configuration_exists"]),
        (&home.models().to_str().unwrap().into(), &true.into())
    );
    // The lines say the same, and the origin of each value is found in one column.
    let (lines, _, _) = run(&home, &["config", "show"]);
    let origins = ["configuration", "default", "environment", "preset", "remembered"];
    let rows: Vec<&str> = lines.lines().take_while(|it| !it.starts_with("configuration ")).collect();
    let column = |it: &&str| origins.iter().find_map(|word| it.strip_suffix(word)).map(megachat::text::columns_of);
    let columns: Vec<usize> = rows.iter().filter_map(column).collect();
    assert_eq!(
        columns.len(),
        found["values"].as_array().unwrap().len() + rows.iter().filter(|it| it.starts_with("keys.")).count()
    );
    assert!(columns.iter().all(|&it| it == columns[0]) && columns[0] < 70, "{lines}");
    for name in strings(&found["values"], "name") {
        let at = rows.iter().position(|it| it.split(' ').next() == Some(name)).unwrap_or_else(|| panic!("no {name}"));
        let origin = value(name).1;
        assert!(rows[at].ends_with(&origin) || rows[at + 1].trim() == origin, "{name}: {lines}");
    }
    assert!(lines.contains(&model) && lines.contains(r"a\nb|日本"), "{lines}");
    // What the environment says is told as that.
    let output = megachat(home.path(), &["config", "show", "--json"]).env("MEGACHAT_TEMP", "1.5").output().unwrap();
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let temp = found["values"].as_array().unwrap().iter().find(|it| it["name"] == "temp").unwrap().clone();
    assert_eq!((&temp["value"], &temp["origin"]), (&serde_json::json!(1.5), &"environment".into()));
}

/// Every key of an object and of the first object in each of its lists.
fn keys(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                into.push(key.clone());
                keys(value, into);
            }
        }
        Value::Array(list) => list.first().into_iter().for_each(|it| keys(it, into)),
        _ => {}
    }
}

#[test]
fn the_long_help_of_a_verb_names_all_that_its_document_has() {
    use clap::CommandFactory as _;
    let (home, copy) = (Home::new(), tempfile::tempdir().unwrap());
    tiny::hugging_face(copy.path(), 1);
    import(&home, copy.path(), "mine");
    write(&home, "one", "Once");
    std::fs::create_dir_all(home.downloads()).unwrap();
    std::fs::write(home.downloads().join("a.zip.part"), "x").unwrap();
    for path in [
        &["model", "list"][..],
        &["model", "verify"],
        &["transcripts", "list"],
        &["cache", "list"],
        &["config", "show"],
    ] {
        let mut command = Arguments::command();
        command.build();
        let mut verb = &mut command;
        for it in path {
            verb = verb.find_subcommand_mut(it).unwrap();
        }
        let help = verb.render_long_help().to_string();
        let mut all = Vec::new();
        keys(&json(&home, path).0, &mut all);
        let words: Vec<&str> = help.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
        for key in all {
            assert!(words.contains(&key.as_str()), "{path:?}: `{key}` is not in\n{help}");
        }
    }
}

#[test]
fn what_is_known_of_no_model_has_the_status_that_running_it_has() {
    let (home, place) = (Home::new(), tempfile::tempdir().unwrap());
    let of = |name: &str| place.path().join(name).to_str().unwrap().to_owned();
    std::fs::create_dir(of("empty")).unwrap();
    std::fs::write(of("page.html"), "<html>").unwrap();
    #[cfg(unix)]
    nix::unistd::mkfifo(Path::new(&of("pipe")), nix::sys::stat::Mode::S_IRWXU).unwrap();
    tiny::hugging_face(Path::new(&of("wordless")), 1);
    std::fs::remove_file(place.path().join("wordless/merges.txt")).unwrap();
    tiny::hugging_face(Path::new(&of("weightless")), 1);
    std::fs::remove_file(place.path().join("weightless/model.safetensors")).unwrap();
    tiny::hugging_face(Path::new(&of("sound")), 1);
    std::fs::write(of("demo.zip"), crate::support::demo_zip()).unwrap();
    for name in ["cut", "unread", "whole"] {
        import(&home, Path::new(&of("sound")), name);
    }
    std::fs::remove_file(home.models().join("cut/merges.txt")).unwrap();
    std::fs::write(home.models().join("unread/megachat.json"), "{").unwrap();
    let pipe = of("pipe");
    let mut cases = vec![
        (of("empty"), 1),
        (of("page.html"), 1),
        (of("wordless"), 1),
        (of("weightless"), 1),
        (of("absent"), 3),
        (of("sound"), 0),
        (of("demo.zip"), 0),
        ("cut".to_owned(), 7),
        ("unread".to_owned(), 7),
        ("whole".to_owned(), 0),
    ];
    if cfg!(unix) {
        cases.push((pipe, 1));
    }
    for (model, expected) in cases {
        let (_, said, as_run) = run(&home, &["-m", &model, "-n", "1", "-q", "-p", "x"]);
        let (printed, said_too, status) = run(&home, &["model", "info", &model]);
        assert_eq!((as_run, status), (Some(expected), Some(expected)), "{model}: {said}{printed}{said_too}");
        assert_eq!(said_too.is_empty(), expected == 0, "{model}: {said_too}");
        let (printed, _, status) = run(&home, &["model", "info", &model, "--json"]);
        assert_eq!(status, Some(expected), "{model}");
        if !printed.is_empty() {
            let found: Value = serde_json::from_str(&printed).unwrap();
            assert_eq!(found["problem"].is_string(), expected != 0, "{found}");
        }
    }
    // The model that comes with the program is no error before its first use, and a document as well.
    let fresh = Home::new();
    assert_eq!(json(&fresh, &["model", "info", "demo"]).0["state"], "built-in");
}

#[test]
fn a_listing_for_a_reader_that_leaves_is_no_failure() {
    let home = Home::new();
    let mut child = megachat(home.path(), &["config", "show", "--json"]).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
}
