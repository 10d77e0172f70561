//! A half word at the end of the text goes on.

use super::{Break, Control, Run, Session, throw};
use crate::TokenId;
use crate::engine::protocol::{Event, RequestId};
use crate::sample::{Context, Settings};

impl Session {
    /// Lets a half word at the end of `path`, or a last space, go on: its last token is drawn again, among the tokens
    /// that begin with its text.
    ///
    /// A piece of GPT-2's vocabulary carries its leading space, and a word is cut into the longest pieces there are; after
    /// a bare space or a part of a word the model sees what it never saw in training. What is drawn may be what was
    /// typed; then nothing happened.
    ///
    /// Source: the token healing of Lundberg's *guidance*; Hugging Face's `generate` has it too.
    pub(super) fn heal(
        &mut self,
        id: RequestId,
        path: &mut [TokenId],
        settings: &Settings,
        run: &mut Run,
        control: &mut dyn Control,
    ) -> Result<(), Break> {
        let Some((&last, before)) = path.split_last().filter(|it| self.is_open(it.1, *it.0)) else { return Ok(()) };
        let begun: Vec<u8> = self.vocabulary.bytes(last).into();
        self.read_to(id, before, 0, control)?;
        self.constraints.follow(settings, &self.vocabulary);
        run.begun = begun.len();
        let context = Context::new(before, &self.constraints).with_begun(&begun);
        let draw = match throw(&self.vocabulary, self.scores(), &context, settings, run) {
            // Bans and penalties may leave nothing that goes on so; then it stays as it is.
            Err(_) => None,
            Ok(draw) => Some(draw).filter(|it| it.0.token != last),
        };
        if let Some((draw, trace)) = draw {
            let at = before.len();
            path[at] = draw.token;
            control.event(Event::Token { id, draw: Box::new(draw), trace });
        } else {
            run.forget();
        }
        Ok(())
    }

    /// Whether a text that ends in `last` may go on in the middle of it.
    fn is_open(&self, before: &[TokenId], last: TokenId) -> bool {
        let goes_on = |it: &u8| it.is_ascii_alphanumeric() || matches!(it, b' ' | b'\t');
        let bytes = self.vocabulary.bytes(last);
        !before.is_empty() && bytes.last().is_some_and(goes_on) && !self.vocabulary.is_mark(last)
    }
}
