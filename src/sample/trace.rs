//! What each step of the chain did to the candidates.

use serde::Serialize;

use super::Step;

/// What one step of the chain did.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct StepTrace {
    /// The step of the chain.
    pub step: Step,
    /// What it did.
    #[serde(flatten)]
    pub did: Did,
}

/// What a step can do.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Did {
    /// It changed the scores of so many tokens, or took them out.
    Touched(usize),
    /// It left so many candidates.
    Left {
        /// How many.
        count: usize,
        /// Their share of the probability of those that came to it; told only where [`explained`] was asked for.
        ///
        /// [`explained`]: super::Distribution::explained
        #[serde(skip_serializing_if = "Option::is_none")]
        share: Option<f32>,
    },
    /// It divided the logits by this temperature; 0 left the likeliest alone.
    Divided {
        /// The temperature: the one that is set, or what dynamic temperature made of it.
        by: f32,
    },
}
