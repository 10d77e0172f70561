//! Every odd file comes to the end that the list says, and leaves nothing behind.

use std::ops::ControlFlow;

use megachat::install::convert::{Input, Options, convert};
use megachat::text::TokenizerChoice;

use crate::support::odd::{Odd, Outcome, odd_files};

fn outcome(input: Input<'_>, force: bool) -> Outcome {
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("model");
    let tokenizer = Some(TokenizerChoice::Gpt2);
    let options = Options { force, heads: Some(2), tokenizer, ..Options::default() };
    let outcome = convert(input, &output, &options, &mut |_| ControlFlow::Continue(()));
    let left = std::fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(left, usize::from(outcome.is_ok()), "something is left behind");
    outcome
}

#[test]
fn every_odd_file_comes_to_its_end() {
    let files = odd_files();
    assert!(files.len() >= 150, "{}", files.len());
    let mut faults = Vec::new();
    for Odd { name, bytes, expected, matches } in &files {
        let bytes = bytes();
        let started = std::time::Instant::now();
        let outcome = outcome(Input::Bytes { name: "odd", bytes: &bytes }, false);
        let seconds = started.elapsed().as_secs_f64();
        if !matches(&outcome) {
            faults.push(format!("{name}: expected {expected}, found {outcome:?}"));
        }
        println!("{seconds:6.3} s, {:9} bytes: {name}: {}", bytes.len(), shown(&outcome));
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

fn shown(outcome: &Outcome) -> String {
    match outcome {
        Ok(converted) => converted.format.clone(),
        Err(error) => error.to_string(),
    }
}
