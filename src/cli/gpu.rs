//! The adapter that a verb is asked to compute with, and which one must not be missing.

use std::fmt;

use clap::ValueEnum;

use super::problem::Problem;
#[cfg(feature = "gpu")]
use crate::gpu::{BACKEND, Device, Gpu, subject::OPERATIONS};
use crate::run::Profile;
use crate::subject::Implementation;
#[cfg(feature = "gpu")]
use crate::suite::case::Operation;

/// The name of the kernels as a subject.
pub const GPU: &str = "gpu";

/// What the kernels are, in one sentence.
#[cfg(feature = "gpu")]
pub const ABOUT: &str = "the kernels in WGSL, on this machine's adapter (profile decode+matmul)";

/// What has to compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RequiredBackend {
    /// A Mac's adapter
    Metal,
    /// Any adapter with a Vulkan driver
    Vulkan,
}

impl fmt::Display for RequiredBackend {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Metal => "metal",
            Self::Vulkan => "vulkan",
        })
    }
}

/// The device, of the backend that is required.
///
/// # Errors
///
/// [`Problem::Usage`], where this system computes with another backend; [`Problem::NotStarted`], where
/// there is no adapter or it fails.
#[cfg(feature = "gpu")]
pub fn device(required: Option<RequiredBackend>) -> Result<Device, Problem> {
    let lacks = |required: RequiredBackend, found: &str| {
        (!found.eq_ignore_ascii_case(&required.to_string())).then(|| {
            Problem::Usage(format!(
                "--require-backend {required}: this system computes with {found} (Metal on macOS, \
                 Vulkan elsewhere); nothing was asked"
            ))
        })
    };
    // Said before an adapter is looked for, as no adapter would change it.
    if let Some(problem) = required.and_then(|required| lacks(required, BACKEND)) {
        return Err(problem);
    }
    let device = Device::open()
        .map_err(|error| Problem::NotStarted(format!("the subject gpu did not start: {error}")))?;
    let found = device.describe().backend;
    match required.and_then(|required| lacks(required, &found)) {
        Some(problem) => Err(problem),
        None => Ok(device),
    }
}

/// The kernels as a subject in this process, and what they claim.
///
/// # Errors
///
/// As [`device`].
#[cfg(feature = "gpu")]
pub fn open(
    required: Option<RequiredBackend>,
) -> Result<(Box<dyn Implementation>, Profile), Problem> {
    let claimed = OPERATIONS.map(Operation::name).join("+").parse().map_err(Problem::Harness)?;
    Ok((Box::new(Gpu::new(device(required)?)), claimed))
}

/// There are no kernels in this build.
///
/// # Errors
///
/// [`Problem::Usage`], always.
#[cfg(not(feature = "gpu"))]
pub fn open(
    _required: Option<RequiredBackend>,
) -> Result<(Box<dyn Implementation>, Profile), Problem> {
    Err(Problem::Usage(
        "this build has no feature gpu: `cargo build --release --features gpu` makes one that has"
            .into(),
    ))
}
