//! Questions for the faults of KHQ4's codec, loader and writer.

use super::super::agreement::encode_request;
use super::super::liar::file;
use super::super::{BLOCK, Fault, WEIGHTS};
use super::Question;
use crate::subject::message::{Decode, Request, Save};
use crate::suite::case::{FileFormat, Mode};
use crate::suite::hex::Bytes;

/// The f16 bits of some scales and biases.
const HALF: u16 = 0x3800;
const ONE: u16 = 0x3c00;
const MINUS_ONE: u16 = 0xbc00;
const NAN: u16 = 0x7e00;
const INFINITY: u16 = 0x7c00;

/// A block with nibbles 0 to 15, twice.
pub(super) fn block(scale: u16, bias: u16) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    block[..2].copy_from_slice(&scale.to_le_bytes());
    block[2..4].copy_from_slice(&bias.to_le_bytes());
    for (index, byte) in block[4..].iter_mut().enumerate() {
        *byte = ((2 * index % 16) | ((2 * index + 1) % 16) << 4) as u8;
    }
    block
}

/// A lawful file of one dimension; every second block has another scale.
fn tensor(len: u64) -> Vec<u8> {
    file(&[len], len, &payload(len.div_ceil(WEIGHTS as u64) as usize))
}

pub(super) fn payload(blocks: usize) -> Vec<u8> {
    let scales = [HALF, ONE].into_iter().cycle().take(blocks);
    scales.flat_map(|scale| block(scale, MINUS_ONE)).collect()
}

fn edited(mut bytes: Vec<u8>, offset: usize, patch: &[u8]) -> Vec<u8> {
    bytes[offset..offset + patch.len()].copy_from_slice(patch);
    bytes
}

fn cut(mut bytes: Vec<u8>, len: usize) -> Vec<u8> {
    bytes.truncate(len);
    bytes
}

fn load(bytes: Vec<u8>) -> Question {
    Question::Read(FileFormat::Khq4, bytes, super::load(String::new()))
}

fn encode(mode: Mode, shape: &[u64], values: &[f32]) -> Question {
    Question::Ask(Request::Encode(encode_request(mode, shape, values)))
}

pub(super) fn asymmetric(values: &[f32]) -> Question {
    encode(Mode::Asymmetric, &[values.len() as u64], values)
}

fn symmetric(values: &[f32]) -> Question {
    encode(Mode::Symmetric, &[values.len() as u64], values)
}

pub(super) fn decode(payload: &[u8], original_len: u64) -> Question {
    let blocks = Bytes(payload.to_vec());
    Question::Ask(Request::Decode(Decode { entry: None, blocks, original_len }))
}

fn save(shape: &[u64], original_len: u64, payload: &[u8]) -> Question {
    let (shape, blocks) = (shape.to_vec(), Bytes(payload.to_vec()));
    let path = String::new();
    Question::Ask(Request::SaveKhq4(Save { entry: None, path, shape, original_len, blocks }))
}

/// The question that shows `fault`.
pub(super) fn witness(fault: Fault) -> Question {
    use Fault::*;
    let count = |count: usize| (0..count).map(|value| value as f32).collect::<Vec<_>>();
    let scaled = |scale: u16| load(file(&[32], 32, &block(scale, MINUS_ONE)));
    let biased = |bias: u16| load(file(&[32], 32, &block(HALF, bias)));
    let (two_to_62, two_to_63) = (1 << 62, 1 << 63);
    // Its payload has just over 2^63 bytes.
    let payload_of_2_to_63 = 0xcccc_cccc_cccc_cce0;
    let second_scale_nan = |len: u64| load(edited(tensor(len), 48, &NAN.to_le_bytes()));
    match fault {
        PaddedTailRange | AsymmetricIgnored => asymmetric(&[5.0, 6.0, 7.0]),
        RangeIncludesZero => asymmetric(&[5.0; WEIGHTS]),
        MaximumFromFloatMin => asymmetric(&[-7.0, -6.0, -5.0]),
        NanInFold | NonfiniteRemainderUnchecked => asymmetric(&[f32::NAN, 1.0, 3.0]),
        NonfiniteOnlyFirstLaneChecked => asymmetric(&[1.0, f32::NAN, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]),
        InfinityAccepted => symmetric(&[1.0, f32::NEG_INFINITY, 3.0]),
        TinyRangeScaleZero | ExactZeroRangeOnly => asymmetric(&[0.0, 1e-8]),
        DegenerateBelowEpsilon => asymmetric(&[0.0, 5e-6]),
        DegenerateScaleSmallest => asymmetric(&[3.0]),
        ScaleOverflowStored | SaturatesScale => asymmetric(&[0.0, 1e6]),
        BiasOverflowStored | SaturatesBias => asymmetric(&[70000.0, 70001.0]),
        OverflowUncheckedEncode => symmetric(&[458640.0]),
        Bf16Source => asymmetric(&[1.0, 1.002]),
        F16Source => asymmetric(&[0.0, 1e5]),
        NibblesSwappedEncode | SplitHalfEncode => asymmetric(&count(16)),
        MetadataBigEndianEncode | ScaleBiasSwappedEncode => asymmetric(&[5.0, 6.0, 7.0]),
        RoundHalfEven => asymmetric(&[0.0, 15.0, 1.5, 2.5]),
        TruncateHalfUp => asymmetric(&[0.0, 15.0, 0.49999997]),
        RoundHalfTowardZero => asymmetric(&[0.0, 15.0, 0.5]),
        TruncatingNibble => asymmetric(&[0.0, 15.0, 0.75]),
        DivideNotReciprocal => asymmetric(&[-5.7, -3.6, 1.3]),
        F16ScaleForNibbles => asymmetric(&[-5.7, -2.9, -0.1]),
        F16BiasForNibbles => asymmetric(&[-5.9, -5.2, -4.5]),
        MultiplyByReciprocalOfParts => asymmetric(&[-60.0, -22.0, 16.0]),
        InverseFromSpan => asymmetric(&[-6.0, -0.4, 2.0]),
        DistributedProduct => asymmetric(&[-6.0, -5.8, 0.0]),
        ContractedProduct => asymmetric(&[-5.0, -4.2, 3.0]),
        DoubleEvaluation => asymmetric(&[-6.0, -5.9, 1.2]),
        SixteenSteps => asymmetric(&[0.0, 15.0]),
        ClampMissingWraps => asymmetric(&[-3.0, -1.0]),
        SymmetricBiasFromStoredScale => symmetric(&[10.5 * 2f32.powi(-24)]),
        F16RoundTowardZero => asymmetric(&[-4.0, -3.9]),
        F16RoundHalfAway => asymmetric(&[2049.0, 2064.0]),
        SymmetricByEight | SymmetricSignedScale | SymmetricIgnored => symmetric(&[1.0, -2.0, 0.5]),
        RowsNotFlat => encode(Mode::Asymmetric, &[2, 3], &count(6)),
        ShapeUncheckedEncode => encode(Mode::Asymmetric, &[4], &count(3)),
        F16SubnormalFlushedEncode => asymmetric(&[0.0, 15.0 * 2f32.powi(-20)]),
        StalePadding => asymmetric(&count(33).into_iter().rev().collect::<Vec<_>>()),
        PartialBlockDroppedEncode | PartialBlockRefusedEncode => asymmetric(&count(3)),
        EmptyEncodeRefused => asymmetric(&[]),

        SymmetricZeroPoint | BiasIgnored | SignedNibbles | NibblesSwapped | SplitHalf
        | MetadataBigEndian | ScaleBiasSwapped | MetadataAsBf16 => {
            decode(&block(HALF, MINUS_ONE), 32)
        }
        F16SubnormalsFlushed => decode(&block(1, ONE), 32),
        NegativeScaleAbsolute => decode(&block(HALF | 0x8000, ONE), 32),
        SignedZeroLost => decode(&block(HALF | 0x8000, 0x8000), 32),
        HalfPrecisionSum => decode(&block(1, ONE), 32),
        HalfPrecisionProduct => decode(&block(ONE | 0x03ff, ONE), 32),
        TailUnwritten | TailDropped | OddValueUnwritten | FullTailEmitted => {
            decode(&block(HALF, MINUS_ONE), 5)
        }
        FirstBlockScaleForAll | EighteenByteStride => decode(&payload(2), 64),
        EmptyDecodeRefused => decode(&[], 0),
        DecodeLengthUnchecked => decode(&payload(2), 3),

        MagicUnchecked => load(edited(tensor(3), 0, b"GGUF")),
        MagicThreeBytes => load(edited(tensor(3), 0, b"KHQ5")),
        SwappedMagicAccepted => load(edited(tensor(3), 0, b"4QHK")),
        BigEndianFieldsAccepted => {
            let mut bytes = tensor(3);
            for field in [4..8, 8..12, 12..20, 20..28] {
                bytes[field].reverse();
            }
            load(bytes)
        }
        VersionUnchecked => load(edited(tensor(3), 4, &[0])),
        VersionOneAccepted => load(edited(tensor(3), 4, &[1])),
        FutureVersionAccepted => load(edited(tensor(3), 4, &[3])),
        DimensionsTruncated => load(cut(tensor(0), 19)),
        ShortFileAsEmpty => load(cut(tensor(3), 11)),
        EndInHeaderAsEmpty => load(cut(tensor(3), 27)),
        NdimWrapsAtWidth => load(edited(tensor(3), 8, &[1, 0, 0, 0x20])).on_32_bits(),
        NdimLowByteOnly => load(edited(tensor(3), 8, &[1, 1, 0, 0])),
        OversizedTableAsEmpty => load(edited(tensor(3), 8, &[7])),
        ShapeProductUnchecked => load(file(&[4], 3, &payload(1))),
        ShapeProductWraps => load(file(&[1 << 32, 1 << 32], 0, &[])),
        ShapeProductZeroOnly => load(file(&[u64::MAX, u64::MAX], 1, &payload(1))),
        LargerShapeAccepted => load(file(&[40], 3, &payload(1))),
        SmallerShapeAccepted => load(file(&[3], 40, &payload(2))),
        ShapeComparedByBlocks => load(file(&[4], 3, &payload(1))),
        ShapeIgnoredWhenZero => load(file(&[3], 0, &[])),
        FileBoundMissing => load(cut(tensor(96), 48)),
        PayloadProductWraps => load(file(&[two_to_62], two_to_62, &[])),
        NaiveCeilWraps => load(file(&[u64::MAX], u64::MAX, &[])),
        SignedLength => load(file(&[two_to_63], two_to_63, &[])),
        SignedPayloadEnd => load(file(&[payload_of_2_to_63], payload_of_2_to_63, &[])),
        ExtentFor18ByteBlocks => load(cut(tensor(320), 28 + 180)),
        PartialBlockAccepted => load(cut(tensor(64), 28 + 39)),
        TrailingBytesAccepted => load([tensor(3), payload(1)].concat()),
        TrailingPartialBlockAccepted => load([tensor(3), vec![7; 19]].concat()),
        TrailingZerosAccepted => load([tensor(3), vec![0; 32]].concat()),
        MapTrailingBytesAccepted => load([tensor(3), vec![7]].concat()).through_the_map(),
        MapChecksOnlyHeader => load(cut(tensor(64), 48)).through_the_map(),
        MapSkipsBlockScan => scaled(NAN).through_the_map(),
        CopySkipsBlockScan | NanScaleAccepted => scaled(NAN),
        InfiniteScaleAccepted => scaled(INFINITY),
        ZeroScaleAccepted => scaled(0),
        NegativeZeroScaleAccepted => scaled(0x8000),
        NanBiasAccepted => biased(NAN),
        InfiniteBiasAccepted => biased(INFINITY),
        OnlyCanonicalNanRefused => scaled(NAN | 1),
        NegativeInfinityAccepted => biased(INFINITY | 0x8000),
        OnlyFirstBlockScanned | LastBlockNotScanned => second_scale_nan(64),
        PartialBlockNotScanned => second_scale_nan(33),
        SubnormalScaleRefused => scaled(1),
        GreatestExponentRefused => biased(0x7bff),
        PaddingNibblesRefused | PartialBlockRefused => load(tensor(3)),
        ZeroDimensionRefused => load(tensor(0)),
        ScalarRefused => load(file(&[], 1, &payload(1))),
        EmptyShapeCollapsed => load(file(&[1 << 33, 1 << 33, 0], 0, &[])),
        EmptyScalarAccepted => load(file(&[], 0, &[])),
        NdimLimitedToFour => load(file(&[1, 1, 3, 1, 1], 3, &payload(1))),
        TruncatesToWidth => load(file(&[(1 << 32) + 3], (1 << 32) + 3, &payload(1))).on_32_bits(),
        ExpectedShapeIgnored => load(tensor(3)).expecting(&[4]),
        ExpectedShapeByLength => load(file(&[2, 16], 32, &payload(1))).expecting(&[32]),
        ExpectedShapeReversedAccepted => load(file(&[2, 16], 32, &payload(1))).expecting(&[16, 2]),
        ExpectedShapeCommonPrefix => load(file(&[2, 16], 32, &payload(1))).expecting(&[2]),
        DirectoryReadsAsEmpty => Question::Directory,
        SpecialFileReadsAsEmpty => Question::Device,
        MissingFileAsEmpty => Question::Missing,

        SaveBigEndian
        | SaveHeaderBigEndian
        | SaveOriginalLenRoundedUp
        | SaveVersionOne
        | SaveDropsPaddingBlock
        | SavePadsFile
        | SaveClearsPadding => save(&[3], 3, &payload(1)),
        SaveShapeTruncatedU32 => save(&[(1 << 32) + 5, 0], 0, &[]),
        SaveShapeReversed => save(&[3, 1], 3, &payload(1)),
        SaveScalarAsOneDimension => save(&[], 1, &payload(1)),
        SaveNanScale | SaveLeavesFileOnRefusal | SaveLeavesFileAside => {
            save(&[32], 32, &block(NAN, MINUS_ONE))
        }
        SaveShapeUnchecked => save(&[4], 3, &payload(1)),
        SaveShortPayload => save(&[64], 64, &payload(1)),
        SaveScaleAbsolute => save(&[32], 32, &block(0xbc00, MINUS_ONE)),
        SaveSubnormalsFlushed => save(&[32], 32, &block(1, MINUS_ONE)),
        other => unreachable!("{other} is of another operation"),
    }
}
