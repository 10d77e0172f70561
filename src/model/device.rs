//! Devices by name, and the backends that run models on them.

use std::fmt;
use std::str::FromStr;

use super::{Model, ModelError, Precision, TensorSource};
use crate::checkpoint::Config;

/// Where a model runs. It is written as [`Device::from_str`] reads it: `cpu`, `cuda`, `cuda:1`, `metal`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Device {
    /// The processor.
    Cpu,
    /// NVIDIA's card of that number.
    Cuda(usize),
    /// Apple's GPU.
    Metal,
}

impl Device {
    /// The first device of each kind.
    pub const FIRST: [Self; 3] = [Self::Cpu, Self::Cuda(0), Self::Metal];

    /// The name of the kind, which is that of the first device.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Cuda(_) => "cuda",
            Self::Metal => "metal",
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cuda(number @ 1..) => write!(f, "{}:{number}", self.kind()),
            first => f.write_str(first.kind()),
        }
    }
}

impl serde::Serialize for Device {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A word that names no device.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no device: there are {names}", names = DeviceChoice::names())]
pub struct UnknownDevice(pub String);

impl FromStr for Device {
    type Err = UnknownDevice;

    fn from_str(word: &str) -> Result<Self, UnknownDevice> {
        let first = Self::FIRST.into_iter().find(|it| it.kind() == word);
        let numbered = || word.strip_prefix("cuda:")?.parse().ok().map(Self::Cuda);
        first.or_else(numbered).ok_or_else(|| UnknownDevice(word.to_owned()))
    }
}

/// The word for the fastest device that works.
pub const AUTO: &str = "auto";

/// Where a user wants a model to run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// The fastest device that works.
    #[default]
    Auto,
    /// This device, or an error.
    On(Device),
}

impl DeviceChoice {
    /// The words for it, with commas: `auto, cpu, cuda, metal; a second one is cuda:1`.
    #[must_use]
    pub fn names() -> String {
        let kinds = Device::FIRST.map(Device::kind).join(", ");
        format!("{AUTO}, {kinds}; a second card is {}", Device::Cuda(1))
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str(AUTO),
            Self::On(device) => device.fmt(f),
        }
    }
}

impl FromStr for DeviceChoice {
    type Err = UnknownDevice;

    fn from_str(word: &str) -> Result<Self, UnknownDevice> {
        if word == AUTO { Ok(Self::Auto) } else { word.parse().map(Self::On) }
    }
}

/// A device that a backend knows of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The device.
    pub device: Device,
    /// What computes there, or why nothing can.
    pub state: Result<String, Unusable>,
}

/// Why nothing can compute on a device.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// The program was built without it; how to build it.
    #[error("{0}")]
    NotBuilt(String),
    /// The machine has none, or its driver fails; what it says.
    #[error("{0}")]
    NotThere(String),
}

/// A model to be made.
pub struct Order<'a> {
    /// The device, one of those that the backend's probe found.
    pub device: Device,
    /// The precision of the weights; `None` is the backend's choice.
    pub precision: Option<Precision>,
    /// Threads on the processor.
    pub threads: usize,
    /// The numbers of the model.
    pub config: &'a Config,
    /// The weights.
    pub source: &'a mut dyn TensorSource,
    /// Hears the number of layers loaded so far.
    pub progress: &'a mut dyn FnMut(usize),
    /// Hears the bytes of all matrices if they had to be packed anew.
    pub packed: &'a mut dyn FnMut(&[u8]),
}

/// Something that runs models: the one thing that a new kind of device brings.
pub trait Backend: Sync {
    /// The name, in a word.
    fn name(&self) -> &'static str;

    /// The devices it knows of, usable or not. Looks at the machine each time.
    fn probe(&self) -> Vec<Found>;

    /// The precision that is taken where the user names none: the fastest whose perplexity is within 0.2 % of that of 32
    /// bits.
    fn usual_precision(&self, device: Device) -> Precision;

    /// Bytes of the machine's own memory that a model takes at the least, with keys and values of a full context; `None` for
    /// a device that has its own.
    fn memory(&self, config: &Config, precision: Precision) -> Option<u64> {
        let _ = (config, precision);
        None
    }

    /// Makes a model.
    ///
    /// # Errors
    ///
    /// If a tensor is missing, misshapen or unreadable, if there is no room, or if the device cannot be used.
    fn load(&self, order: Order<'_>) -> Result<Box<dyn Model>, ModelError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back() {
        for device in [Device::Cpu, Device::Cuda(0), Device::Cuda(3), Device::Metal] {
            assert_eq!(device.to_string().parse(), Ok(device));
            assert_eq!(DeviceChoice::On(device).to_string().parse(), Ok(DeviceChoice::On(device)));
        }
        assert_eq!("auto".parse(), Ok(DeviceChoice::Auto));
        for word in ["", "CPU", "cuda:", "cuda:x", "nowhere", "auto "] {
            assert_eq!(word.parse::<Device>(), Err(UnknownDevice(word.to_owned())));
        }
    }
}
