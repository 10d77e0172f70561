//! The tokens still in the running, ordered only as far as a step looked.

mod crossing;

use multiversion::multiversion;

pub(super) use self::crossing::{Crossing, mass_above};
use super::logits::{GROUP, count_above, count_from, exp, largest, masses, peaks};
use crate::TokenId;

/// One token in the running.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// The id in the vocabulary.
    pub token: TokenId,
    /// Its score as it stands after the steps so far, unnormalised.
    pub logit: f32,
}

/// The candidates, of which the first [`ordered`](Self::ordered) are known in their order, likeliest first.
///
/// Sorting 50,257 scores takes milliseconds; a draw mostly needs the first dozens. So the order is made in growing
/// pieces, on demand. Equal scores are ordered by token, so that the result does not depend on the pieces.
#[derive(Clone, Debug)]
pub struct Candidates {
    /// By token, (V,); minus infinity where it is out. Empty as soon as `list` holds all that are left.
    scores: Vec<f32>,
    /// The largest of each [`GROUP`] scores. So many largest peaks name a score that at least as many tokens reach, and say
    /// in which groups these are, so that a look at some hundred groups finds them.
    peaks: Vec<f32>,
    left: usize,
    /// The likeliest, in order.
    list: Vec<Candidate>,
}

/// Weights that are summed are made so many at a time.
const SIDE_BY_SIDE: usize = 64;

/// As many are brought into order at once when a step has to look at them anyway.
const FEW: usize = 2048;

impl Candidates {
    /// All tokens of a row of logits, (V,), but those of minus infinity.
    #[must_use]
    pub fn new(logits: &[f32]) -> Self {
        let mut new = Self { scores: logits.to_vec(), peaks: Vec::new(), left: 0, list: Vec::new() };
        new.look();
        new
    }

    /// Brings peaks and count up to date with the scores.
    fn look(&mut self) {
        self.peaks.resize(self.scores.len().div_ceil(GROUP), f32::NEG_INFINITY);
        peaks(&self.scores, &mut self.peaks);
        self.left = count_above(&self.scores, f32::NEG_INFINITY);
    }

    /// How many are left.
    #[must_use]
    pub fn len(&self) -> usize {
        self.left
    }

    /// Whether none is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.left == 0
    }

    /// How many at the front are known to be in order.
    #[must_use]
    pub fn ordered(&self) -> usize {
        self.list.len()
    }

    /// The score of a token, `None` if it is out.
    #[must_use]
    pub fn logit(&self, token: TokenId) -> Option<f32> {
        if self.is_listed() {
            return self.list.iter().find(|it| it.token == token).map(|it| it.logit);
        }
        self.scores.get(token as usize).copied().filter(|&it| it > f32::NEG_INFINITY)
    }

    /// Whether the list holds all that are left.
    fn is_listed(&self) -> bool {
        self.list.len() == self.left
    }

    /// The `n` likeliest, likeliest first; fewer if fewer are left.
    pub fn likeliest(&mut self, n: usize) -> &[Candidate] {
        let n = n.min(self.left);
        if n > self.list.len() {
            // The n-th largest peak is reached by n tokens at least. With many wanted, finding it costs more than it saves.
            let floor = if n > self.peaks.len() / 2 {
                f32::NEG_INFINITY
            } else {
                let mut peaks = self.peaks.clone();
                *peaks.select_nth_unstable_by(n - 1, |a, b| b.total_cmp(a)).1
            };
            self.list = self.from(floor);
        }
        &self.list[..n]
    }

    /// All with a score of at least `floor`, in order.
    fn from(&self, floor: f32) -> Vec<Candidate> {
        self.between(floor, f32::INFINITY)
    }

    /// All with a score of at least `floor` and at most `ceiling`, in order.
    fn between(&self, floor: f32, ceiling: f32) -> Vec<Candidate> {
        let mut keys = Vec::new();
        let groups = (0..).step_by(GROUP).zip(self.scores.chunks(GROUP)).zip(&self.peaks);
        for ((first, group), _) in groups.filter(|it| *it.1 >= floor) {
            let is_within = |it: f32| it >= floor && it <= ceiling && it > f32::NEG_INFINITY;
            let within = (first..).zip(group).filter(|it| is_within(*it.1));
            keys.extend(within.map(|(token, &logit)| key(token, logit)));
        }
        // By the score alone, which is the upper half: they come by token, and those of equal scores stay so.
        if keys.len() > FEW {
            radsort::sort_by_key(&mut keys, |it| (it >> 32) as u32);
        } else {
            keys.sort_unstable();
        }
        keys.into_iter().map(|key| Candidate { token: key as TokenId, logit: logit((key >> 32) as u32) }).collect()
    }

    /// The largest logit, or minus infinity if none is left.
    #[must_use]
    pub fn largest(&self) -> f32 {
        match self.list.first() {
            Some(first) => first.logit,
            None => largest(&self.peaks),
        }
    }

    /// The sum of `exp(logit - largest)`, which turns logits into probabilities, and that of the same times
    /// `logit - largest`, which is what entropy needs.
    #[must_use]
    pub fn masses(&self) -> (f64, f64) {
        if self.is_listed() {
            let logits: Vec<f32> = self.list.iter().map(|it| it.logit).collect();
            return masses(&logits, self.largest());
        }
        masses(&self.scores, self.largest())
    }

    /// Natural logarithm of the sum of `exp(logit)`.
    #[must_use]
    pub(super) fn log_mass(&self) -> f64 {
        f64::from(self.largest()) + self.masses().0.ln()
    }

    /// Keeps those up to a crossing.
    pub(super) fn keep_to(&mut self, crossing: Crossing) {
        if crossing.count > self.list.len() {
            // What is behind it need not be brought into order.
            self.list = self.from(crossing.at.logit);
        }
        self.truncate(crossing.count);
    }

    /// Keeps the `n` likeliest.
    pub fn truncate(&mut self, n: usize) {
        let kept = self.likeliest(n).len();
        self.list.truncate(kept);
        self.only_listed();
    }

    fn only_listed(&mut self) {
        self.scores.clear();
        self.peaks.clear();
        self.left = self.list.len();
    }

    /// Keeps those with a logit of at least `floor`.
    pub fn keep_from(&mut self, floor: f32) {
        let listed = self.list.iter().take_while(|it| it.logit >= floor).count();
        if listed < self.list.len() || self.is_listed() {
            self.list.truncate(listed);
            return self.only_listed();
        }
        let count = count_from(&self.scores, floor);
        if count <= FEW {
            self.list = self.from(floor);
            return self.only_listed();
        }
        for it in &mut self.scores {
            *it = if *it >= floor { *it } else { f32::NEG_INFINITY };
        }
        self.look();
    }

    /// Takes out the `n` likeliest.
    pub fn drop_likeliest(&mut self, n: usize) {
        let was_listed = self.is_listed();
        let n = self.likeliest(n).len();
        let out: Vec<Candidate> = self.list.drain(..n).collect();
        if was_listed {
            return self.only_listed();
        }
        for it in out {
            self.scores[it.token as usize] = f32::NEG_INFINITY;
        }
        self.look();
    }

    /// How far the logits are spread: their standard deviation, as of a whole population.
    #[must_use]
    pub fn deviation(&self) -> f64 {
        let listed = self.list.iter().map(|it| it.logit);
        let scored = self.scores.iter().copied().filter(|&it| it > f32::NEG_INFINITY);
        let all: Vec<f64> =
            if self.is_listed() { listed.map(f64::from).collect() } else { scored.map(f64::from).collect() };
        let mean = all.iter().sum::<f64>() / all.len().max(1) as f64;
        (all.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / all.len().max(1) as f64).sqrt()
    }

    /// Keeps those whose logits are nearest to `middle`, counted from the largest, until their summed weights,
    /// `exp(logit - largest)`, reach `mass`. Of two as near the likelier one comes first; the one that reaches it stays.
    pub fn keep_around(&mut self, middle: f32, mass: f64) {
        let largest = self.largest();
        let mut piece = 64;
        loop {
            let listed = self.likeliest(piece).len();
            let whole = listed == self.left;
            let x = |at: usize| self.list[at].logit - largest;
            let mut first = self.list.partition_point(|it| it.logit - largest >= middle).min(listed);
            let (mut end, mut sum) = (first, 0.0);
            while (sum < mass || first == end) && (first > 0 || end < listed) {
                // What stands outside of the piece may be nearer than what is left of it.
                if end == listed && !whole {
                    break;
                }
                let likelier = first > 0 && (end == listed || x(first - 1) - middle <= middle - x(end));
                if likelier {
                    first -= 1;
                    sum += f64::from(exp(x(first)));
                } else {
                    sum += f64::from(exp(x(end)));
                    end += 1;
                }
            }
            if whole || (sum >= mass && first < end) {
                self.list.truncate(end);
                self.list.drain(..first);
                return self.only_listed();
            }
            piece *= 4;
        }
    }

    /// Multiplies every logit by a positive factor, which keeps the order, counting from the largest.
    ///
    /// Only differences matter, and those of the largest are zero, however large the factor.
    pub fn scale(&mut self, factor: f32) {
        let largest = self.largest();
        // What is in stays in, however far behind it falls.
        let scaled = |it: f32| if it > f32::NEG_INFINITY { ((it - largest) * factor).max(f32::MIN) } else { it };
        self.list.iter_mut().for_each(|it| it.logit = scaled(it.logit));
        self.scores.iter_mut().for_each(|it| *it = scaled(*it));
        self.peaks.iter_mut().for_each(|it| *it = scaled(*it));
    }

    /// How many of the likeliest it takes for their summed weights, `exp(logit - largest)`, to satisfy `enough`.
    ///
    /// The one that crosses the line counts; all, if the line is never crossed. At least one, unless none is left.
    pub fn count_until(&mut self, mut enough: impl FnMut(f64) -> bool) -> usize {
        let largest = self.largest();
        let (mut sum, mut n) = (0.0, 0);
        let mut piece = 64;
        while n < self.left {
            let end = self.likeliest(piece).len();
            for part in self.list[n..end].chunks(SIDE_BY_SIDE) {
                // All at once, which is quicker even where the first crosses the line.
                let mut weights = [0.0; SIDE_BY_SIDE];
                weigh(part, largest, &mut weights);
                for weight in &weights[..part.len()] {
                    sum += f64::from(*weight);
                    n += 1;
                    if enough(sum) {
                        return n;
                    }
                }
            }
            piece *= 4;
        }
        n
    }
}

/// `exp(logit - largest)` of some candidates.
#[multiversion(targets = "simd")]
fn weigh(part: &[Candidate], largest: f32, out: &mut [f32; SIDE_BY_SIDE]) {
    let mut logits = [f32::NEG_INFINITY; SIDE_BY_SIDE];
    for (logit, it) in logits.iter_mut().zip(part) {
        *logit = it.logit;
    }
    for (out, logit) in out.iter_mut().zip(logits) {
        *out = exp(logit - largest);
    }
}

/// A number that is smaller for what comes earlier: the larger logit, then the smaller token, which is its lower half.
fn key(token: TokenId, logit: f32) -> u64 {
    let bits = logit.to_bits();
    let ascending = if bits >> 31 == 1 { !bits } else { bits | 1 << 31 };
    u64::from(!ascending) << 32 | u64::from(token)
}

/// The logit of the upper half of a [`key`].
fn logit(key: u32) -> f32 {
    let ascending = !key;
    f32::from_bits(if ascending >> 31 == 1 { ascending ^ 1 << 31 } else { !ascending })
}

#[cfg(test)]
mod tests;
