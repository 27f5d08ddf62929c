//! With no fault planted, the planted implementation answers random questions as the reference does. The two
//! share no code, so what they agree on is no slip of one of them.

use std::fmt::Debug;
use std::fs;
use std::path::Path;

use q4proof::subject::planted::Faulty;
use q4proof::subject::{Implementation, Reference, Request, Response};
use q4proof::suite::exact::blocks::{self, Holds};
use q4proof::suite::exact::files::{khf1, khq4};
use q4proof::suite::hex::Bits16;
use q4proof::suite::question::{Load, Mode, Save, Tensor};
use q4proof::suite::random::SplitMix64;
use q4proof::suite::{Answer, Floats, FormatId, Question, Verb};

/// Bytes of a KHQ4 block.
const BLOCK: usize = 20;

fn sound() -> Faulty {
    Faulty::new(None)
}

fn bytes(dice: &mut SplitMix64, count: usize) -> Vec<u8> {
    (0..count).map(|_| dice.next_u64() as u8).collect()
}

/// Values of one magnitude: coarse multiples of a step, or anything between.
fn values(dice: &mut SplitMix64, count: usize) -> Vec<f32> {
    let magnitude = 2f32.powi(dice.below(48) as i32 - 28);
    let offset = if dice.below(2) == 0 { 0.0 } else { dice.below(100) as f32 };
    let coarse = dice.below(2) == 0;
    let value = |_| {
        let raw = 512.0 * dice.signed_unit();
        let raw = if coarse { raw.round() / 2.0 } else { raw };
        (raw + offset) * magnitude
    };
    (0..count).map(value).collect()
}

/// The verdict, the class and the result must agree; messages are each one's own.
#[track_caller]
fn assert_same<T: PartialEq + Debug>(
    planted: Response<T>,
    reference: Response<T>,
    about: impl Debug,
) {
    let same = match (&planted, &reference) {
        (Response::Refused(planted), Response::Refused(reference)) => {
            planted.class == reference.class
        }
        _ => planted == reference,
    };
    assert!(same, "{about:?}:\n planted {planted:?}\n reference {reference:?}");
}

/// Asks both, and gives the planted answer.
#[track_caller]
fn agreed(question: Question<String>, entry: Option<&str>) -> Response<Answer> {
    let request = Request { entry: entry.map(str::to_owned), question, line: None };
    let planted = request.dispatch(&sound());
    assert_same(planted.clone(), request.dispatch(&Reference), &request);
    planted
}

#[test]
fn a_sound_encoder_agrees() {
    let mut dice = SplitMix64::new(1);
    for round in 0..4000 {
        let count = dice.below(80) as usize;
        let mut values = values(&mut dice, count);
        if count > 0 && dice.below(4) == 0 {
            let at = dice.below(count as u64) as usize;
            values[at] = f32::from_bits(dice.next_u64() as u32);
        }
        let shape = match dice.below(5) {
            0 => vec![1, count as u64, 1],
            1 => vec![count as u64 + dice.below(2)],
            2 => vec![u64::MAX, 2, count as u64],
            3 if count == 1 => vec![],
            _ => vec![count as u64],
        };
        let mode = if round % 2 == 0 { Mode::Asymmetric } else { Mode::Symmetric };
        agreed(Question::encode(FormatId::KHQ4, Some(mode), &shape, Floats::of(&values)), None);
    }
}

#[test]
fn a_sound_decoder_agrees() {
    let mut dice = SplitMix64::new(2);
    for _ in 0..2000 {
        let blocks = dice.below(4);
        let mut payload = bytes(&mut dice, blocks as usize * BLOCK);
        payload.as_chunks_mut::<BLOCK>().0.iter_mut().for_each(|block| {
            block[1] &= 0xfb;
            block[3] &= 0xfb;
        });
        let original_len = match dice.below(4) {
            0 => dice.next_u64(),
            1 => blocks * 32,
            _ => (blocks * 32).saturating_sub(dice.below(32)),
        };
        agreed(Question::decode(FormatId::KHQ4, payload, original_len), None);
    }
}

/// Of each row format: lawful values with a shape that holds them or not, and the blocks of such values,
/// whole or not. What SPEC.md demands nothing of is not asked.
#[test]
fn sound_codecs_of_row_formats_agree() {
    let mut dice = SplitMix64::new(5);
    let encoded = blocks::ALL.iter().filter(|format| format.verbs().contains(&Verb::Encode));
    for format in encoded.filter(|format| format.id() != FormatId::KHQ4) {
        let (id, weights) = (format.id(), format.geometry().weights as u64);
        let mut done = 0;
        for _ in 0..1500 {
            let whole = dice.below(4) * weights;
            let count = if dice.below(8) == 0 { whole + dice.below(32) } else { whole };
            let values = values(&mut dice, count as usize);
            let floats = if id == FormatId::MLX {
                let half = |value: &f32| half::f16::from_f32(value.clamp(-6e4, 6e4)).to_bits();
                Floats::F16(Bits16(values.iter().map(half).collect()))
            } else {
                Floats::of(&values)
            };
            let shape = match dice.below(4) {
                0 => vec![2, count / 2],
                1 => vec![u64::MAX, 2, count],
                _ => vec![count],
            };
            if crate::expected(&Question::encode(id, None, &shape, floats.clone())).is_err() {
                continue;
            }
            let question = Question::encode(id, None, &shape, floats);
            let Response::Done(Answer::Encoded(encoded)) = agreed(question, None) else { continue };
            done += 1;
            if !format.verbs().contains(&Verb::Decode) {
                continue;
            }
            let mut payload = encoded.blocks.0;
            if dice.below(8) == 0 {
                payload.truncate(dice.below(payload.len() as u64 + 1) as usize);
            }
            let count = if dice.below(8) == 0 { dice.next_u64() } else { count };
            agreed(Question::decode(id, payload, count), None);
        }
        assert!((500..1500).contains(&done), "{done} encodes of {id}");
    }
}

/// Of each row format: blocks of any bytes of which something is demanded, whole or not.
#[test]
fn sound_decoders_of_row_formats_agree() {
    let mut dice = SplitMix64::new(7);
    let decoded = blocks::ALL.iter().filter(|format| format.verbs().contains(&Verb::Decode));
    for format in decoded.filter(|format| format.id() != FormatId::KHQ4) {
        let (id, size) = (format.id(), format.geometry());
        let mut done = 0;
        for _ in 0..400 {
            let count = dice.below(4) as usize;
            let mut payload = bytes(&mut dice, count * size.bytes);
            for block in payload.chunks_exact_mut(size.bytes) {
                for field in format.fields(block, size.weights) {
                    match field.holds {
                        Holds::Number => block[field.bytes.start + 1] &= 0xfb,
                        Holds::Scales { most } => {
                            block[field.bytes]
                                .iter_mut()
                                .for_each(|byte| *byte = (*byte).min(most));
                        }
                        Holds::Codes => {}
                    }
                }
            }
            let values = match dice.below(8) {
                0 => dice.next_u64(),
                1 => (count * size.weights) as u64 + dice.below(40),
                _ => (count * size.weights) as u64,
            };
            done += usize::from(matches!(
                agreed(Question::decode(id, payload, values), None),
                Response::Done(_)
            ));
        }
        assert!(done > 250, "{done} decodes of {id}");
    }
}

/// A lawful file of small dimensions.
fn lawful_file(dice: &mut SplitMix64) -> Vec<u8> {
    let shape: Vec<u64> = (0..dice.below(4)).map(|_| dice.below(6)).collect();
    let len: u64 = shape.iter().product();
    let mut payload = bytes(dice, len.div_ceil(32) as usize * BLOCK);
    payload.as_chunks_mut::<BLOCK>().0.iter_mut().for_each(|block| {
        block[0] |= 1;
        block[1] &= 0xfb;
        block[3] &= 0xfb;
    });
    khq4::write(&shape, len, &payload)
}

/// As [`lawful_file`], of f16.
fn lawful_halves(dice: &mut SplitMix64) -> Vec<u8> {
    let shape: Vec<u64> = (0..dice.below(4)).map(|_| dice.below(6)).collect();
    let len: u64 = shape.iter().product();
    let values: Vec<u16> = (0..len).map(|_| dice.next_u64() as u16 & 0xfbff).collect();
    khf1::write(&shape, len, &values)
}

#[test]
fn a_sound_loader_agrees() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tensor").to_str().expect("a path in UTF-8").to_owned();
    type Lawful = fn(&mut SplitMix64) -> Vec<u8>;
    let formats: [(FormatId, Lawful); 2] =
        [(FormatId::KHQ4, lawful_file), (FormatId::KHF1, lawful_halves)];
    for (format, lawful) in formats {
        let mut dice = SplitMix64::new(3);
        let mut accepted = 0;
        for _ in 0..4000 {
            let mut file = lawful(&mut dice);
            for _ in 0..dice.below(3) {
                let at = dice.below(file.len() as u64 + 1) as usize;
                match dice.below(6) {
                    0 => file.truncate(at),
                    1 => file.extend(bytes(&mut dice, at % 25)),
                    2 if at < file.len() => file[at] = [0, 1, 2, 0x7c, 0x7e, 0xff][at % 6],
                    3 if at % 8 == 4 && at + 8 <= file.len() => {
                        let size = 1u64 << dice.below(64);
                        file[at..at + 8]
                            .copy_from_slice(&size.wrapping_sub(at as u64 & 1).to_le_bytes());
                    }
                    _ => {}
                }
            }
            fs::write(&path, &file).expect("a file");
            let entry = [None, Some("copy"), Some("map"), Some("other")][dice.below(4) as usize];
            let question = Question::Load(Load {
                format,
                path: path.clone(),
                expected_shape: (dice.below(4) == 0).then(|| vec![dice.below(6)]),
                address_width: [None, Some(32), Some(64), Some(16)][dice.below(4) as usize],
            });
            accepted += u32::from(matches!(agreed(question, entry), Response::Done(_)));
        }
        assert!((500..3500).contains(&accepted), "{accepted} of the files are lawful {format}");
    }
}

#[test]
fn verdicts_on_what_is_no_file_agree() {
    let folder = tempfile::tempdir().expect("a folder");
    let within = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let paths = [within(""), within("missing"), "/dev/null".to_owned(), within("socket")];
    #[cfg(unix)]
    let _socket = std::os::unix::net::UnixListener::bind(within("socket")).expect("a socket");
    for path in paths {
        for format in [FormatId::KHQ4, FormatId::KHF1] {
            agreed(Question::load(format, path.clone()), None);
        }
    }
}

/// Saves by both, and demands the same answer, the same file and nothing beside it.
fn saves_agree(folder: &Path, format: FormatId, tensor: Tensor) {
    let path = folder.join("tensor");
    let text = path.to_str().expect("a path in UTF-8").to_owned();
    let question = Save { format, path: text, tensors: vec![tensor] };
    let save = |implementation: &dyn Implementation| {
        let answer = implementation.save(&question, None);
        let bytes = fs::read(&path).ok();
        let left = fs::read_dir(folder).expect("the folder").count();
        let _ = fs::remove_file(&path);
        (answer, bytes, left)
    };
    let (planted, reference) = (save(&sound()), save(&Reference));
    assert_same(planted.0, reference.0, &question);
    assert_eq!((planted.1, planted.2), (reference.1, reference.2), "{question:?}");
}

#[test]
fn a_sound_writer_agrees() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut dice = SplitMix64::new(4);
    for _ in 0..400 {
        let shape: Vec<u64> = (0..dice.below(4)).map(|_| dice.below(6)).collect();
        let original_len = shape.iter().product::<u64>() + dice.below(8) / 7;
        let mut blocks = bytes(&mut dice, original_len.div_ceil(32) as usize * BLOCK);
        blocks.truncate(blocks.len().saturating_sub((dice.below(10) / 9) as usize * BLOCK));
        let tensor = Tensor::of_blocks(&shape, original_len, blocks);
        saves_agree(folder.path(), FormatId::KHQ4, tensor);
        // Values of f16, of which now and then one is not finite or one too many.
        let mask = if dice.below(4) == 0 { 0xffff } else { 0xfbff };
        let values = (0..original_len).map(|_| dice.next_u64() as u16 & mask).collect();
        let tensor = Tensor::of_values(&shape, Floats::F16(Bits16(values)));
        saves_agree(folder.path(), FormatId::KHF1, tensor);
    }
}
