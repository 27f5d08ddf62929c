//! The adapter that a verb is asked to compute with, and which one must not be missing.

use std::fmt;

use clap::ValueEnum;

use super::problem::Problem;
#[cfg(feature = "gpu")]
use crate::gpu::{BACKEND, Device, Gpu};
use crate::subject::Implementation;

/// The name of the kernels as a subject.
pub const GPU: &str = "gpu";

/// What the kernels are, in one sentence.
#[cfg(feature = "gpu")]
pub const ABOUT: &str =
    "the kernels in WGSL, on this machine's adapter (profile decode:khq4+matmul:khq4)";

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
    // Said before an adapter is looked for, as none would change it.
    if let Some(required) = required
        && required.to_string() != BACKEND.to_lowercase()
    {
        return Err(Problem::Usage(format!(
            "--require-backend {required}: this system computes with {BACKEND} (Metal on macOS, Vulkan \
             elsewhere); nothing was asked"
        )));
    }
    Device::open()
        .map_err(|error| Problem::NotStarted(format!("the adapter did not start: {error}")))
}

/// The kernels as an implementation.
///
/// # Errors
///
/// As [`device`].
#[cfg(feature = "gpu")]
pub fn open(required: Option<RequiredBackend>) -> Result<Box<dyn Implementation + Send>, Problem> {
    Ok(Box::new(Gpu::new(device(required)?)))
}

/// There are no kernels in this build.
///
/// # Errors
///
/// [`missing`], always.
#[cfg(not(feature = "gpu"))]
pub fn open(_required: Option<RequiredBackend>) -> Result<Box<dyn Implementation + Send>, Problem> {
    Err(missing())
}

/// What a build without kernels says to whoever asks for them.
#[cfg(not(feature = "gpu"))]
pub fn missing() -> Problem {
    let sentence =
        "this build has no feature gpu: `cargo build --release --features gpu` makes one that has";
    Problem::Usage(sentence.into())
}
