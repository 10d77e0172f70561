//! Scores as they were when tokens were drawn.

use super::{Break, Control, Session};
use crate::TokenId;
use crate::engine::protocol::RequestId;

impl Session {
    /// The scores after `path`, (V,), of the tokens that have a text. What is read already stays read.
    ///
    /// # Errors
    ///
    /// If it is not wanted any more, or the model fails.
    pub fn scores_after(&mut self, path: &[TokenId], control: &mut dyn Control) -> Result<&[f32], Break> {
        self.read_to(RequestId::default(), path, 0, control)?;
        Ok(self.scores())
    }
}
