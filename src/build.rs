//! Tells the program what it is built from: the commit, the features, the target, and the date in its manifest.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// What `cargo package` writes beside a package's manifest: the commit that it was made of.
const PACKAGED: &str = ".cargo_vcs_info.json";

/// Digits of a commit that are shown.
const DIGITS: usize = 12;

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    for file in ["Cargo.toml", PACKAGED].into_iter().map(str::to_owned).chain(files_of_the_commit()) {
        // A file that is not there would have the program built anew each time.
        if Path::new(&file).exists() {
            writeln!(out, "cargo:rerun-if-changed={file}")?;
        }
    }
    let checked_out =
        || checked_out().map(|it| if is_release() && !is_changed() { it } else { format!("{it} or later") });
    let commit = packaged().or_else(checked_out).unwrap_or_else(|| "unknown".to_owned());
    writeln!(out, "cargo:rustc-env=MEGACHAT_COMMIT={commit}")?;
    writeln!(out, "cargo:rustc-env=MEGACHAT_RELEASED={}", released()?)?;
    writeln!(out, "cargo:rustc-env=MEGACHAT_FEATURES={}", features())?;
    writeln!(out, "cargo:rustc-env=MEGACHAT_TARGET={}", env::var("TARGET").unwrap_or_default())
}

/// The commit that a package was made of.
fn packaged() -> Option<String> {
    let text = fs::read_to_string(PACKAGED).ok()?;
    let (_, rest) = text.split_once("\"sha1\"")?;
    let commit: String = rest.split('"').nth(1)?.chars().take(DIGITS).collect();
    let is_commit = commit.len() == DIGITS && commit.bytes().all(|it| it.is_ascii_hexdigit());
    let later = if text.contains("\"dirty\": true") { " or later" } else { "" };
    is_commit.then(|| format!("{commit}{later}"))
}

/// The commit that is checked out here. A directory inside somebody else's repository has none of its own.
fn checked_out() -> Option<String> {
    Path::new(".git").exists().then(|| git(&["rev-parse", &format!("--short={DIGITS}"), "HEAD"])).flatten()
}

/// Whether files are other than they were committed.
fn is_changed() -> bool {
    git(&["status", "--porcelain", "--untracked-files=no"]).is_some()
}

/// Whether the program is built for people. Who works on it would have it built anew after each commit otherwise.
fn is_release() -> bool {
    env::var("PROFILE").is_ok_and(|it| it == "release")
}

/// The files that change when another commit is checked out or made, where that matters.
fn files_of_the_commit() -> Vec<String> {
    if !is_release() || !Path::new(".git").exists() {
        return Vec::new();
    }
    let branch = git(&["symbolic-ref", "--quiet", "HEAD"]);
    let names = ["HEAD", "logs/HEAD", "packed-refs"].into_iter().map(str::to_owned).chain(branch);
    names.filter_map(|it| git(&["rev-parse", "--git-path", &it])).collect()
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok().filter(|it| it.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (!text.is_empty()).then_some(text)
}

/// The date of `[package.metadata.citation]`.
fn released() -> io::Result<String> {
    let manifest = fs::read_to_string("Cargo.toml")?;
    let section = manifest.lines().skip_while(|it| it.trim() != "[package.metadata.citation]").skip(1);
    let mut lines = section.take_while(|it| !it.starts_with('['));
    let date = lines.find_map(|it| it.strip_prefix("date")?.trim().strip_prefix('='));
    let none = || io::Error::new(io::ErrorKind::InvalidData, "Cargo.toml has no date of the release");
    date.map(|it| it.trim().trim_matches('"').to_owned()).ok_or_else(none)
}

/// The features that are switched on, with commas.
fn features() -> String {
    let name = |it: (std::ffi::OsString, _)| {
        let name = it.0.to_str()?.strip_prefix("CARGO_FEATURE_")?.to_lowercase().replace('_', "-");
        (name != "default").then_some(name)
    };
    let mut names: Vec<String> = env::vars_os().filter_map(name).collect();
    names.sort();
    names.join(", ")
}
