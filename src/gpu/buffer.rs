//! Buffers: each of exactly the length that is stated, refused where the adapter cannot have it.

use std::sync::mpsc;
use std::time::Duration;

use wgpu::{BufferDescriptor, BufferUsages, MapMode, PollType};

use super::GpuError;
use super::context::Context;
use super::error::adapter_failed;

/// What an output holds before its kernel runs. A NaN that signals: no arithmetic results in one, so that
/// a value which still is one was never written.
pub(super) const CANARY: u32 = 0x7fa5_c3e1;

/// How long a dispatch may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// Bytes of a word.
pub(super) const WORD: u64 = 4;

impl Context {
    /// A storage buffer that holds `bytes` and nothing else; `what` names it where it is refused.
    ///
    /// # Errors
    ///
    /// [`GpuError::TooLarge`], before anything is allocated, and [`GpuError::Adapter`].
    pub(super) fn storage(&self, what: &str, bytes: &[u8]) -> Result<wgpu::Buffer, GpuError> {
        self.filled(what, BufferUsages::STORAGE, bytes)
    }

    /// As [`Context::storage`], for the few numbers that a kernel is told.
    pub(super) fn uniform(&self, bytes: &[u8]) -> Result<wgpu::Buffer, GpuError> {
        self.filled("the kernel's sizes", BufferUsages::UNIFORM, bytes)
    }

    /// An output of `len` words, each of them the canary.
    pub(super) fn output(&self, len: usize) -> Result<wgpu::Buffer, GpuError> {
        let bytes = len as u64 * WORD;
        self.fits("the output", bytes)?;
        let canaries = CANARY.to_le_bytes().repeat(len);
        self.filled("the output", BufferUsages::STORAGE | BufferUsages::COPY_SRC, &canaries)
    }

    /// A buffer that this process can read what was computed from.
    pub(super) fn readable(&self, bytes: u64) -> Result<wgpu::Buffer, GpuError> {
        self.fits("the output", bytes)?;
        Ok(self.device.create_buffer(&BufferDescriptor {
            label: Some("readable"),
            size: bytes,
            usage: BufferUsages::MAP_READ | BufferUsages::COPY_DST,
            mapped_at_creation: false,
        }))
    }

    /// The words of a readable buffer, once all that was submitted is done.
    ///
    /// # Errors
    ///
    /// [`GpuError::Adapter`], where that takes too long or fails.
    pub(super) fn read(&self, buffer: &wgpu::Buffer) -> Result<Vec<u32>, GpuError> {
        let (sender, receiver) = mpsc::channel();
        buffer.map_async(MapMode::Read, .., move |outcome| {
            // Who waits no longer needs no answer.
            sender.send(outcome).ok();
        });
        let wait = PollType::Wait { submission_index: None, timeout: Some(PATIENCE) };
        self.device.poll(wait).map_err(adapter_failed)?;
        receiver.try_recv().map_err(adapter_failed)?.map_err(adapter_failed)?;
        let bytes = buffer.get_mapped_range(..).map_err(adapter_failed)?;
        let (words, _) = bytes.as_chunks();
        Ok(words.iter().copied().map(u32::from_le_bytes).collect())
    }

    fn filled(
        &self,
        what: &str,
        usage: BufferUsages,
        bytes: &[u8],
    ) -> Result<wgpu::Buffer, GpuError> {
        let size = bytes.len() as u64;
        self.fits(what, size)?;
        let buffer = self.device.create_buffer(&BufferDescriptor {
            label: Some(what),
            size,
            usage,
            mapped_at_creation: true,
        });
        buffer.get_mapped_range_mut(..).map_err(adapter_failed)?.copy_from_slice(bytes);
        buffer.unmap();
        Ok(buffer)
    }

    /// Whether a buffer of so many bytes can be had, and bound as a whole.
    pub(super) fn fits(&self, what: &str, bytes: u64) -> Result<(), GpuError> {
        let limits = [
            ("max_storage_buffer_binding_size", self.limits.max_storage_buffer_binding_size),
            ("max_buffer_size", self.limits.max_buffer_size),
        ];
        match limits.into_iter().find(|&(_, limit)| bytes > limit) {
            None => Ok(()),
            Some((limit_name, limit)) => {
                Err(GpuError::TooLarge { what: what.to_owned(), bytes, limit_name, limit })
            }
        }
    }
}
