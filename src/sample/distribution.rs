//! A row of logits under settings: what is left, how likely, and why.

use serde::{Deserialize, Serialize};

use super::candidates::Crossing;
use super::filters;
use super::logits::{count_below, entropy, exp, largest, log_sum_exp_and_entropy, rank};
use super::parameters::StepApply as Apply;
use super::trace::{Did, StepTrace};
use super::{Candidates, Context, Settings, Step};
use crate::TokenId;

/// Why nothing can be drawn.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SampleError {
    /// The model's scores are broken.
    #[error("the score of token {token} is {value}, not a number to draw with")]
    NotFinite {
        /// The first such token.
        token: TokenId,
        /// NaN or plus infinity.
        value: f32,
    },
    /// Every token is at minus infinity.
    #[error("no token has a finite score")]
    NoCandidates,
}

/// A token picked from a distribution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Picked {
    /// The id in the vocabulary.
    pub token: TokenId,
    /// Its probability after the samplers.
    pub p: f64,
    /// Its place among the candidates after the samplers, 0 for the likeliest.
    pub rank: usize,
}

/// One line of the table of candidates.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The id in the vocabulary.
    pub token: TokenId,
    /// Its probability by the model alone.
    pub model: f32,
    /// Natural logarithm of that, where it is too small for its bits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_model: Option<f32>,
    /// Its probability after the samplers; `None` if they cut it.
    pub after: Option<f32>,
    /// Natural logarithm of that, where it is too small for its bits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_after: Option<f32>,
}

impl Row {
    /// Natural logarithm of the probability after the samplers, as [`Self::log_p`]; `None` if they cut the token.
    #[must_use]
    pub fn log_p_after(&self) -> Option<f32> {
        self.after.map(|it| log_p(it, self.log_after))
    }

    /// Natural logarithm of the probability by the model alone; that of the smallest number where an older transcript has
    /// nothing else.
    #[must_use]
    pub fn log_p(&self) -> f32 {
        log_p(self.model, self.log_model)
    }
}

/// What is below it may be less than it seems.
const SMALL: f32 = 1e-37;

fn log_p(p: f32, log_p: Option<f32>) -> f32 {
    log_p.unwrap_or_else(|| p.max(f32::from_bits(1)).ln())
}

/// What was known when a token was drawn. Enough to show it, to explain it and to check a replay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Draw {
    /// The id in the vocabulary.
    pub token: TokenId,
    /// Its probability by the model alone.
    pub model: f32,
    /// Natural logarithm of that, where it is too small for its bits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_model: Option<f32>,
    /// Its probability after the samplers.
    pub after: f32,
    /// Its place by the model alone, 0 for the likeliest.
    pub rank: u32,
    /// How many candidates the samplers left.
    pub kept: u32,
    /// The die, in `[0, 1)`.
    pub die: f64,
    /// Entropy of the model's own distribution, in bits; older transcripts do not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entropy: Option<f32>,
    /// Mirostat's limit for the next token, in bits, if it steers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mu: Option<f32>,
    /// How many bytes of the token's text had been typed before it was drawn, if any.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub begun: usize,
    /// The likeliest tokens by the model, likeliest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub top: Vec<Row>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_zero(n: &usize) -> bool {
    *n == 0
}

impl Draw {
    /// Natural logarithm of the probability by the model alone; that of the smallest number where an older transcript has
    /// nothing else.
    #[must_use]
    pub fn log_p(&self) -> f32 {
        log_p(self.model, self.log_model)
    }
}

/// How mirostat stands before a draw, in bits.
#[derive(Clone, Copy, Debug)]
struct Mirostat {
    mu: f32,
    tau: f32,
    eta: f32,
}

/// The distribution of the next token under settings.
#[derive(Clone, Debug)]
pub struct Distribution {
    candidates: Candidates,
    largest: f32,
    /// The candidates' masses, see [`Candidates::masses`].
    total: f64,
    weighted: f64,
    /// Natural logarithm of the sum of `exp` of the model's logits.
    log_sum_exp: f64,
    /// Entropy of the model's own distribution, in bits.
    pub model_entropy: f64,
    /// What each step did, in the order of the chain; neutral steps are left out.
    pub trace: Vec<StepTrace>,
    /// How many tokens go on with what was begun, if something was.
    pub held_to: Option<usize>,
    begun: usize,
    mirostat: Option<Mirostat>,
}

impl Distribution {
    /// Applies the chain of `settings` to the model's `logits`, (V,), in a context.
    ///
    /// # Errors
    ///
    /// If a logit is NaN or plus infinity, or all are minus infinity.
    pub fn new(logits: &[f32], context: &Context, settings: &Settings) -> Result<Self, SampleError> {
        Self::build(logits, context, settings, false)
    }

    /// The same, and the trace says what share of the probability each cut left: some exponentials more, for the screen.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn explained(logits: &[f32], context: &Context, settings: &Settings) -> Result<Self, SampleError> {
        Self::build(logits, context, settings, true)
    }

    fn build(logits: &[f32], context: &Context, settings: &Settings, explain: bool) -> Result<Self, SampleError> {
        // Counted, which is many at a time; which one, only if it must be told.
        if count_below(logits, f32::INFINITY) != logits.len()
            && let Some((token, &value)) = (0..).zip(logits).find(|(_, it)| it.is_nan() || **it == f32::INFINITY)
        {
            return Err(SampleError::NotFinite { token, value });
        }
        let largest = largest(logits);
        if largest == f32::NEG_INFINITY {
            return Err(SampleError::NoCandidates);
        }
        let (log_sum_exp, model_entropy) = log_sum_exp_and_entropy(logits, largest);
        let mut trace = Vec::new();
        let mut candidates = None;
        let mut penalised: Option<Vec<f32>> = None;
        let mut held_to = None;
        if !context.begun.is_empty() {
            let held = context.constraints.hold_to(penalised.insert(logits.to_vec()), context.begun);
            held_to = Some(held);
        }
        let tau = settings.mirostat_tau;
        let mirostat = (!settings.is_neutral(Step::Mirostat)).then(|| Mirostat {
            mu: filters::mirostat_limit(context, settings),
            tau,
            eta: settings.mirostat_eta,
        });
        for step in settings.order.steps() {
            if settings.is_neutral(step) {
                continue;
            }
            let scores = || penalised.as_deref().unwrap_or(logits);
            let did = match step.apply() {
                Apply::Penalty(penalise) => {
                    let scores = penalised.get_or_insert_with(|| logits.to_vec());
                    Did::Touched(penalise(scores, context, settings))
                }
                Apply::Divisor(divide) => Did::Divided { by: divide(still_open(&mut candidates, scores())?, settings) },
                Apply::Filter(filter) => {
                    let left = still_open(&mut candidates, scores())?;
                    let before = explain.then(|| left.log_mass());
                    filter(left, context, settings);
                    let share = before.map(|it| (left.log_mass() - it).exp().min(1.0) as f32);
                    Did::Left { count: left.len(), share }
                }
            };
            trace.push(StepTrace { step, did });
        }
        let candidates = candidates.unwrap_or_else(|| Candidates::new(penalised.as_deref().unwrap_or(logits)));
        if candidates.is_empty() {
            return Err(SampleError::NoCandidates);
        }
        let (largest, (total, weighted)) = (candidates.largest(), candidates.masses());
        let begun = context.begun.len();
        Ok(Self { candidates, largest, total, weighted, log_sum_exp, model_entropy, trace, held_to, begun, mirostat })
    }

    /// How many tokens can still be drawn.
    #[must_use]
    pub fn kept(&self) -> usize {
        self.candidates.len()
    }

    /// Picks the token under `coin`, in `[0, 1)`: the first, likeliest first, whose summed probability exceeds it.
    ///
    /// The coin is an argument so that a test can ask for every outcome and the screen for other ones.
    pub fn pick(&mut self, coin: f64) -> Picked {
        let Some(Crossing { at, count }) = self.candidates.first_above(coin * self.total) else {
            unreachable!("a distribution has a candidate at least");
        };
        Picked { token: at.token, p: self.probability(at.logit), rank: count - 1 }
    }

    /// Tells the token that each of many coins picks, as [`Self::pick`]; they are in order, the smallest first.
    pub(super) fn pick_each(&mut self, coins: &[f64], mut hear: impl FnMut(TokenId)) {
        let total = self.total;
        self.candidates.each_above(coins.iter().map(|it| it * total), |it| hear(it.token));
    }

    /// The table to show: what is left, likeliest first, then the likeliest of what was cut; `n` lines at the most.
    pub fn rows(&mut self, logits: &[f32], n: usize) -> Vec<Row> {
        let kept = self.candidates.likeliest(n).to_vec();
        let mut rows: Vec<Row> =
            kept.iter().map(|it| self.row_with(logits, it.token, Some(self.probability(it.logit) as f32))).collect();
        if rows.len() < n && self.candidates.len() == rows.len() {
            // Whatever is missing among the n likeliest by the model was cut.
            let mut all = Candidates::new(logits);
            let cut = all.likeliest(n + rows.len()).iter().filter(|it| kept.iter().all(|k| k.token != it.token));
            rows.extend(cut.take(n - kept.len()).map(|it| self.row_with(logits, it.token, None)));
        }
        rows
    }

    /// The line of the table for any token of the vocabulary.
    #[must_use]
    pub fn row(&self, logits: &[f32], token: TokenId) -> Row {
        self.row_with(logits, token, self.after(token))
    }

    fn row_with(&self, logits: &[f32], token: TokenId, after: Option<f32>) -> Row {
        let logit = logits[token as usize];
        // The weights of the chain end at e to the power of -87.
        let small = after.is_some_and(|it| it < SMALL);
        let log_after = if small { self.log_after(token).map(|it| it as f32) } else { None };
        Row { token, model: self.model(logit), log_model: self.log_model(logit), after, log_after }
    }

    /// The record of a draw: `picked` under `die`, with the `n` likeliest tokens by the model.
    pub fn draw(&mut self, logits: &[f32], picked: Picked, die: f64, n: usize) -> Draw {
        let chosen = logits[picked.token as usize];
        let top = if n == 0 { Vec::new() } else { Candidates::new(logits).likeliest(n).to_vec() };
        let top = top.iter().map(|it| self.row(logits, it.token)).collect();
        let model = self.model(chosen);
        Draw {
            token: picked.token,
            model,
            log_model: self.log_model(chosen),
            after: picked.p as f32,
            rank: rank(logits, picked.token),
            kept: self.kept() as u32,
            die,
            entropy: Some(self.model_entropy as f32),
            mu: self.mirostat.map(|it| it.mu - it.eta * (-picked.p.log2() as f32 - it.tau)),
            begun: self.begun,
            top,
        }
    }

    /// Entropy after the samplers, in bits.
    #[must_use]
    pub fn entropy(&self) -> f64 {
        entropy(self.total, self.weighted)
    }

    fn model(&self, logit: f32) -> f32 {
        (f64::from(logit) - self.log_sum_exp).exp() as f32
    }

    /// The natural logarithm of that, where it is too small for its bits.
    fn log_model(&self, logit: f32) -> Option<f32> {
        (self.model(logit) < f32::MIN_POSITIVE).then(|| (f64::from(logit) - self.log_sum_exp) as f32)
    }

    /// Whether a token can still be drawn.
    #[must_use]
    pub fn contains(&self, token: TokenId) -> bool {
        self.candidates.logit(token).is_some()
    }

    /// The probability of a token after the samplers; `None` if they cut it.
    #[must_use]
    pub fn after(&self, token: TokenId) -> Option<f32> {
        self.candidates.logit(token).map(|it| self.probability(it) as f32)
    }

    /// The same as a natural logarithm, also where the probability is too small to be written down.
    #[must_use]
    pub fn log_after(&self, token: TokenId) -> Option<f64> {
        self.candidates.logit(token).map(|it| f64::from(it) - f64::from(self.largest) - self.total.ln())
    }

    fn probability(&self, logit: f32) -> f64 {
        f64::from(exp(logit - self.largest)) / self.total
    }
}

/// The candidates that are left, which are all of `scores` before the first step that works on candidates.
///
/// # Errors
///
/// If none is left.
fn still_open<'a>(left: &'a mut Option<Candidates>, scores: &[f32]) -> Result<&'a mut Candidates, SampleError> {
    let left = left.get_or_insert_with(|| Candidates::new(scores));
    if left.is_empty() { Err(SampleError::NoCandidates) } else { Ok(left) }
}

#[cfg(test)]
mod tests;
