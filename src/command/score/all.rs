//! All items, told as they are read, and what they come to.

use std::cmp::Ordering;
use std::io::Write as _;

use serde_json::json;

use super::items::Item;
use super::rows::Level;
use super::scorer::{Scored, Scorer};
use super::told::{Form, Teller};
use super::words::{Found, find_target};
use crate::command::source::Progress;
use crate::command::{Exit, say};
use crate::output::Output;
use crate::sample::Tally;
use crate::text::{visible_json, visible_name};

/// Bytes of texts that are read together.
const BATCH: usize = 1 << 14;

/// What the items come to that were told.
#[derive(Debug, Default)]
pub(super) struct All {
    tally: Tally,
    items: usize,
    /// How many were longer than the context, and what the first of them is called.
    long: (usize, String),
    /// Pairs of which the good text was likelier, as likely, and less likely; and those without a score.
    right: usize,
    equal: usize,
    wrong: usize,
    unknown: usize,
    /// Texts whose scores are no numbers, and what is said of the first of them.
    broken: (usize, String),
    /// Targets that their text does not have, has only inside a word, and has more than once.
    nowhere: (usize, String),
    inside: (usize, String),
    first_of_several: (usize, String),
}

impl All {
    /// Scores items, many at a time, and tells each.
    ///
    /// # Errors
    ///
    /// What ended it; what was read before is told.
    pub(super) fn tell(
        &mut self,
        items: &mut dyn Iterator<Item = Result<Item, Exit>>,
        scorer: &mut Scorer,
        teller: &mut Teller<'_, Output>,
        progress: &Progress,
    ) -> Result<(), Exit> {
        let is_paired = teller.rows.level == Level::Pair;
        teller.begin()?;
        loop {
            let (mut batch, mut size, mut failed) = (Vec::new(), 0, Ok(()));
            // What is there is told before more is waited for.
            let is_enough = |batch: &Vec<Item>, size| size >= BATCH || !batch.is_empty() && progress.waits.get();
            while failed.is_ok() && (!is_enough(&batch, size) || is_paired && batch.len() % 2 == 1) {
                match items.next() {
                    Some(Ok(it)) => {
                        // An empty one costs something, too.
                        size += it.text.len() + 32;
                        batch.push(it);
                    }
                    Some(Err(it)) => failed = Err(it),
                    None => break,
                }
            }
            if batch.is_empty() {
                return failed;
            }
            let (done, outcome) = scorer.score(batch, progress.share(), teller.is_only);
            for it in &done {
                self.count(it, teller.is_only);
            }
            if is_paired {
                for pair in done.chunks_exact(2) {
                    let told = teller.pair(&pair[0], &pair[1])?;
                    *match told {
                        Some(Ordering::Greater) => &mut self.right,
                        Some(Ordering::Equal) => &mut self.equal,
                        Some(Ordering::Less) => &mut self.wrong,
                        None => &mut self.unknown,
                    } += 1;
                }
            } else {
                for it in &done {
                    teller.item(it, scorer)?;
                }
            }
            teller.out.flush()?;
            outcome.and(failed)?;
        }
    }

    fn count(&mut self, it: &Scored, is_only: bool) {
        self.items += 1;
        if let Some(complaint) = it.complaint((!is_only).then(|| it.item.called()).as_deref()) {
            if self.broken.0 == 0 {
                self.broken.1 = complaint;
            }
            self.broken.0 += 1;
        }
        self.tally.merge(&it.tally);
        if let Some(target) = &it.item.target {
            let doubt = match find_target(&it.item.text, target.trim()) {
                Found::Nowhere => Some(&mut self.nowhere),
                Found::Inside(_) => Some(&mut self.inside),
                Found::First(_) => Some(&mut self.first_of_several),
                Found::Once(_) => None,
            };
            if let Some((count, first)) = doubt {
                if *count == 0 {
                    *first = it.item.called();
                }
                *count += 1;
            }
        }
        if it.windows > 1 && !is_only {
            if self.long.0 == 0 {
                self.long.1 = it.item.called();
            }
            self.long.0 += 1;
        }
    }

    /// Says what they come to.
    ///
    /// # Errors
    ///
    /// If it cannot be written, and status 1 if scores of a text are no numbers.
    pub(super) fn end(&self, scorer: &Scorer, teller: &mut Teller<'_, Output>) -> Result<(), Exit> {
        if let (n @ 1.., first) = &self.long {
            let (capacity, first) = (scorer.positions(), visible_name(first));
            say(&format!(
                "megachat: {n} of {} texts are longer than the context of {capacity} tokens and were read in windows; the \
                 first is {first}",
                self.items
            ));
        }
        let doubts = [
            (&self.nowhere, "not found (NA)"),
            (&self.inside, "found inside a word only"),
            (&self.first_of_several, "found more than once, of which the first is told"),
        ];
        let doubts: Vec<String> = doubts
            .iter()
            .filter(|it| it.0.0 > 0)
            .map(|((count, first), what)| match count {
                1 => format!("{count} {what}: item {}", visible_name(first)),
                _ => format!("{count} {what}: first item {}", visible_name(first)),
            })
            .collect();
        if !doubts.is_empty() {
            say(&format!("megachat: of the targets: {}", doubts.join("; ")));
        }
        match (teller.rows.level, teller.form) {
            (Level::Pair, Form::Table) => writeln!(teller.out, "\n{}", self.pairs())?,
            (Level::Pair, Form::Totals) => {
                let Self { right, equal, wrong, unknown, .. } = self;
                let value = json!({
                    "pairs": right + equal + wrong, "right": right, "equal": equal, "wrong": wrong, "unscored": unknown,
                    "accuracy": self.accuracy(), "model": scorer.facts(),
                });
                writeln!(teller.out, "{}", visible_json(&value.to_string()))?;
            }
            (Level::Pair, _) => say(&format!("megachat: {}", self.pairs())),
            (Level::Text, Form::Table) => {
                teller.end(&self.tally, self.items)?;
                say("megachat: these figures are this model's; they tell little of who or what wrote a text");
            }
            _ => teller.end(&self.tally, self.items)?,
        }
        teller.out.flush()?;
        match &self.broken {
            (0, _) => Ok(()),
            (1, complaint) => Err(Exit::failed(complaint.clone())),
            (n, complaint) => Err(Exit::failed(format!("{complaint}; so are those of {n} texts in all"))),
        }
    }

    /// The share of the pairs whose good text is likelier; equal ones count as wrong.
    fn accuracy(&self) -> Option<f64> {
        let pairs = self.right + self.equal + self.wrong;
        (pairs > 0).then(|| self.right as f64 / pairs as f64)
    }

    fn pairs(&self) -> String {
        let Self { right, equal, wrong, unknown, .. } = self;
        let accuracy = self.accuracy().map_or("NA".to_owned(), |it| format!("{it:.4}"));
        let equal = if *equal > 0 { format!(", equal {equal} (counted as wrong)") } else { String::new() };
        let unknown = if *unknown > 0 { format!(", without a score {unknown}") } else { String::new() };
        format!("pairs {}, right {right}, accuracy {accuracy}{equal}{unknown}", right + self.equal + wrong)
    }
}
