//! The model's context is brought to where a text ends.

use std::sync::Arc;

use super::{Break, Control, Session};
use crate::TokenId;
use crate::engine::protocol::{Event, RequestId};
use crate::model::{ModelError, Scores, window_start};

/// How many tokens are read between two reports of how far reading is.
const PREFILL_BLOCK: usize = 128;

impl Session {
    /// Brings the model's context to the end of `path`, keeping what it has read already. Of what may come next, at most
    /// `left` tokens, some may be read with it.
    pub(super) fn read_to(
        &mut self,
        id: RequestId,
        path: &[TokenId],
        left: usize,
        control: &mut dyn Control,
    ) -> Result<(), Break> {
        let out_of_sight = window_start(path.len(), self.model.positions());
        let window = &path[out_of_sight..];
        let common = self.read.iter().zip(window).take_while(|(a, b)| a == b).count();
        let goes_on = self.fresh && common == self.read.len();
        if goes_on && common == window.len() {
            return Ok(());
        }
        if goes_on
            && let [next] = window[common..]
            && let Some(scores) = self.drafts.take(next)
        {
            self.logits = scores;
            self.read.push(next);
            return Ok(());
        }
        // The scores of the last token are wanted, so at least that one is read again.
        let keep = common.min(window.len() - 1);
        self.fresh = false;
        self.read.truncate(keep);
        self.drafts.forget();
        self.model.rewind(keep);
        let total = window.len() - keep;
        // Only what rounds alike, however it is read, may be read ahead.
        let guess = if total == 1 && out_of_sight == 0 && self.model.arithmetic() != 0 {
            self.drafts.guess(window, left.min(self.model.positions() - window.len()))
        } else {
            Vec::new()
        };
        if !guess.is_empty() {
            return self.read_with(window[keep], &guess, control);
        }
        for block in window[keep..].chunks(PREFILL_BLOCK) {
            if total > PREFILL_BLOCK {
                let done = self.read.len() - keep;
                control.event(Event::Prefill { id, done, total });
                if !control.wanted() {
                    return Err(Break::Cancelled);
                }
            }
            let last = self.read.len() + block.len() == window.len();
            let scores = if last { Scores::Last(&mut self.logits) } else { Scores::None };
            match self.model.extend(block, scores, &mut || control.wanted()) {
                Err(ModelError::Interrupted) => return Err(Break::Cancelled),
                other => other?,
            }
            self.read.extend_from_slice(block);
        }
        self.fresh = true;
        self.tell_move(id, control);
        Ok(())
    }

    /// Reads the next token together with a guess of what comes after it.
    fn read_with(&mut self, next: TokenId, guess: &[TokenId], control: &mut dyn Control) -> Result<(), Break> {
        let tokens = [&[next], guess].concat();
        let (logits, drafts) = (&mut self.logits, &mut self.drafts);
        let mut hear = |index: usize, row: &[f32]| match index.checked_sub(1) {
            None => logits.copy_from_slice(row),
            Some(at) => drafts.keep(guess[at], row),
        };
        if let Err(error) = self.model.extend(&tokens, Scores::Each(&mut hear), &mut || control.wanted()) {
            self.drafts.forget();
            return Err(if matches!(error, ModelError::Interrupted) { Break::Cancelled } else { error.into() });
        }
        self.read.push(next);
        self.fresh = true;
        Ok(())
    }

    /// Reads the path again from before position `first` on, and tells what the model thought of every token.
    ///
    /// A position out of the model's sight, and the very first one, have no scores.
    pub(super) fn prompt_logprobs(
        &mut self,
        id: RequestId,
        path: &[TokenId],
        first: usize,
        control: &mut dyn Control,
    ) -> Result<(), Break> {
        /// Rows of one event: a megabyte or two at a time.
        const ROWS: usize = 8;
        let start = window_start(path.len(), self.model.positions());
        let window = &path[start..];
        let common = self.read.iter().zip(window).take_while(|(a, b)| a == b).count();
        // The token before the first one in question must be read again: the scores are those after it.
        let keep = first.saturating_sub(start + 1).min(common).min(window.len() - 1);
        self.fresh = false;
        self.read.truncate(keep);
        self.drafts.forget();
        self.model.rewind(keep);
        let shown = self.logits.len().min(self.vocabulary.len());
        let mut before = keep;
        for block in window[keep..].chunks(PREFILL_BLOCK) {
            let mut rows: Vec<Arc<[f32]>> = Vec::new();
            let last_row = &mut self.logits;
            let mut hear = |_: usize, row: &[f32]| {
                rows.push(row[..shown].into());
                last_row.copy_from_slice(row);
            };
            match self.model.extend(block, Scores::Each(&mut hear), &mut || control.wanted()) {
                Err(ModelError::Interrupted) => return Err(Break::Cancelled),
                other => other?,
            }
            self.read.extend_from_slice(block);
            // The row after the path's last token is about no token of it.
            rows.truncate(path.len() - 1 - (start + before));
            for (index, rows) in rows.chunks(ROWS).enumerate() {
                let first = start + before + 1 + index * ROWS;
                control.event(Event::PromptLogprobs { id, first, rows: rows.to_vec() });
            }
            before += block.len();
        }
        self.fresh = true;
        self.tell_move(id, control);
        Ok(())
    }
}
