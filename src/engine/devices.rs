//! Where a model can run here.

use candle_core::Device;

use super::protocol::{DeviceChoice, Failure};
use crate::gpt2::cpu::Isa;

/// A device and whether it can be used, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// `cpu`, `cuda` or `metal`.
    pub name: &'static str,
    /// Whether a model can run there.
    pub usable: bool,
    /// The kernels, or why not.
    pub what: String,
}

/// Every kind of device, usable or not.
#[must_use]
pub fn devices() -> Vec<Found> {
    let found = |name, built: bool, make: fn(usize) -> candle_core::Result<Device>| {
        if !built {
            return Found {
                name,
                usable: false,
                what: format!("not built in: cargo build --release --features {name}"),
            };
        }
        match make(0) {
            Ok(_) => Found { name, usable: true, what: "the first device".to_owned() },
            Err(e) => Found { name, usable: false, what: first_line(&e.to_string()) },
        }
    };
    vec![
        Found { name: "cpu", usable: true, what: Isa::detect().name().to_owned() },
        found("cuda", cfg!(feature = "cuda"), Device::new_cuda),
        found("metal", cfg!(feature = "metal"), Device::new_metal),
    ]
}

pub(super) fn choose_device(choice: DeviceChoice) -> Result<(Device, Option<String>), Failure> {
    let no = |device, e: candle_core::Error| Failure::NoDevice { device, why: first_line(&e.to_string()) };
    match choice {
        DeviceChoice::Cuda => Device::new_cuda(0).map(|it| (it, None)).map_err(|e| no("CUDA", e)),
        DeviceChoice::Metal => Device::new_metal(0).map(|it| (it, None)).map_err(|e| no("Metal", e)),
        DeviceChoice::Auto if cfg!(feature = "cuda") => Ok(or_cpu(Device::new_cuda(0), "CUDA")),
        DeviceChoice::Auto if cfg!(feature = "metal") => Ok(or_cpu(Device::new_metal(0), "Metal")),
        DeviceChoice::Cpu | DeviceChoice::Auto => Ok((Device::Cpu, None)),
    }
}

fn or_cpu(device: candle_core::Result<Device>, name: &str) -> (Device, Option<String>) {
    match device {
        Ok(device) => (device, None),
        Err(e) => (Device::Cpu, Some(format!("no {name} device ({}): running on the CPU", first_line(&e.to_string())))),
    }
}

pub(super) fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

pub(super) fn device_name(device: &Device) -> &'static str {
    match device {
        Device::Cpu => "cpu",
        Device::Cuda(_) => "cuda",
        Device::Metal(_) => "metal",
    }
}
