//! The integration tests: one binary, so that it links once.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::float_cmp,
    clippy::print_stdout,
    reason = "a test may fail loudly, compare exactly and print its figures"
)]

mod architecture;
mod checkpoint;
mod cli;
mod conversation;
mod distributed;
mod download;
mod generation;
mod gguf;
mod hostile;
mod installation;
mod limits;
mod logits;
mod parallel;
mod precision;
mod pty;
mod replay;
mod screens;
mod support;
