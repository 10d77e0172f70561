//! What is measured: what was asked for, as far as it fits into the model's context.

use serde_json::{Value, json};

use crate::cli::BenchArguments;

/// Tokens of the prompt whose first token is waited for.
const SHORT_PROMPT: usize = 16;

/// What is measured of a model. All of it fits into its context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// Tokens that the model's context holds.
    pub(super) context: usize,
    /// Tokens of the prompt whose first token is waited for.
    pub(super) short: usize,
    /// Tokens of the prompt that is read.
    pub(super) prefill: usize,
    /// Tokens drawn at each depth.
    pub(super) decode: usize,
    /// How many tokens lie before those, each once.
    pub(super) depths: Vec<usize>,
    /// Several continuations at once, if there is room for them.
    pub(super) batch: Option<Batch>,
    /// How often all of it is measured.
    runs: usize,
    /// What was asked for and does not fit, as a sentence.
    pub(super) shortened: Option<String>,
}

/// Several continuations of one prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Batch {
    /// How many.
    pub(super) count: usize,
    /// Tokens of the prompt.
    pub(super) prompt: usize,
    /// Tokens drawn in each.
    pub(super) decode: usize,
}

impl Plan {
    /// As much of what is `wanted` as a context of so many tokens holds. Where tokens before and tokens drawn do not fit
    /// together, those that are drawn get half of the context at the most, and the others the rest.
    pub(super) fn of(wanted: &BenchArguments, context: usize) -> Self {
        let deepest = wanted.depth.iter().copied().max().unwrap_or(0);
        let fits = deepest.checked_add(wanted.decode).is_some_and(|it| it <= context);
        let decode = if fits { wanted.decode } else { wanted.decode.min(context / 2).max(1) };
        let mut depths = Vec::new();
        for depth in wanted.depth.iter().map(|&it| it.min(context.saturating_sub(decode))) {
            if !depths.contains(&depth) {
                depths.push(depth);
            }
        }
        let prefill = wanted.prefill.min(context);
        let prompt = SHORT_PROMPT.min(context / 2);
        let batch = Batch { count: wanted.batch, prompt, decode: decode.min(context - prompt) };
        let shortened = [
            ("--prefill", vec![prefill], vec![wanted.prefill]),
            ("--decode", vec![decode], vec![wanted.decode]),
            ("--depth", depths.clone(), wanted.depth.clone()),
        ];
        let differs = |(name, measured, asked): (&str, Vec<usize>, Vec<usize>)| {
            // What was asked for twice is measured once, which is no news.
            let is_other = asked.iter().any(|it| !measured.contains(it));
            is_other.then(|| format!("{name} {} instead of {}", list(&measured), list(&asked)))
        };
        let shortened: Vec<String> = shortened.into_iter().filter_map(differs).collect();
        let sentence = format!("the model's context is of {context} tokens: {}", shortened.join(", "));
        Self {
            context,
            short: SHORT_PROMPT.min(context),
            prefill,
            decode,
            depths,
            batch: Some(batch).filter(|it| it.count > 1 && it.prompt > 0),
            runs: wanted.runs,
            shortened: Some(sentence).filter(|_| !shortened.is_empty()),
        }
    }

    /// How many steps all runs have: loading, reading, each depth, and the columns.
    pub(super) fn steps(&self) -> usize {
        self.runs * (2 + self.depths.len() + usize::from(self.batch.is_some()))
    }

    /// What is measured, for programs.
    pub(super) fn json(&self) -> Value {
        let batch = self.batch.map(|it| json!({"count": it.count, "prompt": it.prompt, "decode": it.decode}));
        json!({
            "context": self.context, "prefill": self.prefill, "decode": self.decode, "depth": self.depths,
            "batch": batch, "runs": self.runs,
        })
    }
}

fn list(numbers: &[usize]) -> String {
    numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests;
