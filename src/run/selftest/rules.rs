//! What a kill matrix must show, so that the harness is one that can fail: each rule that it breaks, as a
//! sentence.

use std::collections::{BTreeMap, BTreeSet};

use super::family::FamilyRow;
use super::matrix::{KillMatrix, LiarRow, Row, SoundRow};
use crate::subject::planted::Liar;
use crate::suite::Suite;
use crate::suite::case::{Case, Tier};

/// Cases of tier must that no planted fault fails, each with its reason.
pub const UNKILLED: &[(&str, &str)] = &[
    ("save/no-room", LIMITED),
    ("save/no-room-for-the-last-byte", LIMITED),
    ("save/no-room-for-any-byte", LIMITED),
    ("save/no-room-over-longer", LIMITED),
    ("save/no-room-over-shorter", LIMITED),
    ("save/no-room-over-same-header", LIMITED),
    ("save-khf1/no-room", LIMITED),
    ("save-khf1/no-room-for-the-last-byte", LIMITED),
    ("save-khf1/no-room-for-any-byte", LIMITED),
    ("save-khf1/no-room-over-longer", LIMITED),
    ("save-khf1/no-room-over-shorter", LIMITED),
    ("save-khf1/no-room-over-same-header", LIMITED),
    ("read-index/large-file-beside", BESIDE),
];

/// Why a sound directory with a file beside its index fails none of the planted faults.
const BESIDE: &str = "the control of read-index/link-to-too-large, for a directory that has the same long file; no \
                      planted fault looks at files that the index does not name";

/// Why a case with limits fails none of the planted faults here.
const LIMITED: &str = "files can be limited in a process of its own only, and the selftest asks none; \
                       tests/cli/room.rs shows which faults the case fails";

/// The class of those cases. A fault of this class is caught by cases of others here.
const OF_PROCESSES: u8 = 87;

/// The largest part of the cases of tier must that may be excused: one in so many.
const UNKILLED_PART: usize = 20;

/// Cases that a fault must fail.
const FEWEST_KILLS: usize = 2;

/// Liars that do nothing, and so can pass nothing.
const IDLE: [Liar; 2] = [Liar::RefuseAll, Liar::UnsupportedAll];

/// Every rule that is broken, where these cases, each with its reason, may fail no fault.
pub fn broken(suite: &Suite, matrix: &KillMatrix, excused: &[(&str, &str)]) -> Vec<String> {
    let faults = &matrix.faults;
    let mut problems: Vec<String> = matrix.sound.iter().flat_map(not_sound).collect();
    problems.extend(matrix.liars.iter().filter_map(believed));
    problems.extend(faults.iter().filter_map(weak));
    problems.extend(faults.iter().filter(|row| row.hidden_by_the_bound).map(hidden));
    problems.extend(matrix.families.iter().flat_map(FamilyRow::problems));
    problems.extend(claims_not_kept(suite, faults));
    problems.extend(unkilled(suite, &matrix.unkilled, excused));
    problems
}

fn not_sound(row: &SoundRow) -> impl Iterator<Item = String> {
    row.not_passed.iter().map(|id| format!("{} does not pass {id}", row.name))
}

fn believed(row: &LiarRow) -> Option<String> {
    let LiarRow { name, totals, .. } = row;
    if totals.conforms() {
        return Some(format!("{name} conforms"));
    }
    let idle = IDLE.iter().any(|liar| liar.name() == name);
    (idle && totals.passed > 0).then(|| format!("{name} passes {} cases", totals.passed))
}

/// Whether enough cases catch a fault, one of its class among them.
pub(super) fn is_strong(row: &Row) -> bool {
    weak(row).is_none()
}

fn weak(row: &Row) -> Option<String> {
    let Row { name, class, killed_by, of_its_class, .. } = row;
    if killed_by.len() < FEWEST_KILLS {
        return Some(format!(
            "{name} is caught by {} cases, fewer than {FEWEST_KILLS}",
            killed_by.len()
        ));
    }
    (*of_its_class == 0 && *class != OF_PROCESSES)
        .then(|| format!("{name} is caught by no case of its class {class}"))
}

fn hidden(row: &Row) -> String {
    format!("{} conforms under encode-bounded", row.name)
}

fn unkilled(suite: &Suite, unkilled: &[String], excused: &[(&str, &str)]) -> Vec<String> {
    let excused: BTreeMap<&str, &str> = excused.iter().copied().collect();
    let mut problems: Vec<String> = unkilled
        .iter()
        .filter(|id| !excused.contains_key(id.as_str()))
        .map(|id| format!("{id} catches no fault"))
        .collect();
    let stale = excused.keys().filter(|id| !unkilled.iter().any(|unkilled| unkilled == *id));
    problems.extend(stale.map(|id| format!("{id} is excused, but is gone or catches a fault")));
    let must = suite.cases().iter().filter(|case| case.tier == Tier::Must).count();
    if excused.len() * UNKILLED_PART > must {
        problems.push(format!(
            "{} of {must} cases are excused, more than one in {UNKILLED_PART}",
            excused.len()
        ));
    }
    problems
}

/// What cases say that they discriminate, and do not.
fn claims_not_kept(suite: &Suite, faults: &[Row]) -> Vec<String> {
    let by_name: BTreeMap<&str, BTreeSet<&String>> =
        faults.iter().map(|row| (row.name.as_str(), row.killed_by.iter().collect())).collect();
    let broken = |case: &Case, name: &String| match by_name.get(name.as_str()) {
        None => Some(format!("{} discriminates {name}, which is no fault", case.id)),
        Some(killed) if !killed.contains(&case.id) => {
            Some(format!("{} does not catch {name}, as it says", case.id))
        }
        Some(_) => None,
    };
    let claims = suite
        .cases()
        .iter()
        .flat_map(|case| case.discriminates.iter().map(move |name| (case, name)));
    claims.filter_map(|(case, name)| broken(case, name)).collect()
}
