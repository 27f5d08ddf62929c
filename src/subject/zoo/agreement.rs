//! With no fault planted, the zoo's implementation answers as the reference does.

use std::fmt::Debug;
use std::fs;

use super::{BLOCK, Fault, Faulty, Liar};
use crate::subject::message::{Decode, Encode, Load, Save};
use crate::subject::{Answer, Implementation, Reference};
use crate::suite::case::Mode;
use crate::suite::hex::{Bits, Bytes};
use crate::suite::random::SplitMix64;

const SOUND: Faulty = Faulty { fault: None };

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
fn assert_same<T: PartialEq + Debug>(zoo: Answer<T>, reference: Answer<T>, about: impl Debug) {
    let same = match (&zoo, &reference) {
        (Answer::Refused(zoo), Answer::Refused(reference)) => zoo.class == reference.class,
        _ => zoo == reference,
    };
    assert!(same, "{about:?}:\n zoo {zoo:?}\n reference {reference:?}");
}

pub(super) fn encode_request(mode: Mode, shape: &[u64], values: &[f32]) -> Encode {
    Encode {
        entry: None,
        mode,
        shape: shape.to_vec(),
        source: None,
        values: Bits::of(values).to_le_bytes(),
    }
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
        let request = encode_request(mode, &shape, &values);
        assert_same(SOUND.encode(&request), Reference.encode(&request), (mode, values));
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
        let request = Decode { entry: None, blocks: Bytes(payload), original_len };
        assert_same(SOUND.decode(&request), Reference.decode(&request), &request);
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
    super::liar::file(&shape, len, &payload)
}

#[test]
fn a_sound_loader_agrees() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tensor.q4").to_str().expect("a path in UTF-8").to_owned();
    let mut dice = SplitMix64::new(3);
    let mut accepted = 0;
    for _ in 0..4000 {
        let mut file = lawful_file(&mut dice);
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
        let request = Load {
            entry: [None, Some("copy"), Some("map"), Some("other")][dice.below(4) as usize]
                .map(str::to_owned),
            path: path.clone(),
            expected_shape: (dice.below(4) == 0).then(|| vec![dice.below(6)]),
            address_width: [None, Some(32), Some(64), Some(16)][dice.below(4) as usize],
        };
        let answer = SOUND.load_khq4(&request);
        accepted += u32::from(matches!(answer, Answer::Done(_)));
        assert_same(answer, Reference.load_khq4(&request), (&request, file));
    }
    assert!((500..3500).contains(&accepted), "{accepted} of the files are lawful");
}

#[test]
fn verdicts_on_what_is_no_file_agree() {
    let folder = tempfile::tempdir().expect("a folder");
    let within = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let paths = [within(""), within("missing"), "/dev/null".to_owned(), within("socket")];
    #[cfg(unix)]
    let _socket = std::os::unix::net::UnixListener::bind(within("socket")).expect("a socket");
    for path in paths {
        let load = Load { entry: None, path, expected_shape: None, address_width: None };
        assert_same(SOUND.load_khq4(&load), Reference.load_khq4(&load), &load);
    }
}

#[test]
fn a_sound_writer_agrees() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tensor.q4").to_str().expect("a path in UTF-8").to_owned();
    let mut dice = SplitMix64::new(4);
    for _ in 0..400 {
        let shape: Vec<u64> = (0..dice.below(4)).map(|_| dice.below(6)).collect();
        let original_len = shape.iter().product::<u64>() + dice.below(8) / 7;
        let mut blocks = bytes(&mut dice, original_len.div_ceil(32) as usize * BLOCK);
        blocks.truncate(blocks.len().saturating_sub((dice.below(10) / 9) as usize * BLOCK));
        let request =
            Save { entry: None, path: path.clone(), shape, original_len, blocks: Bytes(blocks) };
        let save = |implementation: &dyn Implementation| {
            let answer = implementation.save_khq4(&request);
            let bytes = fs::read(&path).ok();
            let left = fs::read_dir(&folder).expect("the folder").count();
            let _ = fs::remove_file(&path);
            (answer, bytes, left)
        };
        let (zoo, reference) = (save(&SOUND), save(&Reference));
        assert_same(zoo.0, reference.0, &request);
        assert_eq!((zoo.1, zoo.2), (reference.1, reference.2), "{request:?}");
    }
}

#[test]
fn every_name_is_in_kebab_case_and_stands_once() {
    let names: Vec<_> = Fault::all()
        .iter()
        .map(|fault| fault.name())
        .chain(Liar::ALL.iter().map(|liar| liar.name()))
        .collect();
    let kebab = |name: &str| {
        name.split('-').all(|word| {
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
            !word.is_empty() && word.bytes().all(plain)
        })
    };
    for (index, name) in names.iter().enumerate() {
        assert!(kebab(name), "{name}");
        assert!(!names[..index].contains(name), "{name} stands twice");
    }
    for &fault in Fault::all() {
        assert_eq!(fault.name().replace('-', ""), format!("{fault:?}").to_lowercase());
        assert_eq!(Fault::by_name(fault.name()), Some(fault));
        assert!((1..=77).contains(&fault.class()));
        assert!(fault.about().ends_with('.'));
    }
    assert_eq!(Fault::by_name("sound"), None);
}
