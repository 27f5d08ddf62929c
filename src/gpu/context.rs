//! The context: an adapter opened, its kernels compiled, and what was dispatched on it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use wgpu::{
    ComputePipeline, ComputePipelineDescriptor, DeviceDescriptor, ErrorFilter, Limits,
    ShaderModuleDescriptor, ShaderSource,
};

use super::GpuError;
use super::adapter::{self, Adapter};
use super::error::adapter_failed;
use super::kernels::{Kernel, Sources};

/// What a device and its matrices share.
pub(super) struct Context {
    pub(super) adapter: Adapter,
    pub(super) limits: Limits,
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    pipelines: BTreeMap<Kernel, ComputePipeline>,
    dispatches: Mutex<BTreeMap<&'static str, u64>>,
}

impl Context {
    /// The best adapter of this system's backend, with `sources` compiled for it.
    ///
    /// # Errors
    ///
    /// [`GpuError::NoAdapter`], [`GpuError::Adapter`], [`GpuError::Kernel`].
    pub(super) fn open(sources: &Sources) -> Result<Self, GpuError> {
        let adapter = adapter::best()?;
        let limits = adapter.limits();
        let request = adapter.request_device(&DeviceDescriptor {
            required_limits: limits.clone(),
            ..DeviceDescriptor::default()
        });
        let (device, queue) = pollster::block_on(request).map_err(adapter_failed)?;
        let mut context = Self {
            adapter: adapter::described(&adapter.get_info()),
            limits,
            device,
            queue,
            pipelines: BTreeMap::new(),
            dispatches: Mutex::default(),
        };
        for kernel in Kernel::ALL {
            let pipeline = context.compiled(kernel, sources)?;
            context.pipelines.insert(kernel, pipeline);
        }
        Ok(context)
    }

    /// How often each kernel was dispatched, by its name.
    pub(super) fn dispatches(&self) -> BTreeMap<&'static str, u64> {
        self.dispatches.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

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
