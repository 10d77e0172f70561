//! What was drawn with which model, in order: so that it can be drawn again.

use std::path::PathBuf;

use super::{Document, NodeId, Record};
use crate::text::vocabulary::VocabularyRecord;

/// What beside the settings a draw depends on, as it is recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunInfo {
    /// The model's name.
    pub name: String,
    /// SHA-256 of its weights, hexadecimal; empty if unknown.
    pub sha256: String,
    /// The precision of the weights, as the journal writes it: `q8`.
    pub dtype: String,
    /// The number of its arithmetic; 0 in older transcripts.
    pub arithmetic: u32,
    /// Where it ran.
    pub device: String,
    /// What computed there, where the device says it.
    pub driver: Option<String>,
    /// What made the dice; empty in older transcripts.
    pub generator: String,
    /// Its vocabulary; older transcripts do not say it.
    pub vocabulary: Option<VocabularyRecord>,
    /// Where it lay, if it was not an installed one.
    pub path: Option<PathBuf>,
}

/// Something that is done again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplayStep {
    /// A model was loaded.
    Load(Box<RunInfo>),
    /// Tokens were drawn: these nodes, each the child of the one before.
    Draw(Vec<NodeId>),
}

/// The document of a journal, and what has to be done to draw its tokens again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReplayPlan {
    /// The document it made.
    pub document: Document,
    /// What was done, oldest first.
    pub steps: Vec<ReplayStep>,
}

/// What the records of a journal say that was drawn, and with what.
#[must_use]
pub fn replay_plan(records: &[Record]) -> ReplayPlan {
    let mut it = ReplayPlan::default();
    for record in records {
        it.document.apply(record);
        match record {
            Record::Model { name, sha256, dtype, arithmetic, device, driver, generator, vocabulary, path } => {
                it.steps.push(ReplayStep::Load(Box::new(RunInfo {
                    name: name.clone(),
                    sha256: sha256.clone(),
                    dtype: dtype.clone(),
                    arithmetic: *arithmetic,
                    device: device.clone(),
                    driver: driver.clone(),
                    generator: generator.clone(),
                    vocabulary: vocabulary.clone(),
                    path: path.clone(),
                })));
            }
            Record::Drawn { draws, .. } if !draws.is_empty() => {
                let end = it.document.next_node();
                it.steps.push(ReplayStep::Draw((end.saturating_sub(draws.len() as NodeId)..end).collect()));
            }
            _ => {}
        }
    }
    it
}

#[cfg(test)]
mod tests;
