//! What a token costs beside the model: its scores are looked at, one is drawn, and the row is kept for the screen.
//!
//!     cargo bench --bench sampling
//!
//! Rows of GPT-2's 50,257 words: a flat one, of which every sampler has to look at thousands, and a steep one, as most
//! are. Printed are the median of a thousand draws, in microseconds, and the share of a token of 10 ms.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and may fail loudly")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use megachat::TokenId;
use megachat::sample::{Context, Distribution, PRESETS, Settings, TokenConstraints, die};

const WORDS: usize = 50_257;
const ROUNDS: u64 = 1000;

/// Scores that are spread by so much.
fn row(spread: f32) -> Vec<f32> {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1_u64 << 24) as f32
    };
    // The sum of a few is nearly normal.
    (0..WORDS).map(|_| ((0..6).map(|_| next()).sum::<f32>() - 3.0) * spread).collect()
}

/// The median of what a token costs, in microseconds.
fn cost(row: &[f32], settings: &Settings) -> f64 {
    let path: Vec<TokenId> = (0..200).map(|it| it * 131 % WORDS as u32).collect();
    let mut all: Vec<f64> = (0..ROUNDS)
        .map(|round| {
            let started = Instant::now();
            let constraints = TokenConstraints::NONE;
            let context = Context::new(&path, &constraints);
            let mut distribution = Distribution::new(row, &context, settings).unwrap();
            let coin = die(settings.seed, round);
            let picked = distribution.pick(coin);
            black_box(distribution.draw(row, picked, coin, 0));
            black_box(Arc::<[f32]>::from(row));
            started.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

fn main() {
    println!("| preset | flat row, us | of 10 ms | steep row, us | of 10 ms |");
    println!("| --- | --- | --- | --- | --- |");
    let (flat, steep) = (row(0.1), row(4.0));
    for preset in PRESETS {
        let mut settings = Settings::default();
        settings.apply(&preset);
        let [flat, steep] = [cost(&flat, &settings), cost(&steep, &settings)];
        println!("| {} | {flat:.0} | {:.1} % | {steep:.0} | {:.1} % |", preset.name, flat / 100.0, steep / 100.0);
    }
}
