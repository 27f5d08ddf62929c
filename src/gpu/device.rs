//! The device: what is decoded and uploaded, on the adapter that was chosen.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use wgpu::Limits;

use super::GpuError;
use super::adapter::Adapter;
use super::context::Context;
use super::kernels::{Kernel, Sources};
use super::launch::{Launch, floats};
use super::matrix::{Matrix, checked_extent};
use crate::codec::Block;

/// An adapter that is ready to compute, with its kernels compiled. A clone is the same device.
#[derive(Clone)]
pub struct Device {
    context: Arc<Context>,
}

impl fmt::Debug for Device {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Device").field(&self.context.adapter).finish()
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
        Ok(Self { context: Arc::new(Context::open(sources)?) })
    }

    /// Who computes.
    pub fn describe(&self) -> Adapter {
        self.context.adapter.clone()
    }

    /// How often each kernel was dispatched, by its name: the proof of what ran.
    pub fn dispatches(&self) -> BTreeMap<&'static str, u64> {
        self.context.dispatches()
    }

    /// The longest buffer that the adapter binds, in bytes.
    pub fn longest_buffer(&self) -> u64 {
        let Limits { max_storage_buffer_binding_size, max_buffer_size, .. } = self.context.limits;
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
        let context = &self.context;
        let launch = Launch { kernel: Kernel::Decode, rows: 1, columns: len, vectors: 0, row: 0 };
        context.guarded(|| {
            let blocks = context.blocks("the blocks to decode", blocks)?;
            context.launch(&launch, &blocks, None).map(floats)
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
        Matrix::new(Arc::clone(&self.context), name, blocks, rows, columns)
    }
}
