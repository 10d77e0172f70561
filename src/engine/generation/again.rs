//! Scores as they were when tokens were drawn, read the way they were read then.

use super::{Break, Control, Session};
use crate::TokenId;
use crate::engine::protocol::RequestId;

impl Session {
    /// Forgets what was read, as after loading.
    pub fn forget(&mut self) {
        self.fresh = false;
        self.read.clear();
        self.model.rewind(0);
    }

    /// The scores after `path`, (V,), of the tokens that have a text. What is read already stays read.
    ///
    /// Where the end of it was to be healed and nothing came of that, its last token was read after the others.
    ///
    /// # Errors
    ///
    /// If it is not wanted any more, or the model fails.
    pub fn scores_after(
        &mut self,
        path: &[TokenId],
        was_healed: bool,
        control: &mut dyn Control,
    ) -> Result<&[f32], Break> {
        if let Some((&last, before)) = path.split_last()
            && was_healed
            && self.is_open(before, last)
        {
            self.read_to(RequestId::default(), before, control)?;
        }
        self.read_to(RequestId::default(), path, control)?;
        Ok(self.scores())
    }

    /// Reads a text again from before position `first` on, as when its scores were asked for.
    ///
    /// # Errors
    ///
    /// If it is not wanted any more, or the model fails.
    pub fn reread(&mut self, path: &[TokenId], first: usize, control: &mut dyn Control) -> Result<(), Break> {
        if first < path.len() {
            self.prompt_logprobs(RequestId::default(), path, first, control)?;
        }
        Ok(())
    }

    /// The scores before each of `tokens`, which were drawn one after the other as one of several continuations of `path`:
    /// `hear` is told its index and them, (V,).
    ///
    /// All continuations are made to say the same: what is computed for one does not depend on the others.
    ///
    /// # Errors
    ///
    /// If it is not wanted any more, or the model fails.
    pub fn scores_in_batch(
        &mut self,
        path: &[TokenId],
        tokens: &[TokenId],
        (width, column): (usize, usize),
        control: &mut dyn Control,
        hear: &mut dyn FnMut(usize, &[f32]),
    ) -> Result<(), Break> {
        self.read_to(RequestId::default(), path, control)?;
        let (read, shown, vocabulary) = (self.read.len(), self.scores().len(), self.logits.len());
        let width = width.max(1);
        self.model.branch(width)?;
        let mut all = self.logits.repeat(width);
        let mut outcome = Ok(());
        for (index, &token) in tokens.iter().enumerate() {
            hear(index, &all[column.min(width - 1) * vocabulary..][..shown]);
            if !control.wanted() {
                outcome = Err(Break::Cancelled);
            } else if index + 1 < tokens.len()
                && let Err(error) = self.model.step(&vec![token; width], &mut all)
            {
                outcome = Err(error.into());
            }
            if outcome.is_err() {
                break;
            }
        }
        self.model.rewind(read);
        outcome
    }
}
