//! The GPUs of the machine, and how one is opened.

use std::sync::OnceLock;
use std::time::Duration;

use super::machine::{Machine, NAME};
use crate::model::{Device, ModelError};

/// How long a GPU may be silent before it counts as lost: Windows resets one after as long.
const PATIENCE: Duration = Duration::from_secs(2);

/// The same for software, whose processors others use, too.
const PATIENCE_WITH_SOFTWARE: Duration = Duration::from_secs(60);

/// A GPU, or software that stands for one.
#[derive(Clone, Debug)]
pub struct Adapter {
    handle: wgpu::Adapter,
    /// What its driver calls it.
    pub name: String,
    /// The driver's name and version, and what it is reached by: `Vulkan, NVIDIA 550.54.14`.
    pub driver: String,
    /// What kind of thing it is: `discrete`, `integrated`, `virtual`, `software` or `other`.
    pub kind: &'static str,
    /// What it can be given, in words.
    pub limits: String,
}

/// Opens the system's graphics library, once; its absence is no error.
fn instance() -> &'static wgpu::Instance {
    static INSTANCE: OnceLock<wgpu::Instance> = OnceLock::new();
    INSTANCE.get_or_init(|| {
        wgpu::Instance::new(wgpu::InstanceDescriptor {
            backends: wgpu::Backends::VULKAN | wgpu::Backends::METAL | wgpu::Backends::DX12,
            flags: wgpu::InstanceFlags::empty(),
            ..wgpu::InstanceDescriptor::new_without_display_handle()
        })
    })
}

/// All adapters, those most likely to be fast first; software last.
#[must_use]
pub fn adapters() -> Vec<Adapter> {
    let found = pollster::block_on(instance().enumerate_adapters(wgpu::Backends::all()));
    let mut all: Vec<_> = found.into_iter().map(|it| (rank(&it.get_info()), Adapter::of(it))).collect();
    all.sort_by_key(|it| it.0);
    let mut all: Vec<Adapter> = all.into_iter().map(|it| it.1).collect();
    // On Windows a card is there twice: it is the same by whatever it is reached, and Vulkan comes first.
    let is_vulkan = |it: &Adapter| it.handle.get_info().backend == wgpu::Backend::Vulkan;
    let by_vulkan: Vec<String> = all.iter().filter(|it| is_vulkan(it)).map(|it| it.name.clone()).collect();
    all.retain(|it| is_vulkan(it) || !by_vulkan.contains(&it.name));
    // Two cards of a kind are told apart by a number.
    for index in 0..all.len() {
        let before = all[..index].iter().filter(|it| it.handle.get_info().name == all[index].handle.get_info().name);
        if let number @ 1.. = before.count() {
            all[index].name = format!("{} #{}", all[index].name, number + 1);
        }
    }
    all
}

fn rank(info: &wgpu::AdapterInfo) -> u8 {
    match info.device_type {
        wgpu::DeviceType::DiscreteGpu => 0,
        wgpu::DeviceType::IntegratedGpu => 1,
        wgpu::DeviceType::VirtualGpu => 2,
        wgpu::DeviceType::Other => 3,
        wgpu::DeviceType::Cpu => 4,
    }
}

impl Adapter {
    fn of(adapter: wgpu::Adapter) -> Self {
        let info = adapter.get_info();
        let kind = match info.device_type {
            wgpu::DeviceType::DiscreteGpu => "discrete",
            wgpu::DeviceType::IntegratedGpu => "integrated",
            wgpu::DeviceType::VirtualGpu => "virtual",
            wgpu::DeviceType::Cpu => "software",
            wgpu::DeviceType::Other => "other",
        };
        let reached_by = match info.backend {
            wgpu::Backend::Vulkan => "Vulkan",
            wgpu::Backend::Metal => "Metal",
            wgpu::Backend::Dx12 => "Direct3D 12",
            _ => "another way",
        };
        let driver = format!("{reached_by}, {} {}", info.driver, info.driver_info);
        let limits = adapter.limits();
        let subgroups = match (info.subgroup_min_size, info.subgroup_max_size) {
            _ if !adapter.features().contains(wgpu::Features::SUBGROUP) => "no subgroups".to_owned(),
            (least, most) if least == most => format!("subgroups of {least}"),
            (least, most) => format!("subgroups of {least} to {most}"),
        };
        let limits = format!(
            "buffers up to {} MB, {} MB bound at once, groups of {} with {} kB, {subgroups}",
            limits.max_buffer_size >> 20,
            limits.max_storage_buffer_binding_size >> 20,
            limits.max_compute_invocations_per_workgroup,
            limits.max_compute_workgroup_storage_size >> 10,
        );
        // A driver's words are shown on a terminal, which must not obey them.
        let plain = |text: &str| text.replace(char::is_control, " ").trim().to_owned();
        Self { name: plain(&info.name), driver: plain(&driver), kind, limits, handle: adapter }
    }

    /// The device that it is.
    #[must_use]
    pub fn device(&self) -> Device {
        Device::Gpu(Some(self.name.as_str().into()))
    }

    /// What it is and what drives it: `discrete, Vulkan, NVIDIA 550.54.14`.
    #[must_use]
    pub fn described(&self) -> String {
        format!("{}, {}", self.kind, self.driver)
    }

    /// Whether it has no memory of its own.
    pub(super) fn has_the_machines_memory(&self) -> bool {
        matches!(self.kind, "software" | "integrated")
    }

    /// Whether the processor does its work.
    #[must_use]
    pub fn is_software(&self) -> bool {
        self.kind == "software"
    }
    /// Whether sums can be those of subgroups.
    pub(super) fn has_subgroups(&self) -> bool {
        self.handle.features().contains(wgpu::Features::SUBGROUP)
    }

    /// # Errors
    ///
    /// If the driver refuses.
    pub(super) fn open(&self) -> Result<Machine, ModelError> {
        let features = self.handle.features() & wgpu::Features::SUBGROUP;
        let descriptor = wgpu::DeviceDescriptor {
            label: None,
            required_features: features,
            // What the adapter offers, never more.
            required_limits: self.handle.limits(),
            memory_hints: wgpu::MemoryHints::Performance,
            ..Default::default()
        };
        let opened = pollster::block_on(self.handle.request_device(&descriptor));
        let (device, queue) = opened.map_err(|e| ModelError::of_backend(NAME, e))?;
        let patience = if self.is_software() { PATIENCE_WITH_SOFTWARE } else { PATIENCE };
        Ok(Machine::new(device, queue, self.device(), patience))
    }
}
