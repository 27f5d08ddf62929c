//! One question: lay out its file, ask, read what came back, judge.

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::RunError;
use super::place::{LaidOut, Workplace};
use super::snapshot::Snapshot;
use super::watch::Watch;
use crate::store::regular_file;
use crate::subject::{Peak, Reply, Request, Response, Subject};
use crate::suite::answer::{Answer, Given, Refusal};
use crate::suite::case::Case;
use crate::suite::floats::Float;
use crate::suite::hex::Bytes;
use crate::suite::judge::{Judgement, Outcome, judge};
use crate::suite::question::{Question, Tensor};

/// The most that is read of a file that a save has left, in bytes: far more than any case asks for.
const LONGEST_FILE: u64 = 16 << 20;

/// Bytes of a refusal's message that are kept.
const LONGEST_MESSAGE: usize = 4096;

/// What a question came to.
pub struct Asked {
    /// The worst of what it and the questions of a recipe came to.
    pub judgement: Judgement,
    /// What the question itself came to.
    pub own: Outcome,
    /// What it was given, where that can be compared with another answer.
    pub given: Option<Given>,
}

impl Asked {
    /// What came to a judgement without an answer.
    pub(super) fn nothing(judgement: Judgement) -> Self {
        Self { own: judgement.outcome, judgement, given: None }
    }
}

/// A question whose file is laid out.
struct Placed {
    request: Request,
    /// The folder of its file, and what was in it.
    before: Option<(PathBuf, Snapshot)>,
}

/// Asks one subject, with a folder of its own for the files.
pub struct Asker<'a> {
    subject: &'a mut dyn Subject,
    deadline: Duration,
    workplace: Workplace,
    /// The start of the subject in which it was asked last.
    asked_in: Option<u64>,
    /// `None` where every question is asked, whatever the first answers show.
    watch: Option<Watch>,
}

impl<'a> Asker<'a> {
    /// Lays out a private folder.
    ///
    /// # Errors
    ///
    /// Where the folder cannot be made.
    pub fn new(
        subject: &'a mut dyn Subject,
        deadline: Duration,
        keep_going: bool,
    ) -> io::Result<Self> {
        let watch = (!keep_going).then(Watch::default);
        Ok(Self { subject, deadline, workplace: Workplace::new()?, asked_in: None, watch })
    }

    /// How often the subject was started anew.
    pub fn generation(&self) -> u64 {
        self.subject.generation()
    }

    /// The most memory that the subject had so far, where that can be seen.
    pub fn peak(&mut self) -> Option<Peak> {
        self.subject.peak()
    }

    /// Whether the length of the files that the subject writes can be limited.
    pub fn can_limit_files(&self) -> bool {
        self.subject.can_limit_files()
    }

    /// As [`end`](Self::end), before a question whose files are limited.
    pub fn end_to_limit_files(&mut self) {
        self.subject.end_to_limit_files();
    }

    /// Lets the subject write no longer files, until it ends.
    ///
    /// # Errors
    ///
    /// Where that cannot be done.
    pub fn limit_files(&mut self, bytes: u64) -> io::Result<()> {
        self.subject.limit_files(bytes)
    }

    /// Ends the subject, which is started anew for the next question.
    pub fn end(&mut self) {
        self.subject.end();
    }

    /// Whether the subject was asked nothing since it was started.
    pub fn is_fresh(&self) -> bool {
        self.asked_in != Some(self.generation())
    }

    /// Asks `case` through `entry` and judges the answer.
    ///
    /// # Errors
    ///
    /// Where the harness cannot lay out or read its own files, or the adapter makes one mistake in each answer.
    pub fn ask(
        &mut self,
        case: &Case,
        control: Option<&Case>,
        entry: Option<&str>,
        bounded: bool,
    ) -> Result<Asked, RunError> {
        let placed = self.place(case, control, entry)?;
        let reply = self.subject.ask(&placed.request, self.deadline);
        let advice = self.subject.advice();
        self.judged(case, placed, reply, advice, bounded)
    }

    /// Asks cases without controls, each through an entry, as many at once as the subject takes.
    ///
    /// # Errors
    ///
    /// As [`ask`](Self::ask).
    pub fn ask_all(
        &mut self,
        cases: &[(&Case, Option<&str>)],
        bounded: impl Fn(&Case) -> bool,
    ) -> Result<Vec<Asked>, RunError> {
        if !self.subject.takes_many() {
            let ask =
                |&(case, entry): &(&Case, Option<&str>)| self.ask(case, None, entry, bounded(case));
            return cases.iter().map(ask).collect();
        }
        let placed: Vec<Placed> = cases
            .iter()
            .map(|(case, entry)| self.place(case, None, *entry))
            .collect::<Result<_, _>>()?;
        let (requests, snapshots): (Vec<Request>, Vec<_>) =
            placed.into_iter().map(|placed| (placed.request, placed.before)).unzip();
        let replies = self.subject.ask_all(&requests, self.deadline);
        let answered = requests.into_iter().zip(snapshots).zip(replies);
        let all = cases.iter().zip(answered).map(|((case, _), ((request, before), reply))| {
            self.judged(case, Placed { request, before }, reply, None, bounded(case))
        });
        all.collect()
    }

    /// Lays out the file of a case.
    fn place(
        &mut self,
        case: &Case,
        control: Option<&Case>,
        entry: Option<&str>,
    ) -> Result<Placed, RunError> {
        let LaidOut { question, folder } = self.workplace.lay_out(case, control)?;
        let request = Request { entry: entry.map(str::to_owned), question, line: case.line };
        let before = folder
            .map(|folder| Snapshot::of(&folder).map(|snapshot| (folder, snapshot)))
            .transpose()?;
        self.asked_in = Some(self.generation());
        Ok(Placed { request, before })
    }

    /// Judges a reply, and what became of the file.
    fn judged(
        &mut self,
        case: &Case,
        placed: Placed,
        reply: Reply,
        advice: Option<&'static str>,
        bounded: bool,
    ) -> Result<Asked, RunError> {
        let Placed { request, before } = placed;
        let operation = case.question.operation();
        let seen = self.watch.as_mut().and_then(|watch| watch.see(operation, &reply, advice));
        if let Some(mistake) = seen {
            return Err(RunError::Adapter(mistake));
        }
        let given = given(&request, reply);
        let refused = matches!(given, Ok(Err(_)));
        let (judgement, given) = match given {
            Ok(given) => (judge(case, &given, bounded), Some(given)),
            Err(mut judgement) => {
                if let Some(advice) = advice {
                    judgement.summary += &format!("; {advice}");
                }
                (judgement, None)
            }
        };
        let changed = before.and_then(|(folder, before)| {
            let changed = changed(&request, refused, &folder, &before);
            self.workplace.remove(&folder);
            changed
        });
        let judgement = match changed {
            Some(what) if !judgement.outcome.is_failure() => Judgement::plain(Outcome::Fail, what),
            _ => judgement,
        };
        Ok(Asked { own: judgement.outcome, judgement, given })
    }

    /// The request for a case, whose file is laid out for it and stays.
    ///
    /// # Errors
    ///
    /// Where the file cannot be laid out.
    pub fn request(&mut self, case: &Case, control: Option<&Case>) -> io::Result<Request> {
        Ok(Request::of(self.workplace.lay_out(case, control)?.question))
    }
}

/// What a subject has done to a folder in which only a save may do something, in words.
fn changed(request: &Request, refused: bool, folder: &Path, before: &Snapshot) -> Option<String> {
    let after = match Snapshot::of(folder) {
        Ok(after) => after,
        // Nobody but the subject has touched that folder.
        Err(error) => return Some(format!("the file's folder cannot be read behind it: {error}")),
    };
    match request.saves_to() {
        None => before
            .difference(&after)
            .map(|what| format!("{what}: the input is not the subject's (PROTOCOL.md, Limits)")),
        Some(_) if refused => {
            before.difference(&after).map(|what| format!("refused, but {what} (KHQ4-W3)"))
        }
        Some(_) => left_beside(request),
    }
}

/// What a save has left in its folder but the file that it was asked for, in words.
pub(crate) fn left_beside(request: &Request) -> Option<String> {
    match beside(Path::new(request.saves_to()?)) {
        Ok(None) => None,
        Ok(Some(name)) => Some(format!("left {name:?} behind beside the file (KHQ4-W3)")),
        // Nobody but the subject has touched that folder.
        Err(error) => Some(format!("the file's folder cannot be read behind it: {error}")),
    }
}

/// The first other name in the folder of `path`.
fn beside(path: &Path) -> io::Result<Option<OsString>> {
    for entry in fs::read_dir(path.parent().unwrap_or(Path::new("")))? {
        let name = entry?.file_name();
        if Some(name.as_os_str()) != path.file_name() {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// What a reply gives to be judged; where it gives nothing, the judgement that follows from that.
pub(crate) fn given(request: &Request, reply: Reply) -> Result<Given, Judgement> {
    let response = match reply {
        Reply::Answer(response) => response,
        Reply::Timeout => {
            return Err(Judgement::plain(Outcome::Timeout, "no answer within the deadline"));
        }
        Reply::Crash(how) => return Err(Judgement::plain(Outcome::Crash, how)),
        Reply::ProtocolError(what) => return Err(Judgement::plain(Outcome::ProtocolError, what)),
        Reply::OverBudget(what) => return Err(Judgement::plain(Outcome::OverBudget, what)),
    };
    match response {
        Response::Unsupported => {
            Err(Judgement::plain(Outcome::Unsupported, "answered unsupported"))
        }
        Response::Refused(refusal) => {
            let Refusal { mut message, class } = refusal;
            if message.len() > LONGEST_MESSAGE {
                message.truncate(message.floor_char_boundary(LONGEST_MESSAGE));
                message.push_str("...");
            }
            Ok(Err(Refusal { message, class }))
        }
        Response::Done(answer) => match done(&request.question, answer) {
            Ok(answer) => Ok(Ok(answer)),
            Err(what) => Err(Judgement::plain(Outcome::ProtocolError, what)),
        },
    }
}

/// The answer, where it is of the kind that the question asks for; the file, where that was saved.
fn done(question: &Question<String>, answer: Answer) -> Result<Answer, String> {
    match (question, &answer) {
        (Question::Decode(decode), Answer::Values(values)) => {
            expect_float(decode.to.unwrap_or(Float::F32), values.float())?;
        }
        (Question::Matmul(_), Answer::Values(values)) => {
            expect_float(Float::F32, values.float())?;
        }
        (Question::Rotate(rotate), Answer::Values(values)) => {
            expect_float(rotate.values.float(), values.float())?;
        }
        (Question::Load(_), Answer::Tensors(tensors)) if !tensors.iter().all(has_content) => {
            return Err("a tensor of the result has neither values nor blocks".into());
        }
        (Question::Encode(_), Answer::Encoded(_))
        | (Question::Load(_), Answer::Tensors(_))
        | (Question::ReadIndex(_), Answer::Index(_))
        | (Question::NameTensors(_), Answer::Files(_)) => {}
        (Question::Save(save), Answer::Saved) => {
            return read_back(Path::new(&save.path)).map(Answer::File);
        }
        (question, _) => {
            let kind = kind(question);
            return Err(format!(
                "the result of a {} is {kind}, and nothing else",
                question.verb().name()
            ));
        }
    }
    Ok(answer)
}

fn expect_float(expected: Float, got: Float) -> Result<(), String> {
    if expected == got {
        return Ok(());
    }
    Err(format!("the result has values of {}, asked was for {}", got.name(), expected.name()))
}

/// The key of a result, as PROTOCOL.md has it.
fn kind(question: &Question<String>) -> &'static str {
    match question {
        Question::Decode(_) | Question::Matmul(_) | Question::Rotate(_) => "`values`",
        Question::Encode(_) => "`encoded`",
        Question::Load(_) => "`tensors`",
        Question::Save(_) => "\"saved\"",
        Question::ReadIndex(_) => "`index`",
        Question::NameTensors(_) => "`files`",
        Question::Generate(_) => "`continuation`",
    }
}

fn has_content(tensor: &Tensor) -> bool {
    tensor.values.is_some() || tensor.blocks.is_some()
}

/// The file that a save has left, if it is a regular one: a subject may leave anything.
fn read_back(path: &Path) -> Result<Bytes, String> {
    let unread =
        |error: &dyn fmt::Display| format!("answered done, but its file cannot be read: {error}");
    let is_link = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink());
    if is_link {
        return Err(unread(&"it is a symbolic link"));
    }
    let file = regular_file(path).map_err(|error| unread(&error.error.detail))?;
    let mut bytes = Vec::new();
    file.take(LONGEST_FILE).read_to_end(&mut bytes).map_err(|error| unread(&error))?;
    Ok(Bytes(bytes))
}
