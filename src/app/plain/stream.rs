//! The text as it comes, appended to what was written of it before.

use super::out::Out;
use crate::app::context::Context;
use crate::app::messages;
use crate::document::{NodeId, Origin};
use crate::engine::protocol::{RequestId, StopReason};
use crate::sample::EndOfText;
use crate::text::{StopBuffer, Utf8Stream, Visible};

/// How much of the text is written, and what of it must still be held back.
#[derive(Debug, Default)]
pub(super) struct Stream {
    /// The tokens whose text is written, or was seen by its writer.
    shown: Vec<NodeId>,
    /// The continuation under way.
    run: Option<Run>,
    utf8: Utf8Stream,
    /// What was written last, which a mark may stand on.
    visible: Visible,
    /// Text that may turn out to be the half of a line end.
    held: String,
}

/// A continuation under way.
#[derive(Debug)]
struct Run {
    id: RequestId,
    /// Tokens drawn.
    drawn: usize,
    /// Whether its first tokens are what the user just sent.
    sent: bool,
    /// Who writes, if that is to be said before the first character.
    label: Option<&'static str>,
    drawn_bytes: StopBuffer,
}

/// How a continuation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ended {
    /// In words; `None` if it failed.
    pub(super) how: Option<&'static str>,
    /// Tokens drawn.
    pub(super) drawn: usize,
    /// Whether a stop string ended it.
    pub(super) by_stop_string: bool,
}

impl Stream {
    /// Takes all that is there for known.
    pub(super) fn skip(&mut self, cx: &Context) {
        self.shown = cx.text.document.path().to_vec();
    }

    /// If the continuation has ended: writes what was held back of it, and says how it ended.
    pub(super) fn ended(&mut self, cx: &Context, out: &mut Out) -> Option<Ended> {
        if cx.drawing.running.is_some() {
            return None;
        }
        let mut run = self.run.take()?;
        let by_stop_string = matches!(cx.drawing.ended, Some(StopReason::StopString(_)));
        if by_stop_string {
            // What it takes away was never written.
            self.utf8 = Utf8Stream::default();
        } else {
            let end = run.drawn_bytes.bytes().len();
            self.write(&mut run, end, out);
            self.finish(out);
        }
        self.skip(cx);
        Some(Ended { how: cx.drawing.ended.as_ref().map(messages::stopped), drawn: run.drawn, by_stop_string })
    }

    /// Writes what is new at the end of the text. Says whether the text changed elsewhere, so that its end must be told.
    pub(super) fn follow(&mut self, cx: &Context, out: &mut Out) -> bool {
        if let Some(running) = &cx.drawing.running {
            if self.run.as_ref().is_none_or(|it| it.id != running.id) {
                self.run = Some(Run {
                    id: running.id,
                    drawn: 0,
                    sent: !running.sent.is_empty(),
                    label: cx.chat.then_some("Model:"),
                    drawn_bytes: StopBuffer::default(),
                });
            }
            if let Some(run) = &mut self.run {
                run.drawn = running.drawn;
            }
        }
        let path = cx.text.document.path();
        let known = self.shown.len();
        let is_longer = known <= path.len() && known.checked_sub(1).is_none_or(|it| path[it] == self.shown[it]);
        let mut moved = false;
        if !is_longer {
            let common = self.shown.iter().zip(path).take_while(|(a, b)| a == b).count();
            // A half word that went on takes the place of the last token; what was written of it stands.
            let went_on = common + 1 == known && path.len() == known && begun(cx, path[common]) > 0;
            moved = !went_on;
            if moved {
                self.finish(out);
                // Where it ends now is told.
                self.shown = path.to_vec();
            } else {
                self.shown.truncate(common);
            }
        }
        let new: Vec<NodeId> = path[self.shown.len()..].to_vec();
        for id in new {
            self.shown.push(id);
            self.token(cx, id, out);
        }
        if cx.drawing.running.is_none() {
            self.finish(out);
        }
        moved
    }

    fn token(&mut self, cx: &Context, id: NodeId, out: &mut Out) {
        let Some(node) = cx.text.document.node(id) else { return };
        let bytes = cx.text.vocabulary().bytes(node.token);
        let is_mark = cx.text.vocabulary().is_mark(node.token);
        let is_end = cx.text.vocabulary().is_end(node.token);
        match (&node.origin, self.run.take()) {
            (Origin::Typed | Origin::Chosen, Some(run)) => {
                // Its sender has seen it; the mark that a text begins with is no text.
                if !run.sent && !is_mark {
                    self.push(bytes, out);
                }
                self.run = Some(run);
            }
            (Origin::Drawn(draw), Some(mut run)) => {
                run.sent = false;
                // The mark is no text; where it does not end the continuation, it is.
                if !is_end || cx.settings.end_of_text == EndOfText::Continue {
                    run.drawn_bytes.push(bytes.get(draw.begun..).unwrap_or_default());
                }
                let safe = run.drawn_bytes.safe(&cx.settings.stop);
                self.write(&mut run, safe, out);
                self.run = Some(run);
            }
            (_, None) => self.push(bytes, out),
        }
    }

    /// Writes what was drawn up to `end`.
    fn write(&mut self, run: &mut Run, end: usize, out: &mut Out) {
        let fresh = run.drawn_bytes.take(end).to_vec();
        if fresh.is_empty() {
            return;
        }
        if let Some(label) = run.label.take() {
            out.end_line();
            out.push(label);
            if !run.drawn_bytes.bytes().first().is_some_and(u8::is_ascii_whitespace) {
                out.push(" ");
            }
        }
        self.push(&fresh, out);
    }

    fn push(&mut self, bytes: &[u8], out: &mut Out) {
        self.utf8.push(bytes, &mut self.held);
        // Before a line feed it means nothing, else it is shown.
        let ready = self.held.trim_end_matches('\r').len();
        let mut text = String::new();
        self.visible.push(&self.held[..ready], &mut text);
        self.held.drain(..ready);
        if !text.is_empty() {
            out.push(&text);
        }
    }

    fn finish(&mut self, out: &mut Out) {
        self.utf8.finish(&mut self.held);
        if !self.held.is_empty() {
            let mut text = String::new();
            self.visible.push(&std::mem::take(&mut self.held), &mut text);
            out.push(&text);
        }
    }
}

/// How many bytes of a token were typed before it was drawn.
fn begun(cx: &Context, id: NodeId) -> usize {
    match cx.text.document.node(id).map(|it| &it.origin) {
        Some(Origin::Drawn(draw)) => draw.begun,
        _ => 0,
    }
}
