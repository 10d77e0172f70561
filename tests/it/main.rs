//! The integration tests: one binary, so that it links once.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::float_cmp,
    clippy::print_stdout,
    reason = "a test may fail loudly, compare exactly and print its figures"
)]

mod again;
mod ahead;
mod answers;
mod architecture;
mod arguments;
mod arithmetic;
mod batch;
mod bench;
mod chain;
mod checkpoint;
mod claims;
mod cli;
mod columns;
mod command_line;
mod comparing;
mod contract;
mod conversation;
mod derived;
mod directory;
mod disk;
mod distributed;
mod doctor;
mod documents;
mod download;
mod drops;
mod editing;
mod endurance;
mod eval;
mod faults;
mod focus;
mod generation;
mod gguf;
mod gpus;
mod graphemes;
mod guess;
mod haste;
mod hostile;
mod hub;
mod installation;
mod journals;
mod kills;
mod lasting;
mod lens;
mod library;
mod limits;
mod listings;
mod logits;
mod model_vocabularies;
mod outside;
mod palette;
mod parallel;
mod plain;
mod precision;
mod processes;
mod promised;
mod promises;
mod proxies;
mod pty;
mod ranks;
mod replay;
mod samplers;
mod scarce;
mod score;
mod score_input;
mod score_items;
mod screens;
mod sessions;
mod shares;
mod starts;
mod support;
mod tls;
mod tours;
mod verify;
mod words;
mod world;
mod writing;
