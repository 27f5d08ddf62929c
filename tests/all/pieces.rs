//! Values and files that come in pieces, and the numbers and names that a conversion needs: the encoder
//! that takes pieces (ENC-S6), the judged readers of large files, rounding from f64, and the files of a
//! directory (IDX-10, IDX-11).

use std::io::Read;

use q4proof::codec::{self, EncodeError, Encoder, Mode, round_to_bf16, round_to_f16};
use q4proof::format::names::{Collision, file_name, file_names, is_quantized};
use q4proof::format::pieces::{Blocks, Halves, PIECE_BLOCKS, PIECE_VALUES};
use q4proof::format::{AddressWidth, Class, FormatError, ReadError, khf1, khq4};
use q4proof::suite::exact::blocks::khq4::half;
use q4proof::suite::exact::number::round;
use q4proof::suite::exact::{self, Exact, Float, files};
use q4proof::suite::expected::file_bytes;
use q4proof::suite::question::Load;
use q4proof::suite::random::SplitMix64;
use q4proof::suite::{FormatId, Question};
use zerocopy::IntoBytes;

const MODES: [Mode; 2] = [Mode::Asymmetric, Mode::Symmetric];

/// f32 values, some of them far apart.
fn values(count: usize, seed: u64) -> Vec<f32> {
    let mut dice = SplitMix64::new(seed);
    (0..count).map(|_| (dice.below(2000) as f32 - 1000.0) / (1 + dice.below(50)) as f32).collect()
}

/// The blocks of values that come in pieces of these lengths, over and over.
fn in_pieces(values: &[f32], lens: &[usize], mode: Mode) -> Result<Vec<u8>, EncodeError> {
    let (mut encoder, mut blocks, mut rest) = (Encoder::new(mode), Vec::new(), values);
    for len in lens.iter().cycle() {
        let (piece, behind) = rest.split_at(rest.len().min(*len));
        encoder.push(piece, &mut blocks)?;
        rest = behind;
        if rest.is_empty() {
            break;
        }
    }
    encoder.finish(&mut blocks)?;
    Ok(blocks.as_bytes().to_vec())
}

#[test]
fn pieces_of_any_length_give_the_blocks_of_the_whole() {
    for mode in MODES {
        for count in [0, 1, 31, 32, 33, 64, 100, 257] {
            let values = values(count, count as u64);
            let bits: Vec<u32> = values.iter().map(|value| value.to_bits()).collect();
            let lawful = exact::encode(&bits, mode == Mode::Symmetric).unwrap();
            for lens in [&[1][..], &[31], &[32], &[33], &[0, 7, 0, 64], &[1000]] {
                let found = in_pieces(&values, lens, mode).unwrap();
                let is_lawful = lawful.iter().any(|variant| variant.payload == found);
                assert!(is_lawful, "{count} values in {lens:?}, {mode:?}");
                let whole = codec::encode(&values, mode).unwrap();
                assert_eq!(found, whole.as_bytes(), "{count} values in {lens:?}, {mode:?}");
            }
        }
    }
}

#[test]
fn an_error_names_the_place_in_the_whole() {
    for lens in [&[1][..], &[31], &[32], &[33], &[1000]] {
        for index in [0, 31, 32, 70, 99] {
            let mut values = values(100, 1);
            values[index] = f32::INFINITY;
            let error = in_pieces(&values, lens, Mode::Asymmetric).unwrap_err();
            assert_eq!(error, EncodeError::NonFinite { index, value: f32::INFINITY });
            values[index] = 70000.0;
            let error = in_pieces(&values, lens, Mode::Symmetric).unwrap_err();
            assert!(
                matches!(error, EncodeError::Bias { block, .. } if block == index / 32),
                "{error}"
            );
        }
    }
}

/// What is in a file, its payload and its shape, read in pieces; it is told to have `len` bytes.
fn read(format: FormatId, bytes: &[u8], len: u64) -> Result<(Vec<u64>, Vec<u8>), ReadError> {
    let width = AddressWidth::Bits64;
    let mut payload = Vec::new();
    match format {
        FormatId::KHQ4 => {
            let mut blocks = Blocks::open(bytes, len, width)?;
            while let Some(piece) = blocks.next_piece()? {
                assert!((1..=PIECE_BLOCKS).contains(&piece.len()));
                payload.extend_from_slice(piece.as_bytes());
                assert!(payload.len() <= bytes.len(), "there is more than was given");
            }
            Ok((blocks.header().shape.clone(), payload))
        }
        FormatId::KHF1 => {
            let mut halves = Halves::open(bytes, len, width)?;
            while let Some(piece) = halves.next_piece()? {
                assert!((1..=PIECE_VALUES).contains(&piece.len()));
                payload.extend_from_slice(piece.as_bytes());
                assert!(payload.len() <= bytes.len(), "there is more than was given");
            }
            Ok((halves.header().shape.clone(), payload))
        }
        other => panic!("{other} is no container"),
    }
}

fn refused(outcome: Result<(Vec<u64>, Vec<u8>), ReadError>) -> FormatError {
    match outcome {
        Err(ReadError::Format(error)) => error,
        other => panic!("{other:?}, expected a refusal"),
    }
}

#[test]
fn a_file_in_pieces_has_the_verdict_of_the_whole() {
    let suite = crate::embedded();
    let mut refusals = 0;
    for case in suite.cases() {
        let Question::Load(Load { format, .. }) = case.question else { continue };
        let control = suite.control(case).map(|control| &control.question);
        let Some(bytes) = file_bytes(&case.question, control).unwrap() else { continue };
        let found = read(format, &bytes, bytes.len() as u64);
        let width = AddressWidth::Bits64;
        let whole = match format {
            FormatId::KHQ4 => khq4::parse(&bytes, width)
                .map(|view| (view.header.shape.clone(), view.blocks.as_bytes().to_vec())),
            FormatId::KHF1 => khf1::parse(&bytes, width)
                .map(|view| (view.header.shape.clone(), view.payload.as_bytes().to_vec())),
            other => panic!("{other} is no container"),
        };
        match whole {
            Ok(tensor) => assert_eq!(found.unwrap(), tensor, "{}", case.id),
            Err(error) => {
                // Of a header that is cut a stream knows what has come, and no more.
                let found = refused(found);
                assert_eq!((found.class, found.offset), (error.class, error.offset), "{}", case.id);
                refusals += 1;
            }
        }
    }
    assert!(refusals >= 200, "only {refusals} refusals");
}

/// A KHQ4 file of as many blocks, each 3c00 0000 and nibbles 1.
fn blocks_file(count: usize) -> Vec<u8> {
    let block = [&[0x00, 0x3c, 0, 0][..], &[0x11; 16]].concat();
    files::khq4::write(&[32 * count as u64], 32 * count as u64, &block.repeat(count))
}

#[test]
fn a_fault_in_a_later_piece_is_named_by_its_place_in_the_file() {
    let count = PIECE_BLOCKS + 3;
    let mut bytes = blocks_file(count);
    let sound = read(FormatId::KHQ4, &bytes, bytes.len() as u64).unwrap();
    assert_eq!(sound.1, &bytes[28..]);
    let at = 28 + 20 * (PIECE_BLOCKS + 1);
    bytes[at] = 0;
    bytes[at + 1] = 0;
    let found = refused(read(FormatId::KHQ4, &bytes, bytes.len() as u64));
    assert_eq!(found, khq4::parse(&bytes, AddressWidth::Bits64).unwrap_err());
    assert_eq!((found.class, found.offset), (Class::Scale, at as u64));

    let mut values = vec![0x3c00; PIECE_VALUES + 5];
    values[PIECE_VALUES + 2] = 0x7c00;
    let numel = values.len() as u64;
    let bytes = files::khf1::write(&[numel], numel, &values);
    let found = refused(read(FormatId::KHF1, &bytes, bytes.len() as u64));
    assert_eq!(found, khf1::parse(&bytes, AddressWidth::Bits64).unwrap_err());
    let at = 28 + 2 * (PIECE_VALUES as u64 + 2);
    assert_eq!((found.class, found.offset), (Class::Value, at));
}

/// Memory is bounded by what a piece is said to hold, and no piece but the last holds less.
#[test]
fn every_piece_but_the_last_is_full() {
    assert_eq!(
        (PIECE_BLOCKS * 20, PIECE_VALUES * 4),
        (160 << 10, 1 << 20),
        "in bytes, values as f32"
    );
    let count = 2 * PIECE_VALUES + 3;
    let header = khf1::Header { shape: vec![count as u64], numel: count as u64 };
    let file = [header.to_bytes(), vec![0; 2 * count]].concat();
    let mut halves = Halves::open(&file[..], file.len() as u64, AddressWidth::Bits64).unwrap();
    let mut lens = Vec::new();
    while let Some(values) = halves.next_piece().unwrap() {
        assert!(!values.is_empty() && lens.len() < 3, "{lens:?}");
        lens.push(values.len());
    }
    assert_eq!(lens, [PIECE_VALUES, PIECE_VALUES, 3]);
}

#[test]
fn a_file_that_changes_its_length_is_refused() {
    for count in [0, 1, PIECE_BLOCKS, PIECE_BLOCKS + 1] {
        let bytes = blocks_file(count);
        let len = bytes.len() as u64;
        let longer = [&bytes[..], &[0]].concat();
        let found = refused(read(FormatId::KHQ4, &longer, len));
        assert_eq!((found.class, found.offset), (Class::TrailingBytes, len), "{count} blocks");
        if count > 0 {
            let found = refused(read(FormatId::KHQ4, &bytes[..bytes.len() - 1], len));
            let at = (Class::TruncatedPayload, len - 1);
            assert_eq!((found.class, found.offset), at, "{count} blocks");
        }
    }
}

#[test]
fn a_file_is_read_no_further_than_its_length_decides() {
    let bytes = blocks_file(2);
    let mut rest = &bytes[..];
    assert!(Blocks::open(rest.by_ref(), bytes.len() as u64 + 1, AddressWidth::Bits64).is_err());
    assert_eq!(rest.len(), 40, "the payload is not read");
}

/// f64 numbers about each tie of f16 and each of its numbers, and others of any size.
fn wide_numbers() -> Vec<f64> {
    let mut numbers = vec![0.0, f64::MIN_POSITIVE, f64::from_bits(1), f64::MAX, 1e300];
    for bits in 0..0x7c00_u16 {
        let units = half(bits).unwrap() as f64 / f64::from(1 << 24);
        let next = match half(bits + 1) {
            Some(next) => next as f64 / f64::from(1 << 24),
            None => 65536.0,
        };
        let middle = (units + next) / 2.0;
        for number in [units, middle] {
            numbers.extend([number, number.next_up(), number.next_down()]);
        }
    }
    let mut dice = SplitMix64::new(7);
    numbers.extend((0..5000).map(|_| f64::from_bits(dice.next_u64())));
    numbers.retain(|number| number.is_finite());
    numbers.iter().flat_map(|&number| [number, -number]).collect()
}

fn exactly(number: f64) -> Exact {
    Float::F64.value(number.to_bits()).unwrap()
}

#[test]
fn f64_is_rounded_once_to_f16() {
    let one = Exact::scaled(1, 0);
    for number in wide_numbers() {
        let mut expected = round(&exactly(number), &one, Float::F16).bits(Float::F16) as u16;
        if number.is_sign_negative() {
            expected |= 0x8000;
        }
        assert_eq!(round_to_f16(number).to_bits(), expected, "{number:e}");
    }
    assert_eq!(round_to_f16(f64::INFINITY).to_bits(), 0x7c00);
    assert_eq!(round_to_f16(f64::NEG_INFINITY).to_bits(), 0xfc00);
}

#[test]
fn weights_are_rounded_once_to_bf16() {
    let bf16 = |bits: u32| f64::from(f32::from_bits(bits << 16));
    let mut checked = 0;
    let mut dice = SplitMix64::new(9);
    // From 2^-24 to 2^20, as weights are: each number of bf16, and what lies between it and the next.
    for bits in 0x3380..0x4980_u32 {
        let (below, above) = (bf16(bits), bf16(bits + 1));
        let middle = (below + above) / 2.0;
        let between = below + (above - below) * (dice.below(1000) as f64 / 1000.0);
        for number in [below, middle.next_down(), middle, middle.next_up(), between] {
            let down = (&exactly(number) - &exactly(below)).abs();
            let up = (&exactly(above) - &exactly(number)).abs();
            let expected = match down.cmp(&up) {
                std::cmp::Ordering::Less => bits,
                std::cmp::Ordering::Greater => bits + 1,
                std::cmp::Ordering::Equal => bits + bits % 2,
            };
            assert_eq!(u32::from(round_to_bf16(number).to_bits()), expected, "{number:e}");
            let negative = u32::from(round_to_bf16(-number).to_bits());
            assert_eq!(negative, expected | 0x8000, "-{number:e}");
            checked += 1;
        }
    }
    assert!(checked > 20_000);
    assert_eq!(round_to_bf16(0.0).to_bits(), 0);
    assert_eq!(round_to_bf16(-0.0).to_bits(), 0x8000);
}

#[test]
fn a_tensor_is_quantized_by_its_name_and_rank() {
    let norms = ["a.norm.weight", "norm_1.weight", "a.conv1d.weight"];
    let others = ["a.q_proj.bias", "a.A_log", "weight", "a.experts.up_proj", "a_proj", ""];
    for name in norms.iter().chain(&others) {
        assert!(!is_quantized(name, 2), "{name}");
    }
    for name in [
        "a.experts.gate_up_proj",
        "a.experts.down_proj",
        "a.q_proj.weight",
        "a.in_proj_a.weight",
        "a.in_proj_b.weight",
        "a.in_proj_qkv.weight",
        "a.in_proj_z.weight",
        "lm_head.weight",
        "a.embed_tokens.weight",
        "a.mlp.gate.weight",
        // The ending is asked before the norm is.
        "a.norm_proj.weight",
        "norm_a.in_proj_z.weight",
        ".weight",
    ] {
        assert!(is_quantized(name, 2) && is_quantized(name, 3), "{name}");
        assert!(!is_quantized(name, 1) && !is_quantized(name, 0), "{name}");
    }
}

#[test]
fn a_file_is_named_after_its_tensor() {
    assert_eq!(file_name("a.b-c_d/e f.weight", true), "a_b-c_d_e_f_weight.q4");
    assert_eq!(file_name("größe.层.٣.½", false), "größe_层_٣_½.f16");
    assert_eq!(file_name("a\0b..", true), "a_b__.q4");
    assert_eq!(file_name("", false), ".f16");
}

#[test]
fn tensors_whose_files_would_be_one_are_refused() {
    let tensors = [("a.weight", 2), ("a.norm.weight", 1), ("a_weight", 1)];
    assert_eq!(file_names(&tensors).unwrap(), ["a_weight.q4", "a_norm_weight.f16", "a_weight.f16"]);
    let error = file_names(&[("a.b", 1), ("c", 1), ("a/b", 2)]).unwrap_err();
    let file = "a_b.f16".to_owned();
    assert_eq!(error, Collision::File { first: "a.b".into(), second: "a/b".into(), file });
    // Two of one name are, where the files would differ too.
    let error = file_names(&[("a.weight", 1), ("a.weight", 2)]).unwrap_err();
    assert_eq!(error, Collision::Name { name: "a.weight".into() });
    assert_eq!(file_names(&[]), Ok(Vec::new()));
}
