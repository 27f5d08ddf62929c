//! Where a file lies: under which name, over what, in what state; and how a request is written.

use super::directory::{CONFIG, TWO, text};
use super::recipes::{each, small, small_tensor};
use super::{Draft, plain_payload};
use crate::suite::case::{Feature, File, Line, Special};
use crate::suite::exact::directory::{CONFIG_FILE, INDEX_FILE};
use crate::suite::exact::files;
use crate::suite::hex::Bytes;
use crate::suite::operation::FormatId;
use crate::suite::question::{NameTensors, Question, ReadIndex, Save, Tensor, TensorRank};
use crate::suite::recipe::RecipeName::*;

/// A save over nothing, which is the control of what may be refused.
const SAVED: &str = "save/1d-64";

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
    let configs = each("read-index", "", &opened, &[(Configs, "IDX-8", 66)]);
    [
        each("load", "", &khq4, &[(Paths, "KHQ4-A1", 88), (SamePath, "KHQ4-A2", 90)]),
        each("load-khf1", "", &khf1, &[(Paths, "KHF1-A1", 88), (SamePath, "KHF1-A1", 90)]),
        each("save", "", &saved, &[(Paths, "KHQ4-W1", 88)]),
        each("save-khf1", "", &saved_halves, &[(Paths, "KHF1-A1", 88)]),
        each(
            "read-index",
            "",
            &listed,
            &[(Paths, "IDX-3", 88), (Names, "IDX-4", 89), (Sizes, "IDX-3", 79)],
        ),
        configs.into_iter().map(|draft| draft.requires(Feature::Directory)).collect(),
        each("name-tensors", "", &naming, &[(Names, "IDX-10", 89), (Sizes, "IDX-10", 79)]),
    ]
    .concat()
}

/// A tensor of blocks of the shape [64].
fn sixty_four() -> Tensor {
    Tensor::of_blocks(&[64], 64, plain_payload(64))
}

/// KHQ4-W3.
fn saves() -> Vec<Draft> {
    let new = sixty_four();
    let refused = {
        let mut payload = plain_payload(64);
        payload[20..22].copy_from_slice(&0x7e00u16.to_le_bytes());
        Tensor::of_blocks(&[64], 64, payload)
    };
    let container = files::named(FormatId::KHQ4).expect("a container");
    let old = |len: u64| {
        let tensor = Tensor::of_blocks(&[len], len, plain_payload(len));
        File::Bytes(Bytes(container.write(&[tensor]).expect("a tensor that it stores")))
    };
    let same_length = {
        let mut payload = plain_payload(64);
        payload.reverse();
        File::Bytes(Bytes([&[0xaa; 28], &payload[..]].concat()))
    };
    let one = |id: &str, note: &str, path: File, tensor: &Tensor| {
        let tensors = vec![tensor.clone()];
        let question = Question::Save(Save { format: FormatId::KHQ4, path, tensors });
        Draft::new(format!("save/{id}"), "KHQ4-W3", note, question).class(86).control(SAVED)
    };
    vec![
        one("over-longer", "over a longer file", old(320), &new),
        one("over-shorter", "over a shorter file", old(32), &new),
        one("over-equal", "over another file of the same length", same_length, &new),
        one("over-empty", "over an empty file", File::Bytes(Bytes(Vec::new())), &new),
        one("over-text", "over a text", File::Bytes(Bytes(b"a text\n".to_vec())), &new),
        one("refused-over-longer", "refused over a longer file, which stays", old(320), &refused),
        one("refused-over-shorter", "refused over a shorter file, which stays", old(32), &refused),
        one("onto-directory", "where a directory is", File::Special(Special::Directory), &new),
        one(
            "in-missing-folder",
            "into a folder that does not exist",
            File::Special(Special::MissingFolder),
            &new,
        ),
    ]
}

/// PROTOCOL.md, Conventions: what a request may look like.
fn lines() -> Vec<Draft> {
    let decode = |id: &str, note: &str, line: Line| {
        let question = Question::decode(FormatId::KHQ4, plain_payload(64), 64);
        Draft::new(format!("decode/{id}"), "DEC-3", note, question).class(82).line(line)
    };
    vec![
        decode("seq-2p53-plus-1", "a seq above 2^53", Line::Seq((1 << 53) + 1)),
        decode("seq-2p63-plus-1", "a seq above 2^63", Line::Seq((1 << 63) + 1)),
        decode("seq-largest", "the largest seq", Line::Seq(u64::MAX)),
        decode("seq-zero", "a seq of 0", Line::Seq(0)),
        decode("line-unknown-keys", "keys that are not known", Line::UnknownKeys),
        decode("line-other-order", "keys in another order", Line::OtherOrder),
        decode("line-white-space", "white space around every token", Line::WhiteSpace),
    ]
}
