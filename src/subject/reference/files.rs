//! The reference's containers: a leaf each, and the registry of them.

use std::path::Path;

use half::f16;
use zerocopy::IntoBytes;

use super::{PATHS, from_store};
use crate::format::{AddressWidth, FormatError, khf1, khq4};
use crate::store::{self, StoreError};
use crate::subject::{Entry, Response};
use crate::suite::floats::Floats;
use crate::suite::hex::{Bits16, Bytes};
use crate::suite::operation::FormatId;
use crate::suite::question::{Load, Save, Tensor};

/// Every container.
const ALL: &[&dyn Container] = &[&Khq4, &Khf1];

/// A container as the reference has it.
trait Container: Sync {
    fn id(&self) -> FormatId;

    /// The tensors of the file at `path`, mapped or copied.
    fn load(&self, path: &Path, caller: &Caller<'_>) -> Result<Vec<Tensor>, StoreError>;

    /// Writes a file; `None` where the tensors lack what the format stores.
    fn save(&self, path: &Path, tensors: &[Tensor]) -> Option<Result<(), StoreError>>;
}

/// How a file is loaded.
struct Caller<'a> {
    map: bool,
    width: AddressWidth,
    expected_shape: Option<&'a [u64]>,
}

impl Caller<'_> {
    /// That the file at `path` has the shape that is required, by its header's own check.
    fn expect(
        &self,
        path: &Path,
        check: impl FnOnce(&[u64]) -> Result<(), FormatError>,
    ) -> Result<(), StoreError> {
        let of_file = |error| StoreError { path: path.to_owned(), error };
        self.expected_shape.map_or(Ok(()), check).map_err(of_file)
    }
}

pub(super) fn load(question: &Load<String>, entry: Entry) -> Response<Vec<Tensor>> {
    let width = match question.address_width {
        None => AddressWidth::NATIVE,
        Some(32) => AddressWidth::Bits32,
        Some(64) => AddressWidth::Bits64,
        Some(_) => return Response::Unsupported,
    };
    let map = match entry {
        None => false,
        Some(path) if PATHS.contains(&path) => path == "map",
        Some(_) => return Response::Unsupported,
    };
    let caller = Caller { map, width, expected_shape: question.expected_shape.as_deref() };
    match ALL.iter().find(|container| container.id() == question.format) {
        Some(container) => from_store(container.load(Path::new(&question.path), &caller)),
        None => Response::Unsupported,
    }
}

pub(super) fn save(question: &Save<String>) -> Response<()> {
    let container = ALL.iter().find(|container| container.id() == question.format);
    let path = Path::new(&question.path);
    match container.and_then(|container| container.save(path, &question.tensors)) {
        Some(saved) => from_store(saved),
        None => Response::Unsupported,
    }
}

struct Khq4;

impl Container for Khq4 {
    fn id(&self) -> FormatId {
        FormatId::KHQ4
    }

    fn load(&self, path: &Path, caller: &Caller<'_>) -> Result<Vec<Tensor>, StoreError> {
        let hand_on = |view: khq4::View<'_>| {
            caller.expect(path, |shape| view.header.expect_shape(shape))?;
            Ok(vec![Tensor {
                values: Some(Floats::of(&view.decode())),
                blocks: Some(Bytes(view.blocks.as_bytes().to_vec())),
                shape: view.header.shape,
                ..Tensor::default()
            }])
        };
        if caller.map {
            hand_on(store::map_khq4(path, caller.width)?.view())
        } else {
            hand_on(store::read_khq4(path, caller.width)?.view())
        }
    }

    fn save(&self, path: &Path, tensors: &[Tensor]) -> Option<Result<(), StoreError>> {
        let [Tensor { shape, original_len: Some(original_len), blocks: Some(blocks), .. }] =
            tensors
        else {
            return None;
        };
        let header = khq4::Header { shape: shape.clone(), original_len: *original_len };
        Some(store::write_khq4(path, &header, &blocks.0))
    }
}

struct Khf1;

impl Container for Khf1 {
    fn id(&self) -> FormatId {
        FormatId::KHF1
    }

    fn load(&self, path: &Path, caller: &Caller<'_>) -> Result<Vec<Tensor>, StoreError> {
        let hand_on = |view: khf1::View<'_>| {
            caller.expect(path, |shape| view.header.expect_shape(shape))?;
            let bits = view.payload.iter().map(|bits| bits.get()).collect();
            let values = Floats::F16(Bits16(bits));
            Ok(vec![Tensor::of_values(&view.header.shape, values)])
        };
        if caller.map {
            hand_on(store::map_khf1(path, caller.width)?.view())
        } else {
            hand_on(store::read_khf1(path, caller.width)?.view())
        }
    }

    fn save(&self, path: &Path, tensors: &[Tensor]) -> Option<Result<(), StoreError>> {
        let [Tensor { shape, values: Some(Floats::F16(Bits16(bits))), .. }] = tensors else {
            return None;
        };
        let header = khf1::Header { shape: shape.clone(), numel: bits.len() as u64 };
        let values: Vec<f16> = bits.iter().map(|&bits| f16::from_bits(bits)).collect();
        Some(store::write_khf1(path, &header, &values))
    }
}
