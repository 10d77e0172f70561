//! What was drawn in one go, and with what: so that it can be drawn again.

use super::{Batch, Document, NodeId, Record};

/// What beside the settings a draw depends on, as it is recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Circumstances {
    /// The model's name.
    pub name: String,
    /// SHA-256 of its weights, hexadecimal; empty if unknown.
    pub sha256: String,
    /// Its precision.
    pub dtype: String,
    /// Where it ran.
    pub device: String,
    /// What made the dice; empty in older transcripts.
    pub generator: String,
}

/// Tokens that one record says were drawn, each after the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Their nodes.
    pub nodes: Vec<NodeId>,
    /// With what, as an index of those recorded; `None` if nothing was.
    pub with: Option<usize>,
    /// From which batch, if from one that is known.
    pub batch: Option<Batch>,
}

/// Everything that was drawn, in the order of the journal; the circumstances, each from its record on; and the document.
#[must_use]
pub fn stretches(records: &[Record]) -> (Document, Vec<Circumstances>, Vec<Stretch>) {
    let mut document = Document::default();
    let (mut all, mut stretches) = (Vec::new(), Vec::new());
    for record in records {
        document.apply(record);
        match record {
            Record::Model { name, sha256, dtype, device, generator } => all.push(Circumstances {
                name: name.clone(),
                sha256: sha256.clone(),
                dtype: dtype.clone(),
                device: device.clone(),
                generator: generator.clone(),
            }),
            Record::Drawn { draws, batch, .. } if !draws.is_empty() => {
                let end = document.next_node();
                let nodes = (end.saturating_sub(draws.len() as NodeId)..end).collect();
                stretches.push(Stretch { nodes, with: all.len().checked_sub(1), batch: *batch });
            }
            _ => {}
        }
    }
    (document, all, stretches)
}

#[cfg(test)]
mod tests {
    use super::super::tests::draw;
    use super::*;

    #[test]
    fn every_drawn_token_is_found_on_every_branch_with_what_it_was_drawn_with() {
        let model = |dtype: &str| Record::Model {
            name: "demo".into(),
            sha256: String::new(),
            dtype: dtype.into(),
            device: "cpu".into(),
            generator: String::new(),
        };
        let drawn = |first, parent, tokens: &[u32], batch| {
            let draws = tokens.iter().map(|&it| draw(it)).collect();
            Record::Drawn { first, parent, draws, batch }
        };
        let batch = Some(Batch { width: 2, column: 1, before: 0 });
        let (document, all, stretches) = stretches(&[
            drawn(0, None, &[9], None),
            model("q8"),
            Record::Typed { first: 1, parent: Some(0), tokens: vec![10, 11] },
            drawn(3, Some(2), &[12], None),
            model("f32"),
            drawn(4, Some(1), &[20, 21], batch),
        ]);
        assert_eq!(all.iter().map(|it| &it.dtype[..]).collect::<Vec<_>>(), ["q8", "f32"]);
        let stretch = |nodes: &[NodeId], with, batch| Stretch { nodes: nodes.to_vec(), with, batch };
        assert_eq!(
            stretches,
            [stretch(&[0], None, None), stretch(&[3], Some(0), None), stretch(&[4, 5], Some(1), batch)]
        );
        assert_eq!(document.tokens_to(Some(3)), [9, 10, 11, 12]);
        assert_eq!(document.tokens_to(Some(5)), [9, 10, 20, 21]);
        assert_eq!(document.tokens_to(None), [0; 0]);
    }
}
