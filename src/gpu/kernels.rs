//! The kernels: WGSL, one file each in `kernels/`, and the groups that each takes.

use naga::back::msl;
use naga::proc::{BoundsCheckPolicies, BoundsCheckPolicy};
use naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};

use super::GpuError;

/// What every kernel begins with: a block and its weights.
const BLOCK: &str = include_str!("kernels/block.wgsl");

/// Lanes of a group, as `@workgroup_size` says in each kernel.
const LANES: u64 = 64;

/// Vectors that a group of `matmul` takes, as its `TILE` says.
const TILE: u64 = 4;

/// A kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kernel {
    /// Blocks to f32 (SPEC DEC).
    Decode,
    /// A matrix times one vector (SPEC DOT).
    Matvec,
    /// A matrix times several vectors (SPEC DOT).
    Matmul,
    /// One row of a matrix, decoded: an embedding.
    Row,
}

impl Kernel {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Decode, Self::Matvec, Self::Matmul, Self::Row];

    /// The name, which is that of its file and of its entry point.
    pub fn name(self) -> &'static str {
        match self {
            Self::Decode => "decode",
            Self::Matvec => "matvec",
            Self::Matmul => "matmul",
            Self::Row => "row",
        }
    }

    /// Groups that compute `rows` of `columns` for so many vectors; a decoder takes its weights for
    /// columns.
    pub(super) fn groups(self, rows: u64, columns: u64, vectors: u64) -> u64 {
        match self {
            Self::Decode | Self::Row => columns.div_ceil(LANES),
            Self::Matvec => rows,
            Self::Matmul => rows.saturating_mul(vectors.div_ceil(TILE)),
        }
    }
}

/// The WGSL of every kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sources([String; Kernel::ALL.len()]);

impl Default for Sources {
    fn default() -> Self {
        let own = [
            include_str!("kernels/decode.wgsl"),
            include_str!("kernels/matvec.wgsl"),
            include_str!("kernels/matmul.wgsl"),
            include_str!("kernels/row.wgsl"),
        ];
        Self(own.map(|kernel| format!("{BLOCK}\n{kernel}")))
    }
}

impl Sources {
    /// The WGSL of `kernel`.
    pub fn get(&self, kernel: Kernel) -> &str {
        &self.0[kernel as usize]
    }

    /// The same sources with `right` replaced by `wrong` wherever it stands: what a test plants to see
    /// that it is found. `None` where `right` stands nowhere.
    pub fn planted(&self, right: &str, wrong: &str) -> Option<Self> {
        let changed = Self(self.0.clone().map(|source| source.replace(right, wrong)));
        (changed != *self).then_some(changed)
    }

    /// What naga translates `kernel` to in Metal Shading Language 2.4, with the slots in the order of the
    /// bindings and every index kept inside its buffer. A text: nothing here runs it, and none of it
    /// says what a Mac's own compiler makes of it.
    ///
    /// # Errors
    ///
    /// [`GpuError::Kernel`], where naga does not take the WGSL.
    pub fn metal_shading_language(&self, kernel: Kernel) -> Result<String, GpuError> {
        let (module, info) = self.validated(kernel)?;
        let mut resources = msl::EntryPointResources {
            sizes_buffer: Some(4),
            ..msl::EntryPointResources::default()
        };
        for binding in 0..4 {
            let slot = msl::BindTarget {
                buffer: Some(binding as u8),
                mutable: binding == 2,
                ..msl::BindTarget::default()
            };
            resources.resources.insert(naga::ResourceBinding { group: 0, binding }, slot);
        }
        let options = msl::Options {
            lang_version: (2, 4),
            per_entry_point_map: [(kernel.name().to_owned(), resources)].into(),
            fake_missing_bindings: false,
            bounds_check_policies: BoundsCheckPolicies {
                index: BoundsCheckPolicy::Restrict,
                buffer: BoundsCheckPolicy::Restrict,
                image_load: BoundsCheckPolicy::Restrict,
                binding_array: BoundsCheckPolicy::Unchecked,
            },
            ..msl::Options::default()
        };
        msl::write_string(&module, &info, &options, &msl::PipelineOptions::default())
            .map(|(text, _)| text)
            .map_err(|error| refused(kernel, error))
    }

    /// What naga makes of `kernel`, with every check that it has.
    ///
    /// # Errors
    ///
    /// [`GpuError::Kernel`], where naga does not take the WGSL.
    pub fn validated(&self, kernel: Kernel) -> Result<(naga::Module, ModuleInfo), GpuError> {
        let source = self.get(kernel);
        let module = naga::front::wgsl::parse_str(source)
            .map_err(|error| refused(kernel, error.emit_to_string(source)))?;
        let info = Validator::new(ValidationFlags::all(), Capabilities::empty())
            .validate(&module)
            .map_err(|error| refused(kernel, error.emit_to_string(source)))?;
        Ok((module, info))
    }
}

fn refused(kernel: Kernel, problem: impl ToString) -> GpuError {
    GpuError::Kernel { kernel: kernel.name(), problem: problem.to_string() }
}

/// `groups` laid over two dimensions of at most `limit`: both, or `None` where they do not fit. There may
/// be more places than groups.
pub(super) fn grid(groups: u64, limit: u32) -> Option<(u32, u32)> {
    let across = groups.clamp(1, u64::from(limit));
    let down = groups.div_ceil(across).max(1);
    Some((u32::try_from(across).ok()?, u32::try_from(down).ok().filter(|&down| down <= limit)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_beyond_one_dimension_are_laid_over_two() {
        assert_eq!(grid(1, 65_535), Some((1, 1)));
        assert_eq!(grid(65_535, 65_535), Some((65_535, 1)));
        assert_eq!(grid(65_536, 65_535), Some((65_535, 2)));
        assert_eq!(grid(65_535 * 65_535, 65_535), Some((65_535, 65_535)));
        assert_eq!(grid(65_535 * 65_535 + 1, 65_535), None);
        assert_eq!(grid(u64::MAX, 65_535), None);
    }

    #[test]
    fn each_kernel_takes_a_group_for_all_that_it_writes() {
        assert_eq!(Kernel::Decode.groups(1, 65, 0), 2);
        assert_eq!(Kernel::Row.groups(9, 64, 0), 1);
        assert_eq!(Kernel::Matvec.groups(7, 64, 1), 7);
        assert_eq!(Kernel::Matmul.groups(7, 64, 5), 14);
    }
}
