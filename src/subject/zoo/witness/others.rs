//! Questions for the faults of KHF1, of products, of the rotation and of ggml's Q4_1.

use super::super::Fault;
use super::super::liar::file_of;
use super::Question;
use super::khq4::{block, payload};
use crate::subject::message::{Decode, EncodeRows, Matmul, Precision, Request, Rotate, SaveKhf1};
use crate::suite::case::{FileFormat, Side};
use crate::suite::hex::{Bits, Bits16, Bits64, Bytes};

const HALF: u16 = 0x3800;
const ONE: u16 = 0x3c00;
const MINUS_ONE: u16 = 0xbc00;

fn halves(values: &[u16]) -> Bytes {
    Bits16(values.to_vec()).to_le_bytes()
}

fn read(values: &[u16]) -> Question {
    counted(values.len() as u64, values)
}

/// A file of `numel` values, of which these are there.
fn counted(numel: u64, values: &[u16]) -> Question {
    let bytes = file_of(b"KHF1\x01\0\0\0", &[numel], numel, &halves(values).0);
    Question::Read(FileFormat::Khf1, bytes, super::load(String::new()))
}

fn save(shape: &[u64], values: &[u16]) -> Question {
    let (shape, values) = (shape.to_vec(), halves(values));
    Question::Ask(Request::SaveKhf1(SaveKhf1 { entry: None, path: String::new(), shape, values }))
}

fn to_half(blocks: &[u8]) -> Question {
    let original_len = blocks.len() as u64 / 20 * 32;
    let blocks = Bytes(blocks.to_vec());
    Question::Ask(Request::DecodeF16(Decode { entry: None, blocks, original_len }))
}

/// Vectors of thirds, and blocks with a bias of -1.
fn matmul(rows: u64, columns: u64, vectors: u64) -> Question {
    let x: Vec<f32> = (0..vectors * columns).map(|at| at as f32 / 3.0 - 1.0).collect();
    of_blocks(rows, columns, &payload((rows * columns).div_ceil(32) as usize), &x)
}

fn of_blocks(rows: u64, columns: u64, blocks: &[u8], x: &[f32]) -> Question {
    Question::Ask(Request::Matmul(Matmul {
        entry: None,
        rows,
        columns,
        vectors: x.len() as u64 / columns,
        blocks: Bytes(blocks.to_vec()),
        x: Bits::of(x).to_le_bytes(),
    }))
}

fn rotate(change: impl FnOnce(&mut Rotate)) -> Question {
    let values: Vec<f32> = (0..16).map(|at| at as f32 / 3.0 - 2.0).collect();
    let mut request = Rotate {
        entry: None,
        precision: Precision::F32,
        seed: 42,
        side: Side::Input,
        inverse: false,
        rows: 2,
        columns: 8,
        block: None,
        gamma: None,
        values: Bits::of(&values).to_le_bytes(),
    };
    change(&mut request);
    Question::Ask(Request::Rotate(request))
}

fn in_runs(run: u64) -> Question {
    rotate(|request| request.block = Some(run))
}

/// A matrix without rows.
fn empty(columns: u64, run: u64) -> Question {
    rotate(|request| {
        (request.rows, request.columns, request.block) = (0, columns, Some(run));
        request.values = Bytes::default();
    })
}

fn with_norm() -> Question {
    let gamma: Vec<f32> = (0..8).map(|at| at as f32 / 4.0).collect();
    rotate(|request| request.gamma = Some(Bits::of(&gamma).to_le_bytes()))
}

fn decode(blocks: &[u8], original_len: u64) -> Question {
    let blocks = Bytes(blocks.to_vec());
    Question::Ask(Request::DecodeQ41(Decode { entry: None, blocks, original_len }))
}

fn encode(shape: &[u64], values: &[f32]) -> Question {
    let (shape, values) = (shape.to_vec(), Bits::of(values).to_le_bytes());
    Question::Ask(Request::EncodeQ41(EncodeRows { entry: None, shape, values }))
}

/// A full block of these values, over and over.
fn encode_block(values: &[f32]) -> Question {
    let full: Vec<f32> = values.iter().copied().cycle().take(32).collect();
    encode(&[32], &full)
}

/// The question that shows `fault`.
pub(super) fn witness(fault: Fault) -> Question {
    use Fault::*;
    let ones = |count: usize| vec![1.0f32; count];
    match fault {
        NumelProductWraps => counted((1 << 63) + 3, &[ONE, HALF, MINUS_ONE]),
        NanValueAccepted => read(&[0x7e00]),
        InfiniteValueAccepted => read(&[0x7c00]),
        SubnormalValueRefused => read(&[1]),
        NegativeZeroValueRefused | ValueSignedZeroLost => read(&[0x8000]),
        ValueSubnormalsFlushed => read(&[ONE, 1]),
        ValuesBigEndian => read(&[0x1234]),
        ValuesThroughBf16 => read(&[0x3c01]),
        LastValueUnwritten | LastValueDropped => read(&[ONE, HALF]),

        SaveHalvesBigEndian => save(&[1], &[0x1234]),
        SaveHalvesSubnormalsFlushed => save(&[1], &[1]),
        SaveHalvesSignedZeroLost => save(&[1], &[0x8000]),
        SaveHalvesNanUnchecked => save(&[1], &[0x7e00]),
        SaveHalvesInfinityUnchecked | SaveHalvesSaturated => save(&[1], &[0x7c00]),

        HalfOverflowStored | HalfSaturated => to_half(&block(0x7bff, ONE)),
        HalfCut => to_half(&block(0x2a67, 0x5003)),
        HalfSubnormalsFlushed => to_half(&block(1, 0)),
        HalfSignedZeroLost => to_half(&block(0xbc00, 0x8000)),

        RowsFlooredToTile | LastRowUnwritten => matmul(9, 32, 1),
        ColumnsFloored | RowsAlignedToBlocks => matmul(3, 48, 1),
        LastBlockOfRowSkipped => matmul(1, 64, 1),
        RowOffsetWraps => {
            let other = [payload(2048), block(ONE, ONE).to_vec()].concat();
            of_blocks(2049, 32, &other, &ones(32))
        }
        FirstVectorForAll | ProductTransposed => matmul(2, 32, 2),
        ProductBiasDropped | BiasCountedPerLane | ProductSymmetric => matmul(1, 32, 1),
        FirstBiasForRow => {
            of_blocks(1, 64, &[block(ONE, ONE), block(ONE, MINUS_ONE)].concat(), &ones(64))
        }
        ProductScaleAbsolute => of_blocks(1, 32, &block(0xbc00, ONE), &ones(32)),
        ProductNibblesSwapped | ProductSplitHalf => matmul(2, 32, 1),
        FirstScaleForRow => matmul(1, 64, 2),
        AccumulatorNotCleared => matmul(2, 64, 1),
        XThroughF16 => of_blocks(1, 32, &block(ONE, ONE), &[1.0001; 32]),
        ProductEmptyRefused => of_blocks(0, 32, &[], &ones(32)),
        HalfAccumulator => of_blocks(1, 32, &block(0x3c01, 0x5c01), &ones(32)),
        ProductExtentUnchecked => of_blocks(1, 64, &payload(1), &ones(64)),

        SignsOneStateEarly | SignsOneStateLate | SignFromHighBit | SignInverted | SignsNotMixed
        | SeedIgnored => rotate(|_| {}),
        SeedCutTo32Bits => rotate(|request| request.seed += 1 << 40),
        SeedThroughF64 => rotate(|request| request.seed = (1 << 53) + 1),
        ApplyForInverse => rotate(|request| request.inverse = true),
        InverseForApply => rotate(|request| request.seed = 0),
        OutputSideTakenForInput => rotate(|request| {
            (request.rows, request.columns, request.side) = (8, 2, Side::Output);
        }),
        InputSideTakenForOutput => rotate(|_| {}),
        NormFactorMissing | NormFactorTwice | LastButterflyMissing => rotate(|request| {
            (request.rows, request.columns) = (1, 16);
        }),
        OddLengthRotated => rotate(|request| {
            (request.rows, request.columns) = (1, 3);
            request.values = Bits::of(&[1.0, 2.0, 3.0]).to_le_bytes();
        }),
        LinearRunSeeds | FirstRunPlain | OneSeedForAllRuns | RunsIgnored => in_runs(4),
        RunsUnchecked => in_runs(3),
        RunCountUnchecked => empty(8192, 1),
        RotationLengthUnbounded => empty(1 << 25, 1 << 20),
        NormNotFolded | NormWithoutOne | NormDivided | NormFoldedAfterRotation => with_norm(),
        RotationEmptyRefused => empty(8, 8),
        RotationThroughF32 => rotate(|request| {
            request.precision = Precision::F64;
            request.values = Bits64::of(&[1.0 / 3.0; 16]).to_le_bytes();
        }),
        RotationExtentUnchecked => rotate(|request| request.rows = 3),

        GgmlSequentialPairs | GgmlHalvesSwapped | GgmlBigEndian | GgmlScaleMinimumSwapped => {
            decode(&block(HALF, MINUS_ONE), 32)
        }
        GgmlSubnormalsFlushed => decode(&block(1, ONE), 32),
        GgmlZeroScaleRefused => decode(&block(0, ONE), 32),
        GgmlMinimumSubtracted | GgmlReadAsQ40 => decode(&block(ONE, ONE), 32),
        GgmlEmptyRefused => decode(&[], 0),
        GgmlPartialAccepted => decode(&block(ONE, ONE), 31),
        GgmlExtentUnchecked => decode(&payload(2), 32),

        GgmlSequentialPairsEncode | GgmlHalvesSwappedEncode | GgmlBigEndianEncode => {
            encode_block(&[1.0, -2.0, 0.5, 7.0, 3.0])
        }
        GgmlSixteenSteps => encode_block(&[0.0, 15.0]),
        GgmlScaleAsStored => encode_block(&[-5.7, -2.9, -0.1]),
        GgmlMinimumAsStored => encode_block(&[-5.9, -5.2, -4.5]),
        GgmlDivided => encode_block(&[-5.7, -3.6, 1.3]),
        GgmlRoundHalfAway => encode_block(&[0.0, 15.0, 0.499_999_97]),
        GgmlRoundHalfEven => encode_block(&[0.0, 15.0, 2.5]),
        GgmlNibbleCut => encode_block(&[0.0, 15.0, 0.75]),
        GgmlRangeFromZero => encode_block(&[5.0, 6.0, 7.0]),
        GgmlFlatScaleOne => encode_block(&[5.0]),
        GgmlRowsPadded => encode(&[2, 16], &(0..32).map(|at| at as f32).collect::<Vec<_>>()),
        GgmlShapeUnchecked => encode(&[33], &ones(32)),
        other => unreachable!("{other} is of another operation"),
    }
}
