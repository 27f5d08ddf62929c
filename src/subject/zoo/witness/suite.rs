//! Faults that the suite's own cases tell apart: those of sources, of MLX's groups and of directories.

use std::time::Duration;

use super::super::{Fault, Faulty};
use crate::run::ask::Asker;
use crate::subject::{Answer, InProcess};
use crate::suite::Suite;
use crate::suite::case::{Case, Content, Input, Operation};

/// Faults in the way from other source types to f32.
const OF_SOURCES: [Fault; 9] = [
    Fault::DoublesThroughBf16,
    Fault::DoublesCut,
    Fault::DoublesRoundedAway,
    Fault::DoublesThroughF16,
    Fault::DoublesOverflowDropped,
    Fault::HalfSourceSubnormalsFlushed,
    Fault::HalfSourceAsBf16,
    Fault::Bf16SourceAsHalf,
    Fault::SourceBigEndian,
];

/// Whether a fault is shown here, and has no question of its own.
pub(super) fn shows(fault: &Fault) -> bool {
    let operations = [Operation::EncodeMlx, Operation::ReadIndex, Operation::NameTensors];
    operations.contains(&fault.operation()) || OF_SOURCES.contains(fault)
}

/// Cases of these operations, but those of 16 MiB, which tell nothing apart that others do not.
fn asked(case: &&Case) -> bool {
    match &case.input {
        Input::EncodeFrom { .. } | Input::EncodeMlx { .. } | Input::NameTensors { .. } => true,
        Input::ReadIndex { directory, .. } => directory.iter().flatten().all(
            |entry| !matches!(&entry.content, Content::Long { times, .. } if *times > 1 << 17),
        ),
        _ => false,
    }
}

/// What is answered to all of them, without the words of refusals.
fn answers(suite: &Suite, faulty: Faulty) -> Vec<String> {
    let mut subject = InProcess::new(faulty);
    let mut asker = Asker::new(&mut subject, Duration::from_secs(10)).expect("a folder");
    let answer = |case: &Case| {
        let (request, _) = asker.request(case, suite.control(case)).expect("a request");
        match request.dispatch(&faulty) {
            Answer::Refused(refusal) => format!("refused {:?}", refusal.class),
            answer => format!("{answer:?}"),
        }
    };
    suite.cases().iter().filter(asked).map(answer).collect()
}

#[test]
fn every_fault_of_sources_groups_and_directories_shows_and_is_told_apart() {
    let suite = Suite::embedded().expect("sound vectors");
    let faults: Vec<Fault> = Fault::all().iter().copied().filter(shows).collect();
    // That of 16 MiB is told by a case that is not asked here.
    let of_size = [Fault::IndexSizeUnchecked, Fault::LargestIndexRefused];
    let sound = answers(&suite, Faulty::new(None));
    let mut seen: Vec<(Fault, Vec<String>)> = Vec::new();
    for fault in faults.into_iter().filter(|fault| !of_size.contains(fault)) {
        let answers = answers(&suite, Faulty::new(Some(fault)));
        assert_ne!(answers, sound, "{fault} does not show");
        if let Some((twin, _)) = seen.iter().find(|(_, others)| *others == answers) {
            panic!("{fault} and {twin} give the same answers");
        }
        seen.push((fault, answers));
    }
}
