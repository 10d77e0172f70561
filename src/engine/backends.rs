//! The backends that there are, and the choice between them.

use super::protocol::Failure;
use crate::gpt2::CandleBackend;
use crate::gpt2::cpu::CpuBackend;
use crate::model::{Backend, Device, DeviceChoice, Found, Unusable};

/// Every backend, the fastest first; the processor, which is always there, last.
pub const BACKENDS: &[&dyn Backend] = &[&CandleBackend, &CpuBackend];

/// Every device that a backend knows of, usable or not; the processor first.
#[must_use]
pub fn devices() -> Vec<Found> {
    let mut found: Vec<Found> = BACKENDS.iter().flat_map(|it| it.probe()).collect();
    found.sort_by_key(|it| it.device);
    found
}

/// A backend and its device.
pub(super) type Place = (&'static dyn Backend, Device);

/// Where a model can be tried, in this order, and what the user should know about those that are left out.
///
/// # Errors
///
/// [`Failure::NoDevice`] if the device that was named cannot be used.
pub(super) fn places(choice: DeviceChoice) -> Result<(Vec<Place>, Vec<String>), Failure> {
    let all = || BACKENDS.iter().flat_map(|&backend| backend.probe().into_iter().map(move |it| (backend, it)));
    match choice {
        DeviceChoice::Auto => {
            let usable = all().filter(|it| it.1.state.is_ok()).map(|it| (it.0, it.1.device)).collect();
            // What the program was not built for is no news.
            let missed = all().filter_map(|it| match it.1.state {
                Err(Unusable::NotThere(why)) => Some(format!("no {} device ({why}): running on the CPU", it.1.device)),
                Err(Unusable::NotBuilt(_)) | Ok(_) => None,
            });
            Ok((usable, missed.collect()))
        }
        DeviceChoice::On(device) => {
            // A second card is of the kind of the first, which is the one that is probed.
            let of_kind = |it: &Found| it.device.kind() == device.kind();
            let known: Vec<_> = all().filter(|it| of_kind(&it.1)).collect();
            // One that is not built in does not hide another that is.
            let usable: Vec<Place> = known.iter().filter(|it| it.1.state.is_ok()).map(|it| (it.0, device)).collect();
            if !usable.is_empty() {
                return Ok((usable, Vec::new()));
            }
            let why = known.into_iter().find_map(|it| it.1.state.err());
            let why = why.map_or_else(|| "no backend knows it".to_owned(), |it| it.to_string());
            Err(Failure::NoDevice { device, why })
        }
    }
}
