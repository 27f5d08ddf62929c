//! Indexes and lists of names: of every size, of every character and length, beside configurations of every
//! kind.

use serde_json::{Value, json};

use crate::suite::case::{Content, DirectoryEntry, File};
use crate::suite::exact::directory::INDEX_FILE;
use crate::suite::expected::expected;
use crate::suite::lawful::Lawful;
use crate::suite::question::{NameTensors, Question, ReadIndex, TensorRank};

/// Numbers of tensors.
fn counts() -> impl Iterator<Item = usize> {
    let sides = (1..=12u32).flat_map(|power| [(1 << power) - 1, 1 << power, (1 << power) + 1]);
    sides.filter(|count| *count != 2).chain([10_000, 10_001, 65_537])
}

/// Lists of that many tensors, and such whose last has the name of the first.
pub(super) fn sizes(of: &Question) -> Vec<Question> {
    let names = |count: usize| (0..count).map(|index| name(index, count)).collect::<Vec<_>>();
    let sound = counts().map(names);
    let twice = [2, 3, 64, 129, 1001, 4097].map(|count| {
        let mut names = names(count);
        names[count - 1] = names[0].clone();
        names
    });
    sound.chain(twice).filter_map(|names| named(of, names)).collect()
}

fn name(index: usize, count: usize) -> String {
    let kinds = ["q_proj", "norm", "mlp.down_proj", "in_proj_qkv"];
    let kind = kinds[(index + count) % kinds.len()];
    format!("model.layers.{index}.{kind}.weight")
}

/// The question about tensors of these names, each with a file.
fn named(of: &Question, names: Vec<String>) -> Option<Question> {
    match of {
        Question::NameTensors(naming) => {
            let tensor = |(index, name)| TensorRank { name, rank: 1 + index as u64 % 3 };
            let tensors = names.into_iter().enumerate().map(tensor).collect();
            Some(Question::NameTensors(NameTensors { tensors, ..naming.clone() }))
        }
        Question::ReadIndex(read) => {
            let tensor = |(index, name): (usize, &String)| json!({ "name": name, "file": format!("{index}.q4"), "numel": 32 * index });
            let tensors: Vec<Value> = names.iter().enumerate().map(tensor).collect();
            Some(index(read, &Value::from(tensors)))
        }
        _ => None,
    }
}

/// A directory of this index alone.
pub(super) fn index(read: &ReadIndex, index: &Value) -> Question {
    let content = Content::Text(index.to_string());
    let entry = DirectoryEntry { path: INDEX_FILE.into(), content };
    Question::ReadIndex(ReadIndex { path: File::Directory(vec![entry]), ..read.clone() })
}

/// Characters beyond ASCII that a name may have. What is no letter or number, and yet Alphabetic, is left out (IDX-10).
pub(crate) const BEYOND_ASCII: [char; 12] = [
    '\u{e9}',
    '\u{df}',
    '\u{663}',
    '\u{bd}',
    '\u{2168}',
    '\u{6743}',
    '\u{30ec}',
    '\u{1d400}',
    '\u{2014}',
    '\u{1f9e0}',
    '\u{a0}',
    '\u{feff}',
];

/// Names of one character between letters, names of every length, twins by case and by Unicode; of an index
/// as names and as files.
pub(super) fn names(of: &Question) -> Vec<Question> {
    let others = BEYOND_ASCII;
    let characters = (1..128u8).map(char::from).chain(others);
    let single = characters.map(|character| vec![format!("a{character}b.weight")]);
    let lengths: [usize; 25] = [
        1, 2, 63, 64, 127, 128, 200, 247, 248, 249, 250, 251, 252, 253, 254, 255, 256, 257, 511,
        512, 1000, 4095, 4096, 65_535, 65_536,
    ];
    let long = lengths.map(|length| vec!["a-".repeat(length.div_ceil(2))]);
    let twins: [[&str; 2]; 7] = [
        ["a.weight", "A.weight"],
        ["\u{e9}", "e\u{301}"],
        ["\u{df}", "SS"],
        ["a", "a "],
        ["a", "\u{feff}a"],
        ["stra\u{df}e", "STRASSE"],
        ["a.b", "a_b"],
    ];
    let twins = twins.map(|names| names.map(str::to_owned).to_vec());
    let mut questions: Vec<Question> =
        single.chain(long).chain(twins).filter_map(|names| named(of, names)).collect();
    if let Question::ReadIndex(read) = of {
        let files: Vec<String> = (0..128u8)
            .map(|byte| format!("a{}b.q4", char::from(byte)))
            .chain(
                [
                    "\u{e9}.q4",
                    "e\u{301}.q4",
                    " a",
                    "a ",
                    "a/b.q4",
                    "a//b.q4",
                    "./a.q4",
                    "a/./b.q4",
                    "a/",
                    "..a",
                    "a..",
                    "...",
                    "a/..b",
                    "../a",
                    "a/../b",
                    "a/..",
                    "..",
                    "/a",
                    "//a",
                    "",
                    "~/a",
                    "C:\\a",
                    "\\\\a\\b",
                    "..\\a",
                ]
                .map(str::to_owned),
            )
            .chain([255, 256, 4096].map(|length| "a".repeat(length)))
            .chain(others.map(|character| format!("a{character}b.q4")))
            .collect();
        questions.extend(
            files.into_iter().map(|file| index(read, &json!([{ "name": "a", "file": file }]))),
        );
        let twins = [
            ["A.q4", "a.q4"],
            ["\u{e9}.q4", "e\u{301}.q4"],
            ["a/b.q4", "a//b.q4"],
            ["a.q4", "./a.q4"],
        ];
        questions.extend(twins.map(|[one, other]| {
            index(read, &json!([{ "name": "a", "file": one }, { "name": "b", "file": other }]))
        }));
    }
    questions.retain(is_demanded);
    questions
}

/// Whether SPEC.md says what is to be answered.
pub(super) fn is_demanded(question: &Question) -> bool {
    !matches!(expected(question, None), Lawful::Undemanded(_))
}
