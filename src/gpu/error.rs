//! What keeps a machine from computing: the closed list, each in a sentence that names what was found
//! and what was expected.

use std::error::Error as Cause;

use thiserror::Error;

/// Why nothing came of a call.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GpuError {
    /// No adapter of the backend that this system is computed with.
    #[error("no {backend} adapter{hint}")]
    NoAdapter {
        /// Metal on macOS, Vulkan elsewhere.
        backend: &'static str,
        /// What helps, where something does.
        hint: &'static str,
    },
    /// The adapter, its driver or the memory failed.
    #[error("the adapter failed: {0}")]
    Adapter(String),
    /// A kernel that is not WGSL, or that the adapter cannot take.
    #[error("the kernel {kernel} cannot be used: {problem}")]
    Kernel {
        /// The kernel's name.
        kernel: &'static str,
        /// What the compiler says.
        problem: String,
    },
    /// A buffer that would exceed what the adapter has. Nothing is ever cut to fit.
    #[error("{what} takes {bytes} bytes, more than the adapter's {limit_name} of {limit}")]
    TooLarge {
        /// The tensor, or the buffer of a kernel.
        what: String,
        /// Its length.
        bytes: u64,
        /// The limit's name in WebGPU.
        limit_name: &'static str,
        /// The limit.
        limit: u64,
    },
    /// More groups than two dimensions of a dispatch hold.
    #[error(
        "{what} takes {groups} groups, more than the adapter dispatches ({limit} in a dimension)"
    )]
    TooManyGroups {
        /// The kernel.
        what: &'static str,
        /// The groups that are needed.
        groups: u64,
        /// The limit in one dimension.
        limit: u32,
    },
    /// A matrix that no kernel is defined for.
    #[error("{name}: {rows} rows of {columns} columns, expected 1 to {most_columns} columns")]
    Shape {
        /// The tensor.
        name: String,
        /// Its rows.
        rows: usize,
        /// Its columns.
        columns: usize,
        /// The most columns there can be.
        most_columns: usize,
    },
    /// Blocks or values that are not as many as the sizes beside them say.
    #[error("{what}: {found}, expected {expected}")]
    Extent {
        /// What was counted.
        what: String,
        /// How many there are.
        found: u64,
        /// How many there have to be.
        expected: u64,
    },
    /// A row that the matrix has not.
    #[error("{name} has no row {row}: it has {rows}")]
    Row {
        /// The tensor.
        name: String,
        /// The row that was asked for.
        row: usize,
        /// How many there are.
        rows: usize,
    },
    /// Values that the kernel left as they were before it ran (SPEC DOT-3).
    #[error("the kernel {kernel} never wrote {count} of its {len} values, the first at {first}")]
    Unwritten {
        /// The kernel.
        kernel: &'static str,
        /// The first of them.
        first: usize,
        /// How many.
        count: usize,
        /// Of how many.
        len: usize,
    },
}

/// An error of wgpu, with what led to it: its own words are often just its kind.
pub(super) fn adapter_failed(error: impl Cause) -> GpuError {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words += &format!(": {error}");
        cause = error.source();
    }
    GpuError::Adapter(words)
}
