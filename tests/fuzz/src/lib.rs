//! The readers of checkpoints as the fuzzer sees them: the program's own source, without the rest of the program.

#[allow(dead_code, reason = "the rest of the program uses what the targets do not")]
#[path = "../../../src/checkpoint/mod.rs"]
pub mod checkpoint;

pub mod bodies;
