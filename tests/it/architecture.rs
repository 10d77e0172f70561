//! The rules of `src/ARCHITECTURE.md`, read off the source.

use std::path::{Path, PathBuf};

/// Every module with the modules it may use. One that is pure touches no file, network, clock, environment or thread.
const MODULES: &[(&str, Purity, &[&str])] = &[
    ("text", Purity::Pure, &["assets"]),
    ("assets", Purity::Pure, &["text"]),
    ("manifest", Purity::Pure, &["text"]),
    ("directory", Purity::Acts, &["assets", "checkpoint", "text"]),
    ("integrity", Purity::Acts, &["checkpoint", "directory", "manifest"]),
    ("sample", Purity::Pure, &["text"]),
    ("checkpoint", Purity::Pure, &[]),
    ("gpt2", Purity::Pure, &["checkpoint"]),
    ("document", Purity::Pure, &["sample", "text", "assets"]),
    ("engine", Purity::Acts, &["assets", "checkpoint", "directory", "gpt2", "integrity", "manifest", "sample", "text"]),
    ("install", Purity::Acts, &["assets", "checkpoint", "directory", "integrity", "manifest", "text"]),
    ("loading", Purity::Acts, &["directory", "engine", "install::convert", "manifest", "text"]),
    (
        "store",
        Purity::Acts,
        &["assets", "checkpoint", "directory", "document", "integrity", "manifest", "sample", "text"],
    ),
    (
        "app",
        Purity::Pure,
        &[
            "assets",
            "document",
            "engine::protocol",
            "engine::stops",
            "engine::window_start",
            "gpt2::Precision",
            "install::protocol",
            "manifest",
            "sample",
            "store::protocol",
            "text",
        ],
    ),
];

#[derive(Clone, Copy, PartialEq)]
enum Purity {
    Pure,
    Acts,
}

/// What a pure module does nevertheless, and where: a product is computed by several threads, and is what it would be
/// with one. The clock there tells which thread to leave out, and changes no result.
const EXCEPTIONS: &[(&str, &str)] =
    &[("src/gpt2/cpu/pool.rs", "std::thread"), ("src/gpt2/cpu/pool.rs", "Instant::now")];

const IMPURE: &[&str] = &[
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "thread::spawn",
    "Instant::now",
    "SystemTime",
    "println!",
    "print!(",
    "dbg!(",
    "event::read",
    "stdout()",
    "stderr()",
    "stdin()",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources(path: &Path, found: &mut Vec<PathBuf>) {
    if path.is_dir() {
        let mut entries: Vec<_> = std::fs::read_dir(path).unwrap().map(|it| it.unwrap().path()).collect();
        entries.sort();
        for entry in &entries {
            sources(entry, found);
        }
    } else if path.extension().is_some_and(|it| it == "rs") {
        found.push(path.to_owned());
    }
}

fn sources_of(module: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in [root().join("src").join(module), root().join("src").join(format!("{module}.rs"))] {
        if path.exists() {
            sources(&path, &mut found);
        }
    }
    assert!(!found.is_empty(), "there is no module {module}");
    found
}

/// The lines before the unit tests, comments blanked, so that line numbers stay true.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    (1..).zip(code.lines().map(|line| if line.trim_start().starts_with("//") { "" } else { line }))
}

#[test]
fn modules_use_what_they_may_and_pure_ones_do_nothing() {
    let mut faults = Vec::new();
    for &(module, purity, allowed) in MODULES {
        for file in sources_of(module) {
            let text = std::fs::read_to_string(&file).unwrap();
            for (number, line) in code_lines(&text) {
                let place = format!("{}:{number}", file.strip_prefix(root()).unwrap().display());
                for used in line.split("crate::").skip(1) {
                    let own = used.starts_with(module);
                    let is_allowed = allowed.iter().any(|it| used.starts_with(it));
                    let top_level = used.starts_with("TokenId");
                    if !(own || is_allowed || top_level) {
                        faults.push(format!("{place}: {module} may not use `{used}`"));
                    }
                }
                if purity == Purity::Pure {
                    let excepted = |word: &str| EXCEPTIONS.iter().any(|it| place.starts_with(it.0) && it.1 == word);
                    let words = IMPURE.iter().filter(|it| line.contains(**it) && !excepted(it));
                    faults.extend(words.map(|it| format!("{place}: `{it}` in a pure module")));
                }
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn files_can_be_held_in_the_head() {
    let mut files = Vec::new();
    sources(&root().join("src"), &mut files);
    assert!(files.len() > 40);
    let long = files.iter().filter_map(|file| {
        let text = std::fs::read_to_string(file).unwrap();
        let lines = code_lines(&text).count();
        (lines > 450).then(|| format!("{}: {lines} lines", file.display()))
    });
    let long: Vec<String> = long.collect();
    assert!(long.is_empty(), "\n{}", long.join("\n"));
}

#[test]
fn the_readme_lists_the_keys_of_the_table() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    for binding in megachat::app::keymap::BINDINGS {
        let first = binding.keys.split(" / ").next().unwrap();
        assert!(readme.contains(&format!("`{first}`")), "README.md does not mention `{first}` ({})", binding.help);
    }
}

#[test]
fn the_readme_lists_the_flags_of_the_help() {
    use clap::CommandFactory as _;
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    for flag in megachat::cli::Arguments::command().get_arguments().filter_map(clap::Arg::get_long) {
        assert!(readme.contains(&format!("`--{flag}")), "README.md does not mention --{flag}");
    }
}
