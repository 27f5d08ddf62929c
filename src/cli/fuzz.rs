//! `fuzz`: single inputs of the fuzz targets, and the corpus. Campaigns are `scripts/fuzz.sh`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::output::print;
use super::problem::{Exit, Problem};
use super::subject::implementation;
use crate::format::stream::read_up_to;
use crate::fuzz::{self, Payload, Source, Target, Verdict, corpus};
use crate::report::case::{in_words, payload};
use crate::report::inspection;
use crate::report::text::{BAD, Cell, GOOD, plain, styled, table};
use crate::store::regular_file;
use crate::subject::InProcess;
use crate::suite::hex::Bytes;
use crate::suite::operation::{Operation, Verb};
use crate::suite::question::Question;

/// The longest input that is read, in bytes: no campaign makes one as long.
const LONGEST_INPUT: u64 = 16 << 20;

/// Values of an encoder's input that are shown.
const MOST_VALUES: usize = 128;

/// Characters of a text, and of a finding, that are shown.
const LONGEST_TEXT: usize = 4000;

/// Ask about a single fuzz input, or look after the corpus
#[derive(Args)]
pub struct Fuzz {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Name every target, a line each
    ///
    /// This list is the only one: scripts, CI and the corpus read it.
    Targets,
    /// Show inputs field by field, and what the oracles say of them
    ///
    /// Exits with 0 where nothing was found, 1 where something was.
    Ask {
        /// The target
        #[arg(value_parser = target)]
        target: Target,
        /// Inputs, such as those in target/fuzz-report/findings
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Who is asked: reference or planted:NAME
        #[arg(long, value_name = "NAME", default_value = "reference")]
        subject: String,
    },
    /// Add an input whose fault is mended to the regressions, named by its verdict and its hash
    Promote {
        /// The target
        #[arg(value_parser = target)]
        target: Target,
        /// The input, or a finding of `hunt`
        file: PathBuf,
        /// The root cause, in a sentence
        note: String,
        /// A planted fault that the input shows
        #[arg(long, value_name = "planted:NAME")]
        fault: Option<String>,
        /// The corpus
        #[arg(long, default_value = "corpus")]
        corpus: PathBuf,
    },
    /// Write every target's seeds anew: the controls of the vectors' refusals
    Seeds {
        /// The corpus
        #[arg(long, default_value = "corpus")]
        corpus: PathBuf,
    },
}

fn target(name: &str) -> Result<Target, String> {
    Target::by_name(name).ok_or_else(|| {
        let names: Vec<String> = Target::all().into_iter().map(Target::name).collect();
        format!("there is {}", names.join(", "))
    })
}

impl Fuzz {
    /// # Errors
    ///
    /// Where a file cannot be read, there is no such subject, or the corpus is not whole.
    pub fn run(self) -> Result<Exit, Problem> {
        let usage = |error: corpus::CorpusError| Problem::Usage(error.to_string());
        match self.action {
            Action::Targets => {
                let names = Target::all().into_iter().map(|target| target.name() + "\n");
                print(&names.collect::<String>())?;
                Ok(Exit::Good)
            }
            Action::Ask { target, files, subject } => ask(target, &files, &subject),
            Action::Promote { target, file, note, fault, corpus } => {
                let mut input = read(&file)?;
                // A file of vectors is itself an input of one target.
                if target != Target::VectorFile
                    && let Some(of_case) = corpus::of_finding(target, &input)
                {
                    let said = |what| Problem::Usage(format!("{}: {what}", file.display()));
                    input = of_case.map_err(said)?;
                }
                let path = corpus::promote(&corpus, target, &input, fault.as_deref(), &note);
                print(&format!("{}\n", path.map_err(usage)?.display()))?;
                Ok(Exit::Good)
            }
            Action::Seeds { corpus } => {
                corpus::write_seeds(&corpus).map_err(usage)?;
                let count: usize = Target::all().into_iter().map(|one| one.seeds().len()).sum();
                print(&format!("{count} seeds in {}\n", corpus.display()))?;
                Ok(Exit::Good)
            }
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Problem> {
    let unread = |what: String| Problem::Usage(format!("{}: {what}", path.display()));
    let mut file = regular_file(path).map_err(|error| unread(error.error.detail))?;
    let mut input = Vec::new();
    let len = read_up_to(&mut file, &mut input, LONGEST_INPUT + 1)
        .map_err(|error| unread(error.to_string()))?;
    if len > LONGEST_INPUT {
        return Err(unread(format!("is longer than {LONGEST_INPUT} bytes, no fuzz input")));
    }
    Ok(input)
}

fn ask(target: Target, files: &[PathBuf], subject: &str) -> Result<Exit, Problem> {
    let subject = InProcess::new(implementation(subject)?);
    let mut exit = Exit::Good;
    for path in files {
        let input = read(path)?;
        let verdict = match target.run(&subject, &input) {
            Verdict::Accepted => styled("accepted, and all that follows from it holds", GOOD),
            Verdict::Refused(class) => {
                let class = class.map(|class| format!(" as {class}")).unwrap_or_default();
                styled(&format!("refused{class}, as is lawful"), GOOD)
            }
            Verdict::Finding(finding) => {
                exit = Exit::Bad;
                let detail = plain(&finding.to_string(), LONGEST_TEXT);
                format!("{} {detail}", styled("finding", BAD))
            }
        };
        let name = plain(&path.display().to_string(), 400);
        print(&format!("{name}: {target}\n{}\n{verdict}\n", annotated(target, &input)))?;
    }
    Ok(exit)
}

/// An input as its target reads it.
fn annotated(target: Target, input: &[u8]) -> String {
    let as_text = || match std::str::from_utf8(input) {
        Ok(text) => format!("  {}\n", plain(text, LONGEST_TEXT)),
        Err(_) => format!("  no UTF-8: {}\n", Bytes(input.to_vec())),
    };
    match target {
        Target::Operation(Operation { verb, format }) => match verb {
            Verb::Load | Verb::Save => inspection::fields(input, input.len() as u64),
            Verb::Matmul => in_words(&Question::Matmul(fuzz::product(input))),
            Verb::Rotate => in_words(&Question::Rotate(fuzz::rotation(input))),
            Verb::Decode => {
                let Payload { original_len, blocks } = Payload::read(input);
                let head = format!("  original_len {original_len}, then {} bytes:\n", blocks.len());
                head + &payload(format, &Bytes(blocks), original_len)
            }
            Verb::Encode => source(input),
            Verb::ReadIndex | Verb::NameTensors | Verb::Generate => as_text(),
        },
        Target::AccessPaths | Target::SaveLoad => inspection::fields(input, input.len() as u64),
        Target::Convert => {
            let header = &input[input.len().min(8)..];
            format!("  {}\n", plain(&String::from_utf8_lossy(header), LONGEST_TEXT))
        }
        Target::ProtocolLine | Target::VectorFile => as_text(),
    }
}

/// An encoder's input.
fn source(input: &[u8]) -> String {
    let source = Source::read(input);
    let shape = source.shape();
    let head = format!("  {:?}, of {}, shape {shape:?}\n", source.mode, source.float.name());
    let line = |(index, value): (usize, &f32)| {
        let bits = format!("{:08x}", value.to_bits());
        let block = format!("block {}", index / 32);
        [Cell::right(index), Cell::left(bits), Cell::right(value), Cell::left(block)].to_vec()
    };
    let values = source.values.iter().enumerate().take(MOST_VALUES);
    let lines: Vec<_> = values.map(line).collect();
    let more = source.values.len().saturating_sub(MOST_VALUES);
    let more = if more > 0 { format!("  ... and {more} more\n") } else { String::new() };
    head + &table(2, &lines) + &more
}
