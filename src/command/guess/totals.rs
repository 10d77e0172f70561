//! What the class and the model have reached.

/// From how many words on the entropy's bounds are told: of fewer they say nothing.
pub(super) const ENOUGH: usize = 10;

/// Sums over the words that were asked.
#[derive(Clone, Debug, Default)]
pub(super) struct Totals {
    pub(super) words: usize,
    /// How many words were right at the first guess, at the second and so on; behind those the words never guessed.
    at: Vec<usize>,
    pub(super) model: usize,
    bits: f64,
}

impl Totals {
    /// With so many guesses a word.
    pub(super) fn new(guesses: usize) -> Self {
        Self { at: vec![0; guesses + 1], ..Self::default() }
    }

    /// A word: at which guess it was right, from 0; whether the model was; its bits.
    pub(super) fn add(&mut self, right: Option<usize>, model: bool, bits: f64) {
        let last = self.at.len() - 1;
        self.at[right.unwrap_or(last)] += 1;
        self.words += 1;
        self.model += usize::from(model);
        self.bits += bits;
    }

    pub(super) fn first(&self) -> usize {
        self.at[0]
    }

    pub(super) fn any(&self) -> usize {
        self.words - self.at[self.at.len() - 1]
    }

    /// The model's mean surprise at a word; `None` without one.
    pub(super) fn bits(&self) -> Option<f64> {
        (self.words > 0).then(|| self.bits / self.words as f64)
    }

    /// The upper and the lower bound of the class's entropy, in bits a word, once there are [`ENOUGH`].
    pub(super) fn bounds(&self) -> Option<(f64, Option<f64>)> {
        let share = |it: &usize| *it as f64 / self.words as f64;
        (self.words >= ENOUGH).then(|| bounds(&self.at.iter().map(share).collect::<Vec<_>>()))
    }
}

/// Shannon's bounds of the entropy, in bits, by the shares q of what was right at guess 1, 2, ...: at most -sum q log2 q, at
/// least sum i (q(i) - q(i+1)) log2 i. That one is none where shares grow, since its proof needs them in order.
///
/// Source: Shannon, *Prediction and Entropy of Printed English* (Bell System Technical Journal 30, 1951), section 5.
fn bounds(shares: &[f64]) -> (f64, Option<f64>) {
    let upper = shares.iter().filter(|it| **it > 0.0).map(|it| -it * it.log2()).sum();
    let is_ordered = shares.is_sorted_by(|a, b| a >= b);
    let behind = shares.iter().skip(1).chain([&0.0]);
    let terms = (1u32..).zip(shares.iter().zip(behind)).map(|(i, (q, next))| {
        let i = f64::from(i);
        i * (q - next) * i.log2()
    });
    (upper, is_ordered.then(|| terms.sum()))
}

#[cfg(test)]
mod tests;
