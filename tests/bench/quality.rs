//! What each precision costs in quality, and what it brings in speed.
//!
//!     cargo bench --bench quality -- MODEL-DIRECTORY TEXT-FILE [TOKENS]
//!
//! The text is read in windows of the model's context. Against 32 bits: the loss per token and the perplexity, the mean
//! Kullback-Leibler divergence of the next-token distributions, and how often the likeliest token is the same one.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and may fail loudly")]

use std::path::PathBuf;
use std::time::Instant;

use megachat::engine::load::load_model;
use megachat::engine::protocol::{DeviceChoice, ModelSource, Said};
use megachat::gpt2::{Precision, Scores};

/// What is known of one precision.
#[derive(Default)]
struct Sums {
    loss: f64,
    divergence: f64,
    same: usize,
    places: usize,
    seconds: f64,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|it| it != "--bench").collect();
    let [directory, text, rest @ ..] = arguments.as_slice() else {
        println!("cargo bench --bench quality -- MODEL-DIRECTORY TEXT-FILE [TOKENS]");
        return;
    };
    let most: usize = rest.first().map_or(4096, |it| it.parse().unwrap());
    let load = |precision| {
        let source = ModelSource {
            name: "model".into(),
            directory: PathBuf::from(directory),
            device: DeviceChoice::On(megachat::model::Device::Cpu),
            precision: Some(precision),
            threads: None,
            said: Said::default(),
        };
        load_model(&source, &mut |_, _| ()).unwrap()
    };
    let all = [Precision::F32, Precision::F16, Precision::Bf16, Precision::Q8, Precision::Q4];
    let mut models: Vec<_> = all.into_iter().map(|it| (it, load(it), Sums::default())).collect();
    let tokens = models[0].1.card.vocabulary.encode(&std::fs::read_to_string(text).unwrap()).unwrap().tokens;
    let tokens = &tokens[..tokens.len().min(most)];
    for window in tokens.chunks(models[0].1.model.positions()) {
        // Log-probabilities at every place, (T, V), of 32 bits.
        let mut exact: Vec<Vec<f32>> = Vec::new();
        for (_, loaded, sums) in &mut models {
            let first = exact.is_empty();
            let mut hear = |place: usize, scores: &[f32]| {
                let row = log_softmax(scores);
                if first {
                    exact.push(row.clone());
                }
                let Some(&target) = window.get(place + 1) else { return };
                sums.places += 1;
                sums.loss -= f64::from(row[target as usize]);
                let terms = exact[place].iter().zip(&row).map(|(p, q)| f64::from(*p).exp() * f64::from(p - q));
                sums.divergence += terms.sum::<f64>();
                sums.same += usize::from(largest(&exact[place]) == largest(&row));
            };
            loaded.model.rewind(0);
            loaded.model.extend(window, Scores::Each(&mut hear), &mut || true).unwrap();
        }
    }
    for (_, loaded, sums) in &mut models {
        let model = &mut loaded.model;
        let mut out = vec![0.0; model.vocabulary()];
        let drawn = |_| {
            model.rewind(0);
            let started = Instant::now();
            for token in &tokens[..64] {
                model.extend(&[*token], Scores::Last(&mut out), &mut || true).unwrap();
            }
            started.elapsed().as_secs_f64() / 64.0
        };
        sums.seconds = (0..5).map(drawn).fold(f64::MAX, f64::min);
    }
    let base = models[0].2.loss / models[0].2.places as f64;
    println!("{} places", models[0].2.places);
    println!("| precision | loss per token | perplexity | KL divergence | same likeliest token | tokens/s |");
    println!("| --- | --- | --- | --- | --- | --- |");
    for (precision, _, sums) in &models {
        let places = sums.places as f64;
        let loss = sums.loss / places;
        println!(
            "| {} | {loss:.4} | {:+.2} % | {:.1e} | {:.1} % | {:.0} |",
            precision.name(),
            ((loss - base).exp() - 1.0) * 100.0,
            sums.divergence / places,
            sums.same as f64 / places * 100.0,
            1.0 / sums.seconds
        );
    }
}

fn log_softmax(scores: &[f32]) -> Vec<f32> {
    let largest = scores.iter().copied().fold(f32::MIN, f32::max);
    let sum: f64 = scores.iter().map(|it| f64::from(it - largest).exp()).sum();
    let shift = largest + sum.ln() as f32;
    scores.iter().map(|it| it - shift).collect()
}

fn largest(row: &[f32]) -> usize {
    (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap_or_default()
}
