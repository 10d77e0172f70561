//! A look at what could come after a text that may never be.

use super::{Break, Control, Session};
use crate::TokenId;
use crate::engine::protocol::RequestId;
use crate::model::window_start;

impl Session {
    /// Tells the scores after a path whose end is only tried, and leaves what the model has read as it found it.
    ///
    /// Where a text that is read in pieces is rounded otherwise than in one go, it would be drawn otherwise for having been
    /// looked at, and a replay, which knows of no look, would differ. Where the try would push out what has been read,
    /// nothing is told.
    pub(super) fn look_ahead(
        &mut self,
        id: RequestId,
        path: &[TokenId],
        control: &mut dyn Control,
    ) -> Result<(), Break> {
        let window = &path[window_start(path.len(), self.model.positions())..];
        let goes_on = self.read.len() < window.len() && window.starts_with(&self.read);
        // The token of a blank page is read again alone, as it was read before.
        if !goes_on && self.read.len() > 1 {
            return Ok(());
        }
        let read = if goes_on { self.read.len() } else { 0 };
        let (fresh, logits) = (self.fresh && goes_on, self.logits.clone());
        let outcome = self.prefill(id, path, control);
        self.read.truncate(read);
        self.model.rewind(read);
        (self.fresh, self.logits) = (fresh, logits);
        outcome
    }
}
