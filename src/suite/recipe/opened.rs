//! Directories that are opened: with many files, with files of every name, and with shapes that are nearly
//! those of the files.

use serde_json::{Value, json};

use super::content::{format, payload};
use super::indexes::is_demanded;
use super::paths::file_names;
use crate::suite::case::{Content, DirectoryEntry, File};
use crate::suite::exact::directory::{CONFIG_FILE, INDEX_FILE};
use crate::suite::exact::files;
use crate::suite::hex::Bytes;
use crate::suite::operation::FormatId;
use crate::suite::question::{Question, ReadIndex, Tensor};

/// Numbers of files.
const COUNTS: [usize; 17] =
    [1, 2, 3, 31, 32, 33, 63, 64, 65, 100, 127, 128, 129, 255, 256, 257, 1025];

/// Numbers of blocks of a file.
const BLOCKS: [u64; 8] = [1, 63, 64, 65, 127, 128, 129, 1025];

/// The questions.
pub(super) fn directories(of: &Question) -> Vec<Question> {
    let Question::ReadIndex(read) = of else { return Vec::new() };
    let sound = |index: usize| (format!("{index}.q4"), file(&[32], 1, None), json!({}));
    let many = COUNTS.into_iter().flat_map(|count| {
        let tensors = || (0..count).map(sound).collect::<Vec<_>>();
        let (mut broken, mut other, mut missing) = (tensors(), tensors(), tensors());
        broken[count - 1].1 = file(&[32], 1, Some(0));
        other[count - 1].2 = json!({ "shape": [1, 32] });
        missing[count - 1].1 = Vec::new();
        [tensors(), broken, other, missing]
    });
    let long = BLOCKS.into_iter().flat_map(|blocks| {
        let one = |fault| vec![("a.q4".to_owned(), file(&[32 * blocks], blocks, fault), json!({}))];
        [one(None), one(Some(blocks as usize - 1))]
    });
    let shapes: [&[u64]; 12] = [
        &[],
        &[3],
        &[3, 1],
        &[1, 3],
        &[3, 0],
        &[0, 3],
        &[(1 << 53) + 1, 0],
        &[1 << 53, 0],
        &[1 << 32, 0],
        &[1 << 63, 0],
        &[0, 1 << 33],
        &[1, 1, 3],
    ];
    let stated = shapes.into_iter().flat_map(|of_file| {
        shapes.map(|stated| {
            let count: u64 = of_file.iter().product();
            let bytes = file(of_file, count.div_ceil(32), None);
            vec![("a.q4".to_owned(), bytes, json!({ "shape": stated }))]
        })
    });
    let numbers = [0u64, 2, 3, 4, (1 << 32) + 3, (1 << 53) + 3, u64::MAX];
    let counted = numbers
        .map(|numel| vec![("a.q4".to_owned(), file(&[3], 1, None), json!({ "numel": numel }))]);
    let named = file_names().into_iter().map(|name| vec![(name, file(&[32], 1, None), json!({}))]);
    many.chain(long)
        .chain(stated)
        .chain(counted)
        .chain(named)
        .map(|tensors| directory(read, tensors))
        .filter(is_demanded)
        .collect()
}

/// A file of a tensor; `fault` is the block whose scale is a zero.
fn file(shape: &[u64], blocks: u64, fault: Option<usize>) -> Vec<u8> {
    let count: u64 = shape.iter().product();
    let mut payload = payload(format(FormatId::KHQ4), blocks as usize);
    if let Some(block) = fault {
        payload[20 * block..20 * block + 2].fill(0);
    }
    let container = files::named(FormatId::KHQ4).expect("a container");
    container.write(&[Tensor::of_blocks(shape, count, payload)]).expect("a tensor that it stores")
}

/// A directory of files, each with what the index says of it; one without bytes is not there.
fn directory(read: &ReadIndex, tensors: Vec<(String, Vec<u8>, Value)>) -> Question {
    let tensor = |(place, (name, _, more)): (usize, &(String, Vec<u8>, Value))| {
        let mut tensor = json!({ "name": format!("t{place}"), "file": name });
        if let (Value::Object(tensor), Value::Object(more)) = (&mut tensor, more) {
            tensor.extend(more.clone());
        }
        tensor
    };
    let index: Vec<Value> = tensors.iter().enumerate().map(tensor).collect();
    let text = |path: &str, text: String| DirectoryEntry {
        path: path.into(),
        content: Content::Text(text),
    };
    let mut entries =
        vec![text(INDEX_FILE, Value::from(index).to_string()), text(CONFIG_FILE, "{}".into())];
    let files = tensors.into_iter().filter(|(_, bytes, _)| !bytes.is_empty());
    entries.extend(
        files
            .map(|(path, bytes, _)| DirectoryEntry { path, content: Content::Bytes(Bytes(bytes)) }),
    );
    Question::ReadIndex(ReadIndex { path: File::Directory(entries), ..read.clone() })
}
