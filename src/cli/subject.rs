//! Who is asked: the reference, the kernels, a planted subject, a registered subject, or any command.

use std::env;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, value_parser};

use super::gpu::{self, GPU, RequiredBackend};
use super::problem::Problem;
use super::worker::{Limits, library, serving};
use crate::report::Again;
use crate::report::summary::capability_hint;
use crate::report::text::plain;
use crate::run::Profile;
#[cfg(unix)]
use crate::subject::child::ChildSubject;
use crate::subject::planted::{Fault, Liar};
use crate::subject::registry::{FILE, Registry, Start};
use crate::subject::{self, Implementation, InProcess, Reference, Stop, Subject};

/// The name of this crate's own codec and loaders.
pub const REFERENCE: &str = "reference";

/// How long one answer may take, if nothing else is said.
const DEADLINE: Duration = Duration::from_secs(10);

/// How long a start may take, if nothing else is said.
const START_DEADLINE: Duration = Duration::from_secs(60);

/// How much memory a subject's processes may hold, in MiB, if nothing else is said.
const MEMORY: u64 = 4096;

/// What planted subjects are named with.
const PLANTED: &str = "planted:";

/// The planted subject that has no fault.
const SOUND: &str = "sound";

#[derive(Args)]
pub struct SubjectArguments {
    /// Who is asked: reference, gpu, planted:NAME, or a name of the registry
    #[arg(long, value_name = "NAME", default_value = "reference", conflicts_with = "command")]
    pub subject: String,

    /// A shared library with the functions of conformance/q4proof.h; a process of its own loads it
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["subject", "command", "subjects", "require_backend"]
    )]
    pub library: Option<PathBuf>,

    /// What to ask: formats and operations joined by +, such as khq4 or decode:q4_1+encode:q4_1; all for
    /// everything [default: what the subject claims in its handshake]
    #[arg(long)]
    pub profile: Option<Profile>,

    /// How long one answer may take
    #[arg(
        long,
        value_name = "SECONDS",
        default_value = "10",
        value_parser = seconds,
        allow_negative_numbers = true
    )]
    pub deadline: Duration,

    /// How long a process may take from its start to the answer to the handshake
    #[arg(
        long,
        value_name = "SECONDS",
        default_value = "60",
        value_parser = seconds,
        allow_negative_numbers = true
    )]
    pub start_deadline: Duration,

    /// How much memory a subject's process and all that it starts may hold together
    #[arg(
        long,
        value_name = "MIB",
        default_value_t = MEMORY,
        value_parser = value_parser!(u64).range(1..=1 << 40),
        allow_negative_numbers = true
    )]
    pub memory: u64,

    /// The folder of registry.toml, else conformance/subjects here or in a folder above
    #[arg(long, value_name = "DIR")]
    pub subjects: Option<PathBuf>,

    /// What the subject gpu has to compute with, else exit code 2
    #[arg(long, value_name = "BACKEND", conflicts_with = "command")]
    pub require_backend: Option<RequiredBackend>,

    /// The command of a subject, after --
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<String>,
}

/// Subjects that are alike, and can be asked.
pub struct Opened {
    /// The subject.
    pub subject: Box<dyn Subject + Send>,
    /// Others that are to share its work.
    pub beside: Vec<Box<dyn Subject + Send>>,
    /// What it is to be asked for, where that is said.
    profile: Option<Profile>,
    /// How it is asked again.
    pub again: Again,
}

impl Opened {
    /// What it is asked for: what was said, or what its handshake claims.
    ///
    /// # Errors
    ///
    /// [`Problem::NotStarted`], where the handshake claims no operation.
    pub fn profile(&self) -> Result<Profile, Problem> {
        self.profile.clone().map_or_else(|| claimed(self.subject.as_ref()), Ok)
    }

    /// Ends the subjects at the end of a pass: what they do that they should not, each sentence once.
    pub fn finish(&mut self) -> Vec<String> {
        let mut sentences = self.subject.finish();
        for sentence in self.beside.iter_mut().flat_map(|subject| subject.finish()) {
            if !sentences.contains(&sentence) {
                sentences.push(sentence);
            }
        }
        sentences
    }
}

/// Where a subject comes from.
enum Source {
    /// This crate's own codec and loaders.
    Reference,
    /// The kernels.
    Gpu,
    /// A process.
    Command(Vec<String>),
    /// A shared library.
    Library(PathBuf),
}

impl SubjectArguments {
    /// Builds the subject where that is needed, and starts it `count` times. Where `stop` is told, no
    /// answer is waited for.
    ///
    /// # Errors
    ///
    /// [`Problem::Usage`], where no subject has that name or the registry cannot be used;
    /// [`Problem::NotStarted`].
    pub fn open(&self, count: usize, stop: &Stop) -> Result<Opened, Problem> {
        let opened = self.started(count, stop);
        // What was interrupted has not failed to start.
        if opened.is_err() && stop.is_told() {
            return Err(Problem::Interrupted("interrupted: no verdict".into()));
        }
        opened
    }

    fn started(&self, count: usize, stop: &Stop) -> Result<Opened, Problem> {
        if let (Some(required), true) = (self.require_backend, self.subject != GPU) {
            return Err(Problem::Usage(format!(
                "--require-backend {required}: the subject {} uses no adapter, --subject gpu does",
                self.subject
            )));
        }
        let (source, registered) = self.source()?;
        if matches!(source, Source::Gpu) && count > 1 {
            return Err(Problem::Usage(format!(
                "--jobs {count}: the subject gpu is one adapter, expected --jobs 1"
            )));
        }
        let start = |_| self.start(&source, stop);
        let subject = start(0)?;
        let beside = (1..count).map(start).collect::<Result<_, _>>()?;
        let profile = self.profile.clone().or(registered);
        Ok(Opened { subject, beside, profile, again: self.again() })
    }

    /// Where the subject comes from, and what the registry says that it claims.
    fn source(&self) -> Result<(Source, Option<Profile>), Problem> {
        if let Some(file) = &self.library {
            return Ok((Source::Library(file.clone()), None));
        }
        if !self.command.is_empty() {
            return Ok((Source::Command(self.command.clone()), None));
        }
        match self.subject.as_str() {
            REFERENCE => Ok((Source::Reference, None)),
            GPU => Ok((Source::Gpu, None)),
            planted if planted.starts_with(PLANTED) => {
                Ok((Source::Command(self.planted_command()?), None))
            }
            _ => self.registered(),
        }
    }

    fn start(&self, source: &Source, stop: &Stop) -> Result<Box<dyn Subject + Send>, Problem> {
        Ok(match source {
            Source::Reference => Box::new(InProcess::new(Reference)),
            Source::Gpu => Box::new(InProcess::new(gpu::open(self.require_backend)?)),
            Source::Command(command) => self.child(command, stop)?,
            Source::Library(file) => library(file, self.limits(), stop)?,
        })
    }

    fn limits(&self) -> Limits {
        Limits { start: self.start_deadline, memory: self.memory << 20 }
    }

    #[cfg(unix)]
    fn child(&self, command: &[String], stop: &Stop) -> Result<Box<dyn Subject + Send>, Problem> {
        Ok(Box::new(ChildSubject::start(command, self.limits(), stop.clone())?))
    }

    #[cfg(not(unix))]
    fn child(&self, _command: &[String], _stop: &Stop) -> Result<Box<dyn Subject + Send>, Problem> {
        Err(Problem::NotStarted("a subject in a process of its own needs Unix".into()))
    }

    /// Whether another than this crate's own code is meant.
    #[cfg(feature = "parity")]
    pub fn is_named(&self) -> bool {
        self.library.is_some() || !self.command.is_empty() || self.subject != REFERENCE
    }

    /// The subject, as the command line names it.
    pub fn asked(&self) -> String {
        match (&self.library, self.command.as_slice()) {
            (Some(file), _) => file.display().to_string(),
            (None, []) => self.subject.clone(),
            (None, command) => command.join(" "),
        }
    }

    /// A planted subject in a process of its own, so that whatever it does stays there.
    fn planted_command(&self) -> Result<Vec<String>, Problem> {
        implementation(&self.subject)?;
        serving("--subject", &self.subject)
    }

    /// The command of a subject of the registry, once it is built.
    fn registered(&self) -> Result<(Source, Option<Profile>), Problem> {
        let registry = find_registry(self.subjects.as_ref())?;
        let subject = registry.as_ref().and_then(|registry| registry.get(&self.subject));
        let (Some(registry), Some(subject)) = (&registry, subject) else {
            return Err(Problem::Usage(unknown(&self.subject, registry.as_ref())));
        };
        let not_started = |what: String| {
            Problem::NotStarted(format!("the subject {} did not start: {what}", self.subject))
        };
        registry.build(subject).map_err(|error| {
            not_started(format!("its build `{}`: {}", error.file, error.problem))
        })?;
        let source = match &subject.start {
            Start::Command(command) => Source::Command(command.clone()),
            Start::Library(file) => Source::Library(file.clone()),
        };
        Ok((source, subject.profile.clone()))
    }

    fn again(&self) -> Again {
        let mut again =
            Again { program: program(), command: self.command.clone(), ..Again::default() };
        if let Some(file) = &self.library {
            again.option("--library", file.display());
        } else if self.command.is_empty() && self.subject != REFERENCE {
            again.option("--subject", &self.subject);
        }
        if let Some(profile) = &self.profile {
            again.option("--profile", profile);
        }
        if self.deadline != DEADLINE {
            again.option("--deadline", self.deadline.as_secs_f64());
        }
        if self.start_deadline != START_DEADLINE {
            again.option("--start-deadline", self.start_deadline.as_secs_f64());
        }
        if self.memory != MEMORY {
            again.option("--memory", self.memory);
        }
        if let Some(required) = self.require_backend {
            again.option("--require-backend", required);
        }
        if let Some(folder) = &self.subjects {
            again.option("--subjects", folder.display());
        }
        again
    }
}

/// What a subject's handshake claims.
fn claimed(subject: &dyn Subject) -> Result<Profile, Problem> {
    let hello = subject.hello();
    let profile = Profile::claimed(&hello.capabilities);
    if !profile.is_empty() {
        return Ok(profile);
    }
    let offered = match hello.capabilities.as_slice() {
        [] => "nothing".to_owned(),
        names => names.join(", "),
    };
    let hint = capability_hint(hello).map(|hint| format!("; {hint}")).unwrap_or_default();
    Err(Problem::NotStarted(format!(
        "the handshake of {} offers {}, expected operations such as decode:khq4; --profile names what to \
         ask all the same{hint}",
        plain(&hello.name, 80),
        plain(&offered, 400),
    )))
}

/// This program: a path is repeated as it was typed, a bare name is found by the shell again.
pub fn program() -> String {
    env::args().next().filter(|program| program.contains('/')).unwrap_or_default()
}

/// The implementation inside the command that has this name.
///
/// # Errors
///
/// [`Problem::Usage`], naming what there is; [`Problem::NotStarted`] of the kernels.
pub fn implementation(name: &str) -> Result<Box<dyn Implementation + Send>, Problem> {
    if name == GPU {
        return gpu::open(None);
    }
    match (subject::named(name), name.strip_prefix(PLANTED)) {
        (Some(implementation), _) => Ok(implementation),
        (None, Some(_)) => {
            let sentence = format!(
                "there is no planted fault or liar {name:?}; `q4proof list --subjects` names its faults and liars, \
                 such as planted:{} and planted:{}",
                Fault::all().first().map_or(SOUND, |fault| fault.name()),
                Liar::ALL.first().map_or(SOUND, |liar| liar.name()),
            );
            Err(Problem::Usage(sentence))
        }
        (None, None) => Err(Problem::Usage(format!(
            "{name:?} is no subject inside the command: name reference, gpu or planted:NAME"
        ))),
    }
}

/// The registry in the folder that was named, or else above the working directory.
///
/// # Errors
///
/// [`Problem::Usage`], where the one that was named is not there, or the one found is broken.
pub fn find_registry(named: Option<&PathBuf>) -> Result<Option<Registry>, Problem> {
    let found = || Registry::find(&env::current_dir().ok()?);
    match named.cloned().or_else(found) {
        Some(folder) => Ok(Some(Registry::load(&folder)?)),
        None => Ok(None),
    }
}

/// No subject has the name: what there is.
fn unknown(name: &str, registry: Option<&Registry>) -> String {
    let known = match registry {
        Some(registry) => {
            let names: String = registry.subjects().map(|(name, _)| format!(", {name}")).collect();
            format!("{names} (`q4proof list --subjects` says more)")
        }
        None => format!(
            ", and no conformance/subjects/{FILE} lies here or in a folder above (--subjects DIR names its \
             folder)"
        ),
    };
    format!("no subject is named {name:?}; there is reference, gpu, planted:NAME{known}")
}

/// A subject's name, and what it is.
pub type Named = (String, String);

/// The planted subjects: those with one fault or none, and the liars.
pub fn planted() -> (Vec<Named>, Vec<Named>) {
    let named = |name: &str, about: &str| (format!("{PLANTED}{name}"), about.to_owned());
    let faults = Fault::all().iter().map(|fault| named(fault.name(), fault.about()));
    let sound = named(SOUND, "No fault: answers every request as the reference does.");
    let liars = Liar::ALL.iter().map(|liar| named(liar.name(), liar.about()));
    (std::iter::once(sound).chain(faults).collect(), liars.collect())
}

fn seconds(text: &str) -> Result<Duration, String> {
    const MOST: f64 = 86_400.0;
    match text.parse() {
        Ok(seconds) if seconds > 0.0 && seconds <= MOST => {
            Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
        }
        _ => Err(format!("expected a number of seconds above 0, at most {MOST}")),
    }
}
