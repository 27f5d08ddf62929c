//! The arithmetic of 4-bit blocks: what SPEC.md says in prose, in plain functions on slices.
//!
//! Read this module beside SPEC.md, clause by clause: [`block`] is BLK, [`decode`](mod@decode) is
//! DEC and F16, [`encode`](mod@encode) is ENC and [`stream`] its ENC-S6, [`product`] is DOT,
//! [`rotation`] is ROT. [`rows`] lists the formats of ggml and MLX: [`q4_0`] is Q40, [`q4_1`] is GGML, [`q5`] is Q50 and
//! Q51, [`q8_0`] is Q8, [`q4_k`] is Q4K and Q5K, [`q6_k`] is Q6K, [`iq4`] is NL and XS, [`mxfp4`] is MX, [`nvfp4`] is NV,
//! [`mlx`] is MLX. Nothing here knows of files, vectors or
//! faults, and nothing that judges an answer calls it: the judge has arithmetic of its own
//! (`suite::exact`).
//!
//! ```
//! use q4proof::codec::{Mode, decode, encode};
//!
//! let blocks = encode(&[5.0, 6.0, 7.0], Mode::Asymmetric)?;
//! let mut values = [0.0; 3];
//! decode(&blocks, &mut values);
//! assert_eq!(blocks[0].scale().to_bits(), 0x3044); // f16(2/15): the padding is not looked at
//! assert_eq!(values[0], 5.0);
//! # Ok::<(), q4proof::codec::EncodeError>(())
//! ```

pub mod block;
pub mod decode;
pub mod encode;
pub mod iq4;
pub mod mlx;
pub mod mxfp4;
pub mod nvfp4;
pub mod product;
pub mod q4_0;
pub mod q4_1;
pub mod q4_k;
pub mod q5;
pub mod q6_k;
pub mod q8_0;
pub mod rotation;
pub mod round;
pub mod rows;
pub mod stream;

use block::WITHOUT_FRACTION;
pub use block::{BLOCK_BYTES, BLOCK_WEIGHTS, Block, block_count};
pub use decode::{decode, decode_block, decode_to_f16, exact_block};
pub use encode::{EncodeError, Mode, encode, encode_block};
pub use product::matmul;
pub use rotation::{Rotation, RotationError};
pub use round::{round_to_bf16, round_to_f16};
pub use rows::RowFormat;
pub use stream::Encoder;
