//! Several continuations of one text at once, as one batch.

use super::{Break, Control, Run, Session, throw};
use crate::TokenId;
use crate::engine::protocol::{ColumnsRequest, Cut, Event, Failure, StopReason};
use crate::sample::{Context, EndOfText, Settings, TokenConstraints};

/// One of them while it grows.
struct Growing<'a> {
    settings: &'a Settings,
    path: Vec<TokenId>,
    run: Run,
    constraints: TokenConstraints,
    ended: bool,
}

impl Session {
    /// Draws the columns; the outcome is an event. What was read of the text itself stays read.
    pub fn run_columns(&mut self, request: &ColumnsRequest, control: &mut dyn Control) {
        let outcome = self.columns(request, control);
        self.tell_move(request.id, control);
        super::report(request.id, outcome, control);
    }

    fn columns(
        &mut self,
        request: &ColumnsRequest,
        control: &mut dyn Control,
    ) -> Result<(StopReason, Option<Cut>), Break> {
        for settings in &request.columns {
            settings.check().map_err(|e| Break::Failed(Failure::Settings(e.to_string())))?;
            if let Some(why) = TokenConstraints::refusal(settings, &self.vocabulary) {
                return Err(Break::Failed(Failure::Unspelled(why)));
            }
        }
        if request.columns.is_empty() || request.path.is_empty() {
            return Err(Break::Failed(Failure::Model("columns need a text to go on from".into())));
        }
        self.prefill(request.id, &request.path, 0, control)?;
        let read = self.read.len();
        // Branches go on from where the text ends.
        self.drafts.forget();
        self.model.rewind(read);
        self.model.branch(request.columns.len())?;
        let outcome = self.spread(request, control);
        self.model.rewind(read);
        outcome
    }

    fn spread(
        &mut self,
        request: &ColumnsRequest,
        control: &mut dyn Control,
    ) -> Result<(StopReason, Option<Cut>), Break> {
        let id = request.id;
        let (vocabulary, shown) = (self.logits.len(), self.scores().len());
        let room = self.model.positions() - self.read.len();
        let mut scores = self.logits.repeat(request.columns.len());
        let grow = |settings| Growing {
            settings,
            path: request.path.clone(),
            run: Run { drawn: Vec::new(), bytes: Vec::new(), keep: request.keep, begun: 0, mu: request.mu },
            constraints: TokenConstraints::of(settings, &self.vocabulary),
            ended: false,
        };
        let mut columns: Vec<Growing> = request.columns.iter().map(grow).collect();
        for drawn in 0..request.tokens {
            if !control.wanted() {
                return Err(Break::Cancelled);
            }
            for (index, (it, row)) in columns.iter_mut().zip(scores.chunks(vocabulary)).enumerate() {
                if it.ended {
                    continue;
                }
                let context = Context::new(&it.path, &it.constraints).with_mu(it.run.mu);
                let (draw, _) = throw(&self.vocabulary, &row[..shown], &context, it.settings, &mut it.run)?;
                let token = draw.token;
                it.path.push(token);
                control.event(Event::ColumnToken { id, column: index, draw: Box::new(draw) });
                let is_end = self.vocabulary.is_end(token) && it.settings.end_of_text == EndOfText::Stop;
                let (reason, cut) = if let Some((stop, cut)) = it.run.cut_at_stop(it.settings, &self.vocabulary) {
                    (StopReason::StopString(stop), Some(cut))
                } else if is_end {
                    (StopReason::EndOfText, None)
                } else if drawn + 1 == request.tokens {
                    (StopReason::MaxTokens, None)
                } else if drawn == room {
                    (StopReason::ContextFull, None)
                } else {
                    continue;
                };
                it.ended = true;
                control.event(Event::ColumnEnded { id, column: index, reason, cut });
            }
            if columns.iter().all(|it| it.ended) {
                break;
            }
            // One that has ended is fed on with the others and not looked at.
            let last: Vec<TokenId> = columns.iter().filter_map(|it| it.path.last().copied()).collect();
            self.model.step(&last, &mut scores)?;
            self.tell_move(id, control);
        }
        Ok((StopReason::MaxTokens, None))
    }
}
