//! Devices by name, and the backends that run models on them.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::{Model, ModelError, Precision, TensorSource};
use crate::checkpoint::Config;

/// Where a model runs. It is written as [`Device::from_str`] reads it: `cpu`, `gpu`, `gpu:NAME`, `cuda`, `cuda:1`, `metal`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Device {
    /// The processor.
    Cpu,
    /// A GPU by the name that its driver gives it, or a part of that; without one the first that is no software.
    Gpu(Option<Arc<str>>),
    /// NVIDIA's card of that number.
    Cuda(usize),
    /// Apple's GPU.
    Metal,
}

impl Device {
    /// The first device of each kind.
    pub const FIRST: [Self; 4] = [Self::Cpu, Self::Gpu(None), Self::Cuda(0), Self::Metal];

    /// The device where there is little room: a GPU without its name.
    #[must_use]
    pub fn short(&self) -> String {
        if let Self::Gpu(_) = self { self.kind().to_owned() } else { self.to_string() }
    }

    /// The name of the kind, which is that of the first device.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Gpu(_) => "gpu",
            Self::Cuda(_) => "cuda",
            Self::Metal => "metal",
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cuda(number @ 1..) => write!(f, "{}:{number}", self.kind()),
            Self::Gpu(Some(name)) => write!(f, "{}:{name}", self.kind()),
            first => f.write_str(first.kind()),
        }
    }
}

impl serde::Serialize for Device {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Characters of a GPU's name; no driver gives it so many.
const LONGEST_NAME: usize = 100;

/// A word that names no device.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no device: there are {names}", names = DeviceChoice::names())]
pub struct UnknownDevice(pub String);

impl FromStr for Device {
    type Err = UnknownDevice;

    fn from_str(word: &str) -> Result<Self, UnknownDevice> {
        let (kind, name) = word.split_once(':').map_or((word, None), |(kind, name)| (kind, Some(name)));
        let is_kind = |it: &Self| it.kind().eq_ignore_ascii_case(kind);
        let first = Self::FIRST.into_iter().find(|it| name.is_none() && is_kind(it));
        let numbered = || name.filter(|_| is_kind(&Self::Cuda(0)))?.parse().ok().map(Self::Cuda);
        let is_name =
            |it: &&str| !it.is_empty() && it.chars().count() <= LONGEST_NAME && !it.contains(char::is_control);
        let of_name = |it: &str| Self::Gpu(Some(Arc::from(it)));
        let named = || name.map(str::trim).filter(|_| is_kind(&Self::Gpu(None))).filter(is_name).map(of_name);
        first.or_else(numbered).or_else(named).ok_or_else(|| UnknownDevice(word.chars().take(LONGEST_NAME).collect()))
    }
}

/// The word for the fastest device that works.
pub const AUTO: &str = "auto";

/// Where a user wants a model to run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// The fastest device that works.
    #[default]
    Auto,
    /// This device, or an error.
    On(Device),
}

impl DeviceChoice {
    /// The words for it, with commas: `auto, cpu, gpu, cuda, metal; a GPU by its name is gpu:NAME, a second card cuda:1`.
    #[must_use]
    pub fn names() -> String {
        let kinds = Device::FIRST.map(|it| it.kind()).join(", ");
        format!(
            "{AUTO}, {kinds}; a GPU by its name (`megachat doctor` lists them) is gpu:NAME, a second card of NVIDIA's {}",
            Device::Cuda(1)
        )
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
        if word.eq_ignore_ascii_case(AUTO) { Ok(Self::Auto) } else { word.parse().map(Self::On) }
    }
}

/// A device that a backend knows of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The device.
    pub device: Device,
    /// What computes there, or why nothing can.
    pub state: Result<String, Unusable>,
    /// What it can be given, in words; empty where that is no matter.
    pub limits: String,
    /// Whether it is taken only where the user names it: it is there, and slower than the processor.
    pub by_name_only: bool,
}

impl Found {
    /// The device that a user means by `choice`, if it is this one or, of cards that have numbers, of its kind.
    #[must_use]
    pub fn meant_by(&self, choice: &Device) -> Option<Device> {
        match (choice, &self.device) {
            (Device::Gpu(None), Device::Gpu(_)) => (!self.by_name_only).then(|| self.device.clone()),
            (Device::Gpu(Some(part)), Device::Gpu(Some(name))) => {
                is_part_of_a_name(&part.trim().to_lowercase(), &name.to_lowercase()).then(|| self.device.clone())
            }
            // A second card is of the kind of the first, which is the one that is probed.
            (choice, found) => (choice.kind() == found.kind()).then(|| choice.clone()),
        }
    }
}

impl Device {
    /// A GPU by the first word of its name that is in no other's of these: what is quickly typed, and no shell takes apart.
    #[must_use]
    pub fn in_a_word(&self, all: &[Self]) -> Option<Self> {
        let Self::Gpu(Some(name)) = self else { return None };
        let has = |it: &Self, word: &str| match it {
            Self::Gpu(Some(name)) => is_part_of_a_name(word, &name.to_lowercase()),
            _ => false,
        };
        let is_plain = |it: &&str| it.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        let of_it_alone = |it: &&str| {
            let word = it.to_lowercase();
            has(self, &word) && all.iter().filter(|other| has(other, &word)).count() == 1
        };
        name.split_whitespace().filter(is_plain).find(of_it_alone).map(|it| Self::Gpu(Some(it.into())))
    }
}

/// Whether a user's word is of a GPU of that name. A letter or a figure stands in many names: less than three characters are of
/// a whole word, and a figure of one or two digits, which counts cards where others number them, is of none.
fn is_part_of_a_name(part: &str, name: &str) -> bool {
    let is_number = part.chars().all(|c| c.is_ascii_digit());
    match part.chars().count() {
        0..3 => !is_number && name.split(|c: char| !c.is_alphanumeric()).any(|word| word == part),
        _ => name.contains(part),
    }
}

/// Why nothing can compute on a device.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// The program was built without it; how to build it.
    #[error("{0}")]
    NotBuilt(String),
    /// The machine has none, as most have not; what would be needed.
    #[error("{0}")]
    Absent(String),
    /// There is one, but its driver fails; what it says.
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

    /// The kinds of device that it has, [`Device::kind`].
    fn kinds(&self) -> &'static [&'static str];

    /// The devices it knows of, usable or not. Looks at the machine each time.
    fn probe(&self) -> Vec<Found>;

    /// The precision that is taken where the user names none: the fastest whose perplexity is within 0.2 % of that of 32
    /// bits.
    fn usual_precision(&self, device: &Device) -> Precision;

    /// Bytes of the machine's own memory that a model takes at the least, with keys and values of a full context; `None` for
    /// a device that has its own.
    fn memory(&self, device: &Device, config: &Config, precision: Precision) -> Option<u64> {
        let _ = (device, config, precision);
        None
    }

    /// Whether a device computes what it should, for a model of such numbers. Takes a second; what it answers holds as long as
    /// [`Found::state`] says the same of the device.
    ///
    /// # Errors
    ///
    /// [`ModelError::Wrong`] if it does not; else what went wrong on the way.
    fn trial(&self, device: &Device, config: &Config, precision: Precision) -> Result<(), ModelError> {
        let _ = (device, config, precision);
        Ok(())
    }

    /// Makes a model.
    ///
    /// # Errors
    ///
    /// If a tensor is missing, misshapen or unreadable, if there is no room, or if the device cannot be used.
    fn load(&self, order: Order<'_>) -> Result<Box<dyn Model>, ModelError>;
}

#[cfg(test)]
mod tests;
