//! Block formats of which the suite asks decodes alone: what such a leaf says, and how it is judged.

use super::rows::{decode_rows, each_block};
use super::{BlockField, BlockFormat, Description, Geometry};
use crate::format::Class;
use crate::suite::answer::Encoded;
use crate::suite::exact::number::Float;
use crate::suite::floats::Floats;
use crate::suite::lawful::Lawful;
use crate::suite::operation::{FormatId, Verb};
use crate::suite::question::Question;

/// A block format that is decoded to f32, and whose rows are whole blocks.
pub struct DecodeOnly {
    /// Its name on the wire.
    pub(super) id: FormatId,
    /// Its name for a person.
    pub(super) title: &'static str,
    /// The clauses of its layout and of its values.
    pub(super) clauses: [&'static str; 2],
    /// The size of a block.
    pub(super) geometry: Geometry,
    /// The fields of a block.
    pub(super) fields: fn(&[u8]) -> Vec<BlockField>,
    /// f32 bits of a block's weights; `None` where a scale or a minimum is not finite.
    pub(super) weights: fn(&[u8]) -> Option<Vec<u32>>,
}

impl BlockFormat for DecodeOnly {
    fn description(&self) -> Description {
        Description {
            id: self.id,
            title: self.title,
            verbs: &[Verb::Decode],
            features: &[],
            geometry: self.geometry,
        }
    }

    fn clause(&self, _question: &Question, refused: Option<Class>) -> &'static str {
        self.clauses[usize::from(refused.is_none())]
    }

    fn fields(&self, block: &[u8], _real: usize) -> Vec<BlockField> {
        (self.fields)(block)
    }

    fn decode(&self, blocks: &Encoded, count: u64, to: Float) -> Lawful<Floats> {
        decode_rows(self.geometry, blocks, count, to, |payload| {
            let weights = each_block(payload, self.geometry.bytes, self.weights);
            Ok(weights.ok_or("nothing is demanded of a number that is not finite")?.concat())
        })
    }
}
