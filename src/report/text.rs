//! Text in columns, and words from outside made fit to print.
//!
//! Styles stand in the text as escape sequences; whoever prints it strips them where the output is
//! no terminal.

use std::fmt::Write;

use crate::suite::judge::Outcome;

/// How a word looks on a terminal: the escape sequence before it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style(&'static str);

/// As any other word.
pub const PLAIN: Style = Style("");

/// What is as it must be: green.
pub const GOOD: Style = Style("\x1b[32m");

/// What is lawful, and still worth a look: yellow.
pub const FAIR: Style = Style("\x1b[33m");

/// What must not be: bold and red.
pub const BAD: Style = Style("\x1b[1m\x1b[31m");

/// Ends every style.
const END: &str = "\x1b[0m";

/// The style of an outcome's word.
pub fn style_of(outcome: Outcome) -> Style {
    match outcome {
        Outcome::NotInProfile => PLAIN,
        Outcome::Pass => GOOD,
        Outcome::PassAlternate | Outcome::WrongClass => FAIR,
        _ => BAD,
    }
}

/// `text` in `style`.
pub fn styled(text: &str, style: Style) -> String {
    match style.0 {
        "" => text.to_owned(),
        begin => format!("{begin}{text}{END}"),
    }
}

/// `text` without its styles, for what is no terminal.
pub fn unstyled(text: &str) -> String {
    [GOOD, FAIR, BAD].iter().fold(text.replace(END, ""), |text, style| text.replace(style.0, ""))
}

/// One cell of a table.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    text: String,
    style: Style,
    right: bool,
}

impl Cell {
    /// A word, which begins where its column begins.
    pub fn left(text: impl ToString) -> Self {
        Self { text: text.to_string(), ..Self::default() }
    }

    /// A number, which ends where its column ends.
    pub fn right(text: impl ToString) -> Self {
        Self { right: true, ..Self::left(text) }
    }

    /// The same cell in `style`.
    pub fn styled(self, style: Style) -> Self {
        Self { style, ..self }
    }

    /// What stands in it.
    pub fn text(&self) -> String {
        self.text.clone()
    }

    fn width(&self) -> usize {
        self.text.chars().count()
    }
}

/// Lines of cells in columns, two spaces apart, each line after `indent` spaces.
pub fn table(indent: usize, lines: &[Vec<Cell>]) -> String {
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        lines.iter().filter_map(|line| line.get(column)).map(Cell::width).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for line in lines {
        // The spaces that a cell leaves are written once something follows them.
        let mut spaces = indent;
        for (cell, width) in line.iter().zip(&widths) {
            let rest = width - cell.width();
            if !cell.text.is_empty() {
                let before = spaces + if cell.right { rest } else { 0 };
                write!(text, "{:before$}{}", "", styled(&cell.text, cell.style)).ok();
                spaces = 0;
            }
            let left_over = match (cell.text.is_empty(), cell.right) {
                (true, _) => *width,
                (false, true) => 0,
                (false, false) => rest,
            };
            spaces += left_over + 2;
        }
        text.push('\n');
    }
    text
}

/// The width of a report's lines, in characters, wherever the words can be broken.
pub const WIDTH: usize = 100;

/// `text` in lines of at most [`WIDTH`] characters, broken at spaces: the first behind `indent` spaces, the others
/// two further in. A word that is longer stands on a line of its own.
pub fn wrapped(indent: usize, text: &str) -> String {
    let mut lines = String::new();
    let mut width = 0;
    for word in text.split(' ') {
        let len = unstyled(word).chars().count();
        if width == 0 {
            write!(lines, "{:indent$}", "").ok();
            width = indent;
        } else if width + 1 + len > WIDTH {
            write!(lines, "\n{:1$}", "", indent + 2).ok();
            width = indent + 2;
        } else {
            lines.push(' ');
            width += 1;
        }
        lines.push_str(word);
        width += len;
    }
    lines.push('\n');
    lines
}

/// Whether a character steers what shows it: a control character, or one that reverses the direction
/// of text.
pub(crate) fn steers(character: char) -> bool {
    let reverses = matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    character.is_control() || reverses
}

/// Words from a subject or a file as one printable line of at most `limit` characters: control
/// characters, and those that reverse the direction of text, stand as escapes.
pub fn plain(text: &str, limit: usize) -> String {
    let mut line = String::new();
    for (count, character) in text.chars().enumerate() {
        if count >= limit {
            line.push_str("...");
            break;
        }
        if steers(character) {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    line
}

/// `text` with the path that the harness gave a file for one question shortened to `FILE`, so that
/// the answers to the same question read the same.
pub fn without_paths(text: &str) -> String {
    const FOLDER: &str = "/q4proof-";
    let mut short = String::new();
    let mut rest = text;
    while let Some(found) = rest.find(FOLDER) {
        let ends_word = |character: char| character.is_whitespace() || "\"'`(<".contains(character);
        let before =
            rest[..found].char_indices().rev().find(|&(_, character)| ends_word(character));
        let start = before.map_or(0, |(at, character)| at + character.len_utf8());
        let Some(end) = file_end(&rest[found + FOLDER.len()..]) else {
            short.push_str(&rest[..found + FOLDER.len()]);
            rest = &rest[found + FOLDER.len()..];
            continue;
        };
        short.push_str(&rest[..start]);
        short.push_str("FILE");
        rest = &rest[found + FOLDER.len() + end..];
    }
    short + rest
}

/// The end of `Ab3dEf/12.q4` at the start of `text`, or of another path that is given for a question.
fn file_end(text: &str) -> Option<usize> {
    let (folder, file) = text.split_once('/')?;
    let digits = file.bytes().take_while(u8::is_ascii_digit).count();
    let endings = [".q4", ".f16", ".folder/tensor", ".folder/model", ".folder"];
    let ending = endings.iter().find(|&&ending| file[digits..].starts_with(ending))?;
    let whole = folder.bytes().all(|byte| byte.is_ascii_alphanumeric()) && digits > 0;
    whole.then_some(folder.len() + 1 + digits + ending.len())
}

/// A small number in two digits and a power of ten.
pub fn small(number: f64) -> String {
    if number == 0.0 { "0".to_owned() } else { format!("{number:.1e}") }
}

/// `1 case`, `2 cases`.
pub fn counted(count: usize, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{ending}")
}

/// Bytes in hex, the first `limit` of them.
pub fn hex(bytes: &[u8], limit: usize) -> String {
    let mut text: String = bytes.iter().take(limit).map(|byte| format!("{byte:02x}")).collect();
    if bytes.len() > limit {
        text.push_str("...");
    }
    text
}

/// A shape, of which the first dimensions.
pub fn shape(shape: &[u64]) -> String {
    const SHOWN: usize = 8;
    match shape.len().checked_sub(SHOWN) {
        None | Some(0) => format!("{shape:?}"),
        Some(more) => format!("{:?} and {more} more", &shape[..SHOWN]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Green passes, yellow passes too, all else is red.
    #[test]
    fn an_outcome_has_the_colour_of_what_it_means() {
        use Outcome::*;
        let coloured = |outcome| styled("x", style_of(outcome));
        assert_eq!(coloured(NotInProfile), "x");
        assert_eq!(coloured(Pass), "\x1b[32mx\x1b[0m");
        for outcome in [PassAlternate, WrongClass] {
            assert_eq!(coloured(outcome), "\x1b[33mx\x1b[0m");
        }
        for outcome in [
            Fail,
            ControlRejected,
            Unsupported,
            Timeout,
            Crash,
            ProtocolError,
            OverBudget,
            Inconsistent,
        ] {
            assert_eq!(coloured(outcome), "\x1b[1m\x1b[31mx\x1b[0m", "{outcome:?}");
        }
    }

    #[test]
    fn columns_are_aligned_and_lines_end_without_spaces() {
        let lines = [
            vec![Cell::left("name"), Cell::right("count"), Cell::left("")],
            vec![Cell::left("a"), Cell::right(7), Cell::left("note")],
            vec![Cell::left(""), Cell::right(12345678)],
        ];
        let shown = unstyled(&table(1, &lines));
        assert_eq!(shown, " name     count\n a            7  note\n       12345678\n");
    }

    #[test]
    fn words_are_broken_into_lines_of_a_hundred() {
        assert_eq!(wrapped(2, "a bc"), "  a bc\n");
        assert_eq!(wrapped(0, ""), "\n");
        let text = ["word"; 30].join(" ");
        let lines = wrapped(4, &text);
        let lines: Vec<&str> = lines.lines().collect();
        assert_eq!(lines.len(), 2);
        // 4 spaces, and 19 words with 18 spaces between them: one more takes 103.
        assert_eq!((lines[0].len(), lines[1].len()), (98, 6 + 11 * 5 - 1));
        assert!(lines[1].starts_with("      word"));
        let long = "x".repeat(200);
        assert_eq!(wrapped(0, &format!("a {long} b")), format!("a\n  {long}\n  b\n"));
        let styled = format!("{} {}", styled("word", BAD), ["word"; 19].join(" "));
        assert_eq!(wrapped(0, &styled).lines().count(), 1, "a style takes no place");
    }

    #[test]
    fn words_from_outside_cannot_steer_the_terminal() {
        assert_eq!(plain("a\x1b[2Jb\nc\u{202e}d", 99), "a\\u{1b}[2Jb\\nc\\u{202e}d");
        assert_eq!(plain("abcdef", 3), "abc...");
        assert_eq!(plain("abc", 3), "abc");
    }

    #[test]
    fn the_harness_s_paths_are_shortened_and_no_others() {
        let message = "load \"/tmp/q4proof-aB3x9Z/12.q4\": bad, see /tmp/x.q4";
        assert_eq!(without_paths(message), "load \"FILE\": bad, see /tmp/x.q4");
        assert_eq!(without_paths("/tmp/q4proof-ab/1.q4: a /t/q4proof-c/2.q4"), "FILE: a FILE");
        let other = "/home/q4proof-lattice/target/x and /tmp/q4proof-ab/x.q4";
        assert_eq!(without_paths(other), other);
        assert_eq!(
            without_paths("fichier\u{a0}:\u{3000}/tmp/q4proof-ab/1.q4"),
            "fichier\u{a0}:\u{3000}FILE"
        );
    }

    #[test]
    fn each_path_of_a_question_is_shortened_and_none_that_looks_like_one() {
        for (path, short) in [
            ("/tmp/q4proof-aB/7.f16", "FILE"),
            ("/dev/shm/q4proof-aB/7.folder/tensor", "FILE"),
            ("/tmp/q4proof-aB/7.folder/model/a.q4", "FILE/a.q4"),
            ("/tmp/q4proof-aB/7.folder: left", "FILE: left"),
        ] {
            assert_eq!(without_paths(path), short);
        }
        for path in ["/tmp/q4proof-x-y/1.q4", "/tmp/q4proof-ab/12.bin", "/tmp/q4proof-ab/.q4"] {
            assert_eq!(without_paths(path), path);
        }
    }
}
