//! The processor as a backend.

use super::load::memory;
use super::{CpuOptions, Isa, load};
use crate::checkpoint::Config;
use crate::model::{Backend, Device, Found, Model, ModelError, Order, Precision};

/// The processor, with kernels for what it has.
pub struct CpuBackend;

impl Backend for CpuBackend {
    fn name(&self) -> &'static str {
        "cpu"
    }

    fn kinds(&self) -> &'static [&'static str] {
        &["cpu"]
    }

    fn probe(&self) -> Vec<Found> {
        vec![Found {
            device: Device::Cpu,
            state: Ok(Isa::detect().name().to_owned()),
            limits: String::new(),
            by_name_only: false,
        }]
    }

    /// 8 bits, by the measurement that the README shows, but for processors without kernels of their own.
    fn usual_precision(&self, _device: &Device) -> Precision {
        if Isa::detect().is_portable() { Precision::F32 } else { Precision::Q8 }
    }

    fn memory(&self, _device: &Device, config: &Config, precision: Precision) -> Option<u64> {
        Some(memory(config, precision))
    }

    fn load(&self, order: Order<'_>) -> Result<Box<dyn Model>, ModelError> {
        let precision = order.precision.unwrap_or_else(|| self.usual_precision(&order.device));
        let options = CpuOptions { precision, threads: order.threads, isa: Isa::detect() };
        load(order.config, order.source, options, order.progress, order.packed)
    }
}
