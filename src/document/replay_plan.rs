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
mod tests {
    use super::super::tests::draw;
    use super::*;

    fn model(dtype: &str) -> Record {
        Record::Model {
            name: "demo".into(),
            sha256: String::new(),
            dtype: dtype.into(),
            arithmetic: 1,
            device: "cpu".into(),
            driver: None,
            generator: String::new(),
            vocabulary: None,
            path: None,
        }
    }

    fn loaded(dtype: &str) -> ReplayStep {
        ReplayStep::Load(Box::new(RunInfo {
            name: "demo".into(),
            dtype: dtype.into(),
            arithmetic: 1,
            device: "cpu".into(),
            driver: None,
            ..RunInfo::default()
        }))
    }

    fn drawn(first: NodeId, parent: Option<NodeId>, tokens: &[u32]) -> Record {
        Record::Drawn { first, parent, draws: tokens.iter().map(|&it| draw(it)).collect() }
    }

    #[test]
    fn every_drawn_token_is_found_on_every_branch() {
        let it = replay_plan(&[
            drawn(0, None, &[9]),
            model("q8"),
            Record::Typed { first: 1, parent: Some(0), tokens: vec![10, 11], chosen: false },
            drawn(3, Some(2), &[12]),
            Record::Read,
            model("f32"),
            drawn(4, Some(1), &[20, 21]),
        ]);
        let drew = |nodes: &[NodeId]| ReplayStep::Draw(nodes.to_vec());
        assert_eq!(it.steps, [drew(&[0]), loaded("q8"), drew(&[3]), loaded("f32"), drew(&[4, 5])]);
        assert_eq!(it.document.tokens_to(Some(3)), [9, 10, 11, 12]);
        assert_eq!(it.document.tokens_to(Some(5)), [9, 10, 20, 21]);
        assert_eq!(it.document.tokens_to(None), [0; 0]);
    }
}
