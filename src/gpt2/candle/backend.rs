//! candle as a backend: CUDA and Metal, where the program is built for them.

use candle_core::Device as CandleDevice;

use super::{CandleModel, NAME};
use crate::model::{Backend, Device, Found, Model, ModelError, Order, Precision, Unusable};

/// candle's GPUs. (Its CPU is for tests: ours is faster.)
pub struct CandleBackend;

/// candle's device of ours.
fn device(of: &Device) -> Result<CandleDevice, ModelError> {
    Ok(match of {
        Device::Cpu => CandleDevice::Cpu,
        Device::Cuda(number) => CandleDevice::new_cuda(*number)?,
        Device::Metal => CandleDevice::new_metal(0)?,
        Device::Gpu(_) => return Err(ModelError::Unsupported { backend: NAME, what: "run there" }),
    })
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

impl Backend for CandleBackend {
    fn name(&self) -> &'static str {
        NAME
    }

    fn kinds(&self) -> &'static [&'static str] {
        &["cuda", "metal"]
    }

    fn probe(&self) -> Vec<Found> {
        let found = |of: Device, is_built: bool| {
            let state = if is_built {
                device(&of).map(|_| "the first device".to_owned()).map_err(|e| {
                    Unusable::NotThere(match e {
                        ModelError::Backend { source, .. } => first_line(&source.to_string()),
                        other => other.to_string(),
                    })
                })
            } else {
                Err(Unusable::NotBuilt(format!("not built in: cargo build --release --features {of}")))
            };
            Found { device: of, state, limits: String::new(), by_name_only: false }
        };
        vec![found(Device::Cuda(0), cfg!(feature = "cuda")), found(Device::Metal, cfg!(feature = "metal"))]
    }

    fn usual_precision(&self, device: &Device) -> Precision {
        if *device == Device::Cpu { Precision::F32 } else { Precision::F16 }
    }

    fn load(&self, order: Order<'_>) -> Result<Box<dyn Model>, ModelError> {
        let precision = order.precision.unwrap_or_else(|| self.usual_precision(&order.device));
        let device = device(&order.device)?;
        let model = CandleModel::load(order.config, order.source, &device, precision, order.progress)?;
        Ok(Box::new(model))
    }
}
