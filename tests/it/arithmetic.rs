//! The same numbers whoever looks: on the CPU a text has one set of scores, to the last bit, however it was read.

use std::collections::BTreeMap;

use megachat::TokenId;
use megachat::checkpoint::{Activation, Config};
use megachat::gpt2::cpu::{self, CpuOptions, Isa};
use megachat::model::{Model, Precision, Scores};

use crate::support::noise::Noise;

const ROWS: usize = 61;
const POSITIONS: usize = 1100;

/// Widths and heads: heads of one group of channels, of four, of six, and of one that is not full.
const SHAPES: [(usize, usize); 4] = [(64, 4), (128, 2), (96, 1), (40, 5)];

fn model((width, heads): (usize, usize), isa: Isa, precision: Precision, threads: usize) -> Box<dyn Model> {
    let config = Config {
        vocab_size: ROWS,
        n_positions: POSITIONS,
        n_embd: width,
        n_layer: 2,
        n_head: heads,
        n_inner: 4 * width,
        layer_norm_epsilon: 1e-5,
        activation: Activation::GeluTanh,
        tie_word_embeddings: true,
    };
    let mut weights = Noise { width, vocabulary: ROWS, positions: POSITIONS };
    let options = CpuOptions { precision, threads, isa };
    cpu::load(&config, &mut weights, options, &mut |_| (), &mut |_| ()).unwrap()
}

/// Numbers without a pattern, the same in every run.
struct Chance(u64);

impl Chance {
    /// Below `end`.
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % end.max(1)
    }

    /// A length at which the kernels change what they do together: groups of tokens, pages, chunks.
    fn length(&mut self) -> usize {
        const AROUND: [usize; 9] = [1, 4, 8, 12, 16, 64, 128, 256, 1024];
        let around = AROUND[self.below(AROUND.len())];
        (around + 2).saturating_sub(self.below(5)).max(1)
    }

    fn tokens(&mut self, count: usize) -> Vec<TokenId> {
        (0..count).map(|_| self.below(ROWS) as TokenId).collect()
    }
}

fn read(model: &mut dyn Model, tokens: &[TokenId]) -> Vec<f32> {
    let mut row = vec![0.0; ROWS];
    model.extend(tokens, Scores::Last(&mut row), &mut || true).unwrap();
    row
}

/// Brings the model to the end of `text` in some way; answers the last scores.
fn read_somehow(model: &mut dyn Model, text: &[TokenId], chance: &mut Chance) -> Vec<f32> {
    model.rewind(0);
    let mut row = Vec::new();
    while model.position() < text.len() {
        let at = model.position();
        let rest = &text[at..];
        let piece = &rest[..rest.len().min(if chance.below(3) == 0 { 1 } else { chance.length() })];
        match chance.below(7) {
            // Another way is tried, and taken back.
            0 => {
                let room = POSITIONS - at;
                let elsewhere = chance.length().min(room);
                read(model, &chance.tokens(elsewhere));
                model.rewind(at);
            }
            // Some of it is taken back.
            1 if at > 1 => {
                let less = chance.below(at.min(130));
                model.rewind(at - less);
            }
            // One of several branches is the text.
            2 if at > 0 => {
                let width = 1 + chance.below(5);
                let kept = chance.below(width);
                model.branch(width).unwrap();
                let mut scores = vec![0.0; width * ROWS];
                for &token in &piece[..piece.len().min(6)] {
                    let mut step = chance.tokens(width);
                    step[kept] = token;
                    model.step(&step, &mut scores).unwrap();
                }
                row = scores[kept * ROWS..][..ROWS].to_vec();
                model.keep(kept);
            }
            // All scores are looked at.
            3 => {
                let mut each = |_: usize, it: &[f32]| row = it.to_vec();
                model.extend(piece, Scores::Each(&mut each), &mut || true).unwrap();
            }
            // It is read beside others, then for itself.
            4 => {
                let other = chance.length().min(POSITIONS - at);
                let other = chance.tokens(other);
                let mut beside = Vec::new();
                let mut hear = |which: usize, _: usize, it: &[f32]| {
                    if which == 1 {
                        beside = it.to_vec();
                    }
                };
                model.extend_several(&[&other, piece], &mut hear, &mut || true).unwrap();
                row = read(model, piece);
                assert_eq!(bits(&beside), bits(&row), "beside others");
            }
            _ => row = read(model, piece),
        }
    }
    row
}

fn bits(row: &[f32]) -> Vec<u32> {
    row.iter().map(|it| it.to_bits()).collect()
}

#[test]
fn one_text_has_one_set_of_scores_however_it_was_read() {
    let mut chance = Chance(16);
    let mut readings = 0;
    for isa in Isa::available() {
        for precision in Precision::ALL {
            for shape in SHAPES {
                let mut alone = model(shape, isa, precision, 1);
                let mut other = model(shape, isa, precision, 2);
                assert_ne!(alone.arithmetic(), 0);
                for _ in 0..4 {
                    let length = chance.length();
                    let text = chance.tokens(length);
                    alone.rewind(0);
                    let whole = read(&mut *alone, &text);
                    assert!(whole.iter().all(|it| it.is_finite()));
                    let again = read_somehow(&mut *other, &text, &mut chance);
                    let of = format!("{} {} {shape:?}: {length} tokens", isa.name(), precision.name());
                    assert_eq!(bits(&whole), bits(&again), "{of}");
                    readings += 1;
                }
            }
        }
    }
    assert!(readings >= Precision::ALL.len() * SHAPES.len() * 4);
}

#[test]
fn a_number_of_an_arithmetic_stands_for_one_set_of_bits() {
    let mut chance = Chance(3);
    let text = chance.tokens(131);
    for precision in Precision::ALL {
        for shape in SHAPES {
            let mut seen: BTreeMap<u32, (&str, Vec<u32>)> = BTreeMap::new();
            for isa in Isa::available() {
                let mut model = model(shape, isa, precision, 2);
                let row = bits(&read(&mut *model, &text));
                let (name, expected) = seen.entry(model.arithmetic()).or_insert_with(|| (isa.name(), row.clone()));
                assert_eq!(&row, expected, "{} and {name}, {} {shape:?}", isa.name(), precision.name());
            }
        }
    }
}
