//! What the user and the final error learn from a source being asked.
//!
//! Not here: deciding anything.

use std::sync::atomic::Ordering;
use std::time::Instant;

use super::Asking;
use crate::install::download::pace::Ticker;
use crate::install::download::{Attempt, Event};
use crate::install::protocol::Refusal;

impl Asking<'_> {
    /// Tells the user an answer.
    pub(super) fn tell(&mut self, answer: String) {
        let label = &self.source.label;
        (self.report)(Event::Answer { source: self.place.0, label, answer });
    }

    /// Keeps an answer for the final error.
    pub(super) fn note(&mut self, answer: String) {
        self.note_refusal(answer, None);
    }

    /// The same with the kind of no that it is.
    pub(super) fn note_refusal(&mut self, answer: String, refusal: Option<Refusal>) {
        match self.answers.last_mut() {
            Some(last) if last.answer == answer => last.refusal = last.refusal.or(refusal),
            _ => self.answers.push(Attempt {
                label: self.source.label.clone(),
                url: self.url.clone(),
                answer,
                reached: self.reached,
                refusal,
            }),
        }
    }

    /// Says once per restart that one is needed.
    pub(super) fn say_restarting(&mut self, why: String) {
        if !self.restarting {
            self.restarting = true;
            (self.report)(Event::Restarting { why });
        }
    }

    /// A callback that shows how far the hashing is and stops it when cancelled.
    pub(super) fn verifying(&mut self) -> impl FnMut(u64, u64) -> bool {
        let mut ticker = Ticker::new(self.options.limits.report_every);
        let (report, cancel) = (&mut *self.report, self.cancel);
        move |done, total| {
            if done == total || ticker.is_due(Instant::now()) {
                report(Event::Verifying { done, total });
            }
            !cancel.load(Ordering::Relaxed)
        }
    }
}
