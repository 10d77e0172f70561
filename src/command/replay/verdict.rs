//! What a replay comes to.

use crate::document::{Document, NodeId, RunInfo};
use crate::engine::protocol::ModelCard;
use crate::sample::{Draw, Redrawn};

/// One token, recorded and drawn again.
pub(super) struct Outcome {
    pub(super) node: NodeId,
    /// Its place in its text, from 1.
    pub(super) position: usize,
    /// Whether the text, as it was left, has it.
    pub(super) in_text: bool,
    pub(super) recorded: Draw,
    pub(super) redrawn: Redrawn,
    /// With which model, as an index of those that were loaded.
    pub(super) model: usize,
}

impl Outcome {
    pub(super) fn new(document: &Document, node: NodeId, recorded: Draw, redrawn: Redrawn, model: usize) -> Self {
        let position = document.tokens_to(Some(node)).len();
        let in_text = position.checked_sub(1).and_then(|it| document.path().get(it)) == Some(&node);
        Self { node, position, in_text, recorded, redrawn, model }
    }

    /// Whether the same dice drew the same token.
    pub(super) fn is_identical(&self) -> bool {
        self.redrawn.is_same(&self.recorded) && self.redrawn.is_same_die(&self.recorded)
    }
}

/// The largest difference of a probability.
pub(super) struct Largest {
    pub(super) by: f32,
    /// Of which token, as an index of the outcomes.
    pub(super) outcome: usize,
    /// Whether it is that after the samplers.
    pub(super) after: bool,
    /// How much is allowed there.
    pub(super) allowed: f32,
}

/// What all of it comes to.
pub(super) struct Verdict {
    pub(super) identical: usize,
    /// Whether everything ran as it is recorded: weights, precision, arithmetic and device.
    pub(super) alike: bool,
    /// Whether the weights are those recorded, as far as they are.
    pub(super) same_weights: bool,
    /// With probabilities compared: the largest difference beside what is allowed there.
    pub(super) largest: Option<Largest>,
    /// With probabilities compared: how many differ by more than is allowed.
    pub(super) beyond: Option<usize>,
    /// Whether the exit status says so.
    pub(super) differs: bool,
}

impl Verdict {
    pub(super) fn new(outcomes: &[Outcome], models: &[(RunInfo, ModelCard)], verify: bool) -> Self {
        let identical = outcomes.iter().filter(|it| it.is_identical()).count();
        let same_weights = models.iter().all(|(then, now)| then.sha256.is_empty() || then.sha256 == now.sha256);
        // The same numbers of other words are another text.
        let same_words = models.iter().all(|(then, now)| has_words_of(then, now));
        let same_weights = same_weights && same_words;
        let alike = same_weights && models.iter().all(|(then, now)| is_alike(then, now));
        let (mut largest, mut beyond): (Option<Largest>, usize) = (None, 0);
        for (outcome, it) in outcomes.iter().enumerate() {
            let (then, now) = &models[it.model];
            let allowed = allowed(then, now);
            let mut look = |by: f32, after: bool| {
                // Most settings make differences larger.
                let allowed = if after { 2.0 * allowed } else { allowed };
                if largest.as_ref().is_none_or(|it| by / allowed > it.by / it.allowed) {
                    largest = Some(Largest { by, outcome, after, allowed });
                }
                by > allowed
            };
            let model = look(it.redrawn.difference(&it.recorded), false);
            // A cut moves with the least change of a score, and everything that is left with it.
            let after = is_alike(then, now) && look(it.redrawn.difference_after(&it.recorded), true);
            beyond += usize::from(model || after);
        }
        let wrong_dice = outcomes.iter().any(|it| !it.redrawn.is_same_die(&it.recorded));
        // Elsewhere a token may fall otherwise, and the probabilities say whether it is for rounding alone.
        let other_tokens = identical < outcomes.len() && (alike || !verify);
        let differs = !same_weights || wrong_dice || other_tokens || (verify && beyond > 0);
        let largest = largest.filter(|_| verify);
        Self { identical, alike, same_weights, largest, beyond: verify.then_some(beyond), differs }
    }
}

/// Whether the vocabulary is that recorded, as far as it is.
pub(super) fn has_words_of(then: &RunInfo, now: &ModelCard) -> bool {
    then.vocabulary.as_ref().is_none_or(|it| it.hash == now.vocabulary.hash())
}

/// Whether every score must be what it was, to the last bit.
fn is_alike(then: &RunInfo, now: &ModelCard) -> bool {
    then.dtype == now.dtype && then.device == now.device.to_string() && has_arithmetic_of(then, now)
}

/// Whether the arithmetic is that recorded, and one that gives the same scores each time.
pub(super) fn has_arithmetic_of(then: &RunInfo, now: &ModelCard) -> bool {
    then.arithmetic == now.arithmetic && now.arithmetic != 0
}

/// By how much a probability may differ for rounding alone.
///
/// Where everything is alike the scores are the same bits; what remains is the mathematical library of the system, which
/// turns them into probabilities. Else, for the precision: seen with the demo against f32, and rounded up.
fn allowed(then: &RunInfo, now: &ModelCard) -> f32 {
    if is_alike(then, now) {
        return 1e-6;
    }
    let rounding = |dtype: &str| match dtype {
        "f32" => 0.001,
        "f16" => 0.01,
        "bf16" => 0.05,
        "q8" => 0.15,
        _ => 0.5,
    };
    f32::max(rounding(&then.dtype), rounding(&now.dtype))
}
