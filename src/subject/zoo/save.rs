//! Saving (SPEC KHQ4-W), with a switch at every place where writers have gone wrong.
//!
//! A writer refuses what its own reader would (KHQ4-W2): a writer that lacks a check asks a reader
//! that lacks the guard.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use half::f16;
use tempfile::NamedTempFile;

use super::decode::flushed;
use super::load::Loader;
use super::{BLOCK, Fault, Faulty, WEIGHTS, refusal};
use crate::format::Class;
use crate::subject::message::{Refusal, Save, SaveKhf1};
use crate::suite::case::FileFormat;

impl Faulty {
    pub(super) fn save(self, request: &Save) -> Result<(), Refusal> {
        let path = Path::new(&request.path);
        self.leave_files(path)?;
        let missing_guard = match self.fault {
            Some(Fault::SaveNanScale) => Some(Fault::CopySkipsBlockScan),
            Some(Fault::SaveShapeUnchecked) => Some(Fault::ShapeProductUnchecked),
            Some(Fault::SaveShortPayload) => Some(Fault::FileBoundMissing),
            _ => None,
        };
        let reader = Self::new(missing_guard);
        Loader { faulty: reader, format: FileFormat::Khq4, width: usize::BITS, map: false }
            .parse(&Self::new(None).file(request))?;
        write_whole(path, &self.file(request))
    }

    /// As [`Faulty::save`], of KHF1.
    pub(super) fn save_halves(self, request: &SaveKhf1) -> Result<(), Refusal> {
        let path = Path::new(&request.path);
        self.leave_files(path)?;
        let missing_guard = match self.fault {
            Some(Fault::SaveHalvesNanUnchecked) => Some(Fault::NanValueAccepted),
            Some(Fault::SaveHalvesInfinityUnchecked | Fault::SaveHalvesSaturated) => {
                Some(Fault::InfiniteValueAccepted)
            }
            Some(Fault::SaveShapeUnchecked) => Some(Fault::ShapeProductUnchecked),
            _ => None,
        };
        let file = |faulty: Self| {
            let numel = request.values.0.len() as u64 / 2;
            faulty.bytes(b"KHF1", 1, &request.shape, numel, faulty.written_halves(request))
        };
        Loader::of_halves(missing_guard).parse(&file(Self::new(None)))?;
        write_whole(path, &file(self))
    }

    /// What a careless writer leaves, whatever comes of the save.
    fn leave_files(self, path: &Path) -> Result<(), Refusal> {
        if self.has(Fault::SaveLeavesFileOnRefusal) {
            File::create(path).map_err(io)?;
        }
        if self.has(Fault::SaveLeavesFileAside) {
            File::create(path.with_extension("aside")).map_err(io)?;
        }
        Ok(())
    }

    /// KHQ4-W1: the bytes of the file.
    fn file(self, request: &Save) -> Vec<u8> {
        let original_len = match self.fault {
            Some(Fault::SaveOriginalLenRoundedUp) => {
                request.original_len.next_multiple_of(WEIGHTS as u64)
            }
            _ => request.original_len,
        };
        let version = if self.has(Fault::SaveVersionOne) { 1 } else { 2 };
        self.bytes(b"KHQ4", version, &request.shape, original_len, self.payload(request))
    }

    /// Header and payload of a file of either format.
    fn bytes(
        self,
        magic: &[u8],
        version: u32,
        shape: &[u64],
        count: u64,
        payload: Vec<u8>,
    ) -> Vec<u8> {
        let mut shape: Vec<u64> = match self.fault {
            Some(Fault::SaveShapeReversed) => shape.iter().rev().copied().collect(),
            Some(Fault::SaveScalarAsOneDimension) if shape.is_empty() => vec![1],
            _ => shape.to_vec(),
        };
        if self.has(Fault::SaveShapeTruncatedU32) {
            shape.iter_mut().for_each(|size| *size &= u64::from(u32::MAX));
        }
        let big = self.has(Fault::SaveHeaderBigEndian);
        let mut bytes = magic.to_vec();
        for number in [version, shape.len() as u32] {
            bytes.extend(if big { number.to_be_bytes() } else { number.to_le_bytes() });
        }
        for &size in shape.iter().chain([&count]) {
            bytes.extend(if big { size.to_be_bytes() } else { size.to_le_bytes() });
        }
        bytes.extend(payload);
        if self.has(Fault::SavePadsFile) {
            bytes.resize(bytes.len().next_multiple_of(32), 0);
        }
        bytes
    }

    fn payload(self, request: &Save) -> Vec<u8> {
        let mut payload = request.blocks.0.clone();
        let (whole, real) =
            (request.original_len as usize / WEIGHTS, request.original_len as usize % WEIGHTS);
        match self.fault {
            Some(Fault::SaveDropsPaddingBlock) => payload.truncate(whole * BLOCK),
            Some(Fault::SaveScaleAbsolute) => {
                payload.as_chunks_mut::<BLOCK>().0.iter_mut().for_each(|block| block[1] &= 0x7f);
            }
            Some(Fault::SaveClearsPadding) if real != 0 => {
                let packed = payload.len() - 16;
                for (index, byte) in payload[packed..].iter_mut().enumerate() {
                    *byte &= match (2 * index < real, 2 * index + 1 < real) {
                        (true, true) => 0xff,
                        (true, false) => 0x0f,
                        _ => 0,
                    };
                }
            }
            Some(Fault::SaveBigEndian | Fault::SaveSubnormalsFlushed) => {
                for half in payload.as_chunks_mut::<BLOCK>().0.iter_mut().flat_map(|block| {
                    let (scale, rest) = block.split_at_mut(2);
                    [scale, &mut rest[..2]]
                }) {
                    let number = f16::from_le_bytes([half[0], half[1]]);
                    half.copy_from_slice(&match self.fault {
                        Some(Fault::SaveBigEndian) => number.to_be_bytes(),
                        _ => flushed(number).to_le_bytes(),
                    });
                }
            }
            _ => {}
        }
        payload
    }
}

/// KHQ4-W3: into another file of the same folder, which then takes the name.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Refusal> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let mut file = NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).map_err(io)?;
    file.write_all(bytes).map_err(io)?;
    file.persist(path).map_err(|error| io(error.error))?;
    Ok(())
}

fn io(error: io::Error) -> Refusal {
    refusal(Class::Io, error.to_string())
}
