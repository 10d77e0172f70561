//! A protocol carried out piece by piece: how long it takes is said first, and what is done is kept.

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::command::interrupt::Interrupt;
use crate::command::{Exit, lively, say};
use crate::format;
use crate::model::{Model, ModelError};
use crate::output;
use crate::store::evaluations;

/// How often it is written down how far it has come.
const KEPT_EVERY: Duration = Duration::from_secs(5);
/// What takes less is not announced.
const SHORT: Duration = Duration::from_secs(10);

/// What is read, in pieces that are always the same.
pub(super) trait Protocol {
    /// What it comes to.
    type Sums: Clone + Default + Serialize + DeserializeOwned;

    /// How many tokens the model reads for each piece.
    fn costs(&self) -> Vec<usize>;

    /// Reads a piece; the scores are rows of the first `rows` tokens, (V,). `false` if one of them is no number.
    fn read(
        &self,
        piece: usize,
        rows: usize,
        model: &mut dyn Model,
        sums: &mut Self::Sums,
        wanted: &mut dyn FnMut() -> bool,
    ) -> Result<bool, ModelError>;

    /// What they come to so far, in a few words.
    fn so_far(&self, sums: &Self::Sums) -> String;
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct Done<S> {
    pieces: usize,
    sums: S,
}

/// A protocol with what it needs.
pub(super) struct Run<'a, P> {
    pub(super) protocol: &'a P,
    /// Names it, and all that its result depends on.
    pub(super) of: String,
    pub(super) state: &'a Path,
    pub(super) rows: usize,
}

impl<P: Protocol> Run<'_, P> {
    /// Carries it out, from where it was stopped.
    pub(super) fn run(&self, model: &mut dyn Model) -> Result<P::Sums, Exit> {
        let costs = self.protocol.costs();
        let kept = evaluations::load::<Done<P::Sums>>(self.state, &self.of).filter(|it| it.pieces < costs.len());
        let mut done = kept.unwrap_or_default();
        if done.pieces > 0 {
            let so_far = self.protocol.so_far(&done.sums);
            say(&format!("megachat: goes on where it was stopped, {} of {}: {so_far}", done.pieces, costs.len()));
        }
        let interrupt = Interrupt::listen()?;
        let (lively, begun, all) = (lively(), Instant::now(), costs[done.pieces..].iter().sum::<usize>());
        let (mut read, mut kept_at, mut announced) = (0, None::<Instant>, false);
        for piece in done.pieces..costs.len() {
            // A piece that is stopped halfway counts for nothing.
            let mut sums = done.sums.clone();
            let outcome = self.protocol.read(piece, self.rows, model, &mut sums, &mut || !interrupt.came());
            if lively {
                let _ = write!(output::stderr(), "\r\x1b[K");
            }
            match outcome {
                Err(ModelError::Interrupted) => return Err(self.stopped(&done, costs.len(), interrupt.status())),
                Err(e @ ModelError::DeviceLost { .. }) => return Err(Exit { code: 6, message: e.to_string() }),
                Err(e) => return Err(Exit::failed(e.to_string())),
                Ok(false) => return Err(Exit::failed("the model's scores are no numbers")),
                Ok(true) => done = Done { pieces: piece + 1, sums },
            }
            read += costs[piece];
            let left = begun.elapsed().mul_f64((all - read) as f64 / read.max(1) as f64);
            // The first piece has the start of the device in it.
            if !announced && (piece + 1 == costs.len() || begun.elapsed() > Duration::from_secs(1)) {
                announced = true;
                if left >= SHORT {
                    let left = format::span(left);
                    say(&format!("megachat: {all} tokens to read, about {left}; Ctrl-C keeps what is done"));
                }
            }
            if kept_at.is_none_or(|it| it.elapsed() >= KEPT_EVERY) {
                // That it cannot be kept is no reason to stop.
                let _ = evaluations::keep(self.state, &self.of, &done);
                kept_at = Some(Instant::now());
            }
            if lively {
                let (so_far, left) = (self.protocol.so_far(&done.sums), format::span(left));
                let _ = write!(output::stderr(), "{} of {}, {left} to go: {so_far}", done.pieces, costs.len());
            }
            // A model that is done with a piece before it looks must hear of it, too.
            if interrupt.came() && done.pieces < costs.len() {
                return Err(self.stopped(&done, costs.len(), interrupt.status()));
            }
        }
        if lively {
            let _ = write!(output::stderr(), "\r\x1b[K");
        }
        evaluations::forget(self.state, &self.of);
        Ok(done.sums)
    }

    /// What is said of what was stopped. It is kept.
    fn stopped(&self, done: &Done<P::Sums>, pieces: usize, code: u8) -> Exit {
        let kept = match evaluations::keep(self.state, &self.of, done) {
            Ok(()) => "the same command goes on from there".to_owned(),
            Err(e) => format!("it could not be kept: {e}"),
        };
        let so_far = self.protocol.so_far(&done.sums);
        Exit { code, message: format!("stopped after {} of {pieces}, {so_far}; {kept}", done.pieces) }
    }
}
