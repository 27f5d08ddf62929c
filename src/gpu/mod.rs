//! The same arithmetic in WGSL: decoding, products and rows of embeddings, on Metal where this system is
//! macOS and on Vulkan elsewhere.
//!
//! [`Device::open`] finds an adapter and says which one it is; [`Device::upload`] copies the blocks of a
//! matrix into a buffer of their length, straight from a mapped file; [`Matrix`] multiplies and hands out
//! rows. [`Device::dispatches`] counts what ran. A result is handed on only if its kernel wrote every
//! value: outputs begin as canaries.
//!
//! Decoding is bit-exact whatever an adapter does with subnormals and with the sign of zero, as WGSL
//! promises neither: f16 is widened by integer operations, and a weight of nibble 0 takes no sum.
//!
//! ```no_run
//! use std::path::Path;
//! use q4proof::format::AddressWidth;
//! use q4proof::{gpu, store};
//!
//! let device = gpu::Device::open()?;
//! let tensor = store::map_khq4(Path::new("model/lm_head_weight.q4"), AddressWidth::NATIVE)?;
//! let head = device.upload("lm_head", tensor.view().blocks, 1000, 64)?;
//! let logits = head.multiply(&[0.5; 64], 1)?;
//! assert_eq!(logits.len(), 1000);
//! println!("{}: {:?}", device.describe(), device.dispatches());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod adapter;
mod buffer;
mod context;
mod device;
mod error;
pub mod kernels;
mod launch;
mod matrix;
pub mod subject;

pub use adapter::{Adapter, BACKEND};
pub use device::Device;
pub use error::GpuError;
pub use matrix::Matrix;
pub use subject::Gpu;
