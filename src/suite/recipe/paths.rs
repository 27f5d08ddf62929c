//! The same question about paths of every kind of name, and about other bytes at the same path.

use super::sizes::tensor;
use crate::suite::case::{File, Named};
use crate::suite::exact::files;
use crate::suite::hex::Bytes;
use crate::suite::question::{Load, Question, ReadIndex, Save};

/// Names that something between a request and the file may take for something else.
const NAMES: [&str; 45] = [
    "a b", " a", "a ", "a%20b", "%2e%2e", "a#b", "a?b", "a[x]b", "[a]", "a*b", "*", "a'b", "a\"b",
    "a\\b", "\\", "a\\nb", "a;b", "a|b", "a&b", "a$b", "$HOME", "${HOME}", "`a`", "$(a)", "~",
    "~a", "a:b", "file:a", "a=b", "a,b", "a+b", "a@b", "a!b", "a^b", "{a,b}", "<a>", "-a",
    "--help", "-", "a\nb", "a\tb", ".a", "...", "a.", "a_b",
];

/// Names of letters that are not ASCII: composed, of combining marks, of other scripts, beyond 16 bits.
const LETTERS: [&str; 8] = [
    "\u{e9}",
    "e\u{301}",
    "\u{df}\u{130}",
    "\u{65e5}\u{672c}",
    "\u{5d0}\u{5d1}",
    "\u{1f9e0}",
    "\u{feff}a",
    "\u{2028}",
];

/// The names, as those of files in a directory.
pub(super) fn file_names() -> Vec<String> {
    let all = NAMES.iter().chain(&LETTERS).map(ToString::to_string);
    all.chain(["A.q4".into(), "a".repeat(255)]).collect()
}

/// The question about each name, then about the longest. A symbolic link is not asked: which paths to trust is
/// outside KHQ4-A1.
pub(super) fn names(of: &Question) -> Vec<Question> {
    let long = ["a".repeat(255), "\u{e9}".repeat(127), format!("{}.q4", "a b".repeat(84))];
    // Paths longer than a buffer may be, in folders of long names.
    let deep = [6, 15].map(|folders| vec!["f".repeat(200); folders].join("/"));
    let names = NAMES.iter().chain(&LETTERS).map(ToString::to_string).chain(long).chain(deep);
    let named = |name: String| {
        let place = of.place()?.unnamed().clone();
        let file = File::Named(Box::new(Named { name, again: false, file: place }));
        Some(at(of, file))
    };
    names.filter_map(named).collect()
}

/// The question about another place.
fn at(of: &Question, path: File) -> Question {
    match of.clone() {
        Question::Load(load) => Question::Load(Load { path, ..load }),
        Question::Save(save) => Question::Save(Save { path, ..save }),
        Question::ReadIndex(read) => Question::ReadIndex(ReadIndex { path, ..read }),
        other => other,
    }
}

/// Sound files and broken ones of one length, one over the other.
pub(super) fn same(of: &Question) -> Vec<Question> {
    let Question::Load(load) = of else { return Vec::new() };
    let container = files::named(load.format).expect("a container");
    let first = container.write(&[tensor(load.format, &[64])]).expect("a tensor that it stores");
    let changed = |at: usize, bits: u8| {
        let mut bytes = first.clone();
        let at = bytes.len() - at;
        bytes[at] ^= bits;
        bytes
    };
    let number = |bits: [u8; 2]| {
        let mut bytes = first.clone();
        let at = if load.format.name() == "khq4" { 20 } else { 2 };
        let at = bytes.len() - at;
        bytes[at..at + 2].copy_from_slice(&bits);
        bytes
    };
    let broken = number([0, 0x7c]);
    let version = {
        let mut bytes = first.clone();
        bytes[4] = 77;
        bytes
    };
    let transposed = {
        let mut bytes =
            container.write(&[tensor(load.format, &[32])]).expect("a tensor that it stores");
        bytes.resize(first.len(), 0);
        bytes
    };
    let files = [
        first.clone(),
        changed(1, 0x10),
        first.clone(),
        broken.clone(),
        first.clone(),
        changed(3, 0x01),
        version,
        changed(3, 0x01),
        broken.clone(),
        broken,
        transposed,
        first.clone(),
    ];
    files
        .into_iter()
        .map(|bytes| {
            let file = File::Bytes(Bytes(bytes));
            let named = Named { name: "again".into(), again: true, file };
            at(of, File::Named(Box::new(named)))
        })
        .collect()
}
