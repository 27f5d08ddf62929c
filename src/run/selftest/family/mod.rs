//! Families of faults: a fault with a parameter, such as the scale that a decoder gets wrong or the number of
//! tensors behind which a reader stops. Each family is run over its whole range.
//!
//! A member is not an implementation. It is a rule that turns the right answer to a question into the wrong one
//! that a subject with the fault gives, so that thousands of members are judged in the time of a few planted
//! subjects. It needs one question that fails it; a family needs two, one of them of a case of its class.

mod asked;
mod blocks;
mod header;
mod matrix;
mod range;
mod source;
mod texts;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use self::asked::Asked;
use super::parallel::each;
use crate::run::RunError;
use crate::suite::answer::Given;
use crate::suite::case::Case;
use crate::suite::expected::expected;
use crate::suite::judge::judge;
use crate::suite::lawful::Lawful;
use crate::suite::operation::Operation;
use crate::suite::question::Question;
use crate::suite::{Suite, SuiteError, recipe};

/// A family.
struct Family {
    /// Its name.
    name: &'static str,
    /// Its class of real bugs.
    class: u8,
    /// What a member does; `N` is its parameter.
    about: &'static str,
    /// The parameters of its members, in an operation; none where the operation has no such fault.
    members: fn(Operation) -> Vec<u64>,
    /// The parameters that a question may show: others it cannot.
    reached: fn(&Asked) -> Vec<u64>,
    /// What a member does wrong; `None` where the question does not come to its fault after all.
    wrong: fn(&Asked, u64) -> Option<Wrong>,
    /// A parameter for a person.
    shown: fn(u64) -> String,
}

/// A wrong answer.
struct Wrong {
    /// What is answered.
    given: Given,
    /// The part of the question that shows it, where the whole would take long to judge.
    part: Option<Question>,
}

impl From<Given> for Wrong {
    fn from(given: Given) -> Self {
        Self { given, part: None }
    }
}

fn all() -> Vec<Family> {
    [
        blocks::families(),
        source::families(),
        header::families(),
        matrix::families(),
        texts::families(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The classes of real bugs that the families are of.
pub fn classes() -> BTreeSet<u8> {
    all().into_iter().map(|family| family.class).collect()
}

/// Members that no question can show.
struct Excuse {
    family: &'static str,
    operation: &'static str,
    of: fn(u64) -> bool,
    /// Why.
    reason: &'static str,
}

const EXCUSED: &[Excuse] = &[
    Excuse {
        family: "codes-at",
        operation: "encode:mxfp4",
        of: |member| member & 0x0f == 0x08 || member & 0xf0 == 0x80,
        reason: "code 8 is never written (MX-3)",
    },
    Excuse {
        family: "codes-at",
        operation: "encode:q8_0",
        of: |member| member & 0xff == 0x80,
        reason: "no value is encoded as -128",
    },
    Excuse {
        family: "number-stored",
        operation: "encode:mlx",
        of: |member| member >> 16 == 0 && member & 0x7fff >= 0x7000,
        reason: "a scale is at most an eighth of the edge, which is an f16",
    },
    Excuse {
        family: "number-stored",
        operation: "encode:mlx",
        of: |member| member == 0x1_8000,
        reason: "a bias of zero is +0 (MLX-2)",
    },
    Excuse {
        family: "filled-up",
        operation: "load:khf1",
        of: |multiple| multiple == 2,
        reason: "each file has a multiple of 2 bytes",
    },
    Excuse {
        family: "filled-up",
        operation: "load:khq4",
        of: |multiple| multiple < 8,
        reason: "each file has a multiple of 4 bytes",
    },
    Excuse {
        family: "exponent-of-source",
        operation: "encode:q4_0",
        of: |member| member & 0xffff >= 146,
        reason: "Q40-3 demands nothing where the scale is beyond f16",
    },
    Excuse {
        family: "exponent-of-source",
        operation: "encode:q4_1",
        of: |member| member & 0xffff >= 147,
        reason: "GGML-3 demands nothing where scale or minimum are beyond f16",
    },
    Excuse {
        family: "exponent-of-source",
        operation: "encode:q8_0",
        of: |member| member & 0xffff >= 150,
        reason: "Q8-3 demands nothing where the scale is beyond f16",
    },
];

/// What became of a family in an operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FamilyRow {
    /// The family.
    pub name: String,
    /// Its class of real bugs.
    pub class: u8,
    /// What a member does.
    pub about: String,
    /// The operation.
    pub operation: String,
    /// The number of its members.
    pub members: usize,
    /// Members whose fault some question comes to.
    pub reached: usize,
    /// Members that a case fails.
    pub caught: usize,
    /// How many members no case can fail, for which reason.
    pub excuses: Vec<(usize, String)>,
    /// Members that no case fails, and for which there is no reason.
    pub missed: Vec<String>,
    /// Questions that fail a member, at least: no more are asked where two were found.
    pub questions: usize,
    /// Whether a case of its class is among them.
    pub of_its_class: bool,
}

impl FamilyRow {
    /// How many members no case can fail.
    pub fn excused(&self) -> usize {
        self.excuses.iter().map(|(count, _)| count).sum()
    }

    /// What is wrong, as sentences.
    pub fn problems(&self) -> Vec<String> {
        let Self { name, operation, missed, .. } = self;
        let of = format!("the family {name} of {operation}");
        let mut problems = Vec::new();
        if let Some(first) = missed.first() {
            problems.push(format!(
                "{of}: {} of {} members are missed, such as {first}",
                missed.len(),
                self.members
            ));
        }
        if self.questions < 2 {
            problems.push(format!("{of} is caught by {} questions, fewer than 2", self.questions));
        }
        for (_, reason) in self.excuses.iter().filter(|(count, _)| *count == 0) {
            problems.push(format!("{of} has an excuse for no member: {reason}"));
        }
        if !self.of_its_class {
            problems.push(format!("{of} is caught by no case of its class {}", self.class));
        }
        problems
    }
}

/// Runs each family over its range, in each operation that has it; `observe` is told of each operation before it is
/// begun.
///
/// # Errors
///
/// [`RunError`] where a recipe is broken.
pub fn families(
    suite: &Suite,
    observe: &mut (dyn FnMut(&str) + Send),
) -> Result<Vec<FamilyRow>, RunError> {
    let mut operations = Operation::all();
    // The longest ones first, so that no core is left with one at the end.
    operations.sort_by_key(|operation| {
        let of_operation =
            suite.cases().iter().filter(|case| case.question.operation() == *operation);
        let questions = of_operation
            .map(|case| 1 + case.recipe.iter().map(|recipe| recipe.sha256.len()).sum::<usize>());
        std::cmp::Reverse(questions.sum::<usize>())
    });
    let rows = each(&operations, &mut |operation| observe(&operation.to_string()), |operation| {
        of_operation(suite, *operation)
    })?;
    let mut rows: Vec<FamilyRow> = rows.into_iter().flatten().collect();
    let place = |name: &str| all().iter().position(|family| family.name == name);
    rows.sort_by_key(|row| (place(&row.name), row.operation.clone()));
    Ok(rows)
}

/// What is known of a family while cases are asked.
struct Progress {
    family: Family,
    /// Members that no case has failed yet.
    alive: BTreeSet<u64>,
    members: usize,
    reached: BTreeSet<u64>,
    questions: usize,
    of_its_class: bool,
    /// A member that was caught, asked until a second question fails it, and one of its class.
    witness: Option<u64>,
}

impl Progress {
    fn ask(&mut self, case: &Case, asked: &Asked) {
        let Family { reached, wrong, class, .. } = &self.family;
        let settled = self.questions >= 2 && self.of_its_class;
        let witness = self.witness.filter(|_| !settled);
        let mut fails = false;
        for member in reached(asked) {
            if !self.alive.contains(&member) && witness != Some(member) {
                continue;
            }
            let Some(Wrong { given, part }) = wrong(asked, member) else { continue };
            self.reached.insert(member);
            let part = part.map(|question| part_of(case, question));
            if !judge(part.as_ref().unwrap_or(case), &given, false).outcome.is_failure() {
                continue;
            }
            self.alive.remove(&member);
            self.witness.get_or_insert(member);
            fails = true;
            self.of_its_class |= case.class == Some(*class);
        }
        self.questions += usize::from(fails);
    }

    fn is_done(&self) -> bool {
        self.alive.is_empty() && self.questions >= 2 && self.of_its_class
    }

    fn row(self, operation: Operation) -> FamilyRow {
        let name = self.family.name;
        let mut missed = self.alive;
        let mut excuses = Vec::new();
        let here =
            |excuse: &&Excuse| excuse.family == name && excuse.operation == operation.to_string();
        for Excuse { of, reason, .. } in EXCUSED.iter().filter(here) {
            let before = missed.len();
            missed.retain(|&member| !of(member));
            excuses.push((before - missed.len(), (*reason).to_owned()));
        }
        FamilyRow {
            name: name.to_owned(),
            class: self.family.class,
            about: self.family.about.to_owned(),
            operation: operation.to_string(),
            members: self.members,
            reached: self.reached.len(),
            caught: self.members
                - missed.len()
                - excuses.iter().map(|(count, _)| count).sum::<usize>(),
            excuses,
            missed: missed.into_iter().map(self.family.shown).collect(),
            questions: self.questions,
            of_its_class: self.of_its_class,
        }
    }
}

/// A case of a part of a question.
fn part_of(case: &Case, question: Question) -> Case {
    let expect = match &case.expect {
        Lawful::Within { refuse } => Lawful::Within { refuse: refuse.clone() },
        _ => expected(&question, None),
    };
    Case { question, expect, ..case.clone() }
}

fn of_operation(suite: &Suite, operation: Operation) -> Result<Vec<FamilyRow>, RunError> {
    let start = |family: Family| {
        let alive: BTreeSet<u64> = (family.members)(operation).into_iter().collect();
        let members = alive.len();
        (members > 0).then(|| Progress {
            family,
            alive,
            members,
            reached: BTreeSet::new(),
            questions: 0,
            of_its_class: false,
            witness: None,
        })
    };
    let mut families: Vec<Progress> = all().into_iter().filter_map(start).collect();
    let by_id: BTreeMap<&str, &Case> =
        suite.cases().iter().map(|case| (case.id.as_str(), case)).collect();
    for case in suite.cases().iter().filter(|case| case.question.operation() == operation) {
        let control =
            case.control.as_ref().and_then(|id| by_id.get(id.as_str())).map(|case| &case.question);
        let mut ask = |case: &Case| {
            if let Some(asked) = Asked::of(case, control) {
                families
                    .iter_mut()
                    .filter(|family| !family.is_done())
                    .for_each(|family| family.ask(case, &asked));
            }
        };
        ask(case);
        for part in recipe::parts(case) {
            ask(&part.map_err(|what| SuiteError::new(&case.id, what))?.case);
        }
    }
    Ok(families.into_iter().map(|family| family.row(operation)).collect())
}
