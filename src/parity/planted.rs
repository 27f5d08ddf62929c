//! Faults that implementations of this architecture have had, planted in the weights or in the products
//! of the sound model: a report that does not find them is worth nothing. The model itself has no switch.
//!
//! What looks like a fault of a forward pass is one of its weights here: to pair rotary values otherwise is
//! to reorder rows of `q_proj` and `k_proj`, and a head that takes its neighbour's decay is a rotated
//! `A_log`.

use std::rc::Rc;

use crate::codec::Block;
use crate::model::linear::{Backend, Linear};
use crate::model::weights::{Blocks, Tensor, Values, Weights};
use crate::model::{Config, ModelError};
use half::f16;

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planted {
    /// The two nibbles of each byte are exchanged.
    NibbleOrder,
    /// The bias of blocks is not added.
    DroppedBias,
    /// A kernel whose tile does not divide the rows leaves the last ones unwritten.
    LastRowsUnwritten,
    /// The weights behind the first norm were not multiplied with it.
    NormNotFolded,
    /// Neighbours are turned by the rotary position, not halves.
    RotaryPairing,
    /// A head of the delta net decays as its neighbour.
    DeltaRuleIndex,
}

impl Planted {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::NibbleOrder,
        Self::DroppedBias,
        Self::LastRowsUnwritten,
        Self::NormNotFolded,
        Self::RotaryPairing,
        Self::DeltaRuleIndex,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::NibbleOrder => "nibble-order",
            Self::DroppedBias => "dropped-bias",
            Self::LastRowsUnwritten => "last-rows-unwritten",
            Self::NormNotFolded => "norm-not-folded",
            Self::RotaryPairing => "rotary-pairing",
            Self::DeltaRuleIndex => "delta-rule-index",
        }
    }

    /// The fault of that name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.name() == name)
    }
}

/// The weights of a model with a fault.
pub struct PlantedWeights<'a> {
    /// The sound weights.
    pub sound: &'a dyn Weights,
    /// The model's sizes.
    pub config: &'a Config,
    /// The fault.
    pub fault: Planted,
}

impl Weights for PlantedWeights<'_> {
    fn tensor(&self, name: &str) -> Result<Option<Tensor>, ModelError> {
        let Some(mut tensor) = self.sound.tensor(name)? else { return Ok(None) };
        match self.fault {
            Planted::NibbleOrder => change_blocks(&mut tensor, |block| {
                let mut nibbles = block.nibbles();
                nibbles.as_chunks_mut::<2>().0.iter_mut().for_each(|pair| pair.reverse());
                Block::new(block.scale(), block.bias(), &nibbles)
            }),
            Planted::DroppedBias => change_blocks(&mut tensor, |block| {
                Block::new(block.scale(), f16::ZERO, &block.nibbles())
            }),
            Planted::NormNotFolded if name.ends_with("layers.0.input_layernorm.weight") => {
                change_values(&mut tensor, |values| values.fill(0.0));
            }
            Planted::RotaryPairing if name.ends_with("q_proj.weight") => {
                self.reorder(
                    &mut tensor,
                    self.config.query_dim() / self.config.num_attention_heads,
                );
            }
            Planted::RotaryPairing if name.ends_with("k_proj.weight") => {
                self.reorder(&mut tensor, self.config.head_dim);
            }
            Planted::RotaryPairing if name.ends_with("q_norm.weight") => {
                self.reorder(&mut tensor, self.config.head_dim);
            }
            Planted::RotaryPairing if name.ends_with("k_norm.weight") => {
                self.reorder(&mut tensor, self.config.head_dim);
            }
            Planted::DeltaRuleIndex if name.ends_with("A_log") || name.ends_with("dt_bias") => {
                change_values(&mut tensor, |values| values.rotate_left(1));
            }
            _ => {}
        }
        Ok(Some(tensor))
    }
}

impl PlantedWeights<'_> {
    /// Puts neighbours where halves are expected, in the rotary part of each head of `head` rows. Keys and
    /// queries keep their product but for the angle.
    fn reorder(&self, tensor: &mut Tensor, head: usize) {
        let rotary = self.config.rotary_dim();
        let from = |row: usize| {
            let (start, within) = (row / head * head, row % head);
            match within {
                _ if within >= rotary => row,
                _ if within < rotary / 2 => start + 2 * within,
                _ => start + 2 * (within - rotary / 2) + 1,
            }
        };
        let rows = tensor.shape[0];
        match &mut tensor.values {
            Values::Plain(values) => *values = reordered(values, rows, from),
            Values::Blocks(blocks) => *blocks = Blocks::Owned(reordered(blocks, rows, from)),
        }
    }
}

fn reordered<T: Copy>(all: &[T], rows: usize, from: impl Fn(usize) -> usize) -> Vec<T> {
    let width = all.len() / rows;
    (0..rows).flat_map(|row| all[from(row) * width..][..width].to_vec()).collect()
}

fn change_blocks(tensor: &mut Tensor, change: impl Fn(&Block) -> Block) {
    if let Values::Blocks(blocks) = &mut tensor.values {
        *blocks = Blocks::Owned(blocks.iter().map(change).collect());
    }
}

fn change_values(tensor: &mut Tensor, change: impl Fn(&mut Vec<f32>)) {
    if let Values::Plain(values) = &mut tensor.values {
        change(values);
    }
}

/// Rows that a kernel of the faulty backend computes at a time.
const TILE: usize = 48;

/// A backend that leaves unwritten what is no whole tile of rows.
pub struct LastRowsUnwritten<'a>(pub &'a dyn Backend);

impl Backend for LastRowsUnwritten<'_> {
    fn linear(&self, name: &str, tensor: Tensor) -> Result<Rc<dyn Linear>, ModelError> {
        Ok(Rc::new(Tiled(self.0.linear(name, tensor)?)))
    }
}

struct Tiled(Rc<dyn Linear>);

impl Linear for Tiled {
    fn rows(&self) -> usize {
        self.0.rows()
    }

    fn columns(&self) -> usize {
        self.0.columns()
    }

    fn multiply(&self, x: &[f32]) -> Result<Vec<f32>, ModelError> {
        let mut products = self.0.multiply(x)?;
        for product in products.chunks_exact_mut(self.rows()) {
            product[self.rows() / TILE * TILE..].fill(0.0);
        }
        Ok(products)
    }

    fn row(&self, row: usize) -> Result<Vec<f32>, ModelError> {
        self.0.row(row)
    }
}
