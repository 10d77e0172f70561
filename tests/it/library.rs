//! The library: texts are found again, named, filed, removed and brought back, imported and exported, and never lost.
#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use megachat::document::SCHEMA;
use megachat::store::transcripts;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::pty::Pty;
#[cfg(target_os = "linux")]
use crate::support::disks::SmallDisk;
use crate::support::fetching::points;
use crate::support::program::{Home, err, megachat, out, transcripts_in};

fn run(home: &Home, arguments: &[&str]) -> Output {
    megachat(home.path(), &[&["transcripts"], arguments].concat()).output().unwrap()
}

/// What it prints, if it is well.
fn well(home: &Home, arguments: &[&str]) -> String {
    let output = run(home, arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", err(&output));
    out(&output)
}

fn json(home: &Home, arguments: &[&str]) -> Value {
    serde_json::from_str(&well(home, &[arguments, &["--json"]].concat())).unwrap()
}

/// Draws and writes, line by line.
fn session(home: &Home, arguments: &[&str], lines: &str) -> String {
    use std::io::Write as _;
    let always = ["--plain", "-m", "demo", "--device", "cpu", "--dtype", "f32", "-q"];
    let mut child = megachat(home.path(), &[&always[..], arguments].concat()).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    out(&output)
}

fn ids(list: &Value) -> Vec<String> {
    list["transcripts"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect()
}

fn file(home: &Home, name: &str, text: &str) -> String {
    let path = home.path().join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_text_is_named_filed_found_removed_and_brought_back() {
    let home = Home::new();
    session(&home, &["-n", "8", "-s", "1"], "The lighthouse keeper\n/rename Night watch\n/tag novel sea\n");
    let keeper = ids(&json(&home, &["list"])).remove(0);
    let dog = well(&home, &["import", &file(&home, "dog.txt", "A dog ran to the lighthouse."), "--title", "Dog"]);
    let dog = dog.trim();
    // The dog came last.
    assert_eq!(ids(&json(&home, &["list"])), [dog, &*keeper]);
    assert_eq!(json(&home, &["list", "--tag", "#Novel"])["transcripts"][0]["title"], "Night watch");
    assert_eq!(ids(&json(&home, &["list", "--model", "demo"])), [&*keeper]);
    assert_eq!(ids(&json(&home, &["list", "--since", "2999-01-01"])), [""; 0]);
    assert_eq!(run(&home, &["list", "--since", "soon"]).status.code(), Some(2));
    let line = well(&home, &["list"]);
    assert!(
        line.lines().nth(1).unwrap().contains("\"Night watch\" The lighthouse") && line.contains(" #novel #sea"),
        "{line}"
    );
    // Its text, its title and its tags.
    for (words, found) in [
        ("lighthouse keeper", vec![&*keeper]),
        ("night", vec![&*keeper]),
        ("sea", vec![&*keeper]),
        ("light ran", vec![dog]),
    ] {
        let hits = json(&home, &["search", words]);
        let hits: Vec<&str> = hits["found"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
        // Words that a shell parted need not stand beside each other; those in one argument do.
        let several: Vec<&str> = words.split(' ').collect();
        let parted = json(&home, &[&["search"][..], &several].concat());
        assert_eq!(parted["found"][0]["id"], found[0], "{words}");
        assert_eq!(hits.first().copied(), (words != "light ran").then_some(found[0]), "{words}");
    }
    let told = well(&home, &["search", "ran"]);
    assert!(told.contains(&format!("{dog}  ")) && told.contains("A dog [ran] to"), "{told}");
    // A title shows the place in the text, if there is one.
    assert!(well(&home, &["search", "dog"]).contains("A [dog] ran"));
    assert!(well(&home, &["search", "night"]).contains("  title or tags"));
    assert_eq!(run(&home, &["search", "dog", "-n", "0"]).status.code(), Some(2));
    assert!(err(&run(&home, &["list", "--tag", "none"])).contains("none of 2 transcripts is such a one"));
    assert!(err(&run(&home, &["tag", "dog", "--remove", "sea"])).contains("not filed under #sea"));
    assert_eq!(run(&home, &["search", "whale"]).status.code(), Some(1));
    // By its title.
    assert_eq!(well(&home, &["show", "dog"]), "A dog ran to the lighthouse.");
    assert_eq!(well(&home, &["tag", "Dog", "pets", "--remove", "none"]), "#pets\n");
    well(&home, &["rename", dog, "The", "dog"]);
    assert_eq!(json(&home, &["list"])["transcripts"][0]["title"], "The dog");
    let before = fs::read(home.path().join(format!("data/transcripts/{dog}.jsonl"))).unwrap();
    well(&home, &["remove", "The dog"]);
    assert_eq!(
        (ids(&json(&home, &["list"])), run(&home, &["show", dog]).status.code()),
        (vec![keeper.clone()], Some(1))
    );
    let removed = json(&home, &["restore", "--list"])["removed"][0].clone();
    assert_eq!((&removed["id"], &removed["title"]), (&dog.into(), &"The dog".into()));
    assert!(well(&home, &["restore", "--list"]).contains("\"The dog\" A dog ran to the"));
    well(&home, &["restore"]);
    assert_eq!(fs::read(home.path().join(format!("data/transcripts/{dog}.jsonl"))).unwrap(), before);
    assert_eq!(run(&home, &["restore", dog]).status.code(), Some(1));
}

/// The last worked on is meant, not the last begun, whatever the clock said; what cannot be read is named and passed over.
#[test]
fn latest_is_the_last_worked_on() {
    let home = Home::new();
    session(&home, &["-n", "3", "-s", "1"], "One\n");
    let directory = home.path().join("data/transcripts");
    let first = ids(&json(&home, &["list"])).remove(0);
    session(&home, &["-n", "3", "-s", "2"], "Two\n");
    assert_eq!(well(&home, &["show"]).split(' ').next(), Some("Two"));
    session(&home, &["-n", "3", "--resume", &first], "and more\n");
    assert!(well(&home, &["show", "latest"]).starts_with("One"));
    // A clock that was far ahead names what comes after.
    let far = "99990101-000000";
    fs::rename(directory.join(format!("{first}.jsonl")), directory.join("19700101-000000.jsonl")).unwrap();
    fs::write(directory.join(format!("{far}.jsonl")), "").unwrap();
    let shown = run(&home, &["show", "latest"]);
    assert!(
        out(&shown).starts_with("One") && err(&shown).contains(&format!("passed over: {}", directory.display())),
        "{}",
        err(&shown)
    );
    let resumed = session(&home, &["-n", "2", "--resume"], "/show\n");
    assert!(resumed.contains("One"), "{resumed}");
    // To look is no work.
    let two = ids(&json(&home, &["list"])).into_iter().find(|it| !it.starts_with("1970") && it != far).unwrap();
    session(&home, &["--resume", &two], "/score\n/tree\n");
    assert!(well(&home, &["show", "latest"]).starts_with("One"));
    session(&home, &["--resume", &two], "/undo\n");
    assert!(ids(&json(&home, &["list"]))[0] == two);
}

const LOOM: &str = r#"{"root":{"text":"","children":[{"text":"The old light","children":[
    {"text":"house by the \ud83d\udc69\u200d\ud83d\udc67","children":[]},{"text":" years","children":[{"text":" ago.","children":[]}]}]}]}}"#;

/// The texts from the root to each leaf.
fn leaves(node: &Value, before: &str, found: &mut Vec<String>) {
    let text = format!("{before}{}", node["text"].as_str().unwrap());
    let children = node["children"].as_array().unwrap();
    for it in children {
        leaves(it, &text, found);
    }
    if children.is_empty() {
        found.push(text);
    }
}

#[test]
fn trees_and_texts_come_in_and_go_out_as_they_were() {
    let home = Home::new();
    let id = well(&home, &["import", &file(&home, "tree.json", LOOM)]);
    let tree: Value = serde_json::from_str(&well(&home, &["export", id.trim(), "--to", "loom"])).unwrap();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    leaves(&tree["root"], "", &mut ours);
    leaves(&serde_json::from_str::<Value>(LOOM).unwrap()["root"], "", &mut theirs);
    assert_eq!(ours, theirs);
    assert_eq!(well(&home, &["show", id.trim()]), theirs[0]);
    // Markdown of our own gives its text back, whatever is in it; other Markdown stays as it is written.
    let text = "Use ```` here.\n\n*Not* a title\n";
    let id = well(&home, &["import", &file(&home, "a.md", text), "--title", "A *title* <b>"]);
    let markdown = well(&home, &["export", id.trim(), "--to", "md"]);
    assert!(markdown.starts_with("# A \\*title\\* \\<b\\>\n"), "{markdown}");
    let again = well(&home, &["import", &file(&home, "b.md", &markdown)]);
    assert_eq!(well(&home, &["show", again.trim()]), text);
    assert_eq!(
        json(&home, &["list"])["transcripts"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|it| it["title"] == "A *title* <b>")
            .count(),
        2
    );
    // A transcript of somebody else's; from standard input, too.
    let path = home.path().join(format!("data/transcripts/{}.jsonl", id.trim()));
    let other = Home::new();
    let copied = well(&other, &["import", path.to_str().unwrap()]);
    assert_eq!(well(&other, &["show", copied.trim()]), text);
    let mut command = megachat(other.path(), &["transcripts", "export", "-", "--to", "txt", "-o", "-"]);
    let printed = command.stdin(fs::File::open(&path).unwrap()).output().unwrap();
    assert_eq!(out(&printed), text);
    for (name, content, why) in
        [("c.json", "{\"a\": 1}", "no loom's tree"), ("d.txt", "", "no text"), ("e.json", "[1", "no loom's tree")]
    {
        let refused = run(&home, &["import", &file(&home, name, content)]);
        assert!(refused.status.code() == Some(1) && err(&refused).contains(why), "{}", err(&refused));
    }
    // A file that is there is not replaced, unless that is said.
    let target = file(&home, "out.txt", "mine");
    let refused = run(&home, &["export", id.trim(), "--to", "txt", "-o", &target]);
    assert_eq!((refused.status.code(), &*fs::read_to_string(&target).unwrap()), (Some(1), "mine"));
    well(&home, &["export", id.trim(), "--to", "txt", "-o", &target, "--force"]);
    assert_eq!(fs::read_to_string(&target).unwrap(), text);
}

/// The settings of the branch that is shown, by its own tokens, and not those of another; the mark of the end is no text.
#[test]
fn an_export_says_what_was_done_to_what_it_shows() {
    let home = Home::new();
    let lines = "Once\n/reroll 2\n/set temp 0.3\n/set bias  dog=5\n\n/branch 2\n/rename \"><script>alert(1)</script>\n";
    session(&home, &["-n", "6", "-s", "5", "--ignore-eos"], lines);
    let markdown = well(&home, &["export", "--to", "md"]);
    let settings: Vec<&str> = markdown.lines().filter(|it| it.starts_with("- from token")).collect();
    assert_eq!(settings.len(), 1, "{markdown}");
    assert!(settings[0].starts_with("- from token 2 on: temp 0.7,") && settings[0].contains("seed 5"), "{markdown}");
    assert!(!markdown.contains("dog=5"), "that was another branch: {markdown}");
    session(&home, &["--resume"], "/branch 3\n");
    let markdown = well(&home, &["export", "--to", "md"]);
    let settings: Vec<&str> = markdown.lines().filter(|it| it.starts_with("- from token")).collect();
    assert_eq!(settings.len(), 2, "{markdown}");
    assert!(settings[1].starts_with("- from token 8 on: temp 0.3,") && settings[1].contains("bias"), "{markdown}");
    // A text that the model ended.
    let home = Home::new();
    session(&home, &["-n", "1", "-s", "1", "--bias", "<|endoftext|>=100"], "The end.\n");
    let markdown = well(&home, &["export", "--to", "md"]);
    assert!(
        markdown.contains("\nThe end.\n```") && markdown.contains("the mark of the end stands at token 4"),
        "{markdown}"
    );
    assert_eq!(well(&home, &["show"]), "The end.");
    let object: Value = serde_json::from_str(&well(&home, &["export", "--to", "json"])).unwrap();
    assert_eq!((&object["text"], &object["tokens"][3]["text"]), (&"The end.".into(), &"<|endoftext|>".into()));
}

/// What others are given does not come in as less than it was, or as something else, without a word.
#[test]
fn an_export_comes_in_as_it_was_or_not_at_all() {
    let home = Home::new();
    session(&home, &["-n", "6", "-s", "3"], "Once upon a time\n/rename Dawn\n/reroll 5\n/reroll 5\n/previous-branch\n");
    let shown = well(&home, &["show"]);
    for (format, name) in [("json", "a.json"), ("html", "a.html"), ("loom", "a.loom.json")] {
        well(&home, &["export", "latest", "--to", format, "-o", name]);
        let output = run(&home, &["import", name]);
        if format == "loom" {
            assert!(output.status.success(), "{}", err(&output));
            continue;
        }
        let said = err(&output);
        assert!(output.status.code() == Some(1) && said.contains("for others to read"), "{said}");
        assert!(said.contains("--to loom") && said.contains(".jsonl"), "{said}");
    }
    let list = json(&home, &["list"]);
    let (tree, first) = (&list["transcripts"][0], &list["transcripts"][1]);
    assert_eq!((&tree["title"], &tree["branches"]), (&"Dawn".into(), &first["branches"]));
    // The branch that was shown, which is not the first one.
    assert_eq!(well(&home, &["show", tree["id"].as_str().unwrap()]), shown);
    let loom: Value = serde_json::from_str(&fs::read_to_string(home.path().join("a.loom.json")).unwrap()).unwrap();
    assert!(loom["path"].as_array().unwrap().iter().any(|it| it != 0), "{loom}");
    assert_eq!(run(&home, &["import", &file(&home, "blank.txt", "\n  \n")]).status.code(), Some(1));
}

#[test]
fn an_export_replaces_files_alone_and_only_when_asked() {
    let home = Home::new();
    session(&home, &["-s", "3"], "Once upon a time\n/quit\n");
    let at = |name: &str| home.path().join(name);
    fs::create_dir(at("directory")).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, at("pipe"), rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
    fs::write(at("page.html"), "dear").unwrap();
    std::os::unix::fs::symlink(at("page.html"), at("link")).unwrap();
    let to = |name: &str, more: &[&str]| {
        let output = run(&home, &[&["export", "--to", "html", "-o", name], more].concat());
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    for (name, what) in [("/dev/zero", "a device"), ("pipe", "a named pipe"), ("directory", "a directory")] {
        for more in [&[][..], &["--force"]] {
            let (status, said) = to(name, more);
            assert!(
                status == Some(1) && said.contains(&format!("cannot write {name}: it is {what}, not a file")),
                "{said}"
            );
        }
    }
    for name in ["page.html", "link"] {
        let (status, said) = to(name, &[]);
        assert!(status == Some(1) && said.contains("is there already; --force replaces it"), "{said}");
        assert_eq!(fs::read_to_string(at("page.html")).unwrap(), "dear");
    }
    assert_eq!(to("link", &["--force"]), (Some(0), String::new()));
    assert!(at("link").is_symlink() && fs::read_to_string(at("page.html")).unwrap().starts_with("<!DOCTYPE html>"));
}

/// Checks a value against the words of JSON Schema that ours uses.
fn conforms(value: &Value, schema: &Value, root: &Value, place: &str) {
    if let Some(name) = schema["$ref"].as_str() {
        return conforms(value, &root["$defs"][name.trim_start_matches("#/$defs/")], root, place);
    }
    let is = |name: &str| match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("{other}"),
    };
    match &schema["type"] {
        Value::String(name) => assert!(is(name), "{place} is no {name}: {value}"),
        Value::Array(names) => assert!(names.iter().any(|it| is(it.as_str().unwrap())), "{place}: {value}"),
        _ => {}
    }
    if let Some(expected) = schema.get("const") {
        assert_eq!(value, expected, "{place}");
    }
    for name in schema["required"].as_array().into_iter().flatten() {
        assert!(value.get(name.as_str().unwrap()).is_some(), "{place} has no {name}");
    }
    for (name, it) in value.as_object().into_iter().flatten() {
        match schema["properties"].get(name) {
            Some(own) => conforms(it, own, root, &format!("{place}.{name}")),
            None => {
                assert_ne!(schema["additionalProperties"], Value::Bool(false), "{place}.{name} is not in the schema");
            }
        }
    }
    if let (Some(all), Some(schema)) = (value.as_array(), schema.get("items")) {
        for it in all {
            conforms(it, schema, root, &format!("{place}[]"));
        }
    }
}

#[test]
fn what_is_exported_as_json_is_what_the_schema_says() {
    let home = Home::new();
    let lines = "A caf\u{e9} \u{1f469}\u{200d}\u{1f467}\n/reroll 4\n/take 3 2\n/bookmark 2\n/name-bookmark The place\n/tag one\n";
    session(&home, &["-n", "6", "-s", "5", "--preset", "mirostat"], lines);
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let object: Value = serde_json::from_str(&well(&home, &["export", "--to", "json"])).unwrap();
    conforms(&object, &schema, &schema, "it");
    assert!(object["tree"].as_array().unwrap().len() > object["tokens"].as_array().unwrap().len());
    assert_eq!((&object["tags"][0], &object["bookmarks"][0]["name"]), (&"one".into(), &"The place".into()));
    assert!(object["tree"].as_array().unwrap().iter().any(|it| it["bytes"].is_array()));
}

/// The page has everything in it and obeys nobody. What a browser makes of it is checked by `tests/page.sh`.
#[test]
fn a_page_stands_alone_and_is_no_larger_than_it_must_be() {
    let home = Home::new();
    let hostile = "A </script><img src=x onerror=alert(1)> & \u{202e}turned\u{1b}[2J";
    let id = well(&home, &["import", &file(&home, "a.txt", hostile), "--title", "</title><script>alert(2)</script>"]);
    session(
        &home,
        &["-n", "100", "-s", "5", "--ignore-eos", "--resume", id.trim()],
        "\n/reroll 30\n/name-bookmark <b>\n",
    );
    let page = well(&home, &["export", "--to", "html"]);
    let body = page.split_once("</style>").unwrap().1;
    for hostile in ["<img", "alert(1)>", "</script><", "</title><s", "\u{202e}", "\u{1b}", "<b>"] {
        assert!(!body.contains(hostile), "{hostile:?}");
    }
    assert!(page.contains("<title>&lt;/title&gt;"));
    // What a reader sees: all that stands between marks.
    let seen: String = body.split('<').filter_map(|it| Some(it.split_once('>')?.1)).collect();
    assert!(seen.contains("&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt; &amp; &lt;202E&gt;turned"), "{seen}");
    for outside in ["http:", "https:", "@import", "url(", "<link", "src=\"", "src='"] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.contains("default-src 'none'") && page.matches("<script").count() == 2);
    // For each drawn token some hundred bytes, however often its branch stands on the page.
    let tokens = json(&home, &["list"])["transcripts"][0]["nodes"].as_u64().unwrap();
    assert!((page.len() as u64) < 12_000 + 600 * tokens, "{} bytes for {tokens} tokens", page.len());
}

/// Write, leave, find by a word, open, undo, branch, go back to where one was, remove and bring back, without leaving.
#[test]
fn the_library_is_walked_in_the_terminal() {
    let home = Home::new();
    session(&home, &["-n", "10", "-s", "1"], "The lighthouse keeper\n/reroll 5\n");
    session(&home, &["-n", "10", "-s", "2"], "A dog ran\n");
    let arguments = ["-m", "demo", "--device", "cpu", "--dtype", "f32", "-n", "10", "-s", "3"];
    let mut pty = Pty::start(home.path(), &arguments, &[]);
    pty.see("demo f32 cpu");
    pty.press("Once more\r");
    pty.drawn(10);
    pty.wait_for("it is kept", |it| it.contains("saved"));
    pty.press("\x0f");
    pty.wait_for("three texts, the open one first", |it| {
        let row = |text: &str| it.lines().position(|line| line.contains(text));
        it.contains("library: 3") && it.contains("> * Once more") && row("A dog ran") < row("The lighthouse keeper")
    });
    pty.press("keeper");
    pty.wait_for("one is found", |it| it.contains("library: 1 of 3") && it.contains("> ") && !it.contains("A dog"));
    pty.press("\r");
    pty.wait_for("it is open", |it| {
        it.contains("is open") && it.contains("The lighthouse keeper") && !it.contains("library:")
    });
    // It is a text like any other: its branches, its undo, its settings.
    pty.press("u");
    pty.see("Undone");
    pty.press("/keeper\r");
    pty.press("\x0f");
    pty.wait_for("the open one", |it| it.contains("> * The lighthouse keeper"));
    // The one that is open is not removed; another is, and comes back.
    pty.press("\td");
    pty.see("This text is open");
    pty.press("\x1b[B\x1b[Bd");
    pty.wait_for("one less", |it| it.contains("library: 2"));
    pty.press("u");
    pty.wait_for("it is back", |it| it.contains("library: 3"));
    pty.press("r");
    pty.see("Title:");
    pty.press("Renamed\r");
    pty.see("\"Renamed\"");
    pty.press("\x1b");
    pty.wait_for("closed", |it| !it.contains("library:"));
    pty.press("\x18r");
    pty.see("title: Enter keeps it");
    pty.press("Night watch\r");
    pty.see("is called \"Night watch\"");
    pty.press("\x03\x04");
    assert_eq!(pty.exit(), 0);
    // The next day: found by a word, opened, drawn another way, kept as a page.
    let mut pty = Pty::start(home.path(), &arguments, &[]);
    pty.see("demo f32 cpu");
    pty.press("\x0f/keeper\r");
    pty.see("\"Night watch\" is open");
    pty.press("\x1b[F");
    pty.press("r");
    pty.wait_for("another branch", |it| it.contains("seed ") && it.contains("saved"));
    pty.press("\x0f\tx");
    pty.see("The transcript is in ");
    pty.press("\x1b");
    pty.wait_for("closed", |it| !it.contains("library:"));
    pty.press("\x04");
    assert_eq!(pty.exit(), 0);
    let pages = fs::read_dir(home.path()).unwrap().map(|it| it.unwrap().path());
    let pages: Vec<_> = pages.filter(|it| it.extension().is_some_and(|it| it == "html")).collect();
    let page = fs::read_to_string(&pages[0]).unwrap();
    assert!(pages.len() == 1 && page.contains("<title>Night watch") && page.contains("lighthouse"), "{pages:?}");
    let list = json(&home, &["list"]);
    assert_eq!(
        (&list["transcripts"][0]["title"], list["transcripts"].as_array().unwrap().len()),
        (&"Night watch".into(), 3)
    );
    assert!(transcripts_in(&home.path().join("data/transcripts")).iter().all(|it| it.journal.faults.is_sound()));
}

/// A program that is killed at any moment of naming, filing, removing, bringing back and indexing loses nothing that it said it
/// had done, and leaves nothing half done.
///
/// `MEGACHAT_KILL_POINTS=200` tries as many moments.
#[test]
fn a_kill_at_any_moment_loses_no_text() {
    let home = Home::new();
    let directory = home.path().join("data/transcripts");
    for number in 0..30 {
        well(
            &home,
            &[
                "import",
                &file(&home, "a.txt", &format!("Text number {number} of the sea.")),
                "--title",
                &format!("t{number}"),
            ],
        );
    }
    let texts = |home: &Home| -> Vec<String> {
        let directory = home.path().join("data/transcripts");
        let mut texts: Vec<String> =
            transcripts_in(&directory).into_iter().map(|it| format!("{:?}", it.document.tokens())).collect();
        for removed in fs::read_dir(directory.join("trash")).into_iter().flatten() {
            let journal = transcripts::read_file(&removed.unwrap().path()).unwrap();
            texts.push(format!("{:?}", transcripts::replay(&journal).tokens()));
        }
        texts.sort();
        texts
    };
    let before = texts(&home);
    assert_eq!(before.len(), 30);
    let count = std::env::var("MEGACHAT_KILL_POINTS").map_or(24, |it| it.parse().unwrap());
    let moments = points(count, 60_000, 7);
    let mut done = 0;
    for (number, &moment) in moments.iter().enumerate() {
        let which = format!("t{}", number % 30);
        if number % 3 == 0 {
            // So that it is made anew while it is killed.
            let _ = fs::remove_dir_all(home.path().join("cache/library"));
        }
        let arguments: &[&str] = match number % 5 {
            0 => &["transcripts", "rename", &which, &which],
            1 => &["transcripts", "tag", &which, "some", "tags"],
            2 => &["transcripts", "remove", &which],
            3 => &["transcripts", "restore"],
            _ => &["transcripts", "list"],
        };
        let child = megachat(home.path(), arguments).stdout(Stdio::null()).spawn().unwrap();
        // The moment is what is tried: no event stands for "anywhere between two of them".
        std::thread::sleep(Duration::from_micros(moment as u64));
        let _ = kill(Pid::from_raw(child.id() as i32), Signal::SIGKILL);
        let output = child.wait_with_output().unwrap();
        done += usize::from(output.status.success());
        assert_eq!(texts(&home), before, "after {arguments:?} was killed at {moment} \u{b5}s");
        assert!(transcripts_in(&directory).iter().all(|it| it.journal.faults.damaged == 0));
    }
    while run(&home, &["restore"]).status.success() {}
    assert_eq!(ids(&json(&home, &["list"])).len(), 30);
    let (torn, all) = (fs::read_dir(&directory).unwrap(), json(&home, &["search", "sea", "-n", "100"]));
    assert_eq!(all["found"].as_array().unwrap().len(), 30);
    let torn = torn
        .filter(|it| Path::new(&it.as_ref().unwrap().file_name()).extension().is_some_and(|it| it == "torn"))
        .count();
    println!("{count} kills: {done} came too late, {torn} lines were torn");
}

/// Where the index cannot be written, nobody does without the library, and it is said.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_costs_the_index_and_nothing_else() {
    let home = Home::new();
    session(&home, &["-n", "3", "-s", "1"], "The lighthouse\n");
    let Some(disk) = SmallDisk::new(64 * 1024) else { return };
    let library = home.path().join("cache/library");
    let _ = fs::remove_dir_all(&library);
    std::os::unix::fs::symlink(disk.path(), &library).unwrap();
    let _ = fs::write(disk.path().join("filler"), vec![0; 1 << 16]);
    let output = run(&home, &["list"]);
    assert!(output.status.success() && out(&output).contains("The lighthouse"), "{}", err(&output));
    assert!(err(&output).contains("the index of transcripts cannot be kept"), "{}", err(&output));
    assert!(well(&home, &["show", "latest"]).starts_with("The lighthouse"));
    // There is room again: it is kept again.
    fs::remove_file(disk.path().join("filler")).unwrap();
    disk.remount("size=4m");
    assert_eq!(err(&run(&home, &["list"])), "");
}

/// The words of all texts are in it, so it is told what is there, and it can be removed.
#[test]
fn the_index_is_listed_and_removed_with_the_cache() {
    let home = Home::new();
    let cache = |arguments: &[&str]| megachat(home.path(), &[&["cache"], arguments].concat()).output().unwrap();
    let json = || serde_json::from_str::<Value>(&out(&cache(&["list", "--json"]))).unwrap()["index"].clone();
    assert_eq!(json(), Value::Null);
    well(&home, &["import", &file(&home, "a.txt", "The lighthouse keeper")]);
    well(&home, &["list"]);
    let path = home.path().join("cache/library/index.sqlite");
    let bytes = fs::metadata(&path).unwrap().len();
    assert_eq!(json(), serde_json::json!({"path": path.to_str().unwrap(), "bytes": bytes}));
    assert!(out(&cache(&["list"])).contains("index.sqlite, the index of transcripts"));
    let cleared = cache(&["clear"]);
    assert!(cleared.status.success() && err(&cleared).contains("of the index of transcripts; the next look makes it"));
    assert_eq!((path.exists(), json()), (false, Value::Null));
    assert!(well(&home, &["search", "keeper"]).contains("[keeper]"));
}
