//! Two models side by side: what they say of the same text, and whether they are one.

/// A change that rounding to 8 bits of significand, bf16's, can make of a number; smaller numbers may become 0 in f16.
const ROUNDING: f32 = 1.0 / 256.0;
const SMALLEST: f32 = 1e-6;
/// Kullback-Leibler divergence, in nats a token, that no rounding of weights goes beyond.
const ROUNDED: f64 = 0.05;

/// Sums over the places of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sums {
    /// Places that were compared.
    pub places: usize,
    /// Where both hold the same token for the likeliest.
    pub same_likeliest: usize,
    /// The largest difference of two logits.
    pub largest: f64,
    /// Of all differences of logits, their sum; and how many there are.
    pub differences: f64,
    /// How many logits were compared.
    pub logits: usize,
    /// The Kullback-Leibler divergence of B from A, `sum a ln(a / b)` of their probabilities, in nats, all together.
    pub nats: f64,
    /// Whether a bit of any logit differs.
    pub differs: bool,
}

impl Sums {
    /// Adds a place: two rows of logits, (V,) each. `false` if one of them is no number.
    pub fn add(&mut self, a: &[f32], b: &[f32]) -> bool {
        let (Some((of_a, first)), Some((of_b, second))) = (log_sum_exp(a), log_sum_exp(b)) else { return false };
        self.places += 1;
        self.same_likeliest += usize::from(first == second);
        let mut nats = 0.0;
        for (&a, &b) in a.iter().zip(b) {
            if a.to_bits() == b.to_bits() {
                if a == f32::NEG_INFINITY {
                    continue;
                }
            } else {
                self.differs = true;
            }
            let difference = (f64::from(a) - f64::from(b)).abs();
            self.largest = self.largest.max(difference);
            self.differences += difference;
            let log_p = f64::from(a) - of_a;
            nats += log_p.exp() * (log_p - (f64::from(b) - of_b));
        }
        self.logits += a.len();
        // Rounding can make it a little less than nothing.
        self.nats += nats.max(0.0);
        nats.is_finite()
    }

    /// The mean difference of two logits.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.differences / self.logits.max(1) as f64
    }

    /// The divergence in nats a token.
    #[must_use]
    pub fn divergence(&self) -> f64 {
        self.nats / self.places.max(1) as f64
    }

    /// The share of places with the same likeliest token, 0 to 1.
    #[must_use]
    pub fn likeliest(&self) -> f64 {
        self.same_likeliest as f64 / self.places.max(1) as f64
    }
}

/// The logarithm of the sum of the powers of e, and where the first largest is; `None` if they are no scores.
///
/// In 64 bits throughout: a divergence of 1e-8 is less than sums of 32 bits, as the samplers make them, round away.
fn log_sum_exp(row: &[f32]) -> Option<(f64, usize)> {
    let (mut at, mut largest) = (0, f32::NEG_INFINITY);
    for (index, &it) in row.iter().enumerate() {
        if it.is_nan() {
            return None;
        }
        if it > largest {
            (at, largest) = (index, it);
        }
    }
    let sum: f64 = row.iter().map(|&it| (f64::from(it) - f64::from(largest)).exp()).sum();
    largest.is_finite().then(|| (f64::from(largest) + sum.ln(), at))
}

/// What the weights of two models have in common.
#[derive(Clone, Debug, PartialEq)]
pub enum Weights {
    /// Every number is the same.
    Same,
    /// The first tensor in which one differs, and the largest difference there; and whether all differences of all tensors are
    /// those of rounding.
    Differ {
        /// How the files of the model call it.
        first: String,
        /// The largest difference of two of its numbers.
        by: f32,
        /// Whether rounding explains all of them.
        rounded: bool,
    },
    /// They are of different models, and what shows it: another shape, another function between the matrices.
    Other(String),
    /// They could not be compared, and why.
    Unknown(String),
}

/// The largest difference of two tensors' numbers, and whether all are those of rounding.
#[must_use]
pub fn difference(a: &[f32], b: &[f32]) -> (f32, bool) {
    a.iter().zip(b).fold((0.0, true), |(largest, rounded), (&a, &b)| {
        let by = (a - b).abs();
        (by.max(largest), rounded && by <= a.abs().max(b.abs()) * ROUNDING + SMALLEST)
    })
}

/// What two models are to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every logit is the same to the last bit.
    Same,
    /// They differ as rounding makes them.
    Rounded,
    /// They are two models.
    Another,
}

impl Verdict {
    /// By what they say and what they hold.
    #[must_use]
    pub fn of(sums: &Sums, weights: &Weights) -> Self {
        match weights {
            Weights::Other(_) | Weights::Differ { rounded: false, .. } => Self::Another,
            Weights::Same | Weights::Unknown(_) if !sums.differs => Self::Same,
            // Numbers that differ where the text does not reach, too; another precision or another device.
            Weights::Differ { .. } | Weights::Same => Self::Rounded,
            Weights::Unknown(_) if sums.divergence() < ROUNDED => Self::Rounded,
            Weights::Unknown(_) => Self::Another,
        }
    }

    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Same => "the same to the bit",
            Self::Rounded => "the same but for rounding",
            Self::Another => "another model",
        }
    }
}

#[cfg(test)]
mod tests;
