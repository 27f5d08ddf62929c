//! `inspect`: sound files, broken ones, and what is no file at all.

use std::time::Instant;

use crate::support::{Bench, Finished, file_bytes, make_fifo, q4proof};

fn inspect(bytes: &[u8]) -> Finished {
    let bench = Bench::new();
    let path = bench.write("file.q4", bytes);
    let inspected = q4proof(["inspect".as_ref(), path.as_os_str()]);
    assert!(inspected.stdout.len() < 4096, "{} bytes", inspected.stdout.len());
    inspected
}

/// The worked example with other bytes at `offset`.
fn edited(offset: usize, bytes: &[u8]) -> Vec<u8> {
    let mut file = file_bytes();
    file[offset..offset + bytes.len()].copy_from_slice(bytes);
    file
}

#[test]
fn a_sound_file_is_told_field_by_field() {
    inspect(&file_bytes()).shows(
        0,
        &[
            "         0  4b485134                          magic            \"KHQ4\"\n",
            "        20  0300000000000000                  original_len     3\n",
            "        28  4430                              block 0 scale    0.13330078\n",
            "3 values in 1 block, shape [3]\n",
            "values from 5.0 to 6.9995117\n",
            "scales: 0 negative, 0 subnormal; biases: 0 subnormal\n",
            "padding: 29 nibbles, 0 of them not 0\n",
            "sound: copy and map agree\n",
        ],
    );
}

#[test]
fn unusual_blocks_are_counted() {
    let mut bytes = edited(28, &[0x01, 0x80, 0xff, 0x03]);
    bytes[47] = 0x10;
    inspect(&bytes).shows(
        0,
        &[
            "scales: 1 negative, 1 subnormal; biases: 1 subnormal\n",
            "29 nibbles, 1 of them not 0\n",
        ],
    );
}

#[test]
fn what_is_wrong_is_named_with_its_place_class_and_clause() {
    for (bytes, words) in [
        (Vec::new(), ["refused: truncated_header at byte 0", "clause: KHQ4-H4"]),
        (b"KHQ".to_vec(), ["refused: truncated_header at byte 3", "clause: KHQ4-H4"]),
        (b"GGUF\x03\0\0\0".to_vec(), ["magic at byte 0: magic is \"GGUF\"", "clause: KHQ4-H1"]),
        (edited(4, &[1]), ["legacy_version at byte 4", "quantize again"]),
        (edited(4, &[3]), ["version at byte 4: version is 3, expected 2", "clause: KHQ4-H2"]),
        (edited(8, &[0xff; 4]), ["dimensions at byte 8: ndim is 4294967295", "clause: KHQ4-H3"]),
        (edited(20, &[4]), ["shape_mismatch at byte 20", "clause: KHQ4-H5"]),
        (edited(12, &[0xff; 16]), ["truncated_payload at byte 48", "clause: KHQ4-P1"]),
        (file_bytes()[..47].to_vec(), ["truncated_payload at byte 47", "clause: KHQ4-P1"]),
        ([file_bytes(), vec![0]].concat(), ["trailing_bytes at byte 48", "clause: KHQ4-P2"]),
        (edited(28, &[0, 0x7e]), ["scale at byte 28: block 0", "clause: KHQ4-P3"]),
        (edited(30, &[0, 0xfc]), ["bias at byte 30: block 0", "clause: KHQ4-P4"]),
    ] {
        inspect(&bytes).shows(1, &words);
    }
}

#[test]
fn a_large_hostile_file_is_told_in_few_words() {
    let ndim = 100_000_u32;
    let mut bytes = b"KHQ4\x02\0\0\0".to_vec();
    bytes.extend(ndim.to_le_bytes());
    bytes.resize(bytes.len() + 8 * ndim as usize + 8, 0xff);
    inspect(&bytes)
        .shows(1, &["overflow at byte 20", "shape[8] to shape[99999]", "clause: KHQ4-H6"]);
}

#[test]
fn words_of_a_file_cannot_steer_the_terminal() {
    let inspected = inspect(b"\x1b[2J");
    inspected.shows(1, &["refused: magic at byte 0"]);
    assert!(!inspected.stdout.contains('\x1b'), "{inspected:#?}");
}

#[test]
fn what_is_no_regular_file_is_refused_at_once() {
    let bench = Bench::new();
    let fifo = bench.path("fifo.q4");
    make_fifo(&fifo);
    let started = Instant::now();
    for path in [fifo.as_path(), &bench.path("vectors"), "/dev/null".as_ref()] {
        let inspected = q4proof(["inspect".as_ref(), path.as_os_str()]);
        inspected.shows(1, &["refused: not_a_file", "expected a regular file", "clause: KHQ4-A1"]);
    }
    assert!(started.elapsed().as_secs() < 5);
}

#[test]
fn a_file_that_cannot_be_read_is_a_usage_error() {
    let missing = Bench::new().text("no-such-file.q4");
    q4proof(["inspect", &missing]).says(2, &[&missing, "No such file or directory"]);
}
