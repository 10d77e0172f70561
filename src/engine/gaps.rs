//! A model whose word table has rows that no token of its vocabulary is: they are never drawn.

use crate::TokenId;
use crate::model::{Capabilities, Model, ModelError, Moved, Precision, Scores};
use crate::text::Vocabulary;
use crate::text::vocabulary::TokenKind;

/// So low that it is never drawn, and still a number that the sampling controls can reckon with.
const NEVER: f32 = -1e30;

/// A model with the scores of some rows put out of reach.
struct WithGaps {
    model: Box<dyn Model>,
    /// Ids without a token, in order.
    gaps: Vec<usize>,
}

/// The model; if its vocabulary leaves out ids that have a row, their scores are put out of reach.
pub(super) fn without_gaps(model: Box<dyn Model>, vocabulary: &Vocabulary) -> Box<dyn Model> {
    let rows = vocabulary.len().min(model.vocabulary());
    let is_gap = |it: &usize| vocabulary.token_kind(*it as TokenId) == TokenKind::Unused;
    let gaps: Vec<usize> = (0..rows).filter(is_gap).collect();
    if gaps.is_empty() {
        return model;
    }
    Box::new(WithGaps { model, gaps })
}

fn close(gaps: &[usize], row: &mut [f32]) {
    for &it in gaps {
        row[it] = NEVER;
    }
}

impl Model for WithGaps {
    fn vocabulary(&self) -> usize {
        self.model.vocabulary()
    }

    fn positions(&self) -> usize {
        self.model.positions()
    }

    fn arithmetic(&self) -> u32 {
        self.model.arithmetic()
    }

    fn precision(&self) -> Precision {
        self.model.precision()
    }

    fn capabilities(&self) -> Capabilities {
        self.model.capabilities()
    }

    fn probe(&mut self, tokens: &[TokenId], hear: &mut dyn FnMut(&str, &[f32])) -> Result<(), ModelError> {
        self.model.probe(tokens, hear)
    }

    fn extend(
        &mut self,
        tokens: &[TokenId],
        scores: Scores,
        wanted: &mut dyn FnMut() -> bool,
    ) -> Result<(), ModelError> {
        let gaps = &self.gaps;
        match scores {
            Scores::None => self.model.extend(tokens, Scores::None, wanted),
            Scores::Last(row) => {
                self.model.extend(tokens, Scores::Last(row), wanted)?;
                close(gaps, row);
                Ok(())
            }
            Scores::Each(hear) => {
                let mut closed = Vec::new();
                let mut each = |index: usize, row: &[f32]| {
                    closed.clear();
                    closed.extend_from_slice(row);
                    close(gaps, &mut closed);
                    hear(index, &closed);
                };
                self.model.extend(tokens, Scores::Each(&mut each), wanted)
            }
        }
    }

    fn extend_several(
        &mut self,
        several: &[&[TokenId]],
        hear: &mut dyn FnMut(usize, usize, &[f32]),
        wanted: &mut dyn FnMut() -> bool,
    ) -> Result<(), ModelError> {
        let (gaps, mut closed) = (&self.gaps, Vec::new());
        let mut each = |which: usize, index: usize, row: &[f32]| {
            closed.clear();
            closed.extend_from_slice(row);
            close(gaps, &mut closed);
            hear(which, index, &closed);
        };
        self.model.extend_several(several, &mut each, wanted)
    }

    fn weight_bytes(&self) -> u64 {
        self.model.weight_bytes()
    }

    fn notes(&self) -> Vec<String> {
        self.model.notes()
    }

    fn moved(&mut self) -> Option<Moved> {
        self.model.moved()
    }

    fn position(&self) -> usize {
        self.model.position()
    }

    fn rewind(&mut self, position: usize) {
        self.model.rewind(position);
    }

    fn branch(&mut self, count: usize) -> Result<(), ModelError> {
        self.model.branch(count)
    }

    fn step(&mut self, tokens: &[TokenId], scores: &mut [f32]) -> Result<(), ModelError> {
        self.model.step(tokens, scores)?;
        let rows = self.model.vocabulary();
        for row in scores.chunks_mut(rows) {
            close(&self.gaps, row);
        }
        Ok(())
    }

    fn grow(
        &mut self,
        several: &[&[TokenId]],
        scores: &mut [f32],
        wanted: &mut dyn FnMut() -> bool,
    ) -> Result<(), ModelError> {
        self.model.grow(several, scores, wanted)?;
        // A row that stays was closed before.
        for row in scores.chunks_mut(self.model.vocabulary()) {
            close(&self.gaps, row);
        }
        Ok(())
    }

    fn keep(&mut self, branch: usize) {
        self.model.keep(branch);
    }
}

#[cfg(test)]
mod tests;
