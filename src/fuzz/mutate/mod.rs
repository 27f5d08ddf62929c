//! Mutations that know the structure of their input, one module for each kind of input. Each edit
//! is a kind of fault that real files and values have had; the numbers are the classes of
//! `q4proof list --classes`.

mod block;
mod file;
mod half;
mod kernel;
mod names;
mod safetensors;
mod text;
mod value;

pub(super) use block::blocks;
pub(super) use file::file;
pub(super) use kernel::{product_bytes, rotation_bytes};
pub(super) use names::names;
pub(super) use safetensors::{safetensors, sound as sound_safetensors};
pub(super) use text::text;
pub(super) use value::{Grid, edit as edit_values, values};

use crate::fuzz::dice::{one_in, pick, place};
use crate::suite::random::SplitMix64;

/// How many edits make a mutation: one to three.
fn edits(dice: &mut SplitMix64) -> u64 {
    1 + dice.below(3)
}

/// Heads or tails.
fn coin(dice: &mut SplitMix64) -> bool {
    one_in(dice, 2)
}
