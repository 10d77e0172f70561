//! Where the summed weights of the likeliest cross a line: what top-p and a die ask.
//!
//! The answer is that of adding one weight, `exp(logit - largest)`, after the other in order, in 64 bits. Where that takes tens
//! of thousands, the place is found by sums in another order, without a sort; if it is so near that their rounding could
//! matter, they are added one by one after all.

use multiversion::multiversion;

use super::super::logits::{GROUP, exp};
use super::{Candidate, Candidates, FEW, SIDE_BY_SIDE, key, logit, weigh};

/// The candidate with which the summed weights cross a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::sample) struct Crossing {
    /// The candidate.
    pub(in crate::sample) at: Candidate,
    /// Candidates up to it, with it.
    pub(in crate::sample) count: usize,
}

/// What a different order of summation can change, as a share of the sum, many times over: 1e5 roundings of 1.1e-16.
const ROUNDING: f64 = 1e-10;

/// What is looked at in a long list, as one of so many.
const SAMPLE: usize = GROUP;

/// A sum is so near to the line that it depends on the order of summation on which side it is.
struct Near;

impl Candidates {
    /// The first candidate, likeliest first, with which the summed weights are above `line`, in units of
    /// [`masses`](Self::masses); the last one if they never are. `None` if there is none.
    pub(in crate::sample) fn first_above(&mut self, line: f64) -> Option<Crossing> {
        self.cross(line, ROUNDING * line).or_else(|Near| self.cross(line, 0.0)).unwrap_or_default()
    }

    /// [`Self::first_above`] for many lines in order, the lowest first: all candidates are added once.
    pub(in crate::sample) fn each_above(&mut self, lines: impl Iterator<Item = f64>, mut hear: impl FnMut(Candidate)) {
        let (largest, mut lines) = (self.largest(), lines.peekable());
        let (all, mut sum) = (self.likeliest(usize::MAX), 0.0);
        for part in all.chunks(SIDE_BY_SIDE) {
            let mut weights = [0.0; SIDE_BY_SIDE];
            weigh(part, largest, &mut weights);
            for (&at, weight) in part.iter().zip(weights) {
                sum += f64::from(weight);
                while lines.next_if(|line| sum > *line).is_some() {
                    hear(at);
                }
            }
            if lines.peek().is_none() {
                return;
            }
        }
        if let Some(&last) = all.last() {
            lines.for_each(|_| hear(last));
        }
    }

    /// The same with sums in any order, if they are `margin` from the line at the least; one by one if that is 0.
    fn cross(&mut self, line: f64, margin: f64) -> Result<Option<Crossing>, Near> {
        let largest = self.largest();
        let (mut sum, mut count) = (0.0, 0);
        for piece in (3..).map(|it| 4_usize.saturating_pow(it)) {
            if count == self.left {
                break;
            }
            let end = self.likeliest(piece).len();
            for part in self.list[count..end].chunks(SIDE_BY_SIDE) {
                let mut weights = [0.0; SIDE_BY_SIDE];
                weigh(part, largest, &mut weights);
                let weights = &weights[..part.len()];
                let whole = sum + side_by_side(weights);
                if margin > 0.0 && whole < line - margin {
                    (sum, count) = (whole, count + part.len());
                    continue;
                }
                for (&at, &weight) in part.iter().zip(weights) {
                    (sum, count) = (sum + f64::from(weight), count + 1);
                    if is_above(sum, line, margin)? {
                        return Ok(Some(Crossing { at, count }));
                    }
                }
            }
            // No other candidate weighs more than the last one.
            let least = (line - sum) / f64::from(exp(self.list[end - 1].logit - largest));
            if margin > 0.0 && end < self.left && least > FEW as f64 {
                return self.search(line, margin);
            }
        }
        Ok(self.list.last().map(|&at| Crossing { at, count }))
    }

    /// The crossing among scores that are in no order, of which only those near it are brought into one.
    fn search(&self, line: f64, margin: f64) -> Result<Option<Crossing>, Near> {
        let largest = self.largest();
        // A few of them say about where it is.
        let mut sample: Vec<u32> = self.scores.iter().step_by(SAMPLE).map(|&it| (key(0, it) >> 32) as u32).collect();
        radsort::sort(&mut sample);
        let mut sum = 0.0;
        let near = sample.iter().position(|&it| {
            sum += f64::from(exp(logit(it) - largest)) * SAMPLE as f64;
            sum > line
        });
        let near = near.unwrap_or(sample.len());
        // Three standard deviations, at the most, of a place among so many.
        let slack = (1.5 * (sample.len() as f64).sqrt()) as usize + 1;
        let ceiling = near.checked_sub(slack).map_or(f32::INFINITY, |it| logit(sample[it]));
        let floor = sample.get(near + slack).map_or(f32::NEG_INFINITY, |&it| logit(it));
        let (mut count, mut sum) = mass_above(&self.scores, ceiling, largest);
        if is_above(sum, line, margin)? {
            return Err(Near);
        }
        for at in self.between(floor, ceiling) {
            (sum, count) = (sum + f64::from(exp(at.logit - largest)), count + 1);
            if is_above(sum, line, margin)? {
                return Ok(Some(Crossing { at, count }));
            }
        }
        // It is below the floor, or nowhere.
        Err(Near)
    }
}

fn is_above(sum: f64, line: f64, margin: f64) -> Result<bool, Near> {
    if margin > 0.0 && (sum - line).abs() <= margin { Err(Near) } else { Ok(sum > line) }
}

/// The sum of some weights, several at a time.
fn side_by_side(weights: &[f32]) -> f64 {
    let mut sums = [0_f64; 8];
    for group in weights.chunks(sums.len()) {
        for (sum, &weight) in sums.iter_mut().zip(group) {
            *sum += f64::from(weight);
        }
    }
    sums.iter().sum()
}

/// How many scores are above a floor, and the sum of their weights.
#[multiversion(targets = "simd")]
pub(in crate::sample) fn mass_above(scores: &[f32], floor: f32, largest: f32) -> (usize, f64) {
    let (groups, rest) = scores.as_chunks::<GROUP>();
    let (mut counts, mut sums) = ([0_u32; GROUP], [0_f64; GROUP]);
    for group in groups {
        for at in 0..GROUP {
            let is_above = group[at] > floor;
            counts[at] += u32::from(is_above);
            sums[at] += f64::from(if is_above { exp(group[at] - largest) } else { 0.0 });
        }
    }
    for (at, &score) in rest.iter().enumerate().filter(|it| *it.1 > floor) {
        counts[at] += 1;
        sums[at] += f64::from(exp(score - largest));
    }
    (counts.iter().sum::<u32>() as usize, sums.iter().sum())
}

#[cfg(test)]
mod tests;
