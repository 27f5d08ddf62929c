//! Edits of JSON by its tokens: numbers at the limits of their types, hex of other lengths and
//! digits, keys that are missing, doubled or unknown, nesting.

use super::{coin, edits, pick};
use crate::suite::random::SplitMix64;

/// The longest text that a mutation makes.
const LONGEST: usize = 16 << 10;

/// Numbers that readers of JSON get wrong.
const NUMBERS: [&str; 14] = [
    "0",
    "-0",
    "-1",
    "1.0",
    "1e2",
    "1e999",
    "4294967296",
    "9007199254740993",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "01",
    "null",
    "true",
];

/// Strings that stand where hex, a name or a path is expected.
const STRINGS: [&str; 15] = [
    "",
    "0",
    "00",
    "0a0B",
    "zz",
    "\\u0000",
    "\\ud800",
    "40a00000 40c00000",
    "trailing_bytes",
    "a_weight.q4",
    "/a.q4",
    "../a.q4",
    "b/../a..q4",
    "tensors",
    "quarot_seed",
];

/// A mutation of a text.
pub(in crate::fuzz) fn text(input: &[u8], dice: &mut SplitMix64) -> Vec<u8> {
    let mut text = input.to_vec();
    for _ in 0..edits(dice) {
        edit(&mut text, dice);
    }
    text.truncate(LONGEST);
    text
}

fn edit(text: &mut Vec<u8>, dice: &mut SplitMix64) {
    let tokens = tokens(text);
    if tokens.is_empty() {
        text.extend(b"{\"op\":\"decode\",\"seq\":1}");
        return;
    }
    let (start, end) = pick(dice, &tokens);
    match text[start] {
        b'"' => string(text, start, end, dice),
        b'-' | b'0'..=b'9' => drop(text.splice(start..end, pick(dice, &NUMBERS).bytes())),
        _ => match dice.below(6) {
            0 => drop(text.splice(start..end, [])),
            1 => drop(text.splice(start..start, b"[".repeat(1 + dice.below(200) as usize))),
            2 => drop(text.splice(start..end, *b"null")),
            3 => text.truncate(start),
            4 => drop(text.splice(start..start, *b" \t")),
            _ => {
                // A piece of the text, doubled: keys, members and elements stand twice.
                let (_, other) = pick(dice, &tokens);
                let piece = text[start.min(other)..start.max(other)].to_vec();
                drop(text.splice(start..start, piece));
            }
        },
    }
}

fn string(text: &mut Vec<u8>, start: usize, end: usize, dice: &mut SplitMix64) {
    let inside = start + 1..end - 1;
    match dice.below(6) {
        0 => drop(text.splice(inside, pick(dice, &STRINGS).bytes())),
        1 if inside.len() > 1 => drop(text.drain(inside.start..inside.start + 1)),
        2 if inside.len() > 1 => drop(text.drain(inside.start..inside.start + 2)),
        3 => {
            let digits = text[inside.clone()].to_vec();
            drop(text.splice(inside.end..inside.end, digits));
        }
        4 if !inside.is_empty() => {
            let at = inside.start + dice.below(inside.len() as u64) as usize;
            text[at] = pick(dice, b"0f8cA_- \\\"\x00\xff");
        }
        _ if coin(dice) => drop(text.splice(start..end, *b"1")),
        _ => drop(text.splice(inside, *b"op")),
    }
}

/// Where each string, number, word and mark of a JSON text begins and ends. Takes any bytes.
fn tokens(text: &[u8]) -> Vec<(usize, usize)> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let start = at;
        let run = |from: usize, is_inside: &dyn Fn(u8) -> bool| {
            text[from..].iter().position(|&byte| !is_inside(byte)).map_or(text.len(), |n| from + n)
        };
        at = match text[at] {
            b'"' => match text[at + 1..].iter().position(|&byte| byte == b'"') {
                Some(inside) => at + inside + 2,
                None => return tokens,
            },
            b'-' | b'0'..=b'9' => run(at + 1, &|byte| byte.is_ascii_digit() || byte == b'.'),
            byte if byte.is_ascii_alphabetic() => run(at + 1, &|byte| byte.is_ascii_alphabetic()),
            byte => {
                at += 1;
                if byte.is_ascii_whitespace() {
                    continue;
                }
                at
            }
        };
        tokens.push((start, at));
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_into_its_tokens() {
        let text = br#"{"seq": -12, "ok":true}"#;
        let words: Vec<_> = tokens(text)
            .into_iter()
            .map(|(start, end)| String::from_utf8_lossy(&text[start..end]).into_owned())
            .collect();
        assert_eq!(words, ["{", "\"seq\"", ":", "-12", ",", "\"ok\"", ":", "true", "}"]);
    }

    #[test]
    fn any_bytes_can_be_mutated() {
        let mut dice = SplitMix64::new(8);
        let mut input = br#"{"seq":1,"op":"decode","blocks":"00"}"#.to_vec();
        for _ in 0..3000 {
            input = text(&input, &mut dice);
            assert!(input.len() <= LONGEST);
        }
        for _ in 0..3000 {
            let noise: Vec<u8> = (0..dice.below(60)).map(|_| dice.next_u64() as u8).collect();
            text(&noise, &mut dice);
        }
    }
}
