//! A backend that counts how often it is asked: the proof of which kernels ran.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::model::ModelError;
use crate::model::linear::{Backend, Linear};
use crate::model::weights::Tensor;

/// Products and rows by the name of what computed them.
pub type Counts = Rc<RefCell<BTreeMap<String, u64>>>;

/// A backend whose matrices count their products and the rows that are taken from them.
pub struct Counted<'a> {
    inner: &'a dyn Backend,
    name: &'static str,
    counts: Counts,
}

impl<'a> Counted<'a> {
    /// Counts for `inner`, under `name`.
    pub fn new(inner: &'a dyn Backend, name: &'static str) -> Self {
        Self { inner, name, counts: Counts::default() }
    }

    /// What was counted so far, and goes on being counted.
    pub fn counts(&self) -> Counts {
        Rc::clone(&self.counts)
    }
}

impl Backend for Counted<'_> {
    fn linear(&self, name: &str, tensor: Tensor) -> Result<Rc<dyn Linear>, ModelError> {
        let inner = self.inner.linear(name, tensor)?;
        Ok(Rc::new(Matrix { inner, name: self.name, counts: self.counts() }))
    }
}

struct Matrix {
    inner: Rc<dyn Linear>,
    name: &'static str,
    counts: Counts,
}

impl Matrix {
    fn count(&self, what: &str) {
        *self.counts.borrow_mut().entry(format!("{} {what}", self.name)).or_default() += 1;
    }
}

impl Linear for Matrix {
    fn rows(&self) -> usize {
        self.inner.rows()
    }

    fn columns(&self) -> usize {
        self.inner.columns()
    }

    fn multiply(&self, x: &[f32]) -> Result<Vec<f32>, ModelError> {
        let product = self.inner.multiply(x)?;
        self.count("products");
        Ok(product)
    }

    fn row(&self, row: usize) -> Result<Vec<f32>, ModelError> {
        let values = self.inner.row(row)?;
        self.count("rows");
        Ok(values)
    }
}
