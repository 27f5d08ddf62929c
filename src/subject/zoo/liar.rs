//! Subjects that do not look: a suite that one of them passes has no verdict.

use std::path::Path;

use super::{BLOCK, Fault, Faulty, WEIGHTS, hello};
use crate::subject::message::{
    Decode, Encode, EncodeRows, Hello, Load, Matmul, NameTensors, ReadIndex, Refusal, Rotate, Save,
    SaveKhf1,
};
use crate::subject::{Answer, Implementation, Loaded, LoadedHalves};
use crate::suite::case::{Form, Listing};
use crate::suite::hex::{Bits, Bits16, Bytes};

/// The f32 bits of what the block of [5, 6, 7] decodes to.
const ONCE_RIGHT_VALUES: [u32; 3] = [0x40a0_0000, 0x40bd_dc00, 0x40df_fc00];

/// The f16 bits of the same.
const ONCE_RIGHT_HALVES: [u16; 3] = [0x4500, 0x45ef, 0x4700];

/// The block of [5, 6, 7].
const ONCE_RIGHT_BLOCK: [u8; BLOCK] = [
    0x44, 0x30, 0x00, 0x45, 0x70, 0x0f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, //
];

/// An implementation that answers by a rule which needs no codec.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Liar {
    /// Refuses every request.
    RefuseAll,
    /// Does every request: what the input lacks is left out or zero.
    AcceptAll,
    /// Offers every operation and answers each request with unsupported.
    UnsupportedAll,
    /// Answers each operation with what was right once.
    Canned,
}

impl Liar {
    /// All of them.
    pub const ALL: &[Self] =
        &[Self::RefuseAll, Self::AcceptAll, Self::UnsupportedAll, Self::Canned];

    /// The name in reports and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::RefuseAll => "refuse-all",
            Self::AcceptAll => "accept-all",
            Self::UnsupportedAll => "unsupported-all",
            Self::Canned => "canned",
        }
    }

    /// The rule by which it answers, in one sentence.
    pub fn about(self) -> &'static str {
        match self {
            Self::RefuseAll => "Refuses every request, which no test of refusals alone can see.",
            Self::AcceptAll => {
                "Does every request: rightly what is lawful, somehow what is to be refused."
            }
            Self::UnsupportedAll => "Offers every operation and answers that it has none of them.",
            Self::Canned => "Answers each operation with one fixed result that was right once.",
        }
    }

    fn answer<T>(self, accepted: impl FnOnce() -> T, canned: impl FnOnce() -> T) -> Answer<T> {
        match self {
            Self::RefuseAll => Answer::Refused(Refusal { message: "no".to_owned(), class: None }),
            Self::AcceptAll => Answer::Done(accepted()),
            Self::UnsupportedAll => Answer::Unsupported,
            Self::Canned => Answer::Done(canned()),
        }
    }
}

/// What the sound member does, or `instead` where it refuses.
fn lawful_or<T>(answer: Answer<T>, instead: T) -> T {
    match answer {
        Answer::Done(done) => done,
        _ => instead,
    }
}

impl Implementation for Liar {
    fn hello(&self) -> Hello {
        hello(self.name())
    }

    fn decode(&self, request: &Decode) -> Answer<Bits> {
        let any_length = Faulty::new(Some(Fault::DecodeLengthUnchecked));
        self.answer(
            || Bits::of(&any_length.values(&request.blocks.0, request.original_len)),
            || Bits(ONCE_RIGHT_VALUES.to_vec()),
        )
    }

    fn encode(&self, request: &Encode) -> Answer<Bytes> {
        self.answer(|| encode_whatever(request), || Bytes(ONCE_RIGHT_BLOCK.to_vec()))
    }

    fn load_khq4(&self, request: &Load) -> Answer<Loaded> {
        self.answer(
            || load_whatever(Path::new(&request.path)),
            || Loaded {
                shape: vec![3],
                values: Some(Bits(ONCE_RIGHT_VALUES.to_vec())),
                blocks: Some(Bytes(ONCE_RIGHT_BLOCK.to_vec())),
            },
        )
    }

    fn save_khq4(&self, request: &Save) -> Answer<()> {
        let write = |shape: &[u64], original_len: u64, payload: &[u8]| {
            // Whether it worked is nothing that it would tell.
            let _ = std::fs::write(&request.path, file(shape, original_len, payload));
        };
        self.answer(
            || write(&request.shape, request.original_len, &request.blocks.0),
            || write(&[3], 3, &ONCE_RIGHT_BLOCK),
        )
    }

    fn load_khf1(&self, request: &Load) -> Answer<LoadedHalves> {
        let empty = LoadedHalves { shape: vec![0], values: Bits16::default() };
        let once_right = || Bits16(ONCE_RIGHT_HALVES.to_vec());
        self.answer(
            || lawful_or(Faulty::new(None).load_khf1(request), empty),
            || LoadedHalves { shape: vec![3], values: once_right() },
        )
    }

    fn save_khf1(&self, request: &SaveKhf1) -> Answer<()> {
        let write = |shape: &[u64], values: &[u8]| {
            let bytes = file_of(b"KHF1\x01\0\0\0", shape, values.len() as u64 / 2, values);
            // Whether it worked is nothing that it would tell.
            let _ = std::fs::write(&request.path, bytes);
        };
        let once_right = || Bits16(ONCE_RIGHT_HALVES.to_vec()).to_le_bytes();
        self.answer(|| write(&request.shape, &request.values.0), || write(&[3], &once_right().0))
    }

    fn decode_f16(&self, request: &Decode) -> Answer<Bits16> {
        let careless = Faulty::new(Some(Fault::HalfOverflowStored));
        self.answer(
            || lawful_or(careless.decode_f16(request), Bits16::default()),
            || Bits16(ONCE_RIGHT_HALVES.to_vec()),
        )
    }

    fn matmul(&self, request: &Matmul) -> Answer<Bits> {
        let careless = Faulty::new(Some(Fault::RowsAlignedToBlocks));
        self.answer(
            || lawful_or(careless.matmul(request), Bits::default()),
            || Bits(ONCE_RIGHT_VALUES.to_vec()),
        )
    }

    fn rotate(&self, request: &Rotate) -> Answer<Bytes> {
        self.answer(
            || lawful_or(Faulty::new(None).rotate(request), request.values.clone()),
            || Bits(ONCE_RIGHT_VALUES.to_vec()).to_le_bytes(),
        )
    }

    fn decode_q4_1(&self, request: &Decode) -> Answer<Bits> {
        let careless = Faulty::new(Some(Fault::GgmlPartialAccepted));
        self.answer(
            || lawful_or(careless.decode_q4_1(request), Bits::default()),
            || Bits(ONCE_RIGHT_VALUES.to_vec()),
        )
    }

    fn encode_q4_1(&self, request: &EncodeRows) -> Answer<Bytes> {
        let careless = Faulty::new(Some(Fault::GgmlPartialAccepted));
        self.answer(
            || lawful_or(careless.encode_q4_1(request), Bytes::default()),
            || Bytes(ONCE_RIGHT_BLOCK.to_vec()),
        )
    }

    fn encode_mlx(&self, request: &EncodeRows) -> Answer<Bytes> {
        let careless = Faulty::new(Some(Fault::MlxPartialAccepted));
        self.answer(
            || lawful_or(careless.encode_mlx(request), Bytes::default()),
            || Bytes(ONCE_RIGHT_BLOCK.to_vec()),
        )
    }

    fn read_index(&self, request: &ReadIndex) -> Answer<Listing> {
        let absent = || Listing { form: Some(Form::Absent), ..Listing::default() };
        self.answer(|| lawful_or(Faulty::new(None).read_index(request), absent()), absent)
    }

    fn name_tensors(&self, request: &NameTensors) -> Answer<Vec<String>> {
        let sound = Faulty::new(None);
        let careless = || request.tensors.iter().map(|tensor| tensor.name.clone()).collect();
        self.answer(
            || lawful_or(sound.name_tensors(request), careless()),
            || vec!["model_norm_weight.f16".to_owned()],
        )
    }
}

/// Lawful values by the sound encoder; others without their shape, cut to what f16 can hold.
fn encode_whatever(request: &Encode) -> Bytes {
    let sound = Faulty::new(None);
    if let Answer::Done(payload) = sound.encode(request) {
        return payload;
    }
    let cut = |bytes: &[u8; 4]| match f32::from_le_bytes(*bytes) {
        value if value.is_nan() => 0.0,
        value => value.clamp(-57000.0, 57000.0),
    };
    let values: Vec<f32> = request.values.0.as_chunks().0.iter().map(cut).collect();
    let request = Encode {
        shape: vec![values.len() as u64],
        values: Bits::of(&values).to_le_bytes(),
        ..request.clone()
    };
    match sound.encode(&request) {
        Answer::Done(payload) => payload,
        _ => Bytes::default(),
    }
}

/// As much of a tensor as the file has bytes for; an empty one where there is no file.
fn load_whatever(path: &Path) -> Loaded {
    let regular = path.metadata().is_ok_and(|found| found.is_file());
    let bytes = if regular { std::fs::read(path).unwrap_or_default() } else { Vec::new() };
    let number = |offset: usize, size: usize| {
        let field = bytes.iter().skip(offset).take(size).rev();
        field.fold(0, |number: u64, &byte| number << 8 | u64::from(byte))
    };
    let room = bytes.len().saturating_sub(20) / 8;
    let ndim = room.min(number(8, 4) as usize);
    let payload = bytes.get(20 + 8 * ndim..).unwrap_or_default();
    let present = (payload.len() / BLOCK * WEIGHTS) as u64;
    let original_len = number(12 + 8 * ndim, 8).min(present);
    Loaded {
        shape: (0..ndim).map(|index| number(12 + 8 * index, 8)).collect(),
        values: Some(Bits::of(&Faulty::new(None).values(payload, original_len))),
        blocks: Some(Bytes(payload.to_vec())),
    }
}

/// A file with whatever it is given.
pub(super) fn file(shape: &[u64], original_len: u64, payload: &[u8]) -> Vec<u8> {
    file_of(b"KHQ4\x02\0\0\0", shape, original_len, payload)
}

/// As [`file`], of either format: what it begins with, and the number of values.
pub(super) fn file_of(begins: &[u8], shape: &[u64], count: u64, payload: &[u8]) -> Vec<u8> {
    let mut bytes = begins.to_vec();
    bytes.extend((shape.len() as u32).to_le_bytes());
    for size in shape.iter().chain([&count]) {
        bytes.extend(size.to_le_bytes());
    }
    bytes.extend(payload);
    bytes
}
