//! The messages of `conformance/PROTOCOL.md`, as types: a request, its answer, and what can go
//! wrong between the two.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::implementation::{Implementation, Response};
use crate::suite::answer::Answer;
use crate::suite::case::Line;
use crate::suite::feature::FormatFeature;
use crate::suite::operation::{FormatId, Operation, Verb};
use crate::suite::question::{
    Decode, Encode, Generate, Load, Matmul, NameTensors, Question, ReadIndex, Rotate, Save,
};

/// The version of the protocol.
pub const PROTOCOL: u32 = 1;

/// The answer to the handshake: who answers, and what is offered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hello {
    /// The protocol that the subject speaks.
    pub protocol: u32,
    /// The implementation's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The language it is written in.
    pub language: String,
    /// Operations, such as `decode:q4_1`, and optional features, such as `to-f16:khq4`.
    pub capabilities: Vec<String>,
    /// The public ways into an operation, by its name; each is asked every case. At most
    /// [`MOST_ENTRIES`](Self::MOST_ENTRIES) of one operation.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub entries: BTreeMap<String, Vec<String>>,
}

impl Hello {
    /// The most ways into one operation: far more than any library has.
    pub const MOST_ENTRIES: usize = 32;

    /// The ways into `operation`; the one without a name where none is named.
    pub fn entries(&self, operation: Operation) -> Vec<Option<String>> {
        match self.entries.get(&operation.to_string()) {
            Some(entries) if !entries.is_empty() => entries.iter().cloned().map(Some).collect(),
            _ => vec![None],
        }
    }

    /// Whether `feature` is offered.
    pub fn offers(&self, feature: FormatFeature) -> bool {
        let name = feature.to_string();
        self.capabilities.contains(&name)
    }
}

/// One request, without the `seq` that numbers it: a question whose file lies at a path, and the way in
/// that is asked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Request {
    /// The way in, where several are named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// The question.
    #[serde(flatten)]
    pub question: Question<String>,
    /// How it is written on its line.
    #[serde(skip)]
    pub line: Option<Line>,
}

/// A line that was read as a request.
#[derive(Clone, Debug, PartialEq)]
pub enum RequestLine {
    /// A question.
    Question {
        /// Its number.
        seq: u64,
        /// The request.
        request: Request,
    },
    /// No operation of this protocol: to be answered with unsupported.
    Unknown {
        /// Its number.
        seq: u64,
    },
    /// The handshake.
    Hello,
}

impl RequestLine {
    /// Reads a line. Keys that nothing is known of are passed over; a verb, a format or a pair of them that
    /// is not known, is no error.
    ///
    /// # Errors
    ///
    /// What is wrong, for a person.
    pub fn read(text: &[u8]) -> Result<Self, String> {
        let wrong = |error: serde_json::Error| error.to_string();
        let mut members: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(text).map_err(wrong)?;
        let word = |key: &str| {
            let value = members.get(key).ok_or(format!("missing field `{key}`"))?;
            value.as_str().map(str::to_owned).ok_or(format!("`{key}` is no text"))
        };
        let op = word("op")?;
        if op == "hello" {
            return Ok(Self::Hello);
        }
        let seq = members.get("seq").ok_or("missing field `seq`")?;
        let seq = seq.as_u64().ok_or("`seq` is no u64")?;
        let format = word("format")?;
        let entry = match members.get("entry") {
            None => None,
            Some(_) => Some(word("entry")?),
        };
        let verb = Verb::named(&op);
        let operation = verb.zip(FormatId::named(&format));
        let Some((verb, _)) =
            operation.filter(|&(verb, format)| Operation::new(verb, format).exists())
        else {
            return Ok(Self::Unknown { seq });
        };
        let known = keys(verb);
        members.retain(|key, _| known.contains(&key.as_str()));
        let question = question(verb, members.into()).map_err(wrong)?;
        Ok(Self::Question { seq, request: Request { entry, question, line: None } })
    }
}

/// The question of `verb` with these arguments. Read so, it is not copied once more to find its verb.
fn question(verb: Verb, members: serde_json::Value) -> serde_json::Result<Question<String>> {
    use serde_json::from_value;
    Ok(match verb {
        Verb::Decode => Question::Decode(from_value(members)?),
        Verb::Encode => Question::Encode(from_value(members)?),
        Verb::Load => Question::Load(from_value(members)?),
        Verb::Save => Question::Save(from_value(members)?),
        Verb::Matmul => Question::Matmul(from_value(members)?),
        Verb::Rotate => Question::Rotate(from_value(members)?),
        Verb::ReadIndex => Question::ReadIndex(from_value(members)?),
        Verb::NameTensors => Question::NameTensors(from_value(members)?),
        Verb::Generate => Question::Generate(from_value(members)?),
    })
}

/// The keys of a verb's arguments.
fn keys(verb: Verb) -> &'static [&'static str] {
    use serde_aux::serde_introspection::serde_introspect;
    match verb {
        Verb::Decode => serde_introspect::<Decode>(),
        Verb::Encode => serde_introspect::<Encode>(),
        Verb::Load => serde_introspect::<Load<String>>(),
        Verb::Save => serde_introspect::<Save<String>>(),
        Verb::Matmul => serde_introspect::<Matmul>(),
        Verb::Rotate => serde_introspect::<Rotate>(),
        Verb::ReadIndex => serde_introspect::<ReadIndex<String>>(),
        Verb::NameTensors => serde_introspect::<NameTensors>(),
        Verb::Generate => serde_introspect::<Generate<String>>(),
    }
}

impl Request {
    /// A question asked through the way in that has no name.
    pub fn of(question: Question<String>) -> Self {
        Self { entry: None, question, line: None }
    }

    /// The path of the file that is to be saved, if this is a save.
    pub fn saves_to(&self) -> Option<&str> {
        match &self.question {
            Question::Save(save) => Some(&save.path),
            _ => None,
        }
    }

    /// Lets `implementation` answer.
    pub fn dispatch(&self, implementation: &dyn Implementation) -> Response<Answer> {
        let entry = self.entry.as_deref();
        match &self.question {
            Question::Decode(decode) => implementation.decode(decode, entry).map(Answer::Values),
            Question::Encode(encode) => implementation.encode(encode, entry).map(Answer::Encoded),
            Question::Load(load) => implementation.load(load, entry).map(Answer::Tensors),
            Question::Save(save) => implementation.save(save, entry).map(|()| Answer::Saved),
            Question::Matmul(matmul) => implementation.matmul(matmul, entry).map(Answer::Values),
            Question::Rotate(rotate) => implementation.rotate(rotate, entry).map(Answer::Values),
            Question::ReadIndex(read) => implementation.read_index(read, entry).map(Answer::Index),
            Question::NameTensors(naming) => {
                implementation.name_tensors(naming, entry).map(Answer::Files)
            }
            Question::Generate(generate) => {
                implementation.generate(generate, entry).map(Answer::Continuation)
            }
        }
    }
}

/// What came of asking a subject.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// It answered.
    Answer(Response<Answer>),
    /// Nothing came within the deadline.
    Timeout,
    /// It ended, or panicked; how, for a person.
    Crash(String),
    /// It wrote something that is no answer to the request; what, for a person.
    ProtocolError(String),
    /// It holds more memory than it may; how much, for a person.
    OverBudget(String),
}
