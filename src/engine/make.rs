//! A model from its files, on the device that is named or chosen.

use super::backends::{Place, places};
use super::choice::{Choice, Made};
use super::devices::{self, Findings};
use super::packed::Packs;
use super::protocol::{Failure, ModelSource};
use super::tensors::FileTensors;
use crate::checkpoint::Config;
use crate::memory::{self, Memory};
use crate::model::{Device, DeviceChoice, Model, ModelError, Order, Precision};
use crate::output;

/// A model with fewer parameters is packed too fast to be noticed. The demo has 12 M, the smallest GPT-2 124 M.
const SMALL: u64 = 50_000_000;

/// More threads than any machine that this is made for has processors.
const MOST_THREADS: usize = 1024;

/// What a model is made of.
pub(super) struct Maker<'a> {
    pub(super) source: &'a ModelSource,
    /// Where packed weights are kept, if they are.
    pub(super) packs: Option<Packs>,
    pub(super) config: &'a Config,
    pub(super) tensors: &'a mut FileTensors,
    /// Hears how many of how many blocks are done.
    pub(super) progress: &'a mut dyn FnMut(usize, usize),
}

impl Maker<'_> {
    /// Makes the model on the device that was named, or on the best.
    pub(super) fn make(mut self) -> Result<Made, Failure> {
        let (places, notes) = places(&self.source.device)?;
        memory::refuse_beyond_the_group();
        let (source, config) = (self.source, self.config);
        let choice = Choice {
            is_auto: source.device == DeviceChoice::Auto,
            findings: Findings::of_the_program(),
            config,
            threads: threads(source.threads),
            precision: &|it| source.precision.unwrap_or_else(|| it.backend.usual_precision(&it.device)),
            fits: &|place, precision| {
                fits(
                    &|it| place.backend.memory(&place.device, config, it),
                    memory::available(),
                    &source.name,
                    precision,
                )
            },
            load: &mut |place, precision| self.load(place, precision),
            speed: &mut devices::speed,
        };
        choice.make(&places, notes)
    }

    fn load(&mut self, place: &Place, precision: Precision) -> Result<Box<dyn Model>, ModelError> {
        if place.device != Device::Cpu {
            output::log_words();
        }
        let total = self.config.n_layer;
        let worth_it = place.device == Device::Cpu && self.tensors.opened.parameters() >= SMALL;
        let packs = self.packs.clone().filter(|_| worth_it);
        self.tensors.packs.clone_from(&packs);
        place.backend.load(Order {
            device: place.device.clone(),
            precision: Some(precision),
            threads: threads(self.source.threads),
            config: self.config,
            source: &mut *self.tensors,
            progress: &mut |done| (self.progress)(done, total),
            packed: &mut |bytes| {
                if let Some(packs) = &packs {
                    packs.write(precision, bytes);
                }
            },
        })
    }
}

/// Whether a model fits into the memory that there is, before anything of it is asked for: a system that gives what it has
/// not ends a program in the middle.
///
/// `need` are the bytes that it takes in a precision, where the backend knows them.
fn fits(
    need: &dyn Fn(Precision) -> Option<u64>,
    have: Option<Memory>,
    name: &str,
    precision: Precision,
) -> Result<(), Failure> {
    let (Some(needed), Some(have)) = (need(precision), have) else { return Ok(()) };
    if needed <= have.bytes {
        return Ok(());
    }
    let other = Precision::ALL.into_iter().find(|it| need(*it).is_some_and(|it| it <= have.bytes));
    let hint = other.map_or_else(String::new, |it| format!("; in {} it would fit (--dtype {0})", it.name()));
    Err(Failure::NoMemory(format!(
        "there is not enough memory for {name}: with a full context it takes {} MB in {}, and {have}{hint}",
        needed.div_ceil(1_000_000),
        precision.name(),
    )))
}

/// As many as were asked for; else one for each processor, for nothing else of the program computes.
fn threads(wanted: Option<usize>) -> usize {
    wanted.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)).clamp(1, MOST_THREADS)
}

#[cfg(test)]
mod tests;
