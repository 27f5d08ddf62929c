//! All prompts, given to one who generates: this crate's decoder with one of its backends, or a subject.

use std::path::Path;
use std::time::Duration;

use super::Run;
use super::compare::{Generated, compare};
use super::counted::Counted;
use super::fixture::Fixture;
use super::generator::{Speed, with_decoder, with_subject};
use super::planted::{LastRowsUnwritten, Planted, PlantedWeights};
use super::reference::{Golden, Kind};
use super::waiver::{self, Waiver};
use crate::model::linear::Backend;
use crate::model::tokenizer::Tokenizer;
use crate::model::weights::{self, Weights};
use crate::model::{Config, Decoder, ModelError};
use crate::subject::{Stop, Subject};

/// What all runs of a report share.
pub struct Session<'a> {
    fixture: &'a Fixture,
    tokenizer: Tokenizer,
    waivers: &'a [Waiver],
    planted: Option<Planted>,
}

impl<'a> Session<'a> {
    /// Runs on `fixture`, with a fault in the decoder where one is planted.
    ///
    /// # Errors
    ///
    /// [`ModelError`], where the tokenizer cannot be read.
    pub fn new(
        fixture: &'a Fixture,
        waivers: &'a [Waiver],
        planted: Option<Planted>,
    ) -> Result<Self, ModelError> {
        let tokenizer = Tokenizer::open(fixture.model())?;
        Ok(Self { fixture, tokenizer, waivers, planted })
    }

    /// Runs the decoder, its products by `backend`, on the weights of `kind` that lie in `directory`.
    ///
    /// # Errors
    ///
    /// [`ModelError`], where the model cannot be read. What fails at one prompt stands in the run.
    pub fn backend(
        &self,
        backend: &dyn Backend,
        name: &'static str,
        kind: Kind,
        directory: &Path,
    ) -> Result<Run, ModelError> {
        let faulty = LastRowsUnwritten(backend);
        let backend = match self.planted {
            Some(Planted::LastRowsUnwritten) => &faulty,
            _ => backend,
        };
        let counted = Counted::new(backend, name);
        let config = Config::read(directory)?;
        let sound = weights::open(directory)?;
        let planted;
        let weights: &dyn Weights = match self.planted {
            Some(fault) => {
                planted = PlantedWeights { sound: sound.as_ref(), config: &config, fault };
                &planted
            }
            None => sound.as_ref(),
        };
        let decoder = Decoder::new(config.clone(), weights, &counted)?;
        let mut speed = Speed::default();
        let mut run = self.empty(name, kind, "CPU".into());
        for golden in self.fixture.reference.goldens(kind) {
            let generated = with_decoder(&decoder, &self.tokenizer, golden, &mut speed);
            self.add(&mut run, golden, &generated.map_err(|error| error.to_string()));
        }
        run.tokens_per_second = speed.tokens_per_second();
        run.dispatches = counted.counts().borrow().clone();
        Ok(run)
    }

    /// Asks `subject` to generate from the weights of `kind` in `directory`. Where `stop` is told, the run
    /// has fewer prompts.
    pub fn subject(
        &self,
        subject: &mut dyn Subject,
        name: &str,
        kind: Kind,
        directory: &Path,
        deadline: Duration,
        stop: &Stop,
    ) -> Run {
        let hello = subject.hello();
        let device = format!("{} {}, {}", hello.name, hello.version, hello.language);
        let mut run = self.empty(name, kind, device);
        let mut speed = Speed::default();
        for golden in self.fixture.reference.goldens(kind) {
            let generated = with_subject(subject, directory, golden, deadline, &mut speed);
            if stop.is_told() {
                break;
            }
            self.add(&mut run, golden, &generated);
        }
        run.tokens_per_second = speed.tokens_per_second();
        run
    }

    fn empty(&self, backend: &str, kind: Kind, device: String) -> Run {
        Run {
            backend: backend.to_owned(),
            weights: kind.name(),
            device,
            dispatches: Default::default(),
            tolerance: self.fixture.reference.tolerance(kind),
            tokens_per_second: None,
            prompts: Vec::new(),
        }
    }

    fn add(&self, run: &mut Run, golden: &Golden, generated: &Result<Generated, String>) {
        let waiver = waiver::find(self.waivers, &golden.prompt, &run.backend, run.weights);
        run.prompts.push(compare(golden, generated, run.tolerance, waiver));
    }
}
