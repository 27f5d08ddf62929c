//! `parity`: a whole model beside its golden output.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::gpu::GPU;
use super::output::print;
use super::problem::{Exit, Problem};
use super::signal;
use super::subject::{Opened, SubjectArguments};
use crate::model::Config;
use crate::model::linear::{Backend, Decoded, Fused};
#[cfg(feature = "gpu")]
use crate::parity::compare::Verdict;
use crate::parity::fixture::{Fixture, Quantized};
use crate::parity::planted::Planted;
use crate::parity::reference::Kind;
use crate::parity::session::Session;
use crate::parity::waiver::{self, Waiver};
use crate::parity::{Directory, Outcome};
use crate::report::parity as report;
use crate::store::write_atomically;

/// Compare a whole model with golden output, token by token and logit by logit
///
/// The command carries a small model and what transformers generates from it. This crate's decoder runs it
/// on the CPU, from its own weights and through .q4 files made on the spot; a subject, named or behind --,
/// is asked to generate from the same model. Exits with 1 where a prompt diverges within its window.
#[derive(Args)]
pub struct Parity {
    /// What multiplies: plain f32, Q4 blocks as they are, a GPU, or all that this build has
    #[arg(long, value_enum, default_value_t = BackendName::All, value_name = "NAME")]
    backend: BackendName,
    #[command(flatten)]
    subject: SubjectArguments,
    /// The weights that a subject is given: the model's own, or a quantized directory made of them
    #[arg(long, value_enum, default_value_t = Weighted::Float, value_name = "NAME")]
    weights: Weighted,
    /// A folder with reference.json and model/, else what the command carries
    #[arg(long, value_name = "DIR")]
    fixture: Option<PathBuf>,
    /// Divergences that are known, as TOML: [[waiver]] with prompt, backend and issue
    #[arg(long, value_name = "FILE")]
    waivers: Option<PathBuf>,
    /// Plant this fault in the model, to see it found
    #[arg(long, value_name = "NAME", value_parser = fault)]
    planted: Option<Planted>,
    /// Write the report as JSON instead
    #[arg(long)]
    json: bool,
    /// Write the report as Markdown to this file as well
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum BackendName {
    F32,
    Q4,
    Gpu,
    All,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Weighted {
    Float,
    Q4,
    Quarot,
}

impl From<Weighted> for Kind {
    fn from(weights: Weighted) -> Self {
        match weights {
            Weighted::Float => Self::Float,
            Weighted::Q4 => Self::Q4,
            Weighted::Quarot => Self::Quarot,
        }
    }
}

fn fault(name: &str) -> Result<Planted, String> {
    Planted::by_name(name).ok_or_else(|| {
        let names: Vec<&str> = Planted::ALL.iter().map(|fault| fault.name()).collect();
        format!("no such fault; there is {}", names.join(", "))
    })
}

impl Parity {
    /// # Errors
    ///
    /// Whatever keeps a report from being made.
    pub fn run(self) -> Result<Exit, Problem> {
        self.refuse_what_would_be_ignored()?;
        let fixture = match &self.fixture {
            Some(folder) => Fixture::from_folder(folder),
            None => Fixture::embedded(),
        };
        let fixture = fixture.map_err(usage)?;
        let waivers = self.waivers(&fixture)?;
        let session = Session::new(&fixture, &waivers, self.planted).map_err(usage)?;
        let mut outcome = Outcome {
            reference: &fixture.reference,
            model: describe(&fixture)?,
            directories: Vec::new(),
            planted: self.planted.map(Planted::name),
            runs: Vec::new(),
            dispatches: Default::default(),
            not_run: Vec::new(),
        };
        if self.subject.is_named() {
            self.ask_subject(&fixture, &session, &mut outcome)?;
        } else {
            self.run_backends(&fixture, &session, &mut outcome)?;
        }
        if let Some(path) = &self.markdown {
            let failed = |error| Problem::Usage(format!("{}: {error}", path.display()));
            write_atomically(path, report::markdown(&outcome).as_bytes()).map_err(failed)?;
        }
        if self.json {
            print(&(serde_json::to_string_pretty(&outcome)? + "\n"))?;
        } else {
            print(&report::report(&outcome))?;
        }
        Ok(if outcome.passes() { Exit::Good } else { Exit::Bad })
    }

    /// What is asked for and would do nothing must not look as if it had been done.
    fn refuse_what_would_be_ignored(&self) -> Result<(), Problem> {
        let named = self.subject.is_named();
        let ignored = match (self.planted, self.backend, self.weights) {
            (Some(_), ..) if named => {
                "--planted: a fault is planted in this crate's decoder, not in a subject"
            }
            (_, backend, _) if named && backend != BackendName::All => {
                "--backend: a subject multiplies by itself, expected no --backend beside it"
            }
            (.., weights) if !named && weights != Weighted::Float => {
                "--weights: is for a subject; --backend q4 runs on quantized weights"
            }
            _ => return Ok(()),
        };
        Err(Problem::Usage(ignored.into()))
    }

    fn waivers(&self, fixture: &Fixture) -> Result<Vec<Waiver>, Problem> {
        let Some(path) = &self.waivers else { return Ok(Vec::new()) };
        let failed = |error: String| Problem::Usage(format!("{}: {error}", path.display()));
        let text = fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
        waiver::parse(&text, fixture.reference.goldens(Kind::Float))
            .map_err(|error| failed(error.to_string()))
    }

    fn run_backends(
        &self,
        fixture: &Fixture,
        session: &Session,
        outcome: &mut Outcome,
    ) -> Result<(), Problem> {
        let wants = |name| self.backend == name || self.backend == BackendName::All;
        if let (Some(required), false) = (self.subject.require_backend, wants(BackendName::Gpu)) {
            return Err(Problem::Usage(format!(
                "--require-backend {required}: --backend {} uses no adapter",
                self.backend
                    .to_possible_value()
                    .map_or(String::new(), |value| value.get_name().into())
            )));
        }
        let q4 = quantized(fixture, Kind::Q4, outcome)?;
        let quarot = quantized(fixture, Kind::Quarot, outcome)?;
        #[cfg(feature = "gpu")]
        let device = if wants(BackendName::Gpu) { Some(self.device()?) } else { None };
        let mut plans: Vec<(&dyn Backend, &'static str, Kind, &Path)> = Vec::new();
        if wants(BackendName::F32) {
            plans.push((&Decoded, "f32", Kind::Float, fixture.model()));
            plans.push((&Decoded, "f32", Kind::Q4, &q4));
        }
        if wants(BackendName::Q4) {
            plans.push((&Fused, "q4", Kind::Q4, &q4));
            plans.push((&Fused, "q4", Kind::Quarot, &quarot));
        }
        #[cfg(feature = "gpu")]
        if let Some(device) = &device {
            plans.push((device, GPU, Kind::Q4, &q4));
            plans.push((device, GPU, Kind::Quarot, &quarot));
        }
        for (backend, name, kind, path) in plans {
            outcome.runs.push(session.backend(backend, name, kind, path).map_err(usage)?);
        }
        #[cfg(feature = "gpu")]
        if let Some(device) = &device {
            prove(device, outcome)?;
        }
        #[cfg(not(feature = "gpu"))]
        match self.backend {
            BackendName::Gpu => return Err(super::gpu::missing()),
            BackendName::All => {
                let why = "this build has no feature gpu: cargo run --release --features gpu,parity -- parity";
                outcome.not_run.push((GPU.into(), why.into()));
            }
            _ => {}
        }
        Ok(())
    }

    /// The device, where it is of the backend that is required.
    #[cfg(feature = "gpu")]
    fn device(&self) -> Result<crate::gpu::Device, Problem> {
        match super::gpu::device(self.subject.require_backend) {
            Err(Problem::NotStarted(why)) => Err(Problem::Usage(why)),
            device => device,
        }
    }

    fn ask_subject(
        &self,
        fixture: &Fixture,
        session: &Session,
        outcome: &mut Outcome,
    ) -> Result<(), Problem> {
        let kind = self.weights.into();
        let directory = match kind {
            Kind::Float => fixture.model().to_owned(),
            _ => quantized(fixture, kind, outcome)?,
        };
        let stop = signal::stop()?;
        let Opened { mut subject, .. } = self.subject.open(1, &stop)?;
        let (name, deadline) = (self.subject.asked(), self.subject.deadline);
        let run = session.subject(subject.as_mut(), &name, kind, &directory, deadline, &stop);
        if stop.is_told() {
            return Err(Problem::Interrupted("interrupted: no verdict".into()));
        }
        outcome.runs.push(run);
        Ok(())
    }
}

/// Says of each run on the device what it is and which of its kernels ran, and what it is not. Fails where
/// a kernel of a forward pass never ran.
#[cfg(feature = "gpu")]
fn prove(device: &crate::gpu::Device, outcome: &mut Outcome) -> Result<(), Problem> {
    let adapter = device.describe();
    let dispatches = device.dispatches();
    // Where one has failed, the report says so, and why.
    let mut on_it =
        outcome.runs.iter().filter(|run| run.backend == GPU).flat_map(|run| &run.prompts);
    let failed = on_it.any(|prompt| matches!(prompt.verdict, Verdict::Failed(_)));
    for kernel in ["matvec", "matmul", "row"] {
        if !failed && dispatches.get(kernel).is_none_or(|count| *count == 0) {
            return Err(Problem::Harness(format!("the kernel {kernel} never ran on {adapter}")));
        }
    }
    for run in outcome.runs.iter_mut().filter(|run| run.backend == GPU) {
        run.device = adapter.to_string();
    }
    let not_run = adapter.not_run().into_iter();
    outcome.not_run.extend(not_run.map(|(what, why)| (what.to_owned(), why.to_owned())));
    let counts = dispatches.iter().map(|(kernel, count)| ((*kernel).to_owned(), *count));
    outcome.dispatches = counts.collect();
    Ok(())
}

/// Makes a quantized directory, and notes whether it is what it should be.
fn quantized(fixture: &Fixture, kind: Kind, outcome: &mut Outcome) -> Result<PathBuf, Problem> {
    let Quantized { path, files, different } = fixture.quantized(kind).map_err(usage)?;
    outcome.directories.push(Directory { kind: kind.name(), files, different });
    Ok(path)
}

/// The model in a few words.
fn describe(fixture: &Fixture) -> Result<String, Problem> {
    let config = Config::read(fixture.model()).map_err(usage)?;
    let full = config
        .layer_types
        .iter()
        .filter(|kind| **kind == crate::model::config::LayerType::FullAttention)
        .count();
    Ok(format!(
        "{} layers ({full} of full attention), hidden {}, vocabulary {}, context {}",
        config.num_hidden_layers,
        config.hidden_size,
        config.vocab_size,
        config.max_position_embeddings
    ))
}

fn usage(error: impl ToString) -> Problem {
    Problem::Usage(error.to_string())
}
