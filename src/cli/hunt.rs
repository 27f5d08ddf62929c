//! `hunt`: a campaign of generated questions against any subject, which ends in small new cases.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, value_parser};

use super::output::print;
use super::problem::{Exit, Problem};
use super::progress::Hunt as Progress;
use super::signal;
use super::subject::{Opened, SubjectArguments};
use crate::report::hunt::{Campaign, key, must, report};
use crate::report::log::{self, Header};
use crate::run::hunt::{Event, Found, Hunted, Settings, control_of, hunt};
use crate::run::{EntryRecord, Record};
use crate::store::write_atomically;
use crate::subject::Subject;
use crate::suite::case::VectorFile;
use crate::suite::judge::{Judgement, Outcome};
use crate::suite::{Case, Suite};

/// How long a campaign takes, if nothing is said.
const SECONDS: f64 = 60.0;

/// The name of the log in the folder of findings.
pub const LOG: &str = "hunt.jsonl";

/// Ask a subject generated questions, and save each fault as a small case
///
/// Each question is judged as `check` judges a case. One that fails is made smaller while it fails in the same way,
/// and is saved in the folder --out as a file of vectors: `check --vectors` and `repro` take it.
#[derive(Args)]
pub struct Hunt {
    #[command(flatten)]
    subject: SubjectArguments,
    /// End after so many seconds [default: 60]
    #[arg(long, value_name = "N", conflicts_with_all = ["questions", "forever"])]
    seconds: Option<f64>,
    /// End after so many questions
    #[arg(long, value_name = "N", conflicts_with = "forever")]
    questions: Option<u64>,
    /// Go on until it is interrupted
    #[arg(long)]
    forever: bool,
    /// Which questions are asked: the same number asks the same questions in the same order
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Start the subject N times, and let all of them share the questions
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = value_parser!(u8).range(1..), allow_negative_numbers = true)]
    jobs: u8,
    /// End once so many different faults were found
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = value_parser!(u16).range(1..))]
    findings: u16,
    /// The folder of what is found: made where something is
    #[arg(long, value_name = "DIR", default_value = "hunt")]
    out: PathBuf,
    /// Copy what is in the folder --out, and is not there yet, to this folder of regressions at the end
    #[arg(long, value_name = "DIR")]
    promote: Option<PathBuf>,
    /// Go on although the first answers show that the adapter makes one mistake in each
    #[arg(long)]
    keep_going: bool,
}

impl Hunt {
    /// # Errors
    ///
    /// Whatever keeps a campaign from being made.
    pub fn run(self) -> Result<Exit, Problem> {
        let stop = signal::stop()?;
        let mut opened = self.subject.open(self.jobs.into(), &stop)?;
        let profile = opened.profile()?;
        let time = self.time()?;
        let settings = Settings {
            profile: profile.clone(),
            deadline: self.subject.deadline,
            seed: self.seed,
            questions: self.questions,
            time,
            stop: stop.clone(),
            keep_going: self.keep_going,
            findings: self.findings.into(),
            key: &key,
        };
        let mut progress = Progress::new(time, self.questions);
        let mut unsaved = None;
        let mut files = Files { folder: &self.out, written: Vec::new() };
        let mut observe = |event: Event<'_>| match event {
            Event::Asked(coverage) => progress.advance(coverage.questions(), files.written.len()),
            Event::Found(found) => {
                if let Err(problem) = files.save(found) {
                    unsaved.get_or_insert(problem);
                }
            }
        };
        let mut subjects: Vec<&mut (dyn Subject + Send)> = vec![opened.subject.as_mut()];
        for subject in &mut opened.beside {
            subjects.push(subject.as_mut());
        }
        let hunted = hunt(subjects, &settings, &mut observe);
        progress.finish();
        let hunted = hunted?;
        unsaved.map_or(Ok(()), Err)?;
        let should = opened.finish();
        if !hunted.found.is_empty() {
            opened.again.option("--vectors", self.out.display());
            self.log(&opened, &hunted, &should)?;
        }
        let campaign = Campaign {
            hello: opened.subject.hello(),
            seed: self.seed,
            hunted: &hunted,
            interrupted: stop.is_told(),
            should: &should,
            again: &opened.again,
            folder: &self.out.display().to_string(),
        };
        print(&report(&campaign))?;
        if let Some(folder) = &self.promote {
            print(&promote(&self.out, folder)?)?;
        }
        Ok(match (must(&hunted) == 0, stop.is_told() && !self.forever) {
            (false, _) => Exit::Bad,
            (true, true) => Exit::Interrupted,
            (true, false) if hunted.coverage.questions() == 0 && self.promote.is_none() => {
                Exit::NothingAsked
            }
            (true, false) => Exit::Good,
        })
    }

    fn time(&self) -> Result<Option<Duration>, Problem> {
        if self.questions.is_some() || self.forever {
            return Ok(None);
        }
        let seconds = self.seconds.unwrap_or(SECONDS);
        let time = Duration::try_from_secs_f64(seconds).ok().filter(|time| !time.is_zero());
        let wrong = || Problem::Usage(format!("--seconds {seconds}: expected a number above 0"));
        time.map(Some).ok_or_else(wrong)
    }

    /// Writes the log of the campaign, as `check --json` writes that of a pass over what was found.
    fn log(&self, opened: &Opened, hunted: &Hunted, should: &[String]) -> Result<(), Problem> {
        let suite = Suite::from_folder(&self.out)?;
        let record = |case: &Case| {
            let found = hunted.found.iter().find(|found| found.case.id == case.id);
            found.map_or_else(|| not_asked(case), |found| found.record.clone())
        };
        let records: Vec<Record> = suite.cases().iter().map(record).collect();
        let (asked, hello) = (self.subject.asked(), opened.subject.hello());
        let seed = Some(self.seed);
        let profile = opened.profile()?;
        let header =
            Header::new(&suite, asked, hello, &profile, records.len(), seed, &opened.again);
        let mut text = header.line()? + "\n";
        for record in &records {
            text += &(log::case(record)? + "\n");
        }
        text +=
            &(log::footer(records.len(), &records, opened.subject.ran(), should.to_vec())? + "\n");
        let path = self.out.join(LOG);
        write_atomically(&path, text.as_bytes())
            .map_err(|error| Problem::Harness(format!("{}: {error}", path.display())))
    }
}

/// A case that the campaign did not ask itself: the control of a refusal, or a finding of an earlier campaign.
fn not_asked(case: &Case) -> Record {
    let judgement = Judgement::plain(Outcome::NotInProfile, "");
    Record::new(case, vec![EntryRecord { entry: None, judgement }])
}

/// The files of findings, each a file of vectors of its own.
struct Files<'a> {
    folder: &'a Path,
    /// The ids of cases, with the number of the question that first showed the fault.
    written: Vec<(u64, String)>,
}

impl Files<'_> {
    /// Writes a finding, over the larger one of the same question.
    fn save(&mut self, found: &Found) -> Result<(), Problem> {
        let unwritten =
            |path: &Path, what: String| Problem::Harness(format!("{}: {what}", path.display()));
        fs::create_dir_all(self.folder)
            .map_err(|error| unwritten(self.folder, error.to_string()))?;
        let path = self.path(&found.case.id);
        write_atomically(&path, text(found).as_bytes())
            .map_err(|error| unwritten(&path, error.to_string()))?;
        let before = self.written.iter().position(|(number, _)| *number == found.number);
        let id = found.case.id.clone();
        match before {
            Some(at) if self.written[at].1 != id => {
                let larger = std::mem::replace(&mut self.written[at].1, id);
                self.remove(&larger);
            }
            Some(_) => {}
            None => self.written.push((found.number, id)),
        }
        Ok(())
    }

    /// Removes the file of an id, unless another finding has it too.
    fn remove(&self, id: &str) {
        let path = self.path(id);
        if path.starts_with(self.folder) && !self.written.iter().any(|(_, other)| other == id) {
            fs::remove_file(path).ok();
        }
    }

    fn path(&self, id: &str) -> PathBuf {
        self.folder.join(format!("{}.json", id.replace('/', "-")))
    }
}

/// A finding as a file of vectors, with the control that its refusal needs.
fn text(found: &Found) -> String {
    let mut case = found.case.clone();
    let mut cases = Vec::new();
    if case.control.is_some() {
        let control = control_of(case.question.operation());
        let id = format!("{}-control", case.id);
        case.control = Some(id.clone());
        cases.push(Case { id, ..control });
    }
    cases.push(case);
    let about = "Found by q4proof hunt.".to_owned();
    let file = VectorFile { about, cases, tombstones: Vec::new() };
    serde_json::to_string_pretty(&file).expect("plain data has JSON") + "\n"
}

/// Copies the findings of a folder that another one does not have; what was done, in a sentence.
fn promote(from: &Path, to: &Path) -> Result<String, Problem> {
    let failed =
        |path: &Path, error: std::io::Error| Problem::Usage(format!("{}: {error}", path.display()));
    let (mut new, mut known) = (0, 0);
    if from.exists() {
        Suite::from_folder(from)?;
        fs::create_dir_all(to).map_err(|error| failed(to, error))?;
        let mut paths = Vec::new();
        for entry in fs::read_dir(from).map_err(|error| failed(from, error))? {
            paths.push(entry.map_err(|error| failed(from, error))?.path());
        }
        paths.sort();
        for path in paths.iter().filter(|path| path.extension().is_some_and(|end| end == "json")) {
            let target = to.join(path.file_name().unwrap_or_default());
            if target.exists() {
                known += 1;
                continue;
            }
            let bytes = fs::read(path).map_err(|error| failed(path, error))?;
            write_atomically(&target, &bytes)
                .map_err(|error| Problem::Usage(format!("{}: {error}", target.display())))?;
            new += 1;
        }
        if new + known > 0 {
            Suite::from_folder(to)?;
        }
    }
    Ok(format!("promoted: {new} new, {known} known, in {}\n", to.display()))
}
