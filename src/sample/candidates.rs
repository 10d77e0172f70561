//! The tokens still in the running, ordered only as far as somebody looked.

use std::cmp::Ordering;

use crate::TokenId;

/// One token in the running.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Which token.
    pub token: TokenId,
    /// Its score as it stands after the steps so far, unnormalised.
    pub logit: f32,
}

/// The candidates, of which the first [`ordered`](Self::ordered) are the likeliest, likeliest first.
///
/// Sorting 50,257 scores takes milliseconds; a draw mostly needs the first dozens. So the order is made in growing
/// pieces, on demand. Equal scores are ordered by token, so that the result does not depend on the pieces.
#[derive(Clone, Debug)]
pub struct Candidates {
    list: Vec<Candidate>,
    ordered: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that sorting wants")]
fn likelier(a: &Candidate, b: &Candidate) -> Ordering {
    b.logit.total_cmp(&a.logit).then(a.token.cmp(&b.token))
}

impl Candidates {
    /// All tokens of a row of logits, (V,), but those of minus infinity.
    #[must_use]
    pub fn new(logits: &[f32]) -> Self {
        let list = (0..)
            .zip(logits)
            .filter(|&(_, &logit)| logit > f32::NEG_INFINITY)
            .map(|(token, &logit)| Candidate { token, logit })
            .collect();
        Self { list, ordered: 0 }
    }

    /// How many are left.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether none is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// All that are left; only the first [`ordered`](Self::ordered) are in order.
    #[must_use]
    pub fn as_slice(&self) -> &[Candidate] {
        &self.list
    }

    /// How many at the front are known to be in order.
    #[must_use]
    pub fn ordered(&self) -> usize {
        self.ordered
    }

    /// The `n` likeliest, likeliest first; fewer if fewer are left.
    pub fn likeliest(&mut self, n: usize) -> &[Candidate] {
        let n = n.min(self.list.len());
        if n > self.ordered {
            let rest = &mut self.list[self.ordered..];
            let wanted = n - self.ordered;
            if wanted < rest.len() {
                rest.select_nth_unstable_by(wanted - 1, likelier);
            }
            rest[..wanted].sort_unstable_by(likelier);
            self.ordered = n;
        }
        &self.list[..n]
    }

    /// The largest logit, or minus infinity if none is left.
    #[must_use]
    pub fn largest(&self) -> f32 {
        match self.list.first() {
            Some(first) if self.ordered > 0 => first.logit,
            _ => self.list.iter().fold(f32::NEG_INFINITY, |top, it| top.max(it.logit)),
        }
    }

    /// The sum of `exp(logit - largest)`: what turns logits into probabilities.
    #[must_use]
    pub fn total(&self) -> f64 {
        let largest = self.largest();
        self.list.iter().map(|it| f64::from((it.logit - largest).exp())).sum()
    }

    /// Keeps the `n` likeliest.
    pub fn truncate(&mut self, n: usize) {
        let kept = self.likeliest(n).len();
        self.list.truncate(kept);
        self.ordered = kept;
    }

    /// Keeps those with a logit of at least `floor`.
    pub fn keep_from(&mut self, floor: f32) {
        self.ordered = self.list[..self.ordered].iter().take_while(|it| it.logit >= floor).count();
        self.list.retain(|it| it.logit >= floor);
    }

    /// Multiplies every logit by a positive factor, which keeps the order, counting from the largest.
    ///
    /// Only differences matter, and those of the largest are zero, however large the factor.
    pub fn scale(&mut self, factor: f32) {
        let largest = self.largest();
        for it in &mut self.list {
            it.logit = (it.logit - largest) * factor;
        }
    }

    /// How many of the likeliest it takes for their summed weights, `exp(logit - largest)`, to satisfy `enough`.
    ///
    /// The one that crosses the line counts; all, if the line is never crossed. At least one, unless none is left.
    pub fn count_until(&mut self, mut enough: impl FnMut(f64) -> bool) -> usize {
        let largest = self.largest();
        let (mut sum, mut n) = (0.0, 0);
        let mut piece = 64;
        while n < self.list.len() {
            let end = self.likeliest(piece).len();
            for it in &self.list[n..end] {
                sum += f64::from((it.logit - largest).exp());
                n += 1;
                if enough(sum) {
                    return n;
                }
            }
            piece *= 4;
        }
        n
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_made_in_pieces_is_the_order_made_at_once() {
        // Few different values, so that ties cross every border between two pieces.
        let logits: Vec<f32> = (0..5000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 28) as f32).collect();
        let mut whole = Candidates::new(&logits);
        let whole = whole.likeliest(5000).to_vec();
        let mut pieces = Candidates::new(&logits);
        for n in [1, 2, 64, 65, 1000, 4999, 5000] {
            assert_eq!(pieces.likeliest(n), &whole[..n]);
        }
        let mut expected: Vec<TokenId> = (0..5000).collect();
        expected.sort_by(|&a, &b| logits[b as usize].total_cmp(&logits[a as usize]).then(a.cmp(&b)));
        assert_eq!(whole.iter().map(|it| it.token).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn minus_infinity_is_not_in_the_running() {
        let mut candidates = Candidates::new(&[1.0, f32::NEG_INFINITY, 2.0]);
        assert_eq!(candidates.likeliest(9).iter().map(|it| it.token).collect::<Vec<_>>(), [2, 0]);
        assert!(Candidates::new(&[f32::NEG_INFINITY]).is_empty());
    }

    #[test]
    fn keeping_from_a_floor_keeps_what_was_ordered_in_order() {
        let mut candidates = Candidates::new(&[1.0, 4.0, 2.0, 3.0]);
        candidates.likeliest(3);
        candidates.keep_from(2.0);
        assert_eq!(candidates.ordered(), 3);
        assert_eq!(candidates.likeliest(4).iter().map(|it| it.token).collect::<Vec<_>>(), [1, 3, 2]);
        candidates.keep_from(9.0);
        assert!(candidates.is_empty());
    }
}
