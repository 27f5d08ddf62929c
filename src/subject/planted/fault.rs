//! The faults as data: what an implementation gets wrong, which operation that spoils, and the class of real
//! bugs that it belongs to. Each part has the table of its own faults beside its code.

use std::fmt;
use std::sync::LazyLock;

use crate::suite::operation::Operation;

/// One thing that an implementation gets wrong: a slip that was made in a real engine, or the lack of one
/// guard.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fault(u64);

/// What is known of a fault.
#[derive(Debug)]
pub(super) struct Entry {
    pub fault: Fault,
    pub operation: Operation,
    pub class: u8,
    pub name: &'static str,
    pub about: &'static str,
}

/// Makes the faults of one part from a table: the verb and the format that they spoil, and for each a line
/// `class Variant "name"` with, below it, what is wrong and what comes of it.
macro_rules! faults {
    ($($verb:ident $format:ident {
        $($class:literal $fault:ident $name:literal $about:literal)*
    })*) => {
        #[allow(non_upper_case_globals, reason = "a fault is named as the variant of an enum is")]
        impl $crate::subject::planted::Fault {
            $($(#[doc = $about] pub const $fault: Self = Self::of_name($name);)*)*
        }

        /// The faults of this part, in the order of reports.
        pub(super) const FAULTS: &[$crate::subject::planted::fault::Entry] = &[
            $($($crate::subject::planted::fault::Entry {
                fault: $crate::subject::planted::Fault::$fault,
                operation: $crate::suite::operation::Operation::new(
                    $crate::suite::operation::Verb::$verb,
                    $crate::suite::operation::FormatId::$format,
                ),
                class: $class,
                name: $name,
                about: $about,
            },)*)*
        ];
    };
}
pub(super) use faults;

/// The tables of all parts.
const TABLES: [&[Entry]; 20] = [
    super::encode::FAULTS,
    super::decode::FAULTS,
    super::load_faults::FAULTS,
    super::save::FAULTS,
    super::halves::FAULTS,
    super::product::FAULTS,
    super::rotate::FAULTS,
    super::q4_0::FAULTS,
    super::q4_1::FAULTS,
    super::q5::FAULTS,
    super::q8_0::FAULTS,
    super::q4_k::FAULTS,
    super::q6_k::FAULTS,
    super::iq4::FAULTS,
    super::mxfp4::FAULTS,
    super::mxfp4_encode::FAULTS,
    super::nvfp4::FAULTS,
    super::mlx::FAULTS,
    super::index::FAULTS,
    super::names::FAULTS,
];

impl Fault {
    /// The fault of a name: a number, so that looking for one costs no comparison of texts (FNV-1a).
    pub(super) const fn of_name(name: &str) -> Self {
        let (bytes, mut hash, mut at) = (name.as_bytes(), 0xcbf2_9ce4_8422_2325u64, 0);
        while at < bytes.len() {
            hash = (hash ^ bytes[at] as u64).wrapping_mul(0x100_0000_01b3);
            at += 1;
        }
        Self(hash)
    }

    /// Every fault, part by part.
    pub fn all() -> &'static [Self] {
        static ALL: LazyLock<Vec<Fault>> = LazyLock::new(|| {
            TABLES.iter().flat_map(|table| table.iter()).map(|entry| entry.fault).collect()
        });
        &ALL
    }

    /// The fault of that name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::all().iter().copied().find(|fault| fault.name() == name)
    }

    fn entry(self) -> &'static Entry {
        let mut entries = TABLES.iter().flat_map(|table| table.iter());
        entries.find(|entry| entry.fault == self).expect("a fault stands in a table")
    }

    /// The name in reports and on the command line.
    pub fn name(self) -> &'static str {
        self.entry().name
    }

    /// The class of real bugs that it belongs to, numbered as in a vector's `class`.
    pub fn class(self) -> u8 {
        self.entry().class
    }

    /// What is wrong and what comes of it, in one sentence.
    pub fn about(self) -> &'static str {
        self.entry().about
    }

    /// The operation that it spoils; a fault of decoding spoils the values of a load too.
    pub fn operation(self) -> Operation {
        self.entry().operation
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
