//! What the program says of itself: manual pages, completion in shells, its version, how it is cited. All of it is held
//! against the definition of the flags.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use clap::CommandFactory as _;
use megachat::cli::Arguments;
use megachat::cli::reference::{EXAMPLES, FILES, STATUSES, VARIABLES};
use megachat::emergency::NO_MEMORY;
use megachat::sample::{PRESETS, Parameter};
use megachat::store::sampling::variable;

use crate::support::program::{Home, err, megachat, out};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn run(home: &Home, arguments: &[&str]) -> Output {
    let output = megachat(home.path(), arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", err(&output));
    output
}

/// Every verb with the words that lead to it, the program first.
fn verbs() -> Vec<(Vec<String>, clap::Command)> {
    fn collect(words: &[String], command: &clap::Command, all: &mut Vec<(Vec<String>, clap::Command)>) {
        all.push((words.to_vec(), command.clone()));
        for it in command.get_subcommands() {
            collect(&[words, &[it.get_name().to_owned()]].concat(), it, all);
        }
    }
    let mut command = Arguments::command().disable_help_subcommand(true);
    command.build();
    let mut all = Vec::new();
    collect(&["megachat".to_owned()], &command, &mut all);
    assert!(all.len() > 20, "{}", all.len());
    all
}

/// The flags of a verb, long and short, as they are typed.
fn flags(command: &clap::Command) -> Vec<String> {
    let shown = command.get_arguments().filter(|it| !it.is_hide_set());
    let names = shown.flat_map(|it| {
        let short = it.get_short().map(|it| format!("-{it}"));
        it.get_long().map(|it| format!("--{it}")).into_iter().chain(short)
    });
    names.collect()
}

/// What a shell would offer for the last of the words, each with a line on it.
fn offered(home: &Path, words: &[&str]) -> Vec<String> {
    let output = asked(home, words);
    assert!(output.status.success() && output.stderr.is_empty(), "{words:?}: {}", err(&output));
    out(&output).lines().map(|it| it.split('\t').next().unwrap().to_owned()).collect()
}

fn asked(home: &Path, words: &[&str]) -> Output {
    megachat(home, &[&["--"], words].concat()).env("MEGACHAT_COMPLETE", "fish").output().unwrap()
}

#[test]
fn every_flag_of_every_verb_is_in_its_page() {
    let home = Home::new();
    let directory = home.path().join("man/man1");
    run(&home, &["man", "--dir", &directory.to_string_lossy()]);
    let verbs = verbs();
    for (words, command) in &verbs {
        let name = words.join("-");
        let page = std::fs::read_to_string(directory.join(format!("{name}.1"))).unwrap();
        for flag in flags(command) {
            let written = format!("\\fB{}\\fR", flag.replace('-', "\\-"));
            assert!(page.contains(&written), "{name}.1 has no {flag}:\n{page}");
        }
        for it in command.get_subcommands() {
            let written = format!("\\fB{name}-{}\\fR(1)", it.get_name()).replace('-', "\\-");
            assert!(page.contains(&written), "{name}.1 does not lead to {}", it.get_name());
        }
        for heading in ["NAME", "SYNOPSIS", "DESCRIPTION", "\"EXIT STATUS\"", "ENVIRONMENT", "FILES", "\"SEE ALSO\""] {
            assert_eq!(page.matches(&format!("\n.SH {heading}\n")).count(), 1, "{heading} in {name}.1:\n{page}");
        }
        assert!(!page.contains('`'), "{name}.1:\n{page}");
    }
    assert_eq!(std::fs::read_dir(&directory).unwrap().count(), verbs.len());
    let main = std::fs::read_to_string(directory.join("megachat.1")).unwrap();
    assert_eq!(out(&run(&home, &["man"])), main);
    // Pages that are there are made anew, and one that cannot be is told.
    std::fs::write(directory.join("megachat.1"), "old").unwrap();
    run(&home, &["man", "--dir", &directory.to_string_lossy()]);
    assert_eq!(std::fs::read_to_string(directory.join("megachat.1")).unwrap(), main);
    let file = directory.join("megachat.1/below");
    let output = megachat(home.path(), &["man", "--dir", &file.to_string_lossy()]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("cannot write pages into"), "{}", err(&output));
}

#[test]
fn every_flag_of_every_verb_is_completed() {
    let home = Home::new();
    for (words, command) in &verbs() {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        // Behind one dash, a flag is offered by its letter if it has one.
        for (typed, is_long) in [("-", false), ("--", true)] {
            let offered = offered(home.path(), &[&words[..], &[typed]].concat());
            for flag in flags(command).iter().filter(|it| it.starts_with("--") == is_long) {
                assert!(offered.contains(flag), "{words:?} {typed}: no {flag} in {offered:?}");
            }
        }
        let verbs: BTreeSet<String> = command.get_subcommands().map(|it| it.get_name().to_owned()).collect();
        let offered: BTreeSet<String> = offered(home.path(), &[&words[..], &[""]].concat()).into_iter().collect();
        assert!(verbs.is_subset(&offered), "{words:?}: {offered:?}");
    }
}

#[test]
fn help_and_manual_say_every_exit_status_variable_file_and_example() {
    let home = Home::new();
    // Lines are broken where the terminal ends.
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let help = words(&out(&run(&home, &["--help"])));
    let man = words(&out(&run(&home, &["man"])).replace("\\*(Aq", "'").replace("\\(ti", "~").replace("\\(ha", "^"));
    let man = man.replace('\\', "");
    for it in STATUSES.iter().chain(VARIABLES).chain(EXAMPLES) {
        assert!(help.contains(&words(&format!("{} {}", it.name, it.what))), "{}: {help}", it.name);
    }
    for it in STATUSES.iter().chain(VARIABLES).chain(EXAMPLES).chain(FILES) {
        assert!(man.contains(&words(&format!(".TP fB{}fR {}.", it.name, it.what))), "{}: {man}", it.name);
    }
    let statuses: Vec<&str> = STATUSES.iter().map(|it| it.name).collect();
    let known = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "71", "74", "129", "130", "143"];
    assert_eq!(statuses, known);
    assert!(statuses.contains(&&*NO_MEMORY.to_string()));
    // The variables that stand for flags, those of sampling and the others.
    let variables = Parameter::ALL.iter().filter_map(|it| Some((variable(*it)?, it.name().to_owned())));
    let of_flag = |it: &clap::Arg| Some((it.get_env()?.to_string_lossy().into_owned(), it.get_long()?.to_owned()));
    let command = Arguments::command();
    for (variable, flag) in variables.chain(command.get_arguments().filter_map(of_flag)) {
        assert!(man.contains(&format!(".TP fB{variable}fR As --{flag}.")), "{variable}: {man}");
    }
}

#[test]
fn values_are_completed_with_what_is_there() {
    let home = Home::new();
    let make = |path: &str, text: &str| {
        let path = home.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let offers = |words: &[&str]| offered(home.path(), &[&["megachat"], words].concat());
    assert_eq!(offers(&["replay", "2"]), [""; 0]);
    // What is in the files does not matter: none of them is opened. A damaged configuration is not told in between.
    make("config/config.toml", "[sampling\n");
    make("data/models/mine/megachat.json", "not a manifest");
    make("data/models/nothing/else", "");
    for id in ["20260101-101010", "20260202-202020", "2026\u{1b}[31m"] {
        make(&format!("data/transcripts/{id}.jsonl"), "not a transcript");
    }
    let ids = ["20260202-202020", "20260101-101010"];
    for verb in [&["replay"][..], &["transcripts", "show"], &["transcripts", "export"], &["--resume"]] {
        assert_eq!(offers(&[verb, &["2"]].concat()), ids, "{verb:?}");
        assert_eq!(offers(&[verb, &["lat"]].concat()), ["latest"], "{verb:?}");
    }
    for flags in [&["--model"][..], &["-m"], &["score", "-m"], &["export"], &["model", "info"]] {
        let offered = offers(&[flags, &[""]].concat());
        assert!(
            offered.iter().any(|it| it == "mine") && offered.iter().any(|it| it == "demo"),
            "{flags:?}: {offered:?}"
        );
        assert!(!offered.iter().any(|it| it == "nothing"), "{offered:?}");
    }
    assert_eq!(offers(&["model", "remove", "m"]), ["mine"]);
    assert_eq!(offers(&["model", "verify", "m"]), ["mine"]);
    assert_eq!(offers(&["model", "download", "gpt2-"]), ["gpt2-medium", "gpt2-large", "gpt2-xl"]);
    assert_eq!(offers(&["model", "download", "megatron"]), ["megatron-345m"]);
    assert_eq!(offers(&["--preset", ""]), PRESETS.map(|it| it.name));
    assert_eq!(offers(&["--preset=w"]), ["--preset=wild"]);
    assert_eq!(offers(&["--device", ""]), ["auto", "cpu", "gpu", "cuda", "metal"]);
    // GPUs that were tried, each by a word that is of it alone.
    let tried = ["gpu:NVIDIA GeForce RTX 4090", "gpu:NVIDIA A100", "gpu:llvmpipe (LLVM 15.0.6, 256 bits)", "cuda"];
    let finding =
        |device| serde_json::json!({"device": device, "driver": "", "version": "", "model": "", "threads": 2});
    make("state/devices.json", &serde_json::json!(tried.map(finding)).to_string());
    assert_eq!(offers(&["--device", "g"]), ["gpu", "gpu:A100", "gpu:GeForce", "gpu:llvmpipe"]);
    assert_eq!(offers(&["--device", "gpu:l"]), ["gpu:llvmpipe"]);
    assert_eq!(offers(&["bench", "--dtype", "q"]), ["q8", "q4"]);
    assert_eq!(offers(&["--when-full", ""]), ["stop", "slide"]);
    assert_eq!(offers(&["convert", "--tokenizer", "g"]), ["gpt2"]);
    assert_eq!(offers(&["completions", ""])[..5], ["bash", "zsh", "fish", "powershell", "nushell"]);
    // A path where a path is typed.
    let below = format!("{}/data/mo", home.path().to_string_lossy());
    assert_eq!(offers(&["--model", &below]), [format!("{below}dels/")]);
}

#[test]
fn a_script_asks_the_program_and_an_unknown_shell_is_told() {
    let home = Home::new();
    for (shell, calls) in [
        ("bash", "MEGACHAT_COMPLETE=\"bash\" \\\n        \"megachat\" --"),
        ("zsh", "MEGACHAT_COMPLETE=\"zsh\" \\\n        megachat --"),
        ("fish", "MEGACHAT_COMPLETE=fish megachat --"),
        ("powershell", "& megachat -- $args"),
        ("nushell", "export extern \"megachat model import\""),
    ] {
        let script = out(&run(&home, &["completions", shell]));
        assert!(script.contains(calls), "{shell}:\n{script}");
        // Neither this machine's directories nor the developer's stand in it.
        assert!(!script.contains(env!("CARGO_MANIFEST_DIR")), "{script}");
    }
    // A shell whose script does not ask has every verb and flag in it.
    let nushell = out(&run(&home, &["completions", "nushell"]));
    for (words, command) in verbs() {
        assert!(nushell.contains(&format!("export extern {}", quoted(&words))), "{words:?}:\n{nushell}");
        let shown = flags(&command).into_iter().filter(|it| it.starts_with("--"));
        shown.for_each(|it| assert!(nushell.contains(&it), "{it}"));
    }
    let output = megachat(home.path(), &["completions", "tcsh"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let output = megachat(home.path(), &["--", "megachat", ""]).env("MEGACHAT_COMPLETE", "tcsh").output().unwrap();
    assert_eq!((output.status.code(), out(&output).as_str()), (Some(1), ""));
    assert!(err(&output).contains("unknown shell `tcsh`"), "{}", err(&output));
}

/// A name as Nushell's script writes it.
fn quoted(words: &[String]) -> String {
    if words.len() == 1 { words[0].clone() } else { format!("\"{}\"", words.join(" ")) }
}

#[test]
fn the_version_says_what_the_program_is_made_of() {
    let home = Home::new();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(out(&run(&home, &["-V"])), format!("megachat {version}\n"));
    let long = out(&run(&home, &["--version"]));
    assert!(long.starts_with(&format!("megachat {version}\n")), "{long}");
    let line = |name: &str| {
        let found = long.lines().find_map(|it| it.strip_prefix(name));
        found.unwrap_or_else(|| panic!("no {name} in {long}")).trim().to_owned()
    };
    let commit = line("commit ");
    let commit = commit.trim_end_matches(" or later").to_owned();
    if root().join(".git").exists() {
        let known = |commit: &str| {
            let mut git = Command::new("git");
            git.current_dir(root()).args(["cat-file", "-e", &format!("{commit}^{{commit}}")]).output()
        };
        // Where there is no git, none was asked when the program was built.
        let is_known = known(&commit).map_or(commit == "unknown", |it| it.status.success());
        assert!(is_known && (commit.len() == 12 || commit == "unknown"), "{commit}");
    }
    assert!(line("target ").contains('-'), "{long}");
    let doctor = out(&megachat(home.path(), &["doctor"]).output().unwrap());
    let best = line("CPU kernels ").split(", ").next().unwrap().to_owned();
    assert!(doctor.lines().any(|it| it.contains(" cpu ") && it.ends_with(&best)), "{best} is not in {doctor}");
    assert!(line("CPU kernels ").ends_with("portable"));
    let devices = line("devices ");
    assert!(devices.starts_with("cpu and gpu"), "{devices}");
    assert_eq!(devices.contains("not built in"), !cfg!(any(feature = "cuda", feature = "metal")), "{devices}");
    assert_eq!(line("features ") == "none", !cfg!(any(feature = "cuda", feature = "metal")));
}

#[test]
fn the_citation_is_of_what_cargo_knows_and_names_the_models_paper() {
    let text = out(&run(&Home::new(), &["--cite"]));
    assert_eq!(text.matches('{').count(), text.matches('}').count());
    let entries: Vec<&str> = text.split("\n@").collect();
    assert_eq!(entries.len(), 2, "{text}");
    let field = |entry: &str, name: &str, value: &str| {
        let found = entry.lines().find_map(|it| it.trim().strip_prefix(name)?.trim().strip_prefix('='));
        assert_eq!(found.map(str::trim), Some(&*format!("{{{value}}},")), "{name} in {entry}");
    };
    assert!(entries[0].starts_with("@software{megachat,"));
    field(entries[0], "title", &format!("megachat: {}", env!("CARGO_PKG_DESCRIPTION")));
    field(entries[0], "version", env!("CARGO_PKG_VERSION"));
    field(entries[0], "url", env!("CARGO_PKG_REPOSITORY"));
    field(entries[0], "author", &format!("{{{}}}", env!("CARGO_PKG_AUTHORS")));
    field(entries[0], "year", &of_manifest("date")[..4]);
    assert!(entries[1].starts_with("misc{shoeybi2019megatron,"));
    field(entries[1], "eprint", "1909.08053");
}

#[test]
fn the_readme_names_no_flag_that_does_not_exist() {
    /// Those of other programs: cargo's, and a test's.
    const OTHERS: &[&str] = &["--release", "--features", "--test", "--bench", "--nocapture"];
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let mut known: BTreeSet<String> = verbs().iter().flat_map(|it| flags(&it.1)).collect();
    // Other names that are understood stand there, too.
    known.extend(Parameter::ALL.iter().flat_map(|it| it.aliases()).map(|it| format!("--{it}")));
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let mut found = 0;
    for (at, _) in readme.match_indices("--") {
        let before = readme[..at].chars().next_back().unwrap_or(' ');
        let name: String = readme[at..].chars().take_while(|&it| is_part(it)).collect();
        let name = name.trim_end_matches('-');
        if before == '-' || before.is_alphanumeric() || name.len() < 4 {
            continue;
        }
        found += 1;
        assert!(known.contains(name) || OTHERS.contains(&name), "README.md names {name}");
    }
    assert!(found > 15, "the reading finds next to nothing");
}

/// What stands behind a key of Cargo.toml, without quotes.
fn of_manifest(key: &str) -> String {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let found = manifest.lines().find_map(|it| it.strip_prefix(key)?.strip_prefix(" = \""));
    found.unwrap_or_else(|| panic!("no {key} in Cargo.toml")).trim_end_matches('"').to_owned()
}

#[cfg(unix)]
#[test]
fn an_archive_is_called_and_made_as_its_installer_looks_for_it() {
    let (version, target) = (env!("CARGO_PKG_VERSION"), "aarch64-unknown-linux-gnu");
    let expand = |template: &str| {
        let values = [
            ("repo", env!("CARGO_PKG_REPOSITORY")),
            ("name", "megachat"),
            ("bin", "megachat"),
            ("version", version),
            ("target", target),
            ("binary-ext", ""),
        ];
        let text =
            values.iter().fold(template.to_owned(), |it, (key, value)| it.replace(&format!("{{ {key} }}"), value));
        assert!(!text.contains(['{', '}']), "{text}");
        text
    };
    let script = root().join("tests/release.sh");
    let names = out(&Command::new("bash").arg(script).args(["--names", target]).output().unwrap());
    let names: Vec<&str> = names.lines().collect();
    assert_eq!(names, [&*format!("megachat-{version}-{target}.tar.gz"), &*expand(&of_manifest("bin-dir"))]);
    let url = expand(&of_manifest("pkg-url"));
    assert_eq!(url, format!("{}/releases/download/v{version}/{}", env!("CARGO_PKG_REPOSITORY"), names[0]));
    assert_eq!(of_manifest("pkg-fmt"), "tgz");
}

#[test]
fn force_means_one_thing_a_verb_and_its_help_says_which() {
    let meant = |(words, command): &(Vec<String>, clap::Command)| {
        let force = command.get_arguments().find(|it| it.get_long() == Some("force"))?;
        Some((words.join(" "), force.get_help()?.to_string()))
    };
    let checksums = "Accept checksums that are absent or wrong";
    let expected = [
        ("megachat convert", checksums),
        ("megachat export", "Replace a file that is there already"),
        ("megachat model import", checksums),
        ("megachat transcripts export", "Replace a file that is there already"),
    ];
    let found: Vec<_> = verbs().iter().filter_map(meant).collect();
    assert_eq!(found.iter().map(|it| (&*it.0, &*it.1)).collect::<Vec<_>>(), expected);
}
