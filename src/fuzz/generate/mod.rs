//! Questions for `hunt`: each a function of a seed, its number and what the subject claims, so that the same
//! campaign can be asked again by any number of processes.
//!
//! What is mixed is said in `docs/hunt.md`. No vector is consulted: a campaign finds what the vectors do not ask.

mod blocks;
mod directory;
mod file;
mod kernel;
mod names;
mod weights;

use crate::fuzz::dice::{Sizes, one_in, pick};
use crate::subject::Hello;
use crate::suite::Profile;
use crate::suite::case::Case;
use crate::suite::exact::blocks::Layout;
use crate::suite::feature::Feature;
use crate::suite::floats::Floats;
use crate::suite::operation::{FormatId, Operation, Verb};
use crate::suite::question::Question;
use crate::suite::random::SplitMix64;

use super::oracle::case;

/// One question in so many is the one before of its operation, with another middle.
const TWIN: u64 = 24;

/// How often a question of which nothing is demanded is drawn anew, before a plain one is asked.
const ATTEMPTS: u64 = 8;

/// Questions by their number.
#[derive(Clone, Debug)]
pub struct Generator {
    seed: u64,
    operations: Vec<Operation>,
    features: Vec<(Feature, FormatId)>,
}

impl Generator {
    /// The questions of a seed to a subject, about the operations of a profile; features are asked where the
    /// handshake offers them.
    pub fn new(seed: u64, profile: &Profile, hello: &Hello) -> Self {
        let operations = Operation::all();
        let operations: Vec<Operation> =
            operations.into_iter().filter(|&operation| profile.contains(operation)).collect();
        let formats = operations.iter().map(|operation| operation.format);
        let offered = formats.flat_map(|format| {
            let all =
                Feature::ALL.into_iter().filter(move |feature| hello.offers(feature.of(format)));
            all.map(move |feature| (feature, format))
        });
        let features = offered.collect();
        Self { seed, operations, features }
    }

    /// The operations that are asked.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The dice of a number: those of neighbours have nothing in common.
    pub fn dice(&self, number: u64) -> SplitMix64 {
        let mixed = self.seed ^ number.wrapping_mul(0xd134_2543_de82_ef95);
        SplitMix64::new(SplitMix64::new(mixed).next_u64())
    }

    /// The question of a number, with what may be answered. The operations take turns.
    ///
    /// # Panics
    ///
    /// Where the profile has no operation.
    pub fn case(&self, number: u64) -> Case {
        let operation = self.operations[(number % self.operations.len() as u64) as usize];
        let mut dice = self.dice(number);
        if let Some(before) = number.checked_sub(self.operations.len() as u64)
            && one_in(&mut dice, TWIN)
        {
            let question = self.question(operation, &mut self.dice(before));
            if let Some(Ok(case)) = altered(question, &mut dice).map(case) {
                return case;
            }
        }
        for _ in 0..ATTEMPTS {
            let question = self.question(operation, &mut dice);
            if let Ok(case) = case(question) {
                return case;
            }
        }
        case(plain(operation)).expect("a plain question has an answer")
    }

    fn question(&self, operation: Operation, dice: &mut SplitMix64) -> Question {
        let format = operation.format;
        let offers = |feature| self.features.contains(&(feature, format));
        question(operation, &offers, Sizes::ALL, dice)
    }
}

/// The question with another code or value in the middle: what remembers an answer by the ends of a question takes one
/// for the other. `None` where it has no middle.
fn altered(question: Question, dice: &mut SplitMix64) -> Option<Question> {
    match question {
        Question::Decode(mut decode) => {
            let layout = Layout::named(decode.format);
            let blocks = decode.blocks.0.len() / layout.bytes;
            let block = blocks.checked_sub(2)? / 2 + 1;
            let code = pick(dice, &layout.codes);
            *decode.blocks.0.get_mut(block * layout.bytes + code)? ^= 1 << dice.below(8);
            Some(Question::Decode(decode))
        }
        Question::Encode(mut encode) => {
            let middle = encode.values.len() / 2;
            match &mut encode.values {
                Floats::F16(bits) | Floats::Bf16(bits) => *bits.0.get_mut(middle)? ^= 1 << 15,
                Floats::F32(bits) => *bits.0.get_mut(middle)? ^= 1 << 31,
                Floats::F64(bits) => *bits.0.get_mut(middle)? ^= 1 << 63,
            }
            Some(Question::Encode(encode))
        }
        _ => None,
    }
}

/// A question of an operation, sound in most cases, with the features that are offered.
pub(super) fn question(
    operation: Operation,
    offers: &dyn Fn(Feature) -> bool,
    sizes: Sizes,
    dice: &mut SplitMix64,
) -> Question {
    let Operation { verb, format } = operation;
    match verb {
        Verb::Decode => blocks::decode(format, offers, sizes, dice),
        Verb::Encode => weights::encode(format, offers, sizes, dice),
        Verb::Load => file::load(format, offers, sizes, dice),
        Verb::Save => file::save(format, sizes, dice),
        Verb::Matmul => kernel::matmul(format, sizes, dice),
        Verb::Rotate => kernel::rotate(format, sizes, dice),
        Verb::ReadIndex => directory::read(format, offers(Feature::Directory), dice),
        Verb::NameTensors => names::name(format, dice),
        Verb::Generate => unreachable!("the suite asks of no model"),
    }
}

/// A small question that is answered, of each operation: what a refusal is compared with.
pub fn plain(operation: Operation) -> Question {
    let Operation { verb, format } = operation;
    let mut dice = SplitMix64::new(1);
    match verb {
        Verb::Decode => blocks::plain(format, &mut dice),
        Verb::Encode => weights::plain(format),
        Verb::Load => file::plain_load(format),
        Verb::Save => file::plain_save(format),
        Verb::Matmul => kernel::plain_product(format),
        Verb::Rotate => kernel::plain_rotation(format),
        Verb::ReadIndex => directory::plain(format),
        Verb::NameTensors => names::plain(format),
        Verb::Generate => unreachable!("the suite asks of no model"),
    }
}
