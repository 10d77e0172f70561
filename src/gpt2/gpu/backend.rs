//! GPUs as a backend.

use super::adapters::{Adapter, adapters};
use super::kernels::{Pipelines, Style};
use super::load::bytes;
use super::machine::NAME;
use super::{GpuModel, trial};
use crate::checkpoint::Config;
use crate::model::{Backend, Device, Found, Model, ModelError, Order, Precision, TensorSource, Unusable};

/// Whatever GPUs there are, by Vulkan, Metal or Direct3D.
pub struct GpuBackend;

/// Whether drivers can be opened: a static program cannot load a library.
pub const IS_BUILT: bool = !cfg!(all(target_env = "musl", target_feature = "crt-static"));

/// The precisions that the kernels have.
const PRECISIONS: [Precision; 3] = [Precision::F32, Precision::F16, Precision::Q8];

/// The widest head that a group's memory has room for.
const WIDEST_HEAD: usize = 512;

/// How the kernels are made for a model on an adapter.
///
/// # Errors
///
/// If there are none for it.
pub(super) fn style(adapter: &Adapter, config: &Config, precision: Precision) -> Result<Style, ModelError> {
    if !PRECISIONS.contains(&precision) {
        let known = "f32, f16 and q8".to_owned();
        let why = "no kernel reads them".to_owned();
        return Err(ModelError::Precision { precision, backend: NAME, why, known });
    }
    let width = config.n_embd / config.n_head;
    if width > WIDEST_HEAD {
        return Err(ModelError::Unsupported { backend: NAME, what: "run a model whose heads are wider than 512" });
    }
    let half_cache = precision != Precision::F32 && width.is_multiple_of(2);
    Ok(Style { precision, half_cache, subgroups: adapter.has_subgroups() })
}

/// How to run on a GPU.
#[derive(Clone, Copy, Debug)]
pub struct GpuOptions {
    /// How weights are held: f32, f16 or q8.
    pub precision: Precision,
    /// Whether sums may be those of subgroups, where the adapter has them.
    pub subgroups: bool,
}

/// Loads all weights, checking each shape against `config`. `progress` hears the number of layers loaded so far.
///
/// # Errors
///
/// If a tensor is missing, misshapen, unreadable or holds what is not finite, if there is no room, or if the device fails.
pub fn load(
    adapter: &Adapter,
    config: &Config,
    source: &mut dyn TensorSource,
    options: GpuOptions,
    progress: &mut dyn FnMut(usize),
) -> Result<GpuModel, ModelError> {
    let mut style = style(adapter, config, options.precision)?;
    style.subgroups &= options.subgroups;
    GpuModel::load(adapter.open()?, config, source, Pipelines::new(style), progress)
}

/// The adapter that is a device.
///
/// # Errors
///
/// [`ModelError::DeviceLost`] if there is none any more.
fn adapter_of(device: &Device) -> Result<Adapter, ModelError> {
    let gone = || ModelError::DeviceLost { device: device.clone(), why: "it is not there any more".to_owned() };
    adapters().into_iter().find(|it| it.device() == *device).ok_or_else(gone)
}

impl Backend for GpuBackend {
    fn name(&self) -> &'static str {
        NAME
    }

    fn kinds(&self) -> &'static [&'static str] {
        &["gpu"]
    }

    fn probe(&self) -> Vec<Found> {
        if !IS_BUILT {
            let why = "this program is static, and can open no driver".to_owned();
            let state = Err(Unusable::NotBuilt(why));
            return vec![Found { device: Device::Gpu(None), state, limits: String::new(), by_name_only: false }];
        }
        let all: Vec<Found> = adapters()
            .into_iter()
            .map(|it| Found {
                device: it.device(),
                state: Ok(it.described()),
                limits: it.limits.clone(),
                by_name_only: it.is_software(),
            })
            .collect();
        if !all.is_empty() {
            return all;
        }
        let why = "no driver offers one: on Linux that takes libvulkan.so.1 and the card's Vulkan driver".to_owned();
        vec![Found {
            device: Device::Gpu(None),
            state: Err(Unusable::Absent(why)),
            limits: String::new(),
            by_name_only: false,
        }]
    }

    /// 8 bits: the fastest, with the weights that the processor has in 8 bits.
    fn usual_precision(&self, _device: &Device) -> Precision {
        Precision::Q8
    }

    /// Of what has the machine's memory: software, and what lies in the processor's chip.
    fn memory(&self, device: &Device, config: &Config, precision: Precision) -> Option<u64> {
        let adapter = adapter_of(device).ok()?;
        adapter.has_the_machines_memory().then(|| bytes(config, precision))
    }

    fn load(&self, order: Order<'_>) -> Result<Box<dyn Model>, ModelError> {
        let precision = order.precision.unwrap_or_else(|| self.usual_precision(&order.device));
        let adapter = adapter_of(&order.device)?;
        let options = GpuOptions { precision, subgroups: true };
        Ok(Box::new(load(&adapter, order.config, order.source, options, order.progress)?))
    }

    fn trial(&self, device: &Device, config: &Config, precision: Precision) -> Result<(), ModelError> {
        trial::run(&adapter_of(device)?, config, precision)
    }
}
