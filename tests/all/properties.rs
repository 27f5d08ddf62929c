//! Properties that hold for every input, with seeds that are fixed so that a run can be repeated.

use std::io::{self, ErrorKind, Read};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use q4proof::codec::{BLOCK_WEIGHTS, Block, Mode, decode, encode, encode_block};
use q4proof::format::khq4::{self, Header};
use q4proof::format::{AddressWidth, Class, FormatError, ReadError, khf1};
use q4proof::store;
use q4proof::suite::exact;
use q4proof::suite::exact::blocks::margin;
use q4proof::suite::exact::files::khq4::Khq4;
use q4proof::suite::exact::files::{self, Caller, Container, khf1 as exact_khf1};
use q4proof::suite::floats::Floats;
use q4proof::suite::hex::{Bits, Bits16};
use q4proof::suite::lawful::{Behaviour, Lawful};
use q4proof::suite::question::Tensor;
use zerocopy::IntoBytes;

fn config() -> Config {
    Config { rng_seed: RngSeed::Fixed(4), failure_persistence: None, ..Config::with_cases(512) }
}

/// Weights as they occur, and now and then anything finite that f16 can hold.
fn weight() -> impl Strategy<Value = f32> {
    prop_oneof![
        6 => -4.0f32..4.0,
        2 => -6e4f32..6e4,
        1 => -1e-6f32..1e-6,
        1 => prop_oneof![Just(0.0), Just(-0.0), Just(1.0), Just(65504.0), Just(-65504.0)],
    ]
}

fn mode() -> impl Strategy<Value = Mode> {
    prop_oneof![Just(Mode::Asymmetric), Just(Mode::Symmetric)]
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// A file of lawful blocks, of a length that is now and then not whole blocks.
fn sound_file() -> impl Strategy<Value = Vec<u8>> {
    (1u64..200, any::<u64>()).prop_map(|(len, seed)| {
        let mut random = q4proof::suite::random::SplitMix64::new(seed);
        let blocks = (0..len.div_ceil(32)).flat_map(|_| {
            let scale = 0x0001 + random.below(0x7bff) as u16;
            let bias = random.below(0x7c00) as u16 | (random.below(2) as u16) << 15;
            let pairs: Vec<u8> = (0..16).map(|_| random.next_u64() as u8).collect();
            [&scale.to_le_bytes()[..], &bias.to_le_bytes()[..], &pairs].concat()
        });
        let payload: Vec<u8> = blocks.collect();
        files::khq4::write(&[len], len, &payload)
    })
}

/// Hands out few bytes at a time and is interrupted before each.
struct Hesitant<'a> {
    bytes: &'a [u8],
    piece: usize,
    interrupt: bool,
}

impl Read for Hesitant<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.interrupt = !self.interrupt;
        if self.interrupt {
            return Err(ErrorKind::Interrupted.into());
        }
        let piece = self.piece.min(buffer.len());
        self.bytes.read(&mut buffer[..piece])
    }
}

/// What a path makes of a file: the shape and the values' bits, or the refusal.
type Verdicts = Result<(Vec<u64>, Vec<u32>), FormatError>;

fn by_slice(bytes: &[u8], width: AddressWidth) -> Verdicts {
    khq4::parse(bytes, width).map(|view| (view.header.shape.clone(), bits(&view.decode())))
}

fn by_stream(bytes: &[u8], piece: usize, width: AddressWidth) -> Verdicts {
    let mut reader = Hesitant { bytes, piece, interrupt: false };
    match khq4::read(&mut reader, width) {
        Ok(tensor) => Ok((tensor.header().shape.clone(), bits(&tensor.view().decode()))),
        Err(ReadError::Format(error)) => Err(error),
        Err(ReadError::Io(error)) => panic!("the reader never fails: {error}"),
    }
}

fn by_file(bytes: &[u8], width: AddressWidth) -> (Verdicts, Verdicts) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tensor.q4");
    std::fs::write(&path, bytes).unwrap();
    let copied = store::read_khq4(&path, width)
        .map(|tensor| (tensor.header().shape.clone(), bits(&tensor.view().decode())));
    let mapped = store::map_khq4(&path, width)
        .map(|tensor| (tensor.header().shape.clone(), bits(&tensor.view().decode())));
    (copied.map_err(|error| error.error), mapped.map_err(|error| error.error))
}

/// Whether a shape and values, or a refusal, are what the evaluator says of a file.
fn is_one_of(found: &Result<(Vec<u64>, Floats), Class>, lawful: &Lawful<Vec<Tensor>>) -> bool {
    match (found, lawful) {
        (Ok((shape, values)), Lawful::One(tensors)) => {
            let [tensor] = &tensors[..] else { return false };
            tensor.shape == *shape && tensor.values.as_ref() == Some(values)
        }
        (Err(class), Lawful::Refuse(classes)) => classes.contains(class),
        (_, Lawful::OneOf(behaviours)) => {
            behaviours.iter().any(|Behaviour { expect, .. }| is_one_of(found, expect))
        }
        _ => false,
    }
}

proptest! {
    #![proptest_config(config())]

    /// ENC as a whole, against the exact evaluator.
    #[test]
    fn the_codec_encodes_as_the_exact_evaluator(values in vec(weight(), 1..100), mode in mode()) {
        let exact = exact::encode(&bits(&values), mode == Mode::Symmetric);
        match (encode(&values, mode), exact) {
            (Ok(blocks), Ok(variants)) => {
                let lawful = variants.iter().any(|variant| variant.payload == blocks.as_bytes());
                prop_assert!(lawful, "{:02x?}", blocks.as_bytes());
            }
            (Err(_), Err(_)) => {}
            (codec, exact) => prop_assert!(false, "{codec:?} but {exact:?}"),
        }
    }

    /// ENC-B1: the canonical encoder keeps the bound that others are judged by.
    #[test]
    fn every_value_errs_within_the_bound(values in vec(weight(), 1..70), mode in mode()) {
        if let Ok(blocks) = encode(&values, mode) {
            let margin = margin(&bits(&values), blocks.as_bytes(), mode == Mode::Symmetric);
            let margin = margin.expect("encoded by the codec");
            prop_assert!(margin.acceptable, "{margin:?}");
        }
    }

    /// ENC-A1 and Y1: a partial block equals a full one that repeats one of its values.
    #[test]
    fn a_partial_block_equals_a_full_one_on_its_real_values(
        values in vec(weight(), 1..32),
        repeated in any::<prop::sample::Index>(),
        mode in mode(),
    ) {
        let mut full = values.clone();
        full.resize(BLOCK_WEIGHTS, values[repeated.index(values.len())]);
        match (encode_block(&values, mode), encode_block(&full, mode)) {
            (Ok(partial), Ok(full)) => {
                prop_assert_eq!(partial.scale().to_bits(), full.scale().to_bits());
                prop_assert_eq!(partial.bias().to_f32(), full.bias().to_f32());
                prop_assert_eq!(&partial.nibbles()[..values.len()], &full.nibbles()[..values.len()]);
            }
            (partial, full) => prop_assert_eq!(partial.is_err(), full.is_err()),
        }
    }

    /// ENC-Y1: zeros cannot change a symmetric block.
    #[test]
    fn a_symmetric_block_is_the_same_under_padding(values in vec(weight(), 1..32)) {
        let mut padded = values.clone();
        padded.resize(BLOCK_WEIGHTS, 0.0);
        prop_assert_eq!(encode_block(&values, Mode::Symmetric), encode_block(&padded, Mode::Symmetric));
    }

    /// ENC-S4 and BLK-3: a tensor is its chunks of 32, one by one.
    #[test]
    fn a_tensor_is_its_flat_chunks(values in vec(-4.0f32..4.0, 1..200), mode in mode()) {
        let whole = encode(&values, mode).unwrap();
        let chunks: Vec<Block> =
            values.chunks(BLOCK_WEIGHTS).map(|chunk| encode_block(chunk, mode).unwrap()).collect();
        prop_assert_eq!(whole, chunks);
    }

    /// KHQ4-W1 and A2: what is saved is loaded, bit for bit.
    #[test]
    fn saving_and_loading_is_the_identity(values in vec(weight(), 1..200), mode in mode()) {
        if let Ok(blocks) = encode(&values, mode) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("tensor.q4");
            let header = Header { shape: vec![values.len() as u64], original_len: values.len() as u64 };
            store::write_khq4(&path, &header, blocks.as_bytes()).unwrap();
            let loaded = store::read_khq4(&path, AddressWidth::NATIVE).unwrap();
            prop_assert_eq!(loaded.header(), &header);
            prop_assert_eq!(loaded.view().blocks, &blocks[..]);
            let mut decoded = vec![0.0; values.len()];
            decode(&blocks, &mut decoded);
            prop_assert_eq!(bits(&loaded.view().decode()), bits(&decoded));
        }
    }

    /// KHQ4-A2: slice, streams of every hesitation, copy and map agree on any bytes.
    #[test]
    fn all_access_paths_agree(
        file in sound_file(),
        edits in vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in proptest::option::of(any::<prop::sample::Index>()),
        extra in vec(any::<u8>(), 0..3),
        piece in 1usize..50,
        narrow in any::<bool>(),
    ) {
        let mut bytes = file;
        for (at, byte) in edits {
            // The header is met as often as the payload, which is longer.
            let at = if byte % 2 == 0 { at.index(28) } else { at.index(bytes.len()) };
            bytes[at] = byte;
        }
        bytes.extend(extra);
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len() + 1));
        }
        let (width, address_bits) =
            if narrow { (AddressWidth::Bits32, 32) } else { (AddressWidth::Bits64, 64) };
        let slice = by_slice(&bytes, width);
        let (copied, mapped) = by_file(&bytes, width);
        prop_assert_eq!(&by_stream(&bytes, piece, width).map_err(|error| error.class), &slice.clone().map_err(|error| error.class));
        prop_assert_eq!(&copied.map_err(|error| error.class), &slice.clone().map_err(|error| error.class));
        prop_assert_eq!(&mapped, &slice);

        // And an independent reading of the same bytes agrees with all of them.
        let lawful = Khq4.judge(&bytes, &Caller { width: address_bits, expected_shape: None });
        let found = slice.map(|(shape, values)| (shape, Floats::F32(Bits(values))));
        let found = found.map_err(|error| error.class);
        prop_assert!(is_one_of(&found, &lawful), "{found:?}, expected {lawful:?}");
    }

    /// KHQ4-A2 and KHF1: any bytes get one verdict, by slice, hesitant stream, copy and map, and it
    /// is that of an independent reading.
    #[test]
    fn all_access_paths_to_f16_agree(
        values in vec(any::<u16>(), 0..40),
        sound in any::<bool>(),
        edits in vec((0usize..40, any::<u8>()), 0..3),
        cut in proptest::option::of(any::<prop::sample::Index>()),
        piece in 1usize..50,
        narrow in any::<bool>(),
    ) {
        let values: Vec<u16> =
            values.into_iter().map(|bits| if sound { bits & 0xbfff } else { bits }).collect();
        let mut bytes = exact_khf1::write(&[values.len() as u64], values.len() as u64, &values);
        for (at, byte) in edits {
            if let Some(edited) = bytes.get_mut(at) {
                *edited = byte;
            }
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len() + 1));
        }
        let (width, address_bits) =
            if narrow { (AddressWidth::Bits32, 32) } else { (AddressWidth::Bits64, 64) };
        let seen = |view: khf1::View<'_>| {
            let values = view.values().into_iter().map(half::f16::to_bits).collect::<Vec<u16>>();
            (view.header.shape.clone(), values)
        };
        let slice = khf1::parse(&bytes, width).map(seen).map_err(|error| error.class);
        let mut reader = Hesitant { bytes: &bytes, piece, interrupt: false };
        let streamed = match khf1::read(&mut reader, width) {
            Ok(tensor) => Ok(seen(tensor.view())),
            Err(ReadError::Format(error)) => Err(error.class),
            Err(ReadError::Io(error)) => panic!("the reader never fails: {error}"),
        };
        prop_assert_eq!(&streamed, &slice);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tensor.f16");
        std::fs::write(&path, &bytes).unwrap();
        let copied = store::read_khf1(&path, width).map(|tensor| seen(tensor.view()));
        prop_assert_eq!(&copied.map_err(|error| error.error.class), &slice);
        let mapped = store::map_khf1(&path, width).map(|tensor| seen(tensor.view()));
        prop_assert_eq!(&mapped.map_err(|error| error.error.class), &slice);

        let lawful =
            exact_khf1::Khf1.judge(&bytes, &Caller { width: address_bits, expected_shape: None });
        let found = slice.map(|(shape, values)| (shape, Floats::F16(Bits16(values))));
        prop_assert!(is_one_of(&found, &lawful), "{found:?}, expected {lawful:?}");
    }
}
