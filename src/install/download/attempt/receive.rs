//! Takes what a server sends, once its header has been judged.
//!
//! Bytes already held are given up only when the first bytes of a replacement have arrived and
//! look like a model file; a login page in the middle of a download costs nothing.
//!
//! Not here: asking, waiting and counting ([`super`]), and the judgement
//! ([`crate::install::download::answer`]).

use std::time::{Duration, Instant};

use super::{Asking, Ranges, Step, cancelled};
use crate::install::download::answer::{HEAD_BYTES, Head, Verdict, strong_etag, unwanted_body};
use crate::install::download::fault::{Fault, Nature};
use crate::install::download::pace::{Speed, Ticker, parse_retry_after};
use crate::install::download::partial::{Origin, Partial};
use crate::install::download::transfer::{Message, Transfer};
use crate::install::download::{DownloadError, Event};

impl Asking<'_> {
    /// Does what the verdict on an answer says.
    pub(super) fn obey(
        &mut self,
        verdict: Verdict,
        head: &Head,
        transfer: &mut Transfer,
        partial: &mut Partial,
    ) -> Result<Step, DownloadError> {
        let again =
            |why: String, retry_after: Option<Duration>| Ok(Step::Again { why, nature: Nature::Broken, retry_after });
        match verdict {
            Verdict::Append => {
                self.tell(head.text.clone());
                self.take(transfer, partial)
            }
            Verdict::Replace => self.replace(head, transfer, partial),
            Verdict::Complete => {
                self.tell(head.text.clone());
                Ok(Step::Complete)
            }
            Verdict::Distrust(why) => {
                self.ranges = Ranges::Distrusted;
                self.tell(head.text.clone());
                self.say_restarting(why.clone());
                again(why, None)
            }
            // A hub that says why means it.
            Verdict::OnceMore(answer) if !self.forbidden && head.error_code.is_none() => {
                self.forbidden = true;
                self.tell(answer.clone());
                again(answer, None)
            }
            Verdict::Later(answer) => {
                self.tell(answer.clone());
                let now = since_1970(std::time::SystemTime::now());
                let asked = head.retry_after.as_deref();
                again(answer, asked.and_then(|value| parse_retry_after(value, now)))
            }
            Verdict::OnceMore(answer) | Verdict::Refuse(answer) => {
                let answer = head.with_message(answer);
                self.tell(answer.clone());
                self.note_refusal(answer, head.refusal());
                Ok(Step::Leave)
            }
        }
    }

    /// Takes a whole file: looks at its first bytes, and only then gives up those held.
    fn replace(&mut self, head: &Head, transfer: &mut Transfer, partial: &mut Partial) -> Result<Step, DownloadError> {
        let mut first = Vec::new();
        let mut end = None;
        while first.len() < HEAD_BYTES && end.is_none() {
            match transfer.next(self.cancel) {
                Message::Bytes(bytes) => first.extend(bytes),
                Message::End(how) => end = Some(how),
                Message::Cancelled => return Err(cancelled(partial)),
                Message::Head(_) => unreachable!("a transfer has one head"),
            }
        }
        // Too little to know what it is, and cheap to fetch again.
        if let Some(Err(fault)) = end {
            self.tell(head.text.clone());
            return Ok(self.broken(fault));
        }
        if let Some(answer) = self.objection(head, &first) {
            self.tell(answer.clone());
            self.note(answer);
            return Ok(Step::Leave);
        }
        self.tell(head.text.clone());
        let etag = strong_etag(head.etag.as_deref());
        if partial.len() > 0 {
            let same = etag.is_some() && partial.origin().is_some_and(|it| it.etag == etag);
            self.say_restarting(if same || etag.is_none() {
                "the server does not continue downloads".to_owned()
            } else {
                "the file on the server has changed".to_owned()
            });
        }
        self.restarting = false;
        let origin = Origin { url: self.url.clone(), etag, total: head.length };
        partial.restart(origin).map_err(|error| self.write_error(error, partial))?;
        partial.append(&first).map_err(|error| self.write_error(error, partial))?;
        match end {
            Some(how) => Ok(self.ended(how, partial)),
            None => self.take(transfer, partial),
        }
    }

    /// Why this body is not the file wanted, seen from its announcement and first bytes.
    fn objection(&self, head: &Head, first: &[u8]) -> Option<String> {
        if let Some(what) = unwanted_body(first, self.source.kind) {
            return Some(format!("{}, but {what}", head.text));
        }
        match (head.length, self.source.size) {
            (Some(announced), Some(expected)) if announced != expected => {
                Some(format!("{}, but the file has {announced} bytes instead of {expected}", head.text))
            }
            _ => None,
        }
    }

    /// Appends the body until it ends.
    fn take(&mut self, transfer: &mut Transfer, partial: &mut Partial) -> Result<Step, DownloadError> {
        let mut speed = Speed::new(Instant::now());
        let mut ticker = Ticker::new(self.options.limits.report_every);
        let total = self.total(partial);
        let how = loop {
            match transfer.next(self.cancel) {
                Message::Bytes(bytes) => {
                    let after = partial.len() + bytes.len() as u64;
                    if total.is_some_and(|total| after > total) {
                        break Err(Fault {
                            why: "the server sends more bytes than it announced".to_owned(),
                            nature: Nature::Broken,
                        });
                    }
                    partial.append(&bytes).map_err(|error| self.write_error(error, partial))?;
                    speed.add(bytes.len());
                    let now = Instant::now();
                    if ticker.is_due(now) {
                        let bytes_per_second = speed.measure(now);
                        let done = partial.len();
                        (self.report)(Event::Progress { done, total, bytes_per_second });
                    }
                }
                Message::End(how) => break how,
                Message::Cancelled => return Err(cancelled(partial)),
                Message::Head(_) => unreachable!("a transfer has one head"),
            }
        };
        let bytes_per_second = speed.measure(Instant::now());
        (self.report)(Event::Progress { done: partial.len(), total, bytes_per_second });
        Ok(self.ended(how, partial))
    }

    /// What the end of a body means for the file.
    fn ended(&mut self, how: Result<(), Fault>, partial: &Partial) -> Step {
        match (how, self.total(partial)) {
            (Ok(()), Some(total)) if partial.len() != total => self.broken(Fault {
                why: format!("the body ended after {} of {total} bytes", partial.len()),
                nature: Nature::Broken,
            }),
            (Ok(()), _) => Step::Complete,
            (Err(fault), _) => self.broken(fault),
        }
    }

    /// What a fault means for this source.
    pub(super) fn broken(&mut self, fault: Fault) -> Step {
        let Fault { why, nature } = fault;
        if !self.reached || nature == Nature::Permanent {
            self.tell(why.clone());
        }
        if nature == Nature::Permanent {
            self.note(why);
            return Step::Leave;
        }
        Step::Again { why, nature, retry_after: None }
    }
}

/// Seconds since 1970. A clock that is before it, or that no calendar reaches, says nothing wrong: it is only compared.
fn since_1970(now: std::time::SystemTime) -> i64 {
    let passed = now.duration_since(std::time::UNIX_EPOCH);
    passed.map_or(0, |it| i64::try_from(it.as_secs()).unwrap_or(i64::MAX))
}
