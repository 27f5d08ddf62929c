//! Files whose fixed fields are not what they must be, and files around which something else lies.

use super::numbers::load_of;
use super::sizes::tensor;
use crate::suite::case::File;
use crate::suite::hex::Bytes;
use crate::suite::operation::FormatId;
use crate::suite::question::{Load, Question};

/// Bytes of magic and version.
const FIXED: usize = 8;

/// Where the version stands.
const VERSION: usize = 4;

/// Every bit of magic and version, and every small or round version but the right one.
pub(super) fn bits(of: &Question) -> Vec<Question> {
    let Question::Load(load) = of else { return Vec::new() };
    let sound = sound(load, 70);
    let right = u32::from_le_bytes(*sound[VERSION..].first_chunk().expect("a header"));
    let flipped = (0..8 * FIXED).map(|bit| {
        let mut bytes = sound.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        bytes
    });
    let versions = (0..=255u32).chain((8..32).map(|bit| 1 << bit)).chain([u32::MAX, 0x0200_0000]);
    let versions = versions.filter(|&version| version != right).map(|version| {
        let mut bytes = sound.clone();
        bytes[VERSION..FIXED].copy_from_slice(&version.to_le_bytes());
        bytes
    });
    files(load, flipped.chain(versions))
}

/// A sound file behind something, or with something behind it.
pub(super) fn foreign(of: &Question) -> Vec<Question> {
    let Question::Load(load) = of else { return Vec::new() };
    let sound = sound(load, 70);
    let of_gzip = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    let zeros = [0; 32];
    let before: [&[u8]; 7] =
        [b"\xef\xbb\xbf", &of_gzip, &zeros, &zeros[..1], &zeros[..4], b"\n", &sound[..4]];
    let up_to = |multiple: usize| vec![0; multiple - sound.len() % multiple];
    let after: [Vec<u8>; 14] = [
        b"\n".to_vec(),
        b"\r\n".to_vec(),
        b"\0".to_vec(),
        b" ".to_vec(),
        vec![0; 2],
        vec![0; 20],
        up_to(4),
        up_to(8),
        up_to(16),
        up_to(32),
        up_to(64),
        up_to(4096),
        sound.clone(),
        vec![0xff; 40],
    ];
    // The longest of these is four bytes off a multiple of eight.
    let other = self::sound(load, 33);
    let up_to = [8, 16, 32].map(|multiple| {
        let zeros = vec![0; other.len().next_multiple_of(multiple) - other.len()];
        [&other[..], &zeros].concat()
    });
    let packed = [gzip(&sound), [&sound[..], &gzip(&sound)].concat()];
    let front = before.into_iter().map(|before| [before, &sound].concat());
    let back = after.into_iter().map(|after| [&sound[..], &after].concat());
    let cut = (0..sound.len()).map(|len| sound[..len].to_vec());
    files(load, front.chain(back).chain(cut).chain(packed).chain(up_to))
}

/// A gzip stream that holds bytes as they are (RFC 1951, 3.2.4; RFC 1952).
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let crc = bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 * (crc & 1)))
    });
    let len = bytes.len() as u16;
    let mut stream = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1];
    stream.extend(len.to_le_bytes());
    stream.extend((!len).to_le_bytes());
    stream.extend(bytes);
    stream.extend((!crc).to_le_bytes());
    stream.extend(u32::from(len).to_le_bytes());
    stream
}

/// The file of a plain tensor.
fn sound(load: &Load, count: u64) -> Vec<u8> {
    let shape = if load.format == FormatId::KHF1 { [count / 2] } else { [count] };
    match load_of(load, tensor(load.format, &shape)) {
        Question::Load(Load { path: File::Bytes(bytes), .. }) => bytes.0,
        _ => unreachable!("a load of bytes"),
    }
}

/// Loads of files.
pub(super) fn files(load: &Load, files: impl Iterator<Item = Vec<u8>>) -> Vec<Question> {
    files
        .map(|bytes| Question::Load(Load { path: File::Bytes(Bytes(bytes)), ..load.clone() }))
        .collect()
}
