//! The rules of `src/ARCHITECTURE.md`, read off the source.

use std::path::PathBuf;

use crate::support::source::{File, circles, code_of, edges, files, functions, length, public_fields, ways_out};

/// Every module with the modules it may use. One that is pure touches no file, network, clock, environment or thread.
const MODULES: &[(&str, Purity, &[&str])] = &[
    ("text", Purity::Pure, &["assets"]),
    ("assets", Purity::Pure, &["text"]),
    ("format", Purity::Pure, &["text"]),
    ("appearance", Purity::Pure, &[]),
    ("manifest", Purity::Pure, &["text"]),
    ("files", Purity::Acts, &[]),
    ("emergency", Purity::Acts, &["output"]),
    ("memory", Purity::Acts, &["files"]),
    ("threads", Purity::Acts, &[]),
    ("output", Purity::Acts, &["files", "threads"]),
    ("directory", Purity::Acts, &["assets", "checkpoint", "files", "text"]),
    ("integrity", Purity::Acts, &["checkpoint", "directory", "files", "manifest", "text"]),
    ("sample", Purity::Pure, &["text"]),
    ("checkpoint", Purity::Pure, &[]),
    ("evaluation", Purity::Pure, &[]),
    ("model", Purity::Pure, &["checkpoint"]),
    ("gpt2", Purity::Pure, &["checkpoint", "model"]),
    ("document", Purity::Pure, &["format", "sample", "text", "assets"]),
    (
        "engine",
        Purity::Acts,
        &[
            "assets",
            "checkpoint",
            "directory",
            "files",
            "gpt2",
            "integrity",
            "manifest",
            "memory",
            "model",
            "output",
            "sample",
            "text",
            "threads",
        ],
    ),
    (
        "install",
        Purity::Acts,
        &["assets", "checkpoint", "directory", "files", "format", "integrity", "manifest", "memory", "text", "threads"],
    ),
    ("loading", Purity::Acts, &["directory", "engine", "files", "install::convert", "manifest", "model", "text"]),
    (
        "store",
        Purity::Acts,
        &[
            "assets",
            "checkpoint",
            "directory",
            "document",
            "emergency",
            "files",
            "format",
            "integrity",
            "manifest",
            "sample",
            "text",
            "threads",
        ],
    ),
    (
        "app",
        Purity::Pure,
        &[
            "assets",
            "document",
            "engine::protocol",
            "format",
            "install::protocol",
            "model::Precision",
            "model::window_start",
            "install::stages",
            "appearance",
            "manifest",
            "sample",
            "store::protocol",
            "text",
        ],
    ),
    // The fourth floor. The front ends know the application and the services, the commands no front end, and neither knows
    // the other.
    (
        "shell",
        Purity::Acts,
        &[
            "app",
            "document",
            "emergency",
            "engine",
            "files",
            "gpt2::gpu",
            "install",
            "loading",
            "memory",
            "output",
            "store",
            "text",
            "threads",
        ],
    ),
    (
        "cli",
        Purity::Acts,
        &[
            "checkpoint",
            "engine::devices",
            "engine::protocol",
            "gpt2::cpu::Isa",
            "gpt2::gpu",
            "install",
            "appearance",
            "manifest",
            "model",
            "output",
            "sample",
            "store",
            "text",
        ],
    ),
    (
        "run",
        Purity::Acts,
        &[
            "app",
            "cli",
            "command",
            "document",
            "emergency",
            "engine",
            "files",
            "gpt2::gpu",
            "install",
            "manifest",
            "memory",
            "output",
            "shell",
            "store",
            "text",
        ],
    ),
    (
        "command",
        Purity::Acts,
        &[
            "app::keymap",
            "checkpoint",
            "cli",
            "directory",
            "document",
            "emergency",
            "engine",
            "evaluation",
            "files",
            "format",
            "gpt2",
            "install",
            "integrity",
            "loading",
            "memory",
            "appearance",
            "manifest",
            "model",
            "output",
            "sample",
            "store",
            "text",
            "threads",
            "assets",
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
///
/// A GPU is asked for no more at once than it does quickly, which a clock tells.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("src/gpt2/cpu/pool.rs", "std::thread"),
    ("src/gpt2/cpu/pool.rs", "Instant::now"),
    ("src/gpt2/gpu/pass.rs", "Instant::now"),
    ("src/gpt2/gpu/costs.rs", "Instant::now"),
];

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

fn files_of(module: &str) -> Vec<File> {
    let found: Vec<File> =
        [format!("src/{module}.rs"), format!("src/{module}")].into_iter().flat_map(|it| files(&it)).collect();
    assert!(!found.is_empty(), "there is no module {module}");
    found
}

#[test]
fn modules_use_what_they_may_and_pure_ones_do_nothing() {
    let mut faults = Vec::new();
    for &(module, purity, allowed) in MODULES {
        // Tests do what people do, wherever they lie.
        for file in files_of(module).into_iter().filter(|it| !it.path.ends_with("/tests.rs")) {
            faults.extend(ways_out(&file).iter().map(|it| format!("{}: `{it}` leads out of {module}", file.path)));
            for (number, line) in (1..).zip(file.code.lines()) {
                let place = format!("{}:{number}", file.path);
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
    // None is forgotten: a module that is not listed may do anything.
    let listed = |file: &File| {
        let module = file.path.trim_start_matches("src/").split(['/', '.']).next().unwrap_or_default();
        matches!(module, "lib" | "main" | "build") || MODULES.iter().any(|it| it.0 == module)
    };
    let forgotten: Vec<String> = files("src").into_iter().filter(|it| !listed(it)).map(|it| it.path).collect();
    assert!(forgotten.is_empty(), "{forgotten:?}");
}

/// Lines of a file that can be held in the head.
const LONGEST_FILE: usize = 400;
/// Lines of a function that can be seen at once.
const LONGEST_FUNCTION: usize = 80;
/// Public fields of a struct that can be kept apart.
const WIDEST_STRUCT: usize = 20;
/// Files that lead to each other.
const LARGEST_CIRCLE: usize = 10;

/// A list of like things is no matter of length.
fn is_table(file: &File) -> bool {
    let name = file.path.rsplit('/').next().unwrap_or_default();
    matches!(name, "table.rs" | "parameters.rs" | "tests.rs") || file.path.contains("/tests/")
}

/// The library behind a backend stays behind its door.
#[test]
fn libraries_that_compute_are_named_in_their_own_files_alone() {
    for (place, library) in [("src/gpt2/candle", "candle_"), ("src/gpt2/gpu", "wgpu::"), ("src/gpt2/gpu", "naga::")] {
        let others = files("src").into_iter().filter(|it| !it.path.starts_with(place));
        let named = others.filter(|it| it.code.contains(library));
        assert_eq!(named.map(|it| it.path).collect::<Vec<_>>(), [""; 0]);
        assert!(files("src/gpt2").iter().any(|it| it.code.contains(library)));
    }
}

/// A thread that the system does not give is told, or done without.
#[test]
fn threads_are_started_where_a_refusal_is_told() {
    // Fewer threads compute a product as well, and a hash is made after the work instead of beside it.
    const OTHERS: &[&str] = &["src/threads.rs", "src/gpt2/cpu/pool.rs", "src/install/convert/source.rs"];
    let starts = |file: &File| {
        ["thread::spawn", "thread::Builder", "scope.spawn", "thread::scope"].iter().any(|it| file.code.contains(it))
    };
    let all = files("src").into_iter().filter(|it| !it.path.ends_with("/tests.rs"));
    let starting: Vec<String> = all.filter(starts).map(|it| it.path).collect();
    let others: Vec<&String> = starting.iter().filter(|it| !OTHERS.contains(&it.as_str())).collect();
    assert!(others.is_empty(), "{others:?}");
    assert!(starting.len() > 1, "the reading finds next to nothing");
}

/// Ways to open a file that wait for a pipe, follow a link, or read without a bound.
const OPENING: &[&str] = &[
    "File::open",
    "File::create",
    "File::options",
    "OpenOptions",
    "fs::read(",
    "fs::read_to_string",
    "fs::write(",
    "fs::copy(",
    "rustix::fs::open",
    "memmap",
    "confy::",
];

/// Where they are nevertheless: the door itself, the library that reads a file which was opened there, and what runs while
/// the program is built.
const DOORS: &[(&str, &[&str])] =
    &[("src/files.rs", OPENING), ("src/store/config.rs", &["confy::"]), ("src/build.rs", &["fs::read_to_string"])];

#[test]
fn files_are_opened_through_one_door() {
    let mut faults = Vec::new();
    // Tests do to files what people do.
    for file in files("src").into_iter().filter(|it| !it.path.ends_with("/tests.rs")) {
        let excepted = |word: &str| DOORS.iter().any(|it| it.0 == file.path && it.1.contains(&word));
        for (number, line) in (1..).zip(file.code.lines()) {
            let words = OPENING.iter().filter(|it| line.contains(**it) && !excepted(it));
            faults.extend(words.map(|it| format!("{}:{number}: `{it}`; `files::open` and the like do it", file.path)));
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    let door = files("src").into_iter().find(|it| it.path == "src/files.rs");
    assert!(door.is_some_and(|it| it.code.contains("OpenOptions")), "the door is somewhere else");
}

/// What libraries print there is led elsewhere, and with it what is not said through the door.
#[test]
fn standard_error_is_written_through_one_door() {
    const DOORS: [&str; 3] = ["src/output/errors.rs", "src/build.rs", "src/output.rs"];
    let mut faults = Vec::new();
    for file in files("src").into_iter().filter(|it| !DOORS.contains(&it.path.as_str())) {
        for (number, line) in (1..).zip(file.code.lines()) {
            let others = line.replace("output::stderr()", "").replace("use_stderr()", "");
            if others.contains("stderr()") || others.contains("eprint!") || others.contains("eprintln!") {
                faults.push(format!("{}:{number}: `output::stderr` does it", file.path));
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// The library counts as written what is not, so that commands would say success.
#[test]
fn standard_output_is_written_through_one_door() {
    const DOORS: [&str; 4] = ["src/output.rs", "src/build.rs", "src/shell/terminal.rs", "src/emergency/handler.rs"];
    let mut faults = Vec::new();
    for file in files("src").into_iter().filter(|it| !DOORS.contains(&it.path.as_str())) {
        for (number, line) in (1..).zip(file.code.lines()) {
            let others = line.replace("output::stdout()", "").replace("stdout().is_terminal()", "");
            if others.contains("stdout()") {
                faults.push(format!("{}:{number}: `output::stdout` does it", file.path));
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// A path has any bytes but one, line feeds and escapes too; what people read shows it harmless, in one line.
#[test]
fn paths_are_shown_in_one_way() {
    let all = files("src").into_iter().filter(|it| it.path != "src/text/visible.rs");
    let shown: Vec<String> = all.filter(|it| it.code.contains(".display()")).map(|it| it.path).collect();
    assert!(shown.is_empty(), "`text::visible_path` shows a path, not `display`: {shown:?}");
}

#[test]
fn files_and_functions_can_be_held_in_the_head() {
    let all = files("src");
    assert!(all.len() > 200);
    let mut long = Vec::new();
    for file in all.iter().filter(|it| !is_table(it)) {
        let lines = length(file);
        if lines > LONGEST_FILE {
            long.push(format!("{}: {lines} lines", file.path));
        }
        let functions = functions(file).into_iter().filter(|it| it.1 > LONGEST_FUNCTION);
        long.extend(functions.map(|it| format!("{}: {} has {} lines", file.path, it.0, it.1)));
    }
    assert!(long.is_empty(), "\n{}", long.join("\n"));
}

#[test]
fn no_struct_is_a_bag() {
    /// What a user can set, as settings, as flags and as a file; and what the application is started with.
    const SETTINGS: &[&str] = &["Settings", "Sampling", "Start"];
    let wide = files("src").into_iter().flat_map(|file| {
        let structs = public_fields(&file).into_iter();
        let wide = structs.filter(|it| it.1 > WIDEST_STRUCT && !SETTINGS.contains(&&*it.0));
        wide.map(|it| format!("{}: {} has {} public fields", file.path, it.0, it.1)).collect::<Vec<_>>()
    });
    let wide: Vec<String> = wide.collect();
    assert!(wide.is_empty(), "\n{}", wide.join("\n"));
}

#[test]
fn no_large_circle_runs_through_the_files() {
    let all = files("src");
    let edges = edges(&all);
    assert!(
        edges.values().map(std::collections::BTreeSet::len).sum::<usize>() > 1000,
        "the reading finds next to nothing"
    );
    let circles = circles(&edges);
    let large: Vec<_> = circles.iter().filter(|it| it.len() > LARGEST_CIRCLE).collect();
    assert!(large.is_empty(), "{} files lead to each other: {:#?}", large[0].len(), large[0]);
}

#[test]
fn what_the_source_is_read_with_finds_what_it_is_to_find() {
    let text = "use super::b::B;\n\n/// fn no() {\nfn one() -> u8 {\n    2\n}\n\npub(in crate::app) fn two(\n    it: u8,\n) {\n    \
                it\n}\n\n#[cfg(test)]\nmod tests {\n    fn three() {\n    }\n}\n\ntrait T {\n    fn four();\n}\n\npub struct S {\n    \
                pub a: u8,\n    b: u8,\n    pub c: u8,\n}\n\nfn five() {}\n";
    let file = |path: &str, text: &str| File { path: path.to_owned(), code: code_of(text) };
    let one = file("src/a.rs", text);
    let named = |name: &str, lines| (name.to_owned(), lines);
    assert_eq!(functions(&one), [named("one", 3), named("two", 5), named("four", 1), named("five", 1)]);
    assert_eq!(public_fields(&one), [named("S", 2)]);
    assert_eq!(length(&one), 18);
    let all = [
        file("src/a.rs", "use crate::{b::B, c};\nuse super::d::{self, e::E as F};"),
        file("src/b.rs", "fn f() {\n    super::d::e::g()\n}"),
        file("src/c.rs", "mod x;\nuse std::fmt;"),
        file("src/d/mod.rs", "pub mod e;\npub use e::E;"),
        file("src/d/e.rs", "use crate::a;"),
        file("src/f.rs", "use crate::d::E;"),
        file("src/h/mod.rs", "mod i;\nfn f() {\n    i::g()\n}"),
        file("src/h/i.rs", "use super::X;"),
    ];
    assert_eq!(
        ways_out(&file("src/d/e.rs", "use super::super::a;\nuse super::x;\nfn f() {\n    super::super::b::c();\n}")),
        ["super::super::a", "super::super::b::c"].map(str::to_owned).into()
    );
    let asynchronous = file("src/g.rs", "pub async fn long() {\n    1;\n}\nextern \"C\" fn other() {}\n");
    assert_eq!(functions(&asynchronous), [named("long", 3), named("other", 1)]);
    let edges = edges(&all);
    let of = |path: &str| edges[path].iter().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(of("src/a.rs"), ["src/b.rs", "src/c.rs", "src/d/e.rs", "src/d/mod.rs"]);
    assert_eq!(of("src/b.rs"), ["src/d/e.rs"]);
    assert_eq!(of("src/f.rs"), ["src/d/e.rs"], "what is handed on leads to where it is made");
    let expected = [&["src/a.rs", "src/b.rs", "src/d/e.rs", "src/d/mod.rs"][..], &["src/h/i.rs", "src/h/mod.rs"]];
    assert_eq!(circles(&edges), expected, "a call of a child needs no `use`");
}

/// What stands between backquotes in README.md.
fn quoted() -> Vec<String> {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    // Outside of blocks of code, which have three.
    let text: String = readme.split("```").step_by(2).collect();
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_key_that_the_readme_names_is_there() {
    let keys: Vec<&str> = megachat::app::keymap::BINDINGS.iter().flat_map(|it| it.keys.split(" / ")).collect();
    let is_function = |it: &str| it.strip_prefix('F').is_some_and(|n| n.parse::<u8>().is_ok());
    let is_key = |it: &String| it.starts_with("Alt-") || it.starts_with("Ctrl-") || is_function(it);
    let named: Vec<String> = quoted().into_iter().filter(is_key).collect();
    assert!(named.len() > 10, "the reading finds next to nothing");
    for key in named {
        assert!(keys.contains(&key.as_str()), "README.md names {key}, which is no key");
    }
}

#[test]
fn a_stranger_finds_the_first_command_the_keys_and_a_picture_in_a_minute() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let first: Vec<&str> = readme.lines().take(50).collect();
    let first = first.join("\n");
    for found in
        ["cargo run --release", "cargo test", "assets/main.svg", "| `Enter` |", "`Ctrl-P`", "`F1`", "megachat man"]
    {
        assert!(first.contains(found), "the first lines of README.md lack {found}");
    }
    // What is reference is in the help and the manual.
    assert!(readme.lines().count() < 290, "README.md has {} lines", readme.lines().count());
}
