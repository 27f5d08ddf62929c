//! The implementations inside this crate, by name.

use super::planted::{Fault, Faulty, Liar};
use super::{Implementation, Reference};

/// The implementation inside this crate of that name: `reference`, `planted:sound`, `planted:FAULT` or
/// `planted:LIAR`.
pub fn named(name: &str) -> Option<Box<dyn Implementation + Send + Sync>> {
    if name == "reference" {
        return Some(Box::new(Reference));
    }
    let member = name.strip_prefix("planted:")?;
    if let Some(liar) = Liar::ALL.iter().find(|liar| liar.name() == member) {
        return Some(Box::new(*liar));
    }
    match (Fault::by_name(member), member) {
        (Some(fault), _) => Some(Box::new(Faulty::new(Some(fault)))),
        (None, "sound") => Some(Box::new(Faulty::new(None))),
        (None, _) => None,
    }
}
