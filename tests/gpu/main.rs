//! The kernels: what naga takes and makes of them, and what an adapter computes with them. Where there is
//! no adapter these tests fail; none is skipped.

mod command;
mod extents;
mod kernels;
mod planted;
mod sizes;
mod values;

use q4proof::gpu::Device;

/// The device that is computed with.
fn device() -> Device {
    Device::open().expect("an adapter: without one nothing here is shown")
}
