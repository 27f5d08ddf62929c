//! One dispatch: its buffers, its groups, and a result in which every value was written.

use wgpu::{
    BindGroupDescriptor, BindGroupEntry, Buffer, CommandEncoderDescriptor, ComputePassDescriptor,
};
use zerocopy::IntoBytes;

use super::GpuError;
use super::buffer::{CANARY, WORD};
use super::context::Context;
use super::kernels::{Kernel, grid};
use crate::codec::Block;

/// What a kernel is told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Launch {
    pub kernel: Kernel,
    pub rows: usize,
    pub columns: usize,
    pub vectors: usize,
    /// The row that is read, where just one is.
    pub row: usize,
}

impl Launch {
    /// Values that come out.
    fn len(&self) -> usize {
        match self.kernel {
            Kernel::Decode | Kernel::Row => self.columns,
            Kernel::Matvec | Kernel::Matmul => self.rows.saturating_mul(self.vectors),
        }
    }

    /// The sizes as the kernels' `Shape`.
    fn shape(&self) -> Result<[u32; 4], GpuError> {
        let mut shape = [0; 4];
        let sizes = [self.rows, self.columns, self.vectors, self.row];
        for (word, size) in shape.iter_mut().zip(sizes) {
            *word = u32::try_from(size).map_err(|_| GpuError::Extent {
                what: format!("a size for the kernel {}", self.kernel.name()),
                found: size as u64,
                expected: u32::MAX.into(),
            })?;
        }
        Ok(shape)
    }
}

impl Context {
    /// A buffer of blocks, as long as they are.
    pub(super) fn blocks(&self, what: &str, blocks: &[Block]) -> Result<Buffer, GpuError> {
        self.storage(what, blocks.as_bytes())
    }

    /// Dispatches a kernel and waits for its values, as their bits.
    ///
    /// # Errors
    ///
    /// [`GpuError::TooLarge`], [`GpuError::TooManyGroups`], [`GpuError::Adapter`], and
    /// [`GpuError::Unwritten`] where a value still is the canary.
    pub(super) fn launch(
        &self,
        launch: &Launch,
        blocks: &Buffer,
        x: Option<&Buffer>,
    ) -> Result<Vec<u32>, GpuError> {
        let Launch { kernel, rows, columns, vectors, .. } = *launch;
        let len = launch.len();
        self.fits("the output", (len as u64).saturating_mul(WORD))?;
        let groups = kernel.groups(rows as u64, columns as u64, vectors as u64);
        let limit = self.limits.max_compute_workgroups_per_dimension;
        let Some((across, down)) = grid(groups, limit) else {
            return Err(GpuError::TooManyGroups { what: kernel.name(), groups, limit });
        };
        let output = self.output(len)?;
        let shape = self.uniform(launch.shape()?.as_bytes())?;
        let readable = self.readable(output.size())?;
        let Some(pipeline) = self.pipeline(kernel) else {
            let problem = "it was not compiled".to_owned();
            return Err(GpuError::Kernel { kernel: kernel.name(), problem });
        };
        let buffers = [Some(blocks), x, Some(&output), Some(&shape)];
        let bound = (0..).zip(buffers).filter_map(|(binding, buffer)| Some((binding, buffer?)));
        let entries: Vec<_> = bound
            .map(|(binding, buffer)| BindGroupEntry {
                binding,
                resource: buffer.as_entire_binding(),
            })
            .collect();
        let group = self.device.create_bind_group(&BindGroupDescriptor {
            label: Some(kernel.name()),
            layout: &pipeline.get_bind_group_layout(0),
            entries: &entries,
        });
        let mut encoder = self.device.create_command_encoder(&CommandEncoderDescriptor::default());
        {
            let mut pass = encoder.begin_compute_pass(&ComputePassDescriptor::default());
            pass.set_pipeline(pipeline);
            pass.set_bind_group(0, &group, &[]);
            pass.dispatch_workgroups(across, down, 1);
        }
        encoder.copy_buffer_to_buffer(&output, 0, &readable, 0, output.size());
        self.queue.submit([encoder.finish()]);
        let words = self.read(&readable)?;
        self.count(kernel);
        written(kernel, words)
    }
}

/// The words, all of which a kernel wrote.
fn written(kernel: Kernel, words: Vec<u32>) -> Result<Vec<u32>, GpuError> {
    let unwritten = || words.iter().enumerate().filter(|&(_, &word)| word == CANARY);
    match unwritten().next() {
        None => Ok(words),
        Some((first, _)) => Err(GpuError::Unwritten {
            kernel: kernel.name(),
            first,
            count: unwritten().count(),
            len: words.len(),
        }),
    }
}

/// Bits as f32.
pub(super) fn floats(words: Vec<u32>) -> Vec<f32> {
    words.into_iter().map(f32::from_bits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::kernels::Sources;

    /// A kernel that writes where it would read shows rows that few adapters have the memory for.
    #[test]
    fn rows_whose_weights_are_beyond_32_bits_begin_where_they_do() {
        let reads =
            "values[column] = weight_bits(start.x + slot / BLOCK_WEIGHTS, slot % BLOCK_WEIGHTS);";
        let shows = "values[column] = select(start.y, start.x, column == 0u) + 0u * words[slot];";
        let sources = Sources::default().planted(reads, shows).expect("the kernel reads there");
        let context = Context::open(&sources).expect("an adapter");
        let block = Block::new(half::f16::ONE, half::f16::ZERO, &[0; 32]);
        let blocks = context.blocks("one block", &[block]).expect("a buffer");
        for (row, columns) in
            [(0, 2), (31, 33), (68_000, 100_001), (67_999, 100_001), (214_748_363, 32)]
        {
            let rows = row + 1;
            let launch = Launch { kernel: Kernel::Row, rows, columns, vectors: 0, row };
            let shown = context.guarded(|| context.launch(&launch, &blocks, None)).expect("a row");
            let weight = row as u64 * columns as u64;
            assert_eq!(u64::from(shown[0]), weight / 32, "the block of row {row}");
            assert_eq!(u64::from(shown[1]), weight % 32, "the slot of row {row}");
        }
    }

    #[test]
    fn sizes_beyond_32_bits_are_refused() {
        let launch =
            Launch { kernel: Kernel::Row, rows: 1 << 33, columns: 32, vectors: 0, row: 1 << 32 };
        let refused = launch.shape().expect_err("no such row in 32 bits");
        assert!(
            refused.to_string().starts_with("a size for the kernel row: 8589934592"),
            "{refused}"
        );
    }
}
