//! The kernels: their sources put together, and the pipelines made of them.

use std::collections::HashMap;

use super::machine::Machine;
use crate::model::{ModelError, Precision};

/// Threads of a group of all kernels that share a row's columns or a text's positions.
const GROUP: u32 = 64;
const GROUP_OF_ATTENTION: u32 = 256;

/// Tokens and rows that a group of [`Source::Tile`] makes.
pub(super) const TILE: usize = 64;

/// Rows that a group of [`Source::Few`] makes.
pub(super) const ROWS_OF_FEW: usize = 4;

/// The most tokens that [`Source::Few`] takes.
pub(super) const MOST_OF_FEW: usize = 8;

/// A kernel, by the file that it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Source {
    /// `embed.wgsl`.
    Embed,
    /// `few.wgsl` for 1, 2, 4 or 8 tokens.
    Few(u32),
    /// `tile.wgsl`.
    Tile,
    /// `norm.wgsl`.
    Norm,
    /// `attention.wgsl`.
    Attention,
    /// `count.wgsl`.
    Count,
}

/// What a product does with its results: `MODE` of `finish.wgsl`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Finish {
    Scores = 0,
    Residual = 1,
    GeluTanh = 2,
    GeluErf = 3,
    Attention = 4,
}

/// How the kernels are made: for which weights, and for which adapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Style {
    /// Of the weights: f32, f16 or q8.
    pub(super) precision: Precision,
    /// Whether keys and values are 16-bit floats.
    pub(super) half_cache: bool,
    /// Whether sums are those of subgroups.
    pub(super) subgroups: bool,
}

/// A pipeline: a kernel with its numbers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Kernel {
    pub(super) source: Source,
    /// Whether the product is that of queries, keys and values, which has two more buffers.
    pub(super) writes_cache: bool,
    /// The `override` declarations, in order of their names; numbers as bits, so that they can be compared.
    pub(super) constants: Vec<(&'static str, u64)>,
}

impl Kernel {
    pub(super) fn new(source: Source, constants: &[(&'static str, f64)]) -> Self {
        let mut constants: Vec<_> = constants.iter().map(|(name, value)| (*name, value.to_bits())).collect();
        constants.sort_unstable();
        Self { source, writes_cache: false, constants }
    }
}

/// A number that is another one where any kernel is another.
pub(super) fn fingerprint() -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for precision in [Precision::F32, Precision::F16, Precision::Q8] {
        for (half_cache, subgroups) in [(false, false), (true, true)] {
            let style = Style { precision, half_cache, subgroups };
            for source in [Source::Embed, Source::Few(1), Source::Tile, Source::Norm, Source::Attention, Source::Count]
            {
                for byte in text(source, style, true).bytes() {
                    hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
                }
            }
        }
    }
    hash
}

/// The text of a kernel for an adapter.
pub(super) fn text(source: Source, style: Style, writes_cache: bool) -> String {
    let weights = match style.precision {
        Precision::F32 => include_str!("kernels/weights_f32.wgsl"),
        Precision::F16 | Precision::Bf16 => include_str!("kernels/weights_f16.wgsl"),
        Precision::Q8 | Precision::Q4 => include_str!("kernels/weights_q8.wgsl"),
    };
    let sum =
        if style.subgroups { include_str!("kernels/sum_subgroup.wgsl") } else { include_str!("kernels/sum_tree.wgsl") };
    let finish_attention = match (writes_cache, style.half_cache) {
        (false, _) => include_str!("kernels/finish_plain.wgsl"),
        (true, false) => include_str!("kernels/finish_f32.wgsl"),
        (true, true) => include_str!("kernels/finish_f16.wgsl"),
    };
    let cache =
        if style.half_cache { include_str!("kernels/cache_f16.wgsl") } else { include_str!("kernels/cache_f32.wgsl") };
    let finish = include_str!("kernels/finish.wgsl");
    let group = format!("const GROUP: u32 = {GROUP}u;\n");
    let parts: Vec<&str> = match source {
        Source::Embed => vec![include_str!("kernels/embed.wgsl"), weights],
        Source::Few(_) => vec![&group, include_str!("kernels/few.wgsl"), sum, weights, finish, finish_attention],
        Source::Tile => vec![include_str!("kernels/tile.wgsl"), weights, finish, finish_attention],
        Source::Norm => vec![&group, include_str!("kernels/norm.wgsl"), sum],
        Source::Attention => vec![include_str!("kernels/attention.wgsl"), sum, cache],
        Source::Count => vec![include_str!("kernels/count.wgsl")],
    };
    let head = match source {
        Source::Few(columns) => format!("const COLUMNS: u32 = {columns}u;\n"),
        Source::Attention => format!("const GROUP: u32 = {GROUP_OF_ATTENTION}u;\n"),
        Source::Embed | Source::Tile | Source::Norm | Source::Count => String::new(),
    };
    head + &parts.join("\n")
}

/// Which bindings a kernel has: whether each is only read, in the order of their numbers.
fn bindings(source: Source, writes_cache: bool) -> &'static [bool] {
    match source {
        Source::Embed | Source::Norm => &[true, true, false, true],
        Source::Count => &[false],
        Source::Attention => &[true, true, true, false, true, true],
        Source::Few(_) | Source::Tile if writes_cache => &[true, true, true, false, true, false, false],
        Source::Few(_) | Source::Tile => &[true, true, true, false, true],
    }
}

/// Pipelines, made when they are first asked for.
pub(super) struct Pipelines {
    pub(super) style: Style,
    /// What a test does to the text of a kernel.
    #[cfg(test)]
    spoil: fn(String) -> String,
    made: HashMap<Kernel, wgpu::ComputePipeline>,
    modules: HashMap<(Source, bool), wgpu::ShaderModule>,
}

impl Pipelines {
    pub(super) fn new(style: Style) -> Self {
        Self {
            style,
            #[cfg(test)]
            spoil: |it| it,
            made: HashMap::new(),
            modules: HashMap::new(),
        }
    }

    /// Kernels that are wrong on purpose.
    #[cfg(test)]
    pub(super) fn spoiled(style: Style, spoil: fn(String) -> String) -> Self {
        Self { spoil, ..Self::new(style) }
    }

    fn text(&self, kernel: &Kernel) -> String {
        let text = text(kernel.source, self.style, kernel.writes_cache);
        #[cfg(test)]
        let text = (self.spoil)(text);
        text
    }

    /// Whether weights have scales.
    pub(super) fn has_scales(&self) -> bool {
        self.style.precision == Precision::Q8
    }

    /// # Errors
    ///
    /// If the driver cannot compile it.
    pub(super) fn pipeline(&mut self, machine: &Machine, kernel: &Kernel) -> Result<wgpu::ComputePipeline, ModelError> {
        if let Some(made) = self.made.get(kernel) {
            return Ok(made.clone());
        }
        let (text, key) = (self.text(kernel), (kernel.source, kernel.writes_cache));
        let (pipeline, module) = machine.checked(|device| {
            let module = self.modules.get(&key).cloned().unwrap_or_else(|| {
                device.create_shader_module(wgpu::ShaderModuleDescriptor {
                    label: None,
                    source: wgpu::ShaderSource::Wgsl(text.into()),
                })
            });
            let entry = |(binding, read_only): (usize, &bool)| wgpu::BindGroupLayoutEntry {
                binding: binding as u32,
                visibility: wgpu::ShaderStages::COMPUTE,
                ty: wgpu::BindingType::Buffer {
                    ty: wgpu::BufferBindingType::Storage { read_only: *read_only },
                    has_dynamic_offset: false,
                    min_binding_size: None,
                },
                count: None,
            };
            let entries: Vec<_> = bindings(kernel.source, kernel.writes_cache).iter().enumerate().map(entry).collect();
            let group =
                device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: None, entries: &entries });
            let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
                label: None,
                bind_group_layouts: &[Some(&group)],
                immediate_size: 0,
            });
            let constants: Vec<(&str, f64)> =
                kernel.constants.iter().map(|(name, bits)| (*name, f64::from_bits(*bits))).collect();
            let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: None,
                layout: Some(&layout),
                module: &module,
                entry_point: Some("main"),
                compilation_options: wgpu::PipelineCompilationOptions {
                    constants: &constants,
                    // Every kernel writes what it reads.
                    zero_initialize_workgroup_memory: false,
                },
                cache: None,
            });
            (pipeline, module)
        })?;
        self.modules.insert(key, module);
        self.made.insert(kernel.clone(), pipeline.clone());
        Ok(pipeline)
    }
}
