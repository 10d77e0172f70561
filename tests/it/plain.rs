//! The line mode: what is written is appended, what is asked for is answered, and the text is the same as everywhere.
#![cfg(unix)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use megachat::app::keymap::Action;
use megachat::assets;
use megachat::document::{Document, Record};
use megachat::store::transcripts;

use crate::pty::Pty;
use crate::support::demo_zip;
use crate::support::program::{Home, err, megachat, out};
use crate::support::watch::Watch;

/// `megachat --plain` with the demo.
fn plain(home: &Path, arguments: &[&str]) -> Command {
    megachat(home, &[&["--plain", "--model", "demo"], arguments].concat())
}

/// A whole session: these lines in, everything it says out.
fn session(home: &Home, arguments: &[&str], lines: &str) -> String {
    let mut child = plain(home.path(), arguments).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}{}", out(&output), err(&output));
    // At most where the text is, and nothing else.
    let farewell = err(&output);
    let is_farewell = farewell.starts_with("The text is in ") && farewell.ends_with(" goes on with it.\n");
    assert!(farewell.is_empty() || (is_farewell && farewell.lines().count() == 1), "{farewell}");
    let said = out(&output);
    assert_no_control(&said);
    said
}

/// What is said on standard error when it ends.
fn farewell(home: &Home, arguments: &[&str], lines: &str) -> String {
    let mut child = plain(home.path(), arguments).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    err(&child.wait_with_output().unwrap())
}

#[test]
fn at_the_end_it_is_said_where_the_text_is_and_how_to_go_on() {
    let home = Home::new();
    let few = ["-n", "2", "-s", "1"];
    // Nothing was written, nothing is kept, nothing is to be said.
    for (arguments, lines) in [(&[][..], "/status\n"), (&["--no-save"], "Once\n"), (&["-q"], "Once\n")] {
        assert_eq!(farewell(&home, &[&few[..], arguments].concat(), lines), "", "{arguments:?}");
    }
    std::fs::remove_dir_all(home.path().join("data/transcripts")).unwrap();
    let said = farewell(&home, &few, "Once\n");
    let (path, _) = transcripts::read(&home.path().join("data/transcripts"), "latest").unwrap();
    let name = path.file_stem().unwrap().to_str().unwrap();
    assert_eq!(said, format!("The text is in {}; megachat --resume {name} goes on with it.\n", path.display()));
    // Who goes on with it is told the same; who only looked is told nothing.
    assert_eq!(farewell(&home, &["--resume", name, "-n", "1"], "\n"), said);
    assert_eq!(farewell(&home, &["--resume", name], "/status\n"), "");
    // A new transcript in which nothing is written is none to go on with.
    let said = farewell(&home, &["-n", "1"], "Twice\n/new\n");
    let (path, _) = transcripts::read(&home.path().join("data/transcripts"), "latest").unwrap();
    // Two of one second have the same name but for a number.
    let is_of = |name: &str| said.contains(&format!("--resume {name} "));
    assert!(said.contains(path.to_str().unwrap()) && !is_of(name), "{said}");
    // What could not be saved is not said to be somewhere.
    let home = Home::new();
    std::fs::create_dir_all(home.path().join("data")).unwrap();
    std::fs::write(home.path().join("data/transcripts"), "in the way").unwrap();
    let said = farewell(&home, &few, "Once\n");
    assert!(said.contains("could not be written") && !said.contains("The text is in"), "{said}");
}

/// Nothing moves a cursor, goes back in a line or draws a box.
#[track_caller]
fn assert_no_control(said: &str) {
    let is_bad = |c: &char| (c.is_control() && *c != '\n') || ('\u{2500}'..='\u{259f}').contains(c);
    assert_eq!(said.chars().find(is_bad), None, "{said}");
}

fn journal(home: &Path) -> (Document, Vec<Record>) {
    let (_, journal) = transcripts::read(&home.join("data/transcripts"), "latest").unwrap();
    assert_eq!((journal.faults.damaged, journal.torn.clone()), (0, None));
    (transcripts::replay(&journal), journal.records)
}

fn text(document: &Document) -> String {
    assets::vocabulary().decode(&document.tokens())
}

/// The lines that the answer to the last command has, from the one that begins so.
#[track_caller]
fn after<'a>(said: &'a str, beginning: &str) -> Vec<&'a str> {
    let lines: Vec<&str> = said.lines().skip_while(|it| !it.starts_with(beginning)).collect();
    assert!(!lines.is_empty(), "no `{beginning}` in\n{said}");
    lines
}

#[test]
fn the_text_is_the_one_that_is_printed_without_an_interface() {
    let home = Home::new();
    for (prompt, flags) in [
        ("Once upon a time", &["-s", "7"][..]),
        ("Once upon a time", &["-s", "8", "--temp", "1.5", "--top-p", "1"]),
        // The space goes on as a word, and what comes of it replaces it.
        ("The little ", &["-s", "3"]),
        ("The little be", &["-s", "3"]),
        // The string and its beginnings are not written.
        ("Once upon a time", &["-s", "7", "--stop", "rock", "--stop", " and"]),
        ("One day", &["-s", "5", "--stop", "\\n"]),
        ("", &["-s", "2"]),
        // Bytes of all kinds, and characters in pieces.
        ("é 日", &["-s", "4", "--temp", "5", "--top-p", "1"]),
    ] {
        let common = [&["-n", "30", "--quiet"], flags].concat();
        let printed = megachat(home.path(), &[&["-p", "--model", "demo", prompt], &common[..]].concat());
        let printed = out(&{ printed }.output().unwrap());
        let said = session(&home, &common, &format!("{prompt}\n"));
        // That a half word went on is said before it does.
        let said = if said.starts_with("note: ") { said.split_once('\n').unwrap().1 } else { &said };
        let (shown, note) = said.rsplit_once("note: ").unwrap();
        let expected = megachat::text::visible(&printed);
        assert_eq!(shown.trim_end_matches('\n'), expected.trim_end_matches('\n').trim_start_matches('\n'), "{flags:?}");
        assert!(note.ends_with(".\n"), "{note}");
        let (document, _) = journal(home.path());
        assert!(text(&document).ends_with(&printed), "{:?} is not the end of {:?}", printed, text(&document));
    }
}

#[test]
fn a_session_branches_undoes_compares_and_inspects() {
    let home = Home::new();
    let said = session(
        &home,
        &["-n", "8", "-s", "7"],
        "Once upon a time\n/inspect 6 3\n/take 6 2\n/tree\n/branch 2\n/undo\n/redo\n/compare temp 1.5 | temp 0\n/keep B\n/undo\n\
         /futures\n/futures tree\n/keep 2 word\n/set top-k 1\n/cut\n/heat entropy 2\n/next 3\n/reroll 6\n/type 7 \" and some words\"\n/show\n",
    );
    let told = after(&said, "Token 6 of 12");
    assert!(
        told[1].starts_with("id ") && told[2].contains("by the model") && told[3].starts_with("The chain: 50257, then")
    );
    assert!(told[4].starts_with("die 0.") && told[5] == "Looked at as it was drawn.", "{told:#?}");
    assert!(told.iter().any(|it| it.starts_with("2: \"")), "{told:#?}");
    for expected in [
        "The branches, with the number of forks above each:",
        "note: Undone. Nothing is lost: /redo does it again.",
        "The same dice, other settings:",
        "B, temp from 0.7 to 1.5: 48 tokens",
        "C, temp from 0.7 to greedy: 48 tokens",
        "first difference at its token ",
        "note: Taken. /undo goes back.",
        "Ways to go on, the likeliest first",
        "The ways to go on by what they share",
        "\ndepth 0, of ",
        "note: top-k is now 1.",
        "By entropy, bits: ",
        "The next token, number ",
        "The die, 0.",
        "Cut from here on; 1 token left.",
        "note: New dice from here: seed 8. /previous-sibling and /next-sibling go between the branches, /undo goes back.",
    ] {
        assert!(said.contains(expected), "no `{expected}` in\n{said}");
    }
    assert!(!said.contains("error:"), "{said}");
    let (document, _) = journal(home.path());
    // What was said last is the text, and the journal has it.
    assert!(said.ends_with(&format!("{}\n", text(&document))), "{said}\n{}", text(&document));
    assert!(text(&document).contains(" and some words"));
    assert!(document.runs().len() > 5, "{}", document.runs().len());
}

#[test]
fn an_alternative_is_the_one_that_was_listed() {
    let home = Home::new();
    let said = session(&home, &["-n", "4", "-s", "7"], "Once upon a time\n/inspect 6\n/take 6 3\n/show 6 6\n");
    let listed = said.lines().find_map(|it| it.strip_prefix("3: ")).unwrap();
    let token = listed.split_once(", model").unwrap().0;
    assert!(said.contains(&format!("\n6: {token}, chosen\n")), "{said}");
}

#[test]
fn a_hundred_dice_are_a_hundred_seeds() {
    let home = Home::new();
    let seeds: Vec<String> = (0..100).map(|it| format!("/set seed {it}\n/next 1\n")).collect();
    let seeds = seeds.concat();
    let lines = format!(
        "/add Once upon a time, there was a\n/set temp 1.5 top-p 0.97\n{seeds}/throw 9\n/throw 9 10000\n/throw 9 0\n/throw 9 many\n"
    );
    let said = session(&home, &["-s", "3"], &lines);
    let mut drawn = std::collections::HashMap::new();
    for token in
        said.lines().filter_map(|it| it.strip_prefix("The die, 0.")?.split_once(" picks ")?.1.rsplit_once(", rank "))
    {
        *drawn.entry(token.0.to_owned()).or_insert(0) += 1;
    }
    assert_eq!(drawn.values().sum::<i32>(), 100, "{said}");
    let (_, first) = said.split_once("100 dice, of seeds 0 to 99 in this place, came to ").unwrap();
    let (first, second) = first.split_once("10000 dice, of seeds 0 to 9999 in this place, came to ").unwrap();
    assert!(first.starts_with(&format!("{} tokens", drawn.len())), "{first}");
    let told = |said: &str| -> Vec<(String, i32, f64)> {
        let line = |it: &str| {
            let (token, rest) = it.split_once(": ")?.1.split_once(" came ")?;
            let (count, expected) = rest.split_once(" times, ").or_else(|| rest.split_once(" time, "))?;
            Some((token.to_owned(), count.parse().ok()?, expected.strip_suffix(" expected")?.parse().ok()?))
        };
        said.lines().filter_map(line).collect()
    };
    let few = told(first);
    assert!(few.len() > 5 && few.iter().all(|it| drawn[&it.0] == it.1), "{few:?} {drawn:?}");
    // Of ten thousand each comes about as often as is expected: within five deviations.
    let many = told(second);
    assert!(
        many.len() > 5 && many.iter().all(|it| (f64::from(it.1) - it.2).abs() < 5.0 * it.2.sqrt() + 1.0),
        "{many:?}"
    );
    assert_eq!(said.matches("error: How many dice?").count(), 2, "{said}");
}

#[test]
fn the_knob_turned_backwards_finds_the_temperature_that_drew() {
    let home = Home::new();
    let temperatures = [0.5, 0.8, 1.0, 1.4];
    let text = |n: usize| format!("/new\n/set seed {n}\n/set temp {}\nOnce upon a time\n/score\n", temperatures[n % 4]);
    let lines: String = (0..16).map(text).collect();
    let arguments = ["--preset", "raw", "--dtype", "f32", "--ignore-eos", "-n", "60"];
    let said = session(&home, &arguments, &lines);
    let found = said.lines().filter_map(|it| it.strip_prefix("Drawn, the dice: temperature "));
    let interval = |it: &str| -> Option<(f64, f64)> {
        let (from, rest) = it.split_once("95% interval ")?.1.split_once(" to ")?;
        Some((from.parse().ok()?, rest.split_once(';')?.0.parse().ok()?))
    };
    let found: Vec<_> = found.filter_map(interval).collect();
    assert_eq!(found.len(), 16, "{said}");
    let within = found.iter().enumerate().filter(|(n, it)| (it.0..=it.1).contains(&temperatures[n % 4])).count();
    assert!(within >= 14, "{found:?}");
    assert!(said.contains("Settings: how many times likelier") && said.contains("; settings of now 10^"), "{said}");
    // What was drawn with penalties does not tell it.
    let said = session(&home, &["--preset", "steady", "-n", "20", "-s", "2"], "Once upon a time\n/score\n");
    assert!(
        said.contains("temperature hidden") && said.contains("Drawn with repeat-penalty, it does not tell"),
        "{said}"
    );
}

#[test]
fn a_pace_is_kept_and_changes_no_token() {
    let home = Home::new();
    let text = |arguments: &[&str]| {
        session(&home, &[&["-n", "13", "-s", "4", "--ignore-eos"], arguments].concat(), "Once upon a time\n")
    };
    assert_eq!(text(&[]), text(&["--pace", "40"]));
    let said = session(&home, &["-n", "2"], "/pace 8\n/pace\n/pace off\nOnce\n");
    assert!(said.contains("pace is now 8.") && said.contains("pace: 8; draw N tokens a second"), "{said}");
    // From the first token to the last, by the program's own clock: four tenths, where it takes hundredths without a pace.
    let arguments = ["-p", "Once", "--model", "demo", "-n", "5", "-s", "1", "--ignore-eos", "--pace", "10", "--json"];
    let printed = megachat(home.path(), &arguments).output().unwrap();
    let seconds = &serde_json::from_slice::<serde_json::Value>(&printed.stdout).unwrap()["seconds"];
    let (first, all) = (seconds["to_first_token"].as_f64().unwrap(), seconds["total"].as_f64().unwrap());
    assert!(all - first >= 0.39, "{seconds}");
}

#[test]
fn the_exact_tree_has_no_dice() {
    let home = Home::new();
    let tell = |seed: &str| session(&home, &["-s", seed], "/add Once upon a\n/set top-p 1\n/futures exact\n");
    let said = tell("1");
    let ways: Vec<&str> = said.lines().filter(|it| it.contains(": depth ")).collect();
    assert!(ways.len() >= 8 && ways[0].starts_with("1: depth 0, ") && ways[0].ends_with("\" time\""), "{said}");
    // A number means a line of what is shown, also where futures were drawn before.
    let kept = session(&home, &[], "/add Once upon a\n/futures\n/futures exact\n/keep all\n/keep 99\n/keep 1\n");
    assert!(kept.contains("kept one by one") && kept.contains("Which one?"), "{kept}");
    assert!(kept.contains("Put there, without dice.") && kept.contains("\n time\n"), "{kept}");
    assert_eq!(said, tell("2").replace("seed 2", "seed 1"), "no dice, no difference");
    let said = session(&home, &[], "/add Once upon a\n/set xtc-probability 0.5\n/futures exact\n");
    assert!(said.contains("With xtc there is no exact tree"), "{said}");
}

#[test]
fn every_action_of_the_table_answers() {
    let home = Home::new();
    let actions: Vec<&str> =
        Action::ALL.iter().map(|it| it.name()).filter(|it| !["suspend", "quit-or-delete"].contains(it)).collect();
    // Between two of them stands one that is none.
    let lines: Vec<String> = (0..).zip(&actions).map(|(n, name)| format!("/{name}\n/zz{n}\n")).collect();
    let lines = lines.concat();
    let said = session(&home, &["-n", "2", "-s", "7"], &format!("Once upon\n/zz\n{lines}"));
    let lines = after(&said, "error: There is no command /zz.");
    let mut rest = lines[1..].iter();
    for (n, name) in (0..).zip(&actions) {
        let answer: Vec<_> =
            rest.by_ref().take_while(|it| !it.starts_with(&format!("error: There is no command /zz{n}."))).collect();
        assert!(answer.iter().any(|it| !it.trim().is_empty()), "/{name} says nothing");
        assert!(!answer.iter().any(|it| it.contains("There is no command")), "/{name}: {answer:?}");
    }
    let said = session(&home, &["-n", "2"], "Once\n/quit-or-delete\nnever\n");
    assert!(!said.contains("never") && !journal_contains(&home, "never"));
}

fn journal_contains(home: &Home, word: &str) -> bool {
    text(&journal(home.path()).0).contains(word)
}

#[test]
fn names_are_completed_and_slips_are_asked_about() {
    let home = Home::new();
    let said = session(
        &home,
        &["-n", "2"],
        "/hlep\n/xyzzy\n/top\n/temp 1.25\n/temp\n/set top-p 7\n/set nothing 1\n/preset wild\n/much-less temp\n/warmer\n/help undo\n/sta\n",
    );
    for expected in [
        "error: There is no command /hlep. Did you mean /help",
        "error: There is no command /xyzzy. /help all lists every command",
        "note: temp is now 1.25.",
        "\ntemp: 1.25; below 1 sharpens",
        "error: top-p: must be between 0 and 1 (1 is off), not 7",
        "error: There is no control nothing; write a control and its value, as in temp 0.9. /settings lists them all.",
        "note: preset is now wild.",
        "note: temp is now 1.",
        "/undo: undo, whatever it was.",
    ] {
        assert!(said.contains(expected), "no `{expected}` in\n{said}");
    }
    assert!(said.contains("model: demo") || said.contains("/sta could be /status, /start"), "{said}");
}

#[test]
fn a_control_is_set_however_its_name_and_value_are_written() {
    let home = Home::new();
    let lines = "/set temp = 0.8\n/temp=0.81\n/temp = 0.82 top_p=0.5\n/set Topk 7, min-p .2\n/set wild\n/set temp\n/set temp = 0.9 top-p 7\n/compare temp = 1.2 | topp=0.4\n/stop =\n/temp\n";
    let said = session(&home, &["-n", "2"], lines);
    for expected in [
        "note: temp is now 0.8.",
        "note: temp is now 0.81.",
        "note: temp is now 0.82.\nnote: top-p is now 0.5.",
        "note: top-k is now 7.\nnote: min-p is now 0.2.",
        "note: preset is now wild.",
        "error: top-p: must be between 0 and 1 (1 is off), not 7.",
    ] {
        assert!(said.contains(expected), "no `{expected}` in\n{said}");
    }
    // What cannot all be set sets nothing.
    assert!(!said.contains("temp is now 0.9.") && !said.contains("stop is now"), "{said}");
}

#[test]
fn a_second_comparison_takes_the_place_of_the_first() {
    let lines = "Once upon a time\n/compare temp 1.2\n/compare temp 1.3\n/futures\n/futures more\n/compare temp 1.4\n";
    let out = session(&Home::new(), &["-n", "5", "-s", "7"], lines);
    for column in
        ["B, temp from 0.7 to 1.2: 48 tokens", "B, temp from 0.7 to 1.3: 48 tokens", "B, temp from 0.7 to 1.4: 48"]
    {
        assert!(out.contains(column), "no `{column}` in\n{out}");
    }
    assert!(!out.contains(": 0 tokens") && !out.contains("~0%"), "{out}");
}

#[test]
fn lines_go_on_and_slashes_are_text_too() {
    let home = Home::new();
    session(&home, &["-n", "1", "-s", "1"], "//a slash\\\nand a second line\\\\\n");
    let written = text(&journal(home.path()).0);
    assert!(written.starts_with("/a slash\nand a second line\\"), "{written:?}");
    session(&home, &["-n", "1", "-s", "1"], "the end comes early\\");
    assert!(journal_contains(&home, "the end comes early"));
    // The command line's words are sent as they are.
    session(&home, &["-n", "1", "-s", "1", "/help", "me"], "");
    assert!(text(&journal(home.path()).0).starts_with("/help me"));
}

#[test]
fn chat_says_who_writes() {
    let home = Home::new();
    let said = session(&home, &["--chat", "-n", "20", "-s", "3"], "Hello.\nWhat is your name?\n");
    assert!(said.starts_with("A conversation between User and Bot."), "{said}");
    let turns: Vec<&str> = said.lines().filter(|it| it.starts_with("You: ") || it.starts_with("Model: ")).collect();
    assert_eq!(turns.len(), 4, "{said}");
    assert_eq!((turns[0], turns[2]), ("You: Hello.", "You: What is your name?"));
    let written = text(&journal(home.path()).0);
    assert!(
        written.contains("\nUser: Hello.\nBot:") && written.contains("\nUser: What is your name?\nBot:"),
        "{written}"
    );
    // The stop string is not written, whatever part of it came.
    assert!(said.matches("User:").count() == 2, "{said}");
}

#[test]
fn a_loop_is_a_question_in_words() {
    let home = Home::new();
    let stuck = ["-n", "100", "--temp", "0", "--repeat-penalty", "1", "--bias", " moon=99"];
    let said = session(&home, &stuck, "The\n2\n");
    let question = after(&said, "Looping since token ");
    assert!(question[1].starts_with("1: back there, and on"), "{said}");
    assert!(question[4].starts_with("4: leave it as it is"), "{said}");
    assert!(said.contains("note: The text ends before the loop; /undo brings it back."), "{said}");
}

#[test]
fn only_what_was_asked_for_turns_a_pipe_into_a_session() {
    let home = Home::new();
    let run = |arguments: &[&str], environment: &[(&str, &str)]| {
        let mut command =
            megachat(home.path(), &[&["--model", "demo", "-n", "5", "-s", "1", "-q"], arguments].concat());
        let mut child = command.envs(environment.iter().copied()).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(b"Once\n").unwrap();
        out(&child.wait_with_output().unwrap())
    };
    let printed = run(&[], &[]);
    assert!(!printed.contains("note:"));
    assert_eq!(run(&[], &[("MEGACHAT_PLAIN", "1")]), printed);
    assert_eq!(run(&["--plain", "-p"], &[]), printed);
    assert_eq!(run(&["--plain"], &[]), format!("{printed}\nnote: max-tokens reached, 5 tokens.\n"));
}

/// A session whose lines come while it runs.
struct Live {
    child: Child,
    said: BufReader<std::process::ChildStdout>,
}

impl Live {
    fn start(home: &Home, arguments: &[&str]) -> Self {
        let mut child = plain(home.path(), arguments).stdin(Stdio::piped()).spawn().unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        Self { child, said }
    }

    fn write(&mut self, line: &str) {
        self.child.stdin.as_mut().unwrap().write_all(line.as_bytes()).unwrap();
    }

    /// Everything up to `n` bytes from now.
    fn read(&mut self, n: usize) -> String {
        let mut bytes = vec![0; n];
        self.said.read_exact(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Everything up to the end of the line that holds this.
    fn read_to(&mut self, what: &str) -> String {
        let mut said = String::new();
        while !said.contains(what) {
            assert!(self.said.read_line(&mut said).unwrap() > 0, "no `{what}` in\n{said}");
        }
        said
    }

    fn signal(&self, signal: nix::sys::signal::Signal) {
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(self.child.id() as i32), signal).unwrap();
    }

    fn end(mut self) -> (Option<i32>, String) {
        drop(self.child.stdin.take());
        let mut rest = String::new();
        self.said.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap().code(), rest)
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        // It has ended already, unless the test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const ENDLESS: [&str; 8] = ["-n", "0", "--ignore-eos", "--when-full", "slide", "-s", "11", "--quiet"];

#[test]
fn an_interrupt_ends_the_text_and_keeps_it() {
    use nix::sys::signal::Signal;
    let home = Home::new();
    let mut live = Live::start(&home, &ENDLESS);
    live.write("Once upon a time\n");
    let mut shown = live.read(300);
    live.signal(Signal::SIGINT);
    shown += &live.read_to("note: stopped, ");
    let shown = shown.rsplit_once("\nnote: stopped").unwrap().0.to_owned();
    // With nothing to stop it asks for a second one; something else in between means that nobody wants to leave.
    live.signal(Signal::SIGINT);
    assert!(live.read_to("note: Ctrl-C again to quit.").ends_with("quit.\n"));
    // A busy disk takes its time; the next question waits for the answer to the one before it.
    loop {
        live.write("/status\n");
        if live.read_to("saved: ").contains("saved: yes") {
            break;
        }
    }
    live.signal(Signal::SIGINT);
    live.read_to("note: Ctrl-C again to quit.");
    live.signal(Signal::SIGINT);
    let (status, _) = live.end();
    assert_eq!(status, Some(0));
    let (document, records) = journal(home.path());
    assert_eq!(text(&document), format!("Once upon a time{shown}"));
    assert!(matches!(records.last(), Some(Record::Stopped { reason }) if reason == "cancelled"));
}

#[test]
fn signals_end_it_with_the_journal_complete() {
    use nix::sys::signal::Signal;
    for (signal, number) in [(Signal::SIGTERM, 15), (Signal::SIGHUP, 1)] {
        let home = Home::new();
        let mut live = Live::start(&home, &ENDLESS);
        live.write("Once upon a time\n");
        let mut shown = live.read(200);
        live.signal(signal);
        let (status, rest) = live.end();
        shown += &rest;
        assert_eq!(status, Some(128 + number));
        assert_eq!(text(&journal(home.path()).0), format!("Once upon a time{}", shown.trim_end_matches('\n')));
    }
}

#[test]
fn whoever_stops_reading_ends_it_quietly() {
    let home = Home::new();
    let mut child = plain(home.path(), &ENDLESS).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.as_mut().unwrap().write_all(b"Once\n").unwrap();
    let mut some = [0; 50];
    child.stdout.take().unwrap().read_exact(&mut some).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), err(&output).as_str()), (Some(0), ""));
}

/// What came from the terminal, checked.
fn raw(pty: &Pty) -> String {
    let raw = String::from_utf8(pty.raw.lock().unwrap().clone()).unwrap();
    assert_no_control(&raw.replace("\r\n", "\n"));
    raw.replace("\r\n", "\n")
}

#[test]
fn at_a_terminal_no_escape_is_ever_written() {
    let home = Home::new();
    let arguments = [&["--plain", "--model", "demo", "--ignore-eos", "--when-full", "slide", "-s", "11"][..]].concat();
    let mut pty = Pty::start(home.path(), &[&arguments[..], &["-n", "6"]].concat(), &[]);
    pty.see("/help lists the commands.");
    pty.wait_for("a prompt", |screen| screen.trim_end().ends_with('>'));
    pty.press("Once upon a time\n");
    pty.see("max-tokens reached, 6 tokens.");
    pty.press("/next 2\n");
    pty.see("The die, ");
    pty.press("/models\n");
    pty.see("/models import PATH");
    pty.press("/futures\n");
    pty.see("/futures more");
    // Endless from here on; a control moves while it writes, a text waits, and both are said.
    pty.press("/max-tokens 0\n");
    pty.see("max-tokens is now off.");
    pty.press("\n");
    let length = raw(&pty).len();
    pty.wait_for("text", |_| raw(&pty).len() > length + 200);
    pty.press("/temp 0.9\n");
    pty.see("temp is now 0.9.");
    // What nothing was drawn with is not written down.
    let temperature = || {
        let (_, journal) = transcripts::read(&home.path().join("data/transcripts"), "latest").unwrap();
        transcripts::replay(&journal).settings_history().last().map(|it| it.1.temperature)
    };
    Watch::on(&home.path().join("data/transcripts")).until(|| temperature() == Some(0.9));
    pty.press("too early\n");
    pty.see("this is sent after that");
    pty.press("\x03");
    pty.see("note: stopped, ");
    pty.wait_for("a prompt", |screen| screen.trim_end().ends_with('>'));
    pty.press("\x03");
    pty.see("Ctrl-C again to quit.");
    pty.press("/chat\n");
    pty.see("You:");
    pty.press("\x04");
    assert_eq!(pty.exit(), 0);
    pty.assert_restored();
    let said = raw(&pty);
    assert!(said.contains("> Once upon a time\n"), "{said}");
    let (document, _) = journal(home.path());
    assert!(!text(&document).contains("too early"), "Ctrl-C forgets what was written ahead");
    let temperatures: Vec<f32> = document.settings_history().iter().map(|it| it.1.temperature).collect();
    assert_eq!(temperatures.last(), Some(&0.9), "{temperatures:?}");
}

#[test]
fn a_terminal_that_can_do_no_more_gets_lines_and_the_first_question_is_answered_by_one() {
    for (term, arguments, environment) in
        [("dumb", &[][..], ""), ("", &[], ""), ("xterm", &["--plain"], ""), ("xterm", &[], "1")]
    {
        let home = Home::new();
        let mut pty = Pty::start(home.path(), arguments, &[("TERM", term), ("MEGACHAT_PLAIN", environment)]);
        pty.see("2: only the demo");
        pty.press("what?\n");
        pty.see("error: An answer is");
        pty.press("2\n");
        pty.see("the demo it is");
        pty.press("/max-tokens 3\nOnce upon\n");
        pty.see("max-tokens reached, 3 tokens.");
        pty.press("\x04");
        assert_eq!(pty.exit(), 0);
        raw(&pty);
        assert!(std::fs::read_to_string(home.path().join("state/state.toml")).unwrap().contains("demo_only = true"));
    }
    let home = Home::new();
    std::fs::create_dir(home.path().join("config")).unwrap();
    std::fs::write(home.path().join("config/config.toml"), "plain = true\nmodel = \"demo\"\n").unwrap();
    let mut pty = Pty::start(home.path(), &[], &[]);
    pty.see("megachat, line by line.");
    pty.press("/quit\n");
    assert_eq!(pty.exit(), 0);
    raw(&pty);
}

#[test]
fn the_first_question_offers_what_is_installed_and_is_not_asked_again() {
    let (home, copy) = (Home::new(), tempfile::tempdir().unwrap());
    crate::support::tiny::hugging_face(copy.path(), 1);
    let import = ["model", "import", copy.path().to_str().unwrap(), "--name", "mine"];
    assert!(megachat(home.path(), &import).output().unwrap().status.success());
    // What was imported would start by itself; what is remembered may be lost.
    std::fs::remove_dir_all(home.path().join("state")).unwrap();
    let mut pty = Pty::start(home.path(), &["--plain"], &[]);
    pty.see("1 or an empty line: start with mine, which is installed");
    pty.see("4 and a path");
    pty.press("5\n");
    pty.see("error: An answer is an empty line, 1, 2, 3, or 4 and a path; /quit leaves.");
    pty.press("\n");
    pty.see("mine q8 cpu is ready");
    pty.press("/quit\n");
    assert_eq!(pty.exit(), 0);
    raw(&pty);
    assert!(std::fs::read_to_string(home.path().join("state/state.toml")).unwrap().contains("model = \"mine\""));
    let mut pty = Pty::start(home.path(), &["--plain"], &[]);
    pty.see("mine q8 cpu is ready");
    assert!(!pty.contents().contains("an empty line"), "{}", pty.contents());
    pty.press("/quit\n");
    assert_eq!(pty.exit(), 0);
}

#[test]
fn a_model_is_downloaded_and_gone_over_to() {
    use crate::support::fault_server::{Fault, FaultServer};
    let home = Home::new();
    let gone = FaultServer::start(b"", vec![Fault::Status("410 Gone", Vec::new(), Vec::new())]);
    let good = FaultServer::start(demo_zip(), Vec::new());
    let lines = "/models stop\n/models switch\n/models download\n/models\n/models switch\n/status\nOnce\n";
    let arguments = ["-n", "2", "--model-url", &gone.url("/gone.zip"), "--model-url", &good.url("/good.zip")];
    let said = session(&home, &arguments, lines);
    for expected in [
        "note: Nothing is being installed.",
        "note: There is no other model to go over to yet.",
        "410 Gone",
        "note: megatron-345m: ",
        "note: megatron-345m is ready",
        "ready: megatron-345m; /models switch goes over to it, the text stays",
        "note: megatron-345m q8 cpu is ready",
        "model: megatron-345m q8 cpu, ready",
        "note: max-tokens reached, 2 tokens.",
    ] {
        assert!(said.contains(expected), "no `{expected}` in\n{said}");
    }
    let home = Home::new();
    let said = session(&home, &["--model-url", &gone.url("/gone.zip")], "/models download\n/models import /nowhere\n");
    assert!(said.contains("/models import FILE, or megachat model import FILE."), "{said}");
    assert!(said.matches("failed: ").count() >= 1, "{said}");
}

#[test]
fn what_a_text_hides_is_seen() {
    let home = Home::new();
    let said = session(&home, &["-n", "1", "-s", "1"], "a\x1b[2Jb \u{202e}c\n/show\n/show 1 9\n");
    assert!(said.contains("a^[[2Jb <202E>c"), "{said}");
}

#[test]
fn a_transcript_is_gone_on_with_line_by_line() {
    let home = Home::new();
    session(&home, &["-n", "3", "-s", "1"], "The bear\n");
    let before = text(&journal(home.path()).0);
    let said = session(&home, &["--resume", "-n", "2"], "\n");
    assert!(said.starts_with(&format!("note: The text is now 5 tokens: \"{before}\"\n")), "{said}");
    assert_eq!(journal(home.path()).0.len(), 7);
}
