//! `megachat bench` on models of any context.

use serde_json::Value;

use crate::support::program::{Home, err, megachat, out};
use crate::support::tiny;

#[test]
fn a_short_context_is_measured_as_far_as_it_goes_and_that_is_said_once() {
    let (home, place) = (Home::new(), tempfile::tempdir().unwrap());
    for (context, says, depths) in [
        (
            8,
            "the model's context is of 8 tokens: --prefill 8 instead of 512, --decode 4 instead of 64, --depth 0,4",
            &[0, 4],
        ),
        (
            64,
            "of 64 tokens: --prefill 64 instead of 512, --decode 32 instead of 64, --depth 0,32 instead of 0,512",
            &[0, 32],
        ),
    ] {
        let directory = place.path().join(context.to_string());
        tiny::of_context(&directory, 1, context);
        let model = directory.to_str().unwrap();
        let output = megachat(home.path(), &["bench", "--model", model, "--runs", "2", "--json"]).output().unwrap();
        let said = err(&output);
        assert_eq!(output.status.code(), Some(0), "{said}");
        // Besides, without a terminal, each run as it begins.
        assert_eq!((said.matches(says).count(), said.lines().count()), (1, 3), "{said}");
        assert!(said.starts_with("megachat: run 1 of 2\n") && said.ends_with("megachat: run 2 of 2\n"), "{said}");
        let found: Value = serde_json::from_slice(&output.stdout).unwrap();
        let measured = &found["measured"];
        assert_eq!((&measured["context"], &measured["prefill"]), (&context.into(), &context.into()));
        assert_eq!(measured["depth"], serde_json::json!(depths));
        assert!(found["shortened"].as_str().is_some_and(|it| said.contains(it)), "{found}");
        let figures = found["figures"].as_object().unwrap();
        let drawn: Vec<&String> = figures.keys().filter(|it| it.starts_with("decode_")).collect();
        assert_eq!(drawn, [&format!("decode_{}", depths[0]), &format!("decode_{}", depths[1])]);
        assert!(figures.values().all(|it| it["runs"].as_array().is_some_and(|it| it.len() == 2)), "{found}");
    }
}

#[test]
fn depths_that_become_one_are_measured_once_and_what_fits_is_left_as_it_is() {
    let (home, place) = (Home::new(), tempfile::tempdir().unwrap());
    tiny::of_context(place.path(), 1, 8);
    let model = place.path().to_str().unwrap();
    let bench = |arguments: &[&str]| {
        let all = [&["bench", "--model", model, "--runs", "1"], arguments].concat();
        megachat(home.path(), &all).output().unwrap()
    };
    let output = bench(&["--depth", "7,90,600", "--prefill", "2", "--decode", "1"]);
    let (table, said) = (out(&output), err(&output));
    assert!(said.contains("--depth 7 instead of 7,90,600") && !said.contains("--prefill"), "{said}");
    assert_eq!(table.matches("draw 1 after 7").count(), 1, "{table}");
    let output = bench(&["--depth", "3", "--prefill", "2", "--decode", "1", "--batch", "1"]);
    assert_eq!((output.status.code(), err(&output).as_str()), (Some(0), "megachat: run 1 of 1\n"));
    assert!(!out(&output).contains("at once"), "{}", out(&output));
    // A few kilobytes are in the cache, and nothing is said to be faster than memory.
    assert!(out(&output).contains("the weights lie in the processor's cache"), "{}", out(&output));
    assert!(!out(&output).contains('%'), "{}", out(&output));
}

#[test]
fn counts_of_nothing_are_a_wrong_use_and_the_range_is_said() {
    let home = Home::new();
    for (flag, says) in [
        ("--runs", "expected a number from 1 to 1024"),
        ("--batch", "expected a number from 1 to 1024"),
        ("--decode", "expected a number of 1 or more"),
        ("--prefill", "expected a number of 1 or more"),
    ] {
        let output = megachat(home.path(), &["bench", flag, "0"]).output().unwrap();
        let said = err(&output);
        assert_eq!(output.status.code(), Some(2), "{flag}: {said}");
        assert!(said.contains(flag) && said.contains(says) && output.stdout.is_empty(), "{flag}: {said}");
    }
}
