//! Saving (SPEC KHQ4-W), with a switch at every place where writers have gone wrong.
//!
//! A writer refuses what its own reader would (KHQ4-W2): a writer that lacks a check asks a reader
//! that lacks the guard.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use half::f16;
use tempfile::NamedTempFile;

use super::decode::flushed;
use super::fault::faults;
use super::load::FileFormat;
use super::load::Loader;
use super::{BLOCK, Fault, Faulty, WEIGHTS, refusal};
use crate::format::Class;
use crate::suite::answer::Refusal;
use crate::suite::floats::Floats;
use crate::suite::operation::FormatId;
use crate::suite::question::{Save, Tensor};

faults! {
    Save KHQ4 {
        43 SaveBigEndian "save-big-endian"
            "Writes the scale and bias of each block with their high byte first."
        3 SaveHeaderBigEndian "save-header-big-endian"
            "Writes the header's numbers with their high byte first."
        19 SaveShapeTruncatedU32 "save-shape-truncated-u32"
            "Cuts each dimension to 32 bits before it writes it."
        24 SaveShapeReversed "save-shape-reversed"
            "Writes the dimensions innermost first."
        22 SaveScalarAsOneDimension "save-scalar-as-one-dimension"
            "Writes a shape without dimensions as one dimension of 1."
        6 SaveOriginalLenRoundedUp "save-original-len-rounded-up"
            "Writes original_len rounded up to whole blocks, which its reader refuses."
        6 SaveNanScale "save-nan-scale"
            "Never looks at scales and biases: it writes what its reader refuses."
        6 SaveShapeUnchecked "save-shape-unchecked"
            "Never compares the shape with original_len: it writes what its reader refuses."
        6 SaveShortPayload "save-short-payload"
            "Takes fewer blocks than the values need: it writes what its reader refuses."
        6 SaveVersionOne "save-version-one"
            "Writes version 1, which its reader refuses."
        6 SaveDropsPaddingBlock "save-drops-padding-block"
            "Writes original_len / 32 blocks: the partial last one is lost."
        5 SavePadsFile "save-pads-file"
            "Fills the file with zeros to a multiple of 32 bytes, which its reader refuses."
        33 SaveClearsPadding "save-clears-padding"
            "Clears the nibbles of the padding, which are to be written as given."
        48 SaveSubnormalsFlushed "save-subnormals-flushed"
            "Flushes subnormal scales and biases to zero: its reader refuses the scales."
        6 SaveLeavesFileOnRefusal "save-leaves-file-on-refusal"
            "Creates the file before it checks what to write: a refusal leaves an empty file."
        31 SaveScaleAbsolute "save-scale-absolute"
            "Writes the magnitude of a scale below zero: the block is another one."
        86 SaveAppends "save-appends"
            "Opens its target to append: what was there stays in front."
        86 SaveNotCut "save-not-cut"
            "Writes over a file and does not cut it: the end of a longer one stays."
        86 SaveKeepsOld "save-keeps-old"
            "Leaves a file that is there as it is, and says that it is done."
        86 SaveMakesFolders "save-makes-folders"
            "Makes the folders of its path, which it was not asked to."
        86 SaveReplacesDirectory "save-replaces-directory"
            "Removes a directory that is in its way."
        6 SaveLeavesFileAside "save-leaves-file-aside"
            "Writes aside and copies where it is to rename: the other file stays."
        86 SaveKeepsPart "save-keeps-part"
            "Writes aside and leaves what it has written there where that fails."
        87 SaveErrorsIgnored "save-errors-ignored"
            "Says that a file is saved, whatever the system says to its writing."
    }
}

/// What a file of KHQ4 stores.
struct Stored<'a> {
    shape: &'a [u64],
    original_len: u64,
    blocks: &'a [u8],
}

impl Faulty {
    /// Saves a tensor; `None` where it lacks what the format stores.
    pub(super) fn save_tensor(self, question: &Save<String>) -> Option<Result<(), Refusal>> {
        let path = Path::new(&question.path);
        match (question.format, question.tensors.as_slice()) {
            (
                FormatId::KHQ4,
                [
                    Tensor {
                        shape, original_len: Some(original_len), blocks: Some(blocks), ..
                    },
                ],
            ) => Some(self.save_blocks(
                path,
                &Stored { shape, original_len: *original_len, blocks: &blocks.0 },
            )),
            (FormatId::KHF1, [Tensor { shape, values: Some(Floats::F16(values)), .. }]) => {
                Some(self.save_halves(path, shape, &values.0))
            }
            _ => None,
        }
    }

    fn save_blocks(self, path: &Path, request: &Stored<'_>) -> Result<(), Refusal> {
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
        self.write_whole(path, &self.file(request))
    }

    /// As [`Faulty::save_blocks`], of KHF1.
    fn save_halves(self, path: &Path, shape: &[u64], values: &[u16]) -> Result<(), Refusal> {
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
            let numel = values.len() as u64;
            faulty.bytes(b"KHF1", 1, shape, numel, faulty.written_halves(values))
        };
        Loader::of_halves(missing_guard).parse(&file(Self::new(None)))?;
        self.write_whole(path, &file(self))
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
    fn file(self, request: &Stored<'_>) -> Vec<u8> {
        let original_len = match self.fault {
            Some(Fault::SaveOriginalLenRoundedUp) => {
                request.original_len.next_multiple_of(WEIGHTS as u64)
            }
            _ => request.original_len,
        };
        let version = if self.has(Fault::SaveVersionOne) { 1 } else { 2 };
        self.bytes(b"KHQ4", version, request.shape, original_len, self.payload(request))
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

    fn payload(self, request: &Stored<'_>) -> Vec<u8> {
        let mut payload = request.blocks.to_vec();
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

impl Faulty {
    /// KHQ4-W3, as far as there is no fault in it.
    fn write_whole(self, path: &Path, bytes: &[u8]) -> Result<(), Refusal> {
        let mut options = OpenOptions::new();
        match self.fault {
            Some(Fault::SaveAppends) => options.append(true),
            Some(Fault::SaveNotCut) => options.write(true).truncate(false),
            Some(Fault::SaveErrorsIgnored) => {
                write_whole(path, bytes).ok();
                return Ok(());
            }
            Some(Fault::SaveKeepsPart) => {
                let aside = path.with_extension("part");
                let written = File::create(&aside).and_then(|mut file| file.write_all(bytes));
                return written.and_then(|()| fs::rename(&aside, path)).map_err(io);
            }
            Some(Fault::SaveKeepsOld) if path.is_file() => return Ok(()),
            Some(Fault::SaveMakesFolders) => {
                fs::create_dir_all(path.parent().unwrap_or(path)).map_err(io)?;
                return write_whole(path, bytes);
            }
            Some(Fault::SaveReplacesDirectory) if path.is_dir() => {
                fs::remove_dir(path).map_err(io)?;
                return write_whole(path, bytes);
            }
            _ => return write_whole(path, bytes),
        };
        let mut file = options.create(true).open(path).map_err(io)?;
        file.write_all(bytes).map_err(io)
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
