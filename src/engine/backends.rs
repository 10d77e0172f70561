//! The backends that there are, and the choice between them.

use super::protocol::Failure;
use crate::gpt2::CandleBackend;
use crate::gpt2::cpu::CpuBackend;
use crate::gpt2::gpu::GpuBackend;
use crate::memory;
pub use crate::model::Found;
use crate::model::{Backend, Device, DeviceChoice, Unusable};
use crate::output;

/// Every backend, the fastest first; the processor, which is always there, last.
pub const BACKENDS: &[&dyn Backend] = &[&CandleBackend, &GpuBackend, &CpuBackend];

/// Memory under a limit that the driver of a GPU is opened with: some end the process when they are refused what they ask for.
const ROOM: u64 = 4_000_000_000;

/// Every device that a backend knows of, usable or not; the processor first.
#[must_use]
pub fn devices() -> Vec<Found> {
    let mut found: Vec<Found> = BACKENDS.iter().flat_map(|it| probe(*it)).collect();
    found.sort_by(|a, b| a.device.cmp(&b.device));
    found
}

/// Whether the machine has something that a driver could drive. To open drivers takes longer than all else at the start, and most
/// machines without a GPU have the software that stands for one.
fn may_have_a_gpu() -> bool {
    /// What the kernel calls GPUs: of most makers, NVIDIA's, those that Windows lends, and some of telephones.
    const NODES: [&str; 5] = ["/dev/dri", "/dev/nvidiactl", "/dev/dxg", "/dev/mali0", "/dev/kgsl-3d0"];
    !cfg!(target_os = "linux") || NODES.iter().any(|it| std::path::Path::new(it).exists())
}

/// The devices that a backend knows of. The driver of a GPU may print what it likes: that goes to the log.
fn probe(backend: &dyn Backend) -> Vec<Found> {
    if backend.kinds().contains(&"gpu") {
        if let Some(left) = memory::limited().filter(|it| it.bytes < ROOM) {
            let why = format!("{left}, and a driver is opened where at least {} MB are", ROOM / 1_000_000);
            let state = Err(Unusable::Absent(why));
            return vec![Found { device: Device::Gpu(None), state, limits: String::new(), by_name_only: false }];
        }
        output::divert_libraries();
    }
    let mut found = backend.probe();
    // Whoever set it may have forgotten that.
    let set = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"].into_iter().find(|it| std::env::var_os(it).is_some());
    if let ([Found { state: Err(Unusable::Absent(why)), .. }], Some(name)) = (&mut found[..], set) {
        *why = format!("{why} (the variable {name} says which drivers there are)");
    }
    found
}

/// The kernels that the processor has.
#[must_use]
pub fn processor() -> String {
    CpuBackend.probe().into_iter().find_map(|it| it.state.ok()).unwrap_or_default()
}

/// A backend and its device.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) backend: &'static dyn Backend,
    pub(super) device: Device,
    /// What the backend says of the device.
    pub(super) driver: String,
}

impl Place {
    /// What the backend says of the device, but for the processor.
    pub(super) fn driver(&self) -> Option<String> {
        (self.device != Device::Cpu).then(|| self.driver.clone())
    }
}

/// Where a model can be tried, in this order, and what the user should know about those that are left out.
///
/// # Errors
///
/// [`Failure::NoDevice`] if the device that was named cannot be used.
pub(super) fn places(choice: &DeviceChoice) -> Result<(Vec<Place>, Vec<String>), Failure> {
    match choice {
        DeviceChoice::Auto => {
            let worth_a_look = |it: &&&dyn Backend| !it.kinds().contains(&"gpu") || may_have_a_gpu();
            let all = BACKENDS
                .iter()
                .filter(worth_a_look)
                .flat_map(|&backend| probe(backend).into_iter().map(move |it| (backend, it)));
            let (mut usable, mut missed) = (Vec::new(), Vec::new());
            for (backend, found) in all {
                match found.state {
                    Ok(_) if found.by_name_only => {}
                    Ok(driver) => usable.push(Place { backend, device: found.device, driver }),
                    Err(Unusable::NotThere(why)) => {
                        missed.push(format!("no {} device ({why}): running on the CPU", found.device));
                    }
                    // What the program was not built for, or the machine has not, is no news.
                    Err(Unusable::NotBuilt(_) | Unusable::Absent(_)) => {}
                }
            }
            Ok((usable, missed))
        }
        DeviceChoice::On(device) => named(device).map(|it| (it, Vec::new())),
    }
}

/// Where a device that the user named is.
fn named(device: &Device) -> Result<Vec<Place>, Failure> {
    // No other driver is looked for: with `--device cpu` none at all is opened.
    let of_kind = BACKENDS.iter().filter(|it| it.kinds().contains(&device.kind()));
    let known: Vec<(&'static dyn Backend, Found)> =
        of_kind.flat_map(|&backend| probe(backend).into_iter().map(move |it| (backend, it))).collect::<Vec<_>>();
    let known: Vec<_> = known.into_iter().filter(|it| it.1.device.kind() == device.kind()).collect();
    let meant = known.iter().filter_map(|(backend, it)| {
        let driver = it.state.as_ref().ok()?.clone();
        Some(Place { backend: *backend, device: it.meant_by(device)?, driver })
    });
    // One that is not built in does not hide another that is.
    let mut usable: Vec<Place> = meant.collect();
    // The whole name is of one, a part of it may be of several: the first of them is taken.
    usable.sort_by_key(|it| it.device != *device);
    if matches!(device, Device::Gpu(_)) {
        usable.truncate(1);
    }
    if !usable.is_empty() {
        return Ok(usable);
    }
    let others: Vec<String> = known.iter().filter(|it| it.1.state.is_ok()).map(|it| it.1.device.to_string()).collect();
    let why = if others.is_empty() {
        let why = known.into_iter().find_map(|it| it.1.state.err());
        why.map_or_else(|| "no backend knows it".to_owned(), |it| it.to_string())
    } else if *device == Device::Gpu(None) {
        let others = others.join("'`, `--device '");
        format!("there is only software that stands for one, slower than the CPU; `--device '{others}'` takes it")
    } else {
        format!("there is {}", others.join(", "))
    };
    Err(Failure::NoDevice { device: device.clone(), why })
}
