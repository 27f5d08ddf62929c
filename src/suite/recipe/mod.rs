//! Recipes: the further questions of a case, made by a named generator, where they are too many or too
//! long for a file.
//!
//! A case with a recipe stands in the vectors with one small question, as any other. Where that is passed, the
//! recipe's questions are asked in their order: the same verb, format, mode and types of floats, and every
//! f16, every size, every place. Their lawful answers are derived when they are asked, and a hash of each
//! question with its answers, which stands in the case, keeps either from changing unseen.

mod content;
mod faults;
mod headers;
mod indexes;
mod matmul;
mod numbers;
mod opened;
mod paths;
mod rotate;
mod sizes;
mod texts;
mod values;
mod wide;

pub(crate) use indexes::BEYOND_ASCII;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::answer::Answer;
use super::case::Case;
use super::expected::expected;
use super::lawful::Lawful;
use super::question::Question;

/// The further questions of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// The generator.
    pub name: RecipeName,
    /// For each question the first 16 digits of the SHA-256 of its JSON, a line feed, and the JSON of
    /// what may be answered.
    pub sha256: Vec<String>,
}

/// A generator of questions. Each takes verb, format and types from the case's own question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum RecipeName {
    /// Blocks, values or files in which every finite f16 stands in every field of f16.
    EveryNumber,
    /// Blocks whose numbers are drawn from all f16, and whose codes are drawn from all codes.
    DrawnNumbers,
    /// Values whose encodings store every f16 as scale, from below, from above, halfway and exactly.
    StoredNumbers,
    /// Values of every exponent of the source's type.
    EveryExponent,
    /// Weights as models have them, and values next to the middle of two codes.
    DrawnWeights,
    /// Sizes on both sides of each power of two up to 2^12 blocks, and one beyond 2^16 blocks.
    Sizes,
    /// The same sizes, with something that must be refused in the last block, value or byte.
    FaultAtTheEnd,
    /// Something that must be refused at each place of a tensor, one place a question.
    FaultAnywhere,
    /// Last blocks of every number of values.
    Tails,
    /// Files of many dimensions, and files on both sides of 4 KiB, 8 KiB, 64 KiB and 1 MiB.
    Dimensions,
    /// Every single bit of magic and version, versions from 0 to 255 and each power of two.
    HeaderBits,
    /// A sound file behind or in front of bytes that do not belong to it.
    ForeignBytes,
    /// Numbers of the request or the header that binary64, 32 bits or a sign do not hold.
    WideNumbers,
    /// The same file at paths of every kind of name.
    Paths,
    /// Other files, sound and not, at the path and of the length of the one before.
    SamePath,
    /// Names of tensors and files of every character and length.
    Names,
    /// `config.json` as real models have it, and as none has.
    Configs,
    /// An index of every kind of text.
    Texts,
    /// Directories that are opened: of many files, of every name, with shapes that are nearly right.
    Opened,
}

impl RecipeName {
    /// The questions, behind the case's own.
    pub fn questions(self, of: &Question) -> Vec<Question> {
        match (self, of) {
            (Self::EveryNumber, Question::Encode(of)) => values::every_value(of),
            (Self::EveryNumber, _) => numbers::every(of),
            (Self::DrawnNumbers, _) => numbers::drawn(of),
            (Self::StoredNumbers, Question::Encode(of)) => values::stored(of),
            (Self::EveryExponent, Question::Encode(of)) => values::every_exponent(of),
            (Self::DrawnWeights, Question::Encode(of)) => values::drawn(of),
            (Self::Sizes, Question::Matmul(of)) => matmul::sizes(of),
            (Self::Sizes, Question::Rotate(of)) => rotate::sizes(of),
            (Self::Sizes, Question::NameTensors(_) | Question::ReadIndex(_)) => indexes::sizes(of),
            (Self::Sizes, _) => sizes::sizes(of),
            (Self::FaultAtTheEnd, _) => faults::at_the_end(of),
            (Self::FaultAnywhere, _) => faults::anywhere(of),
            (Self::Tails, _) => sizes::tails(of),
            (Self::Dimensions, _) => sizes::dimensions(of),
            (Self::HeaderBits, _) => headers::bits(of),
            (Self::ForeignBytes, _) => headers::foreign(of),
            (Self::WideNumbers, _) => wide::numbers(of),
            (Self::Paths, _) => paths::names(of),
            (Self::SamePath, _) => paths::same(of),
            (Self::Names, _) => indexes::names(of),
            (Self::Configs, _) => texts::configs(of),
            (Self::Texts, _) => texts::indexes(of),
            (Self::Opened, _) => opened::directories(of),
            (Self::StoredNumbers | Self::EveryExponent | Self::DrawnWeights, _) => Vec::new(),
        }
    }

    /// What it makes, for a person.
    pub fn about(self) -> &'static str {
        match self {
            Self::EveryNumber => "every finite f16 in every field of f16",
            Self::DrawnNumbers => "numbers drawn from all f16, and codes from all codes",
            Self::StoredNumbers => "values whose encodings store every f16 as scale",
            Self::EveryExponent => "values of every exponent",
            Self::DrawnWeights => "drawn weights, and values next to the middle of two codes",
            Self::Sizes => "sizes on both sides of each power of two",
            Self::FaultAtTheEnd => "the same sizes, the last block, value or byte at fault",
            Self::FaultAnywhere => "a fault at each place of a tensor",
            Self::Tails => "last blocks of every number of values",
            Self::Dimensions => "many dimensions, and sizes on both sides of a page",
            Self::HeaderBits => "every bit of magic and version, and every small version",
            Self::ForeignBytes => "bytes that do not belong to the file",
            Self::Paths => "paths of every kind of name",
            Self::SamePath => "other bytes at the same path",
            Self::Names => "names of every character and length",
            Self::Configs => "config.json of every kind",
            Self::Texts => "an index of every kind of text",
            Self::Opened => "directories of many files, names and shapes",
            Self::WideNumbers => "numbers above 2^53, above 2^63, and of two unlike halves",
        }
    }
}

impl Recipe {
    /// The recipe of that name for a question, with its hashes.
    ///
    /// # Errors
    ///
    /// Where nothing is demanded of one of the questions, or there are none.
    pub fn of(name: RecipeName, question: &Question) -> Result<Self, String> {
        let hash = |question: Question| match expected(&question, None) {
            Lawful::Undemanded(why) => Err(why),
            lawful => Ok(hash(&question, &lawful)),
        };
        let sha256: Vec<String> =
            name.questions(question).into_iter().map(hash).collect::<Result<_, _>>()?;
        if sha256.is_empty() {
            return Err(format!("the recipe asks nothing of {}", question.operation()));
        }
        Ok(Self { name, sha256 })
    }
}

/// A question of a recipe, as a case of its own: with the id and all that is said of the case.
#[derive(Clone, Debug)]
pub struct Part {
    /// Its number, from 1.
    pub number: usize,
    /// How many there are.
    pub of: usize,
    /// The question and what may be answered.
    pub case: Case,
}

impl Part {
    /// The question in a few words.
    pub fn in_words(&self, name: RecipeName) -> String {
        format!("question {} of {} ({})", self.number, self.of, name.about())
    }
}

/// The questions of a case's recipe; none where it has no recipe.
///
/// # Errors
///
/// Where a question or its lawful answers are not those that the case has the hash of.
pub fn parts(case: &Case) -> impl Iterator<Item = Result<Part, String>> {
    case.recipe.iter().flat_map(move |recipe| {
        let questions = recipe.name.questions(&case.question);
        let (of, stored) = (questions.len(), recipe.sha256.len());
        let wrong = (of != stored)
            .then(|| Err(format!("the recipe makes {of} questions, the case has {stored}")));
        let parts = questions.into_iter().zip(&recipe.sha256).enumerate();
        wrong.into_iter().chain(parts.map(move |(index, (question, stored))| {
            let (number, expect) = (index + 1, expected(&question, None));
            if hash(&question, &expect) != *stored {
                return Err(format!("question {number} of its recipe is not what the hash says"));
            }
            let case = Case { question, expect, recipe: None, control: None, ..case.clone() };
            Ok(Part { number, of, case })
        }))
    })
}

fn hash(question: &Question, lawful: &Lawful<Answer>) -> String {
    let mut hasher = Sha256::new();
    let written = "a digest takes all that is written";
    serde_json::to_writer(Writer(&mut hasher), question).expect(written);
    hasher.update(b"\n");
    serde_json::to_writer(Writer(&mut hasher), lawful).expect(written);
    let digest = hasher.finalize();
    super::hex::Bytes(digest[..8].to_vec()).to_string()
}

/// A digest as something to write to.
struct Writer<'a>(&'a mut Sha256);

impl std::io::Write for Writer<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
