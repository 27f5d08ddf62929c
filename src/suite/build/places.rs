//! Where a file lies: under which name, over what, in what state; and how a request is written.

use super::directory::{CONFIG, TWO, text};
use super::recipes::{
    decode_questions, each, encode_questions, product, rotation, small, small_tensor,
};
use super::{Draft, plain_payload};
use crate::suite::case::{File, Line, Special};
use crate::suite::exact::directory::{CONFIG_FILE, INDEX_FILE};
use crate::suite::exact::files;
use crate::suite::feature::Feature;
use crate::suite::floats::Floats;
use crate::suite::hex::{Bits16, Bytes};
use crate::suite::operation::FormatId;
use crate::suite::question::{NameTensors, Question, ReadIndex, Save, Tensor, TensorRank};
use crate::suite::recipe::RecipeName::*;

/// A save over nothing, which is the control of what may be refused.
const SAVED: &str = "save/1d-64";

/// The same of KHF1.
const SAVED_HALVES: &str = "save-khf1/1d-33";

pub(super) fn cases() -> Vec<Draft> {
    [names(), saves(), lines()].concat()
}

fn names() -> Vec<Draft> {
    let list = |entries, open| {
        let path = File::Directory(entries);
        Question::ReadIndex(ReadIndex { format: FormatId::KHQ4, path, open })
    };
    let listed = list(vec![text(INDEX_FILE, TWO)], false);
    let opened = list(vec![text(INDEX_FILE, "[]"), text(CONFIG_FILE, CONFIG)], true);
    let tensors = vec![TensorRank { name: "a.weight".into(), rank: 2 }];
    let naming = Question::NameTensors(NameTensors { format: FormatId::KHQ4, tensors });
    let khq4 = Question::load(FormatId::KHQ4, small(FormatId::KHQ4));
    let khf1 = Question::load(FormatId::KHF1, small(FormatId::KHF1));
    let saved = Question::save(FormatId::KHQ4, small_tensor(FormatId::KHQ4));
    let saved_halves = Question::save(FormatId::KHF1, small_tensor(FormatId::KHF1));
    let configs = each("read-index", "", &opened, &[(Configs, "IDX-8", 66), (Opened, "IDX-8", 68)]);
    [
        each("load", "", &khq4, &[(Paths, "KHQ4-A1", 88), (SamePath, "KHQ4-A2", 90)]),
        each("load-khf1", "", &khf1, &[(Paths, "KHF1-A1", 88), (SamePath, "KHF1-A1", 90)]),
        each("save", "", &saved, &[(Paths, "KHQ4-W1", 88)]),
        each("save-khf1", "", &saved_halves, &[(Paths, "KHF1-A1", 88)]),
        each(
            "read-index",
            "",
            &listed,
            &[
                (Paths, "IDX-3", 88),
                (Names, "IDX-4", 89),
                (Sizes, "IDX-3", 79),
                (Texts, "IDX-3", 66),
            ],
        ),
        configs.into_iter().map(|draft| draft.requires(Feature::Directory)).collect(),
        each(
            "name-tensors",
            "",
            &naming,
            &[(Names, "IDX-10", 89), (Sizes, "IDX-10", 79), (WideNumbers, "IDX-11", 82)],
        ),
    ]
    .concat()
}

/// KHQ4-W3.
fn saves() -> Vec<Draft> {
    [saves_of(FormatId::KHQ4, "save", SAVED), saves_of(FormatId::KHF1, "save-khf1", SAVED_HALVES)]
        .concat()
}

fn saves_of(format: FormatId, family: &str, control: &str) -> Vec<Draft> {
    let halves = |count: u16, change: u16| {
        let bits = (0..count).map(|at| (0x3c00 + 5 * (at % 64)) ^ change).collect();
        Tensor::of_values(&[u64::from(count)], Floats::F16(Bits16(bits)))
    };
    let blocks = |len: u64| Tensor::of_blocks(&[len], len, plain_payload(len));
    let is_khf1 = format == FormatId::KHF1;
    let tensor = |len: u16| if is_khf1 { halves(len, 0) } else { blocks(len.into()) };
    let (new, mut same_header, mut refused) = (tensor(64), tensor(64), tensor(64));
    if is_khf1 {
        same_header = halves(64, 0x8000);
        refused = halves(64, 0x4000);
    } else {
        let payload = |tensor: &mut Tensor, change: &dyn Fn(&mut [u8])| {
            change(&mut tensor.blocks.as_mut().expect("blocks").0);
        };
        payload(&mut same_header, &|bytes| bytes[39] ^= 0x10);
        // Only the last block is at fault, and only in its bias.
        payload(&mut refused, &|bytes| bytes[22..24].copy_from_slice(&[0, 0x7c]));
    }
    let container = files::named(format).expect("a container");
    let file = |tensor: &Tensor| {
        let bytes = container.write(std::slice::from_ref(tensor));
        File::Bytes(Bytes(bytes.expect("a tensor that it stores")))
    };
    let one = |id: &str, note: &str, path: File, tensor: &Tensor| {
        let question = Question::Save(Save { format, path, tensors: vec![tensor.clone()] });
        Draft::new(format!("{family}/{id}"), "KHQ4-W3", note, question).class(86).control(control)
    };
    let old = |len: u16| file(&tensor(len));
    let text = File::Bytes(Bytes(b"a text\n".to_vec()));
    let mut drafts = vec![
        one("over-longer", "over a longer file", old(320), &new),
        one("over-shorter", "over a shorter file", old(32), &new),
        one("over-same-header", "over another file of the same header", file(&same_header), &new),
        one("over-itself", "over the same file", file(&new), &new),
        one("over-empty", "over an empty file", File::Bytes(Bytes(Vec::new())), &new),
        one("over-text", "over a text", text, &new),
        one("refused-over-longer", "refused over a longer file, which stays", old(320), &refused),
        one("refused-over-shorter", "refused over a shorter file, which stays", old(32), &refused),
        one("onto-directory", "where a directory is", File::Special(Special::Directory), &new),
        one(
            "in-missing-folder",
            "into a folder that does not exist",
            File::Special(Special::MissingFolder),
            &new,
        ),
    ];
    // Of these no process can write the whole file.
    let missing = || File::Special(Special::Missing);
    let room = |id: &str, note: &str, path: File, tensor: &Tensor, room: &dyn Fn(u64) -> u64| {
        let len = match file(tensor) {
            File::Bytes(bytes) => bytes.0.len() as u64,
            _ => unreachable!("a file of bytes"),
        };
        let room = room(len);
        let note = format!("{note}: the subject can write no file longer than {room} bytes");
        one(id, &note, path, tensor).class(87).limited(room)
    };
    let (short, long) = (tensor(96), tensor(4096));
    let (half, last, none) = (|len: u64| len / 2, |len: u64| len - 1, |_| 0);
    drafts.extend([
        room("no-room", "room for half of the file", missing(), &long, &half),
        room("no-room-for-the-last-byte", "room for all but one byte", missing(), &short, &last),
        room("no-room-for-any-byte", "room for no byte", missing(), &short, &none),
        room(
            "no-room-over-longer",
            "half of the room, over a longer file",
            old(8000),
            &long,
            &half,
        ),
        room(
            "no-room-over-shorter",
            "half of the room, over a shorter file",
            old(32),
            &long,
            &half,
        ),
        room(
            "no-room-over-same-header",
            "room for all but one byte, over another file of the same header",
            file(&same_header),
            &new,
            &last,
        ),
    ]);
    let over = Question::Save(Save { format, path: old(320), tensors: vec![new] });
    let recipes =
        [(Sizes, "KHQ4-W3", 86), (FaultAtTheEnd, "KHQ4-W3", 86), (WideNumbers, "KHQ4-W3", 86)];
    let over = each(family, "-over-old", &over, &recipes);
    drafts.extend(over.into_iter().map(|draft| draft.control(control)));
    drafts
}

/// PROTOCOL.md, Conventions: what a request of each operation may look like.
fn lines() -> Vec<Draft> {
    let directory = |entries| {
        let path = File::Directory(entries);
        Question::ReadIndex(ReadIndex { format: FormatId::KHQ4, path, open: false })
    };
    let tensors = vec![TensorRank { name: "a.weight".into(), rank: 2 }];
    let naming = Question::NameTensors(NameTensors { format: FormatId::KHQ4, tensors });
    let saved = |format| Question::save(format, small_tensor(format));
    let loaded = |format| Question::load(format, small(format));
    let of_blocks = decode_questions().into_iter().chain(encode_questions());
    let others = [
        ("load", loaded(FormatId::KHQ4), "KHQ4-A2"),
        ("load-khf1", loaded(FormatId::KHF1), "KHF1-A1"),
        ("save", saved(FormatId::KHQ4), "KHQ4-W1"),
        ("save-khf1", saved(FormatId::KHF1), "KHF1-A1"),
        ("read-index", directory(vec![text(INDEX_FILE, TWO)]), "IDX-3"),
        ("name-tensors", naming, "IDX-10"),
        ("matmul", product(), "DOT-1"),
        ("rotate", rotation(), "ROT-2"),
    ];
    let lines = [
        ("line-seq-2p53-plus-1", "a seq above 2^53", Line::Seq((1 << 53) + 1)),
        ("line-seq-2p63-plus-1", "a seq above 2^63", Line::Seq((1 << 63) + 1)),
        ("line-seq-zero", "a seq of 0", Line::Seq(0)),
        ("line-unknown-keys", "keys that are not known", Line::UnknownKeys),
        ("line-other-order", "keys in another order", Line::OtherOrder),
        ("line-white-space", "white space around every token", Line::WhiteSpace),
    ];
    let all = of_blocks.chain(others).flat_map(|(family, question, clause)| {
        lines.map(|(id, note, line)| {
            let id = format!("{family}/{id}");
            Draft::new(id, clause, note, question.clone()).class(82).line(line)
        })
    });
    all.collect()
}
