//! Continuations of several texts, drawn together: the weights are read once for a token of each.

use super::{Begun, Break, Control, Cut, Event, Request, Run, Session, StopReason, report, throw};
use crate::TokenId;
use crate::model::{ModelError, Scores, room};
use crate::sample::{Context, EndOfText, TokenConstraints, WhenFull};

/// Texts that grow together. More would gain little on a processor, and each has keys and values of its own: 100 MB for a
/// full context of 345M.
const TOGETHER: usize = 8;

/// How one ended.
type Outcome = Result<(StopReason, Option<Cut>), Break>;

/// One of them while it grows.
struct Growing<'a> {
    request: &'a Request,
    path: Vec<TokenId>,
    run: Run,
    constraints: TokenConstraints,
    /// Whether its outcome was told.
    ended: bool,
}

impl Growing<'_> {
    /// Tells its outcome.
    fn end(&mut self, outcome: Outcome, control: &mut dyn Control) {
        self.ended = true;
        report(self.request.id, outcome, control);
    }
}

impl Session {
    /// Draws a continuation of each request, several at a time. Each is drawn as [`Session::run`] draws it, with the same
    /// tokens where the model's arithmetic has a number, and its events carry its id. A pace does not count.
    pub fn run_batch(&mut self, requests: &[Request], control: &mut dyn Control) {
        for some in requests.chunks(TOGETHER) {
            let mut growing = Vec::new();
            for request in some {
                let begun = if control.wanted() { self.begin(request, control) } else { Err(Break::Cancelled) };
                let outcome = match begun {
                    Ok(Begun::Goes(path, run)) => {
                        let constraints = TokenConstraints::of(&request.settings, &self.vocabulary);
                        growing.push(Growing { request, path, run, constraints, ended: false });
                        continue;
                    }
                    Ok(Begun::Ended(reason, cut)) => Ok((reason, cut)),
                    Err(it) => Err(it),
                };
                self.tell_move(request.id, control);
                report(request.id, outcome, control);
            }
            // A window that slides is read anew each time: branches only grow.
            let (slide, mut together): (Vec<_>, Vec<_>) =
                growing.into_iter().partition(|it| it.request.settings.when_full == WhenFull::Slide);
            let outcome = self.grow_together(&mut together, control);
            let read = self.read.len();
            self.model.rewind(read);
            if let Some(it) = together.iter().find(|it| !it.ended) {
                self.tell_move(it.request.id, control);
            }
            let why = match outcome {
                Ok(()) | Err(ModelError::Unsupported { .. } | ModelError::Memory { .. }) => None,
                Err(ModelError::Interrupted) => Some(Break::Cancelled),
                Err(error) => Some(error.into()),
            };
            for mut it in together.into_iter().filter(|it| !it.ended) {
                match &why {
                    // One needs less room than several.
                    None => self.alone(it, control),
                    Some(why) => it.end(Err(why.clone()), control),
                }
            }
            for it in slide {
                self.alone(it, control);
            }
        }
    }

    /// Draws one by itself, from where it is.
    fn alone(&mut self, it: Growing, control: &mut dyn Control) {
        let Growing { request, path, run, .. } = it;
        let outcome = self.go_on(request, path, run, control);
        self.tell_move(request.id, control);
        report(request.id, outcome, control);
    }

    /// Draws behind each text, a token of each at a time, until all have ended, and tells the outcome of each that ended.
    fn grow_together(&mut self, all: &mut [Growing], control: &mut dyn Control) -> Result<(), ModelError> {
        let Some(shortest) = all.iter().map(|it| it.path.len()).min() else { return Ok(()) };
        // What all begin with is read once. Each has a last token of its own, whose scores are wanted.
        let first = all[0].path.clone();
        let same = |it: &Growing| it.path.iter().zip(&first).take_while(|(a, b)| a == b).count();
        let common = all.iter().map(same).min().unwrap_or(0).min(shortest - 1);
        let known = self.read.iter().zip(&first[..common]).take_while(|(a, b)| a == b).count();
        self.fresh = false;
        self.drafts.forget();
        self.read.truncate(known);
        self.model.rewind(known);
        self.model.extend(&first[known..common], Scores::None, &mut || control.wanted())?;
        self.read.extend_from_slice(&first[known..common]);
        self.model.branch(all.len())?;
        let (rows, shown) = (self.logits.len(), self.scores().len());
        let mut scores = room(rows * all.len(), 0.0, "rows of scores")?;
        let mut fed: Vec<Vec<TokenId>> = all.iter().map(|it| it.path[common..].to_vec()).collect();
        loop {
            let several: Vec<&[TokenId]> = fed.iter().map(Vec::as_slice).collect();
            self.model.grow(&several, &mut scores, &mut || control.wanted())?;
            for ((it, row), fed) in all.iter_mut().zip(scores.chunks(rows)).zip(&mut fed) {
                fed.clear();
                if it.ended {
                    continue;
                }
                match self.next(it, &row[..shown], control) {
                    Ok(None) => fed.extend(it.path.last()),
                    Ok(Some((reason, cut))) => it.end(Ok((reason, cut)), control),
                    Err(why) => it.end(Err(why), control),
                }
            }
            if all.iter().all(|it| it.ended) {
                return Ok(());
            }
            if !control.wanted() {
                return Err(ModelError::Interrupted);
            }
        }
    }

    /// Draws the next token of one text from its scores, (V,), unless it ends there.
    fn next(
        &self,
        it: &mut Growing,
        row: &[f32],
        control: &mut dyn Control,
    ) -> Result<Option<(StopReason, Option<Cut>)>, Break> {
        let settings = &it.request.settings;
        let most = settings.max_tokens as usize;
        if most > 0 && it.run.drawn.len() >= most {
            return Ok(Some((StopReason::MaxTokens, None)));
        }
        if it.path.len() >= self.model.positions() {
            return Ok(Some((StopReason::ContextFull, None)));
        }
        let context = Context::new(&it.path, &it.constraints).with_mu(it.run.mu);
        let (draw, trace) = throw(&self.vocabulary, row, &context, settings, &mut it.run)?;
        let token = draw.token;
        control.event(Event::Token { id: it.request.id, draw: Box::new(draw), trace });
        it.path.push(token);
        if let Some((stop, cut)) = it.run.cut_at_stop(settings, &self.vocabulary) {
            return Ok(Some((StopReason::StopString(stop), Some(cut))));
        }
        if self.vocabulary.is_end(token) && settings.end_of_text == EndOfText::Stop {
            return Ok(Some((StopReason::EndOfText, None)));
        }
        Ok((most > 0 && it.run.drawn.len() >= most).then_some((StopReason::MaxTokens, None)))
    }
}
