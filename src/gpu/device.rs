//! The adapter: which one is chosen, what it is, and what was dispatched on it.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use wgpu::{
    Backend, Backends, ComputePipeline, ComputePipelineDescriptor, DeviceDescriptor, DeviceType,
    ErrorFilter, Instance, InstanceDescriptor, InstanceFlags, Limits, ShaderModuleDescriptor,
    ShaderSource,
};

use super::kernels::{Kernel, Sources};
use super::launch::{Launch, floats};
use super::matrix::checked_extent;
use super::{GpuError, Matrix};
use crate::codec::Block;

/// What this system computes with.
pub const BACKEND: &str = if cfg!(target_os = "macos") { "Metal" } else { "Vulkan" };

const BACKENDS: Backends =
    if cfg!(target_os = "macos") { Backends::METAL } else { Backends::VULKAN };

const HINT: &str = if cfg!(target_os = "macos") {
    ""
} else {
    "; Debian's package mesa-vulkan-drivers has a software one"
};

/// Who computed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adapter {
    /// The adapter's name, as its driver has it.
    pub name: String,
    /// `Metal` or `Vulkan`.
    pub backend: String,
    /// The driver and its version, as it has them; empty where it has none.
    pub driver: String,
    /// Whether a processor does the work, such as Mesa's llvmpipe.
    pub software: bool,
}

impl Adapter {
    /// What has not run where this adapter has computed, each with the reason (SPEC E2E-4).
    pub fn not_run(&self) -> Vec<(&'static str, &'static str)> {
        let gpu = ("a GPU", "the adapter is software, on the processor");
        let metal = (
            "Metal",
            "this is no Mac; what naga translates the kernels to is compared by the test `gpu`, and is a text",
        );
        let not_run = [(self.software, gpu), (self.backend != "Metal", metal)];
        not_run.into_iter().filter_map(|(is_so, what)| is_so.then_some(what)).collect()
    }
}

impl fmt::Display for Adapter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let software = if self.software { ", software" } else { "" };
        write!(formatter, "{}{software}: {}", self.backend, self.name)
    }
}

/// An adapter that is ready to compute, with its kernels compiled. A clone is the same device.
#[derive(Clone)]
pub struct Device {
    pub(super) shared: Arc<Shared>,
}

/// What a device and its matrices share.
pub(super) struct Shared {
    adapter: Adapter,
    pub(super) limits: Limits,
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    pipelines: BTreeMap<Kernel, ComputePipeline>,
    dispatches: Mutex<BTreeMap<&'static str, u64>>,
}

impl fmt::Debug for Device {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Device").field(&self.shared.adapter).finish()
    }
}

impl Device {
    /// The best adapter of this system's backend: a card before a processor's own graphics, and software
    /// where there is nothing else.
    ///
    /// # Errors
    ///
    /// [`GpuError::NoAdapter`], [`GpuError::Adapter`].
    pub fn open() -> Result<Self, GpuError> {
        Self::with_sources(&Sources::default())
    }

    /// As [`Device::open`], with other kernels than this crate's own: what a test plants.
    ///
    /// # Errors
    ///
    /// As [`Device::open`], and [`GpuError::Kernel`].
    pub fn with_sources(sources: &Sources) -> Result<Self, GpuError> {
        let instance = Instance::new(InstanceDescriptor {
            backends: BACKENDS,
            flags: InstanceFlags::empty(),
            ..InstanceDescriptor::new_without_display_handle()
        });
        let adapters = pollster::block_on(instance.enumerate_adapters(BACKENDS));
        let adapter = adapters
            .into_iter()
            .min_by_key(|adapter| distance(adapter.get_info().device_type))
            .ok_or(GpuError::NoAdapter { backend: BACKEND, hint: HINT })?;
        let limits = adapter.limits();
        let request = adapter.request_device(&DeviceDescriptor {
            required_limits: limits.clone(),
            ..DeviceDescriptor::default()
        });
        let (device, queue) = pollster::block_on(request).map_err(adapter_failed)?;
        let mut shared = Shared {
            adapter: described(&adapter.get_info()),
            limits,
            device,
            queue,
            pipelines: BTreeMap::new(),
            dispatches: Mutex::default(),
        };
        for kernel in Kernel::ALL {
            let pipeline = shared.compiled(kernel, sources)?;
            shared.pipelines.insert(kernel, pipeline);
        }
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Who computes.
    pub fn describe(&self) -> Adapter {
        self.shared.adapter.clone()
    }

    /// How often each kernel was dispatched, by its name: the proof of what ran.
    pub fn dispatches(&self) -> BTreeMap<&'static str, u64> {
        self.shared.dispatches.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The longest buffer that the adapter binds, in bytes.
    pub fn longest_buffer(&self) -> u64 {
        let Limits { max_storage_buffer_binding_size, max_buffer_size, .. } = self.shared.limits;
        max_storage_buffer_binding_size.min(max_buffer_size)
    }

    /// The `len` weights of `blocks` (SPEC DEC).
    ///
    /// # Errors
    ///
    /// [`GpuError::Extent`], where `blocks` are not the `ceil(len / 32)` that `len` weights take;
    /// [`GpuError::TooLarge`], [`GpuError::Adapter`], [`GpuError::Unwritten`].
    pub fn decode(&self, blocks: &[Block], len: usize) -> Result<Vec<f32>, GpuError> {
        checked_extent("the blocks to decode", blocks, len as u64)?;
        if len == 0 {
            return Ok(Vec::new());
        }
        let shared = &self.shared;
        let launch = Launch { kernel: Kernel::Decode, rows: 1, columns: len, vectors: 0, row: 0 };
        shared.guarded(|| {
            let blocks = shared.blocks("the blocks to decode", blocks)?;
            shared.launch(&launch, &blocks, None).map(floats)
        })
    }

    /// Copies a matrix in blocks into a buffer of exactly their length; `name` is what errors call it.
    /// The blocks are those of a tensor that a loader took (SPEC KHQ4-P3 and P4): they run over the flat
    /// matrix of `rows` times `columns`, which need not be whole blocks (DOT-4).
    ///
    /// # Errors
    ///
    /// [`GpuError::Shape`], [`GpuError::Extent`] and [`GpuError::TooLarge`], before anything is
    /// allocated; [`GpuError::Adapter`].
    pub fn upload(
        &self,
        name: &str,
        blocks: &[Block],
        rows: usize,
        columns: usize,
    ) -> Result<Matrix, GpuError> {
        Matrix::new(Arc::clone(&self.shared), name, blocks, rows, columns)
    }
}

impl Shared {
    /// Runs `work` and turns what wgpu would report elsewhere into an error.
    pub(super) fn guarded<T>(
        &self,
        work: impl FnOnce() -> Result<T, GpuError>,
    ) -> Result<T, GpuError> {
        let filters = [ErrorFilter::Validation, ErrorFilter::OutOfMemory, ErrorFilter::Internal];
        let scopes = filters.map(|filter| self.device.push_error_scope(filter));
        let outcome = work();
        // The innermost scope goes first.
        let caught = scopes.into_iter().rev().map(|scope| pollster::block_on(scope.pop()));
        match caught.collect::<Vec<_>>().into_iter().flatten().next() {
            Some(error) => Err(adapter_failed(error)),
            None => outcome,
        }
    }

    /// The compiled kernel.
    pub(super) fn pipeline(&self, kernel: Kernel) -> Option<&ComputePipeline> {
        self.pipelines.get(&kernel)
    }

    /// Counts a dispatch that has been done.
    pub(super) fn count(&self, kernel: Kernel) {
        let mut dispatches = self.dispatches.lock().unwrap_or_else(PoisonError::into_inner);
        *dispatches.entry(kernel.name()).or_default() += 1;
    }

    fn compiled(&self, kernel: Kernel, sources: &Sources) -> Result<ComputePipeline, GpuError> {
        let compiled = self.guarded(|| {
            let module = self.device.create_shader_module(ShaderModuleDescriptor {
                label: Some(kernel.name()),
                source: ShaderSource::Wgsl(sources.get(kernel).into()),
            });
            Ok(self.device.create_compute_pipeline(&ComputePipelineDescriptor {
                label: Some(kernel.name()),
                layout: None,
                module: &module,
                entry_point: Some(kernel.name()),
                compilation_options: wgpu::PipelineCompilationOptions::default(),
                cache: None,
            }))
        });
        compiled
            .map_err(|error| GpuError::Kernel { kernel: kernel.name(), problem: error.to_string() })
    }
}

/// An error of wgpu, with what led to it: its own words are often just its kind.
pub(super) fn adapter_failed(error: impl Error) -> GpuError {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        write!(words, ": {error}").ok();
        cause = error.source();
    }
    GpuError::Adapter(words)
}

/// How far an adapter is from what is wanted.
fn distance(kind: DeviceType) -> u8 {
    match kind {
        DeviceType::DiscreteGpu => 0,
        DeviceType::IntegratedGpu => 1,
        DeviceType::VirtualGpu => 2,
        DeviceType::Other => 3,
        DeviceType::Cpu => 4,
    }
}

fn described(info: &wgpu::AdapterInfo) -> Adapter {
    let backend = match info.backend {
        Backend::Metal => "Metal",
        Backend::Vulkan => "Vulkan",
        other => other.to_str(),
    };
    Adapter {
        name: info.name.clone(),
        backend: backend.to_owned(),
        driver: format!("{} {}", info.driver, info.driver_info).trim().to_owned(),
        software: info.device_type == DeviceType::Cpu,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SPEC E2E-4.
    #[test]
    fn software_is_no_gpu_and_vulkan_is_no_metal() {
        let names = |backend: &str, software| {
            let adapter = Adapter {
                name: "some".into(),
                backend: backend.into(),
                driver: String::new(),
                software,
            };
            adapter.not_run().into_iter().map(|(what, _)| what).collect::<Vec<_>>()
        };
        assert!(names("Metal", false).is_empty());
        assert_eq!(names("Vulkan", false), ["Metal"]);
        assert_eq!(names("Vulkan", true), ["a GPU", "Metal"]);
    }
}
