//! The kernels as a subject: `check --subject gpu`. Whatever is no block, product or extent is refused as
//! the reference refuses it; what is left, the adapter answers.

use super::{Device, GpuError};
use crate::format::FormatError;
use crate::subject::message::{Hello, PROTOCOL};
use crate::subject::reference::{lawful_blocks, lawful_product};
use crate::subject::{Entry, Implementation, Response};
use crate::suite::answer::Refusal;
use crate::suite::floats::Floats;
use crate::suite::operation::{FormatId, Operation, Verb};
use crate::suite::question::{Decode, Matmul};

/// What the kernels claim.
pub const OPERATIONS: [Operation; 2] =
    [Operation::new(Verb::Decode, FormatId::KHQ4), Operation::new(Verb::Matmul, FormatId::KHQ4)];

/// The kernels on a device.
#[derive(Clone, Debug)]
pub struct Gpu {
    device: Device,
}

impl Gpu {
    /// The kernels on `device`.
    pub fn new(device: Device) -> Self {
        Self { device }
    }
}

impl Implementation for Gpu {
    fn hello(&self) -> Hello {
        Hello {
            protocol: PROTOCOL,
            name: "gpu".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            language: format!("WGSL on {}", self.device.describe()),
            capabilities: OPERATIONS.map(|operation| operation.to_string()).to_vec(),
            entries: [].into(),
        }
    }

    fn ran(&self) -> Vec<String> {
        let adapter = self.device.describe();
        let mut ran = format!("adapter: {adapter}");
        if !adapter.driver.is_empty() {
            ran += &format!(", driver {}", adapter.driver);
        }
        let dispatches = self.device.dispatches();
        let counts: Vec<_> =
            dispatches.iter().map(|(kernel, count)| format!("{kernel} {count}")).collect();
        let counts = if counts.is_empty() { "none".to_owned() } else { counts.join(", ") };
        let mut lines = vec![ran, format!("dispatches: {counts}")];
        let not_run = adapter.not_run().into_iter();
        lines.extend(not_run.map(|(what, why)| format!("{what}: NOT RUN ({why})")));
        lines
    }

    fn decode(&self, request: &Decode, _entry: Entry) -> Response<Floats> {
        if request.format != FormatId::KHQ4 || request.to.is_some() {
            return Response::Unsupported;
        }
        let blocks = match lawful_blocks(&request.blocks, request.original_len) {
            Ok(blocks) => blocks,
            Err(error) => return error.into(),
        };
        // The blocks that are there bound the number.
        answer(self.device.decode(blocks, request.original_len as usize))
    }

    fn matmul(&self, request: &Matmul, _entry: Entry) -> Response<Floats> {
        if request.format != FormatId::KHQ4 {
            return Response::Unsupported;
        }
        let (blocks, x) = match lawful_product(request) {
            Ok(factors) => factors,
            Err(error) => return FormatError::into(error),
        };
        // As a row has columns, blocks and values bound all three.
        let sizes = [request.rows, request.columns, request.vectors].map(|size| size as usize);
        let [rows, columns, vectors] = sizes;
        let product = self
            .device
            .upload("the matrix", blocks, rows, columns)
            .and_then(|matrix| matrix.multiply(&x, vectors));
        answer(product)
    }
}

/// What an adapter cannot do is refused without a class, as no fault of the input.
fn answer(values: Result<Vec<f32>, GpuError>) -> Response<Floats> {
    match values {
        Ok(values) => Response::Done(Floats::of(&values)),
        Err(error) => Response::Refused(Refusal { message: error.to_string(), class: None }),
    }
}
