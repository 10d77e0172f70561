//! What a conversion allocates, counted byte for byte: a hostile file gets four times its own length and 64 MiB.
//!
//! A binary of its own with a single test, because the allocator counts for the whole process.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may fail loudly and print its figures")]

#[allow(dead_code, reason = "the integration tests use the rest")]
#[path = "../it/support/odd/mod.rs"]
mod odd;
#[allow(dead_code, reason = "the integration tests use the rest")]
#[path = "../it/support/torch_files.rs"]
mod torch_files;

mod counting;

use std::ops::ControlFlow;

use megachat::install::convert::{Input, Options, convert};
use megachat::text::TokenizerChoice;

#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;

/// The bound on every file, beside four times its length.
const FIXED: usize = 64 << 20;

/// Converts and answers the most bytes that were held at one time, beyond what was held before.
fn peak(bytes: &[u8]) -> usize {
    let directory = tempfile::tempdir().unwrap();
    let before = counting::restart();
    let input = Input::Bytes { name: "odd", bytes };
    let mut go = |_| ControlFlow::Continue(());
    let outcome = convert(
        input,
        &directory.path().join("model"),
        &Options { heads: Some(2), tokenizer: Some(TokenizerChoice::Gpt2), ..Options::default() },
        &mut go,
    );
    drop(outcome);
    counting::peak() - before
}

#[test]
fn no_odd_file_makes_the_converter_hold_more_than_its_share() {
    let held = vec![1u8; 3 << 20];
    assert!(counting::restart() >= held.len(), "nothing is counted");
    drop(held);
    let mut rows = Vec::new();
    for file in odd::odd_files() {
        let bytes = (file.bytes)();
        let length = bytes.len();
        rows.push((peak(&bytes), length, file.name));
    }
    rows.sort_by_key(|&(peak, length, _)| peak.saturating_sub(4 * length));
    for (peak, length, name) in rows.iter().rev().take(12) {
        println!("{:6.1} MiB for {length:9} bytes: {name}", *peak as f64 / f64::from(1 << 20));
    }
    let over = rows.iter().filter(|&&(peak, length, _)| peak > 4 * length + FIXED);
    let over: Vec<_> = over.map(|(peak, length, name)| format!("{name}: {peak} bytes for {length}")).collect();
    assert!(over.is_empty(), "\n{}", over.join("\n"));
}
