//! What was done with a model, in order, and with which: so that it can be done again.

use std::path::PathBuf;

use super::{Batch, Document, NodeId, Record};
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
    /// Where it ran.
    pub device: String,
    /// What made the dice; empty in older transcripts.
    pub generator: String,
    /// Its vocabulary; older transcripts do not say it.
    pub vocabulary: Option<VocabularyRecord>,
    /// Where it lay, if it was not an installed one.
    pub path: Option<PathBuf>,
}

/// Tokens that one record says were drawn, each after the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The drawn nodes, each the child of the one before.
    pub nodes: Vec<NodeId>,
    /// From which batch, if from one that is known.
    pub batch: Option<Batch>,
}

/// Something a model did. What it read before decides how what it reads next is rounded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplayStep {
    /// It was loaded.
    Load(RunInfo),
    /// It read the text up to this node.
    Read(NodeId),
    /// It read that text again from before this position on.
    Reread(NodeId, usize),
    /// It drew.
    Draw(Span),
}

/// The document of a journal, and what has to be done to draw its tokens again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReplayPlan {
    /// The document it made.
    pub document: Document,
    /// What the model did, oldest first.
    pub steps: Vec<ReplayStep>,
}

/// What had to be read when a record was written, and is told only by what comes after it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Due {
    Nothing,
    /// The text: its end was moved, or something was written.
    Text,
    /// The text, after columns; all that are kept are kept before anything is read.
    Columns,
}

/// What the records of a journal say that the model did.
///
/// The program looks at what comes next whenever the end of the text was moved or something was written, so the model
/// read the text then. Where drawing comes next, that reads the same, and need not be told apart.
#[must_use]
pub fn replay_plan(records: &[Record]) -> ReplayPlan {
    let mut it = ReplayPlan::default();
    let mut due = Due::Nothing;
    for (index, record) in records.iter().enumerate() {
        let before = it.document.tip();
        it.document.apply(record);
        let after = it.document.tip();
        match record {
            Record::Model { name, sha256, dtype, device, generator, vocabulary, path } => {
                it.steps.push(ReplayStep::Load(RunInfo {
                    name: name.clone(),
                    sha256: sha256.clone(),
                    dtype: dtype.clone(),
                    device: device.clone(),
                    generator: generator.clone(),
                    vocabulary: vocabulary.clone(),
                    path: path.clone(),
                }));
                it.steps.extend(after.map(ReplayStep::Read));
                due = Due::Nothing;
            }
            Record::Drawn { draws, batch, .. } if !draws.is_empty() => {
                let end = it.document.next_node();
                let nodes = (end.saturating_sub(draws.len() as NodeId)..end).collect();
                it.steps.push(ReplayStep::Draw(Span { nodes, batch: *batch }));
                due = if draws.len() > 1 || batch.is_some() { Due::Columns } else { Due::Nothing };
            }
            Record::Tip { .. } => {
                // A half word that the model finishes is not read before.
                if due == Due::Text && !is_begun(records.get(index + 1)) {
                    it.steps.extend(before.map(ReplayStep::Read));
                }
                due = Due::Text;
            }
            Record::Typed { .. } => {
                if due != Due::Nothing {
                    it.steps.extend(before.map(ReplayStep::Read));
                }
                due = Due::Text;
            }
            Record::Reread { first } => {
                it.steps.extend(after.map(|tip| ReplayStep::Reread(tip, *first as usize)));
                due = Due::Nothing;
            }
            Record::ReadTo { node } => {
                if due != Due::Nothing {
                    it.steps.extend(before.map(ReplayStep::Read));
                }
                it.steps.push(ReplayStep::Read(*node));
                due = Due::Nothing;
            }
            _ => {}
        }
    }
    it
}

/// Whether a record draws what a person had begun to write.
fn is_begun(record: Option<&Record>) -> bool {
    matches!(record, Some(Record::Drawn { draws, .. }) if draws.first().is_some_and(|it| it.begun > 0))
}

#[cfg(test)]
mod tests {
    use super::super::tests::draw;
    use super::*;
    use crate::sample::Draw;

    fn model(dtype: &str) -> Record {
        Record::Model {
            name: "demo".into(),
            sha256: String::new(),
            dtype: dtype.into(),
            device: "cpu".into(),
            generator: String::new(),
            vocabulary: None,
            path: None,
        }
    }

    fn loaded(dtype: &str) -> ReplayStep {
        ReplayStep::Load(RunInfo {
            name: "demo".into(),
            dtype: dtype.into(),
            device: "cpu".into(),
            ..RunInfo::default()
        })
    }

    fn typed(first: NodeId, parent: Option<NodeId>, tokens: &[u32]) -> Record {
        Record::Typed { first, parent, tokens: tokens.to_vec(), chosen: false }
    }

    fn drawn(first: NodeId, parent: Option<NodeId>, tokens: &[u32], batch: Option<Batch>) -> Record {
        Record::Drawn { first, parent, draws: tokens.iter().map(|&it| draw(it)).collect(), batch }
    }

    fn drew(nodes: &[NodeId], batch: Option<Batch>) -> ReplayStep {
        ReplayStep::Draw(Span { nodes: nodes.to_vec(), batch })
    }

    #[test]
    fn every_drawn_token_is_found_on_every_branch() {
        let batch = Some(Batch { width: 2, column: 1, before: 0 });
        let it = replay_plan(&[
            drawn(0, None, &[9], None),
            model("q8"),
            typed(1, Some(0), &[10, 11]),
            drawn(3, Some(2), &[12], None),
            model("f32"),
            drawn(4, Some(1), &[20, 21], batch),
        ]);
        let expected = [
            drew(&[0], None),
            loaded("q8"),
            ReplayStep::Read(0),
            drew(&[3], None),
            loaded("f32"),
            ReplayStep::Read(3),
            drew(&[4, 5], batch),
        ];
        assert_eq!(it.steps, expected);
        assert_eq!(it.document.tokens_to(Some(3)), [9, 10, 11, 12]);
        assert_eq!(it.document.tokens_to(Some(5)), [9, 10, 20, 21]);
        assert_eq!(it.document.tokens_to(None), [0; 0]);
    }

    #[test]
    fn what_was_read_between_is_read_again() {
        let tip = |node| Record::Tip { node: Some(node) };
        // Back twice, then a token of one's own, and one more, and on.
        let back = [typed(0, None, &[1, 2, 3]), drawn(3, Some(2), &[4], None), tip(2), tip(1), typed(4, Some(1), &[5])];
        let mut records = back.to_vec();
        records.extend([typed(5, Some(4), &[6]), drawn(6, Some(5), &[7], None), Record::Reread { first: 2 }]);
        let expected = [
            drew(&[3], None),
            ReplayStep::Read(2),
            ReplayStep::Read(1),
            ReplayStep::Read(4),
            drew(&[6], None),
            ReplayStep::Reread(6, 2),
        ];
        assert_eq!(replay_plan(&records).steps, expected);
        // Columns in the middle, that are let go.
        let columns = [typed(0, None, &[1, 2, 3]), Record::ReadTo { node: 1 }, drawn(3, Some(2), &[4], None)];
        assert_eq!(replay_plan(&columns).steps, [ReplayStep::Read(2), ReplayStep::Read(1), drew(&[3], None)]);
        // A half word: its last token is not read before it is drawn again.
        let healed =
            Record::Drawn { first: 2, parent: Some(0), draws: vec![Draw { begun: 2, ..draw(9) }], batch: None };
        assert_eq!(replay_plan(&[typed(0, None, &[1, 2]), tip(0), healed]).steps, [drew(&[2], None)]);
        // Columns that are kept, one after the other.
        let batch = |column| Some(Batch { width: 2, column, before: 0 });
        let kept = [
            typed(0, None, &[1]),
            drawn(1, Some(0), &[2, 3], batch(0)),
            tip(0),
            drawn(3, Some(0), &[4, 5], batch(1)),
            typed(5, Some(4), &[6]),
        ];
        assert_eq!(replay_plan(&kept).steps, [drew(&[1, 2], batch(0)), drew(&[3, 4], batch(1)), ReplayStep::Read(4)]);
    }
}
