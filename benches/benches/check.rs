//! The harness: the whole check of the reference, and what asking a child process or a shared library adds to a case.
//!
//! The child and the worker of the library are the command that the environment variable `Q4PROOF` names.

use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use q4proof::run::ask::Asker;
use q4proof::run::{Profile, Settings, run};
use q4proof::subject::child::{ChildSubject, Limits};
use q4proof::subject::{InProcess, Reference, Reply, Request, Stop, Subject};
use q4proof::suite::{FormatId, Operation, Suite, Verb};

/// Far more than any case takes.
const DEADLINE: Duration = Duration::from_secs(10);

/// The command, built in release mode.
fn command() -> PathBuf {
    let built = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/release/q4proof");
    let command = env::var_os("Q4PROOF").map_or_else(|| built.into(), PathBuf::from);
    assert!(
        command.is_file(),
        "{} is not there: build it with `cargo build --release` in the project's folder, or let \
         Q4PROOF name it",
        command.display()
    );
    command
}

/// The example of a shared library, built.
fn library() -> PathBuf {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../conformance/subjects/c-library");
    let name = "target/libq4_library.so";
    let built = Command::new("make").args(["--silent", "--directory", folder, name]).status();
    assert!(built.expect("make starts").success(), "{name} is not built");
    PathBuf::from(folder).join(name)
}

/// Reads the vectors, checks each against the exact evaluator, asks the reference in this process,
/// and judges its answers.
fn check(criterion: &mut Criterion) {
    let cases = Suite::embedded().expect("vectors that can be used").cases().len();
    let settings = Settings { profile: Profile::all(), deadline: DEADLINE, seed: None, repeat: 1, stop: Stop::default(), keep_going: true };

    let mut group = criterion.benchmark_group("check");
    group.sample_size(10);
    group.throughput(Throughput::Elements(cases as u64));
    group.bench_function("reference", |bencher| {
        bencher.iter(|| {
            let suite = Suite::embedded().expect("vectors that can be used");
            let cases: Vec<_> = suite.cases().iter().collect();
            let mut subject = InProcess::new(Reference);
            run(&suite, &cases, &mut subject, &settings, &mut |_| {}).expect("a pass")
        });
    });
    group.finish();
}

/// Asks every case of decoding and reads the answers, without judging them.
fn ask(criterion: &mut Criterion) {
    let suite = Suite::embedded().expect("vectors that can be used");
    let mut here = InProcess::new(Reference);
    let command = command().display().to_string();
    let mut child =
        ChildSubject::start(&[command.clone(), "serve".to_owned()], Limits::default(), Stop::default()).expect("a command that serves");
    let library = library().display().to_string();
    let mut worker = ChildSubject::start_worker(
        &[command, "serve".to_owned(), "--library".to_owned(), library],
        Limits::default(),
        Stop::default(),
    )
    .expect("a command that serves a library");
    let requests = decode_requests(&suite, &mut here);

    let mut group = criterion.benchmark_group("ask-decode");
    group.throughput(Throughput::Elements(requests.len() as u64));
    group.bench_function("in-process", |bencher| bencher.iter(|| ask_all(&mut here, &requests)));
    group.bench_function("child", |bencher| bencher.iter(|| ask_all(&mut child, &requests)));
    group.bench_function("library", |bencher| bencher.iter(|| ask_all(&mut worker, &requests)));
    group.bench_function("library-batch", |bencher| {
        bencher.iter(|| {
            let replies = worker.ask_all(&requests, DEADLINE);
            assert!(replies.iter().all(is_answer), "{replies:?}");
        });
    });
    group.finish();
}

fn decode_requests(suite: &Suite, subject: &mut dyn Subject) -> Vec<Request> {
    let mut asker = Asker::new(subject, DEADLINE, true).expect("a folder for temporary files");
    let decode = Operation::new(Verb::Decode, FormatId::KHQ4);
    let cases = suite.cases().iter().filter(|case| case.question.operation() == decode);
    cases
        .map(|case| asker.request(case, suite.control(case)).expect("no file is needed"))
        .collect()
}

fn ask_all(subject: &mut dyn Subject, requests: &[Request]) {
    for request in requests {
        let reply = subject.ask(request, DEADLINE);
        assert!(is_answer(&reply), "{reply:?} is no answer");
    }
}

fn is_answer(reply: &Reply) -> bool {
    matches!(reply, Reply::Answer(_))
}

criterion_group! {
    name = benches;
    config = q4proof_benches::criterion();
    targets = check, ask
}
criterion_main!(benches);
