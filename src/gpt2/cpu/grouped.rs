//! Activations in the order in which products read them: in groups of tokens, in floats or in 8 bits.

use super::lanes::Isa;
use super::matrix::BLOCK;

/// The sizes of groups of tokens. Tokens are worked on a group at a time, as many of the largest as there are first.
const GROUPS: [usize; 4] = [12, 8, 4, 1];

/// The groups of so many tokens: the first token and how many.
pub(super) fn groups(tokens: usize) -> impl Iterator<Item = (usize, usize)> {
    let mut first = 0;
    std::iter::from_fn(move || {
        let count = GROUPS.into_iter().find(|&it| it <= tokens - first)?;
        first += count;
        Some((first - count, count))
    })
}

/// Activations brought to 8 bits in blocks of [`BLOCK`], a group of tokens after the other. Within a group of G tokens
/// what belongs together of all its tokens lies side by side, so that a product reads memory in order.
#[derive(Default)]
pub(super) struct Quantized {
    /// For each group (C / 4, G), each number four columns as its bytes; C filled up with zeros to whole blocks.
    pub(super) values: Vec<i32>,
    /// For each group (blocks, G): one step of the values.
    pub(super) scales: Vec<f32>,
    /// For each group (blocks, G): the sum of the values.
    pub(super) sums: Vec<i32>,
}

/// The part of [`Quantized`] that is one group's.
pub(super) struct QuantizedGroup<'a> {
    pub(super) values: &'a mut [i32],
    pub(super) scales: &'a mut [f32],
    pub(super) sums: &'a mut [i32],
}

impl Quantized {
    /// Makes room for `tokens` rows of `columns`.
    pub(super) fn resize(&mut self, tokens: usize, columns: usize) {
        let blocks = columns.div_ceil(BLOCK);
        self.values.resize(tokens * blocks * BLOCK / 4, 0);
        self.scales.resize(tokens * blocks, 0.0);
        self.sums.resize(tokens * blocks, 0);
    }
}

impl QuantizedGroup<'_> {
    /// Fills the group from its tokens' activations, (G, `columns`).
    pub(super) fn fill(&mut self, isa: Isa, x: &[f32], columns: usize) {
        let (count, blocks) = (x.len() / columns, columns.div_ceil(BLOCK));
        let (mut values, mut scales, mut sums) = (vec![0i8; blocks * BLOCK], vec![0.0; blocks], vec![0; blocks]);
        for (token, x) in x.chunks_exact(columns).enumerate() {
            isa.quantize(x, &mut values, &mut scales, &mut sums);
            let quads = values.as_chunks::<4>().0;
            for (to, four) in self.values[token..].iter_mut().step_by(count).zip(quads) {
                *to = i32::from_le_bytes([four[0] as u8, four[1] as u8, four[2] as u8, four[3] as u8]);
            }
            for (to, scale) in self.scales[token..].iter_mut().step_by(count).zip(&scales) {
                *to = *scale;
            }
            for (to, sum) in self.sums[token..].iter_mut().step_by(count).zip(&sums) {
                *to = *sum;
            }
        }
    }
}

/// Brings a group's activations, (G, C), into the order of products: (C, G).
pub(super) fn transpose(x: &[f32], columns: usize, out: &mut [f32]) {
    let count = x.len() / columns;
    for (token, x) in x.chunks_exact(columns).enumerate() {
        for (to, x) in out[token..].iter_mut().step_by(count).zip(x) {
            *to = *x;
        }
    }
}

/// What a matrix is multiplied with, in [`groups`] of tokens.
#[derive(Clone, Copy)]
pub(super) enum Input<'a> {
    /// For each group (C, G).
    Floats(&'a [f32]),
    /// The same in 8 bits, for matrices of 8 and 4 bits.
    Bytes(&'a Quantized),
}
