//! The report of a pass: who was asked, what failed, the totals, the verdict and where the work was done.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::ledger::{Comparison, Finding};
use super::summary::Verdict;
use super::text::{BAD, Cell, GOOD, counted, plain, style_of, styled, table, without_paths};
use super::{Again, failure, summary};
use crate::run::{Profile, Record, Totals};
use crate::subject::Hello;
use crate::suite::Suite;
use crate::suite::judge::Outcome;
use crate::suite::operation::Operation;

/// Failures that are shown in full before the rest is shown in one line each.
const IN_FULL: usize = 10;

/// Of those, failures of the same operation by the same clause.
const ALIKE_IN_FULL: usize = 3;

/// A pass, as its report sees it.
#[derive(Clone, Copy, Debug)]
pub struct Pass<'a> {
    /// The version of the command that asked.
    pub q4proof: &'a str,
    /// The suite that the cases come from.
    pub suite: &'a Suite,
    /// Who was asked.
    pub hello: &'a Hello,
    /// What is claimed.
    pub profile: &'a Profile,
    /// The seed of the order, if the cases were shuffled.
    pub seed: Option<u64>,
    /// How many cases were to be asked.
    pub cases: usize,
    /// What each case came to; fewer than `cases` where the pass was stopped.
    pub records: &'a [Record],
    /// Where the subject did its work, in lines; empty where that goes without saying.
    pub ran: &'a [String],
    /// How the same subject is asked again.
    pub again: &'a Again,
    /// What was expected to fail, if a ledger says so.
    pub ledger: Option<&'a Comparison>,
    /// Shows every failure in full, and wrong classes too.
    pub verbose: bool,
}

impl Pass<'_> {
    /// What the pass says of the subject.
    pub fn verdict(&self) -> Verdict {
        match (Verdict::of_pass(self.cases, self.records), self.ledger) {
            (verdict, None) => verdict,
            (verdict @ (Verdict::NothingAsked | Verdict::Interrupted), Some(_)) => verdict,
            (_, Some(ledger)) if ledger.as_expected() => Verdict::AsExpected,
            (_, Some(_)) => Verdict::NotAsExpected,
        }
    }

    /// Whether a ledger expects that a case failed as it did.
    pub fn is_expected(&self, record: &Record) -> bool {
        self.ledger.is_some_and(|ledger| ledger.expected(record).is_some())
    }
}

/// The first line: the versions of everything that takes part.
pub fn heading(q4proof: &str, suite: &Suite, hello: &Hello) -> String {
    format!(
        "q4proof {} · suite {} ({}) · subject {} {} ({})",
        plain(q4proof, 60),
        suite.version,
        suite.hash,
        plain(&hello.name, 60),
        plain(&hello.version, 60),
        plain(&hello.language, 60),
    )
}

/// The whole report.
pub fn report(pass: &Pass) -> String {
    let mut text = heading(pass.q4proof, pass.suite, pass.hello);
    text.push_str("\n\n");
    if let Some(seed) = pass.seed {
        writeln!(text, "asked in the order of seed {seed}\n").ok();
    }
    text.push_str(&failures(pass));
    text.push_str(&summary::totals(pass.records));
    text.push('\n');
    let entries = summary::entries(pass.records);
    if !entries.is_empty() {
        text.push_str(&entries);
        text.push('\n');
    }
    let alternates = summary::alternates(pass.records);
    if !alternates.is_empty() {
        let counts = alternates.iter().map(|(name, count)| format!("{} {count}", plain(name, 80)));
        writeln!(text, "alternates: {}\n", counts.collect::<Vec<_>>().join(", ")).ok();
    }
    let not_asked = lacking(pass);
    if !not_asked.is_empty() {
        writeln!(text, "not asked: {}\n", not_asked.join(", ")).ok();
    }
    for hint in summary::hints(pass.records, pass.profile) {
        writeln!(text, "hint: {hint}").ok();
    }
    if let Some(ledger) = pass.ledger {
        text.push_str(&beside(ledger));
    }
    text.push_str(&verdict(pass));
    text.push('\n');
    for line in pass.ran {
        writeln!(text, "{}", plain(line, 300)).ok();
    }
    text
}

/// Cases of the profile that need a feature which the subject does not offer.
fn lacking(pass: &Pass) -> Vec<String> {
    let mut needs: BTreeMap<&str, usize> = BTreeMap::new();
    for record in pass.records {
        let within = pass.profile.contains(record.operation);
        if record.outcome == Outcome::NotInProfile && within {
            let required = pass.suite.get(&record.id).map_or(&[][..], |case| &case.requires);
            for feature in required {
                *needs.entry(feature.name()).or_default() += 1;
            }
        }
    }
    let need = |(name, count)| format!("{} that need {name}", counted(count, "case"));
    needs.into_iter().map(need).collect()
}

/// The last line.
pub fn verdict(pass: &Pass) -> String {
    let totals = Totals::of(pass.records);
    let mut text =
        format!("profile {}: {} passed, {} failed", pass.profile, totals.passed, totals.failed);
    if totals.advisory > 0 {
        write!(text, ", {} failed of tier should", totals.advisory).ok();
    }
    if totals.not_in_profile > 0 {
        write!(text, ", {} not in profile", totals.not_in_profile).ok();
    }
    write!(text, " · suite {}", pass.suite.version).ok();
    let all = pass.suite.cases().len();
    if pass.cases < all {
        write!(text, ", {} of {all} cases", pass.cases).ok();
    }
    if pass.verdict() == Verdict::Interrupted {
        write!(text, ", {} of {} asked", pass.records.len(), pass.cases).ok();
    }
    let verdict = pass.verdict();
    let style = if verdict.is_good() { GOOD } else { BAD };
    write!(text, " · {}", styled(verdict.name(), style)).ok();
    text
}

/// What a ledger expected and what is wrong with it.
fn beside(ledger: &Comparison) -> String {
    let line = |finding: &Finding| {
        vec![
            Cell::left(finding.what.name()).styled(BAD),
            Cell::left(format!("{}:{}", plain(&ledger.file, 200), finding.line)),
            Cell::left(plain(&finding.case, 100)),
            Cell::left(plain(&finding.detail, 300)),
        ]
    };
    let mut text = table(0, &ledger.findings.iter().map(line).collect::<Vec<_>>());
    if !text.is_empty() {
        text.push('\n');
    }
    let kinds: Vec<String> =
        ledger.kinds.iter().map(|(kind, count)| format!("{} {count}", kind.name())).collect();
    let expected: usize = ledger.kinds.values().sum();
    write!(text, "ledger {}: {}", plain(&ledger.file, 200), counted(expected, "expected failure"))
        .ok();
    if !kinds.is_empty() {
        write!(text, " ({})", kinds.join(", ")).ok();
    }
    if ledger.unexpected > 0 {
        let unexpected = counted(ledger.unexpected, "unexpected failure");
        write!(text, ", {}", styled(&unexpected, BAD)).ok();
    }
    if !ledger.findings.is_empty() {
        let wrong = counted(ledger.findings.len(), "line") + " not borne out";
        write!(text, ", {}", styled(&wrong, BAD)).ok();
    }
    text + "\n\n"
}

/// Failures that no ledger expects: those of tier must first, then the others, then, if asked for, the wrong classes.
fn failures(pass: &Pass) -> String {
    let wrong_class = |record: &Record| record.outcome == Outcome::WrongClass;
    let beside_must = |record: &Record| record.outcome.is_failure() && !record.is_failure();
    let records = || pass.records.iter().filter(|record| !pass.is_expected(record));
    let must = records().filter(|record| record.is_failure());
    let beside = records().filter(|record| beside_must(record));
    let wrong = pass.records.iter().filter(|record| pass.verbose && wrong_class(record));
    let shown: Vec<&Record> = must.chain(beside).chain(wrong).collect();

    let (named, followers): (Vec<&Record>, Vec<&Record>) =
        shown.into_iter().partition(|record| pass.verbose || consequence(record).is_none());
    let (in_full, in_short) = if pass.verbose { (named, Vec::new()) } else { examples(named) };
    let followers = grouped(&followers, pass.again);

    let mut text = String::new();
    for record in &in_full {
        text.push_str(&failure::full(pass.suite.get(&record.id), record, pass.again));
        text.push('\n');
    }
    text.push_str(&failure::lines(&in_short, pass.again));
    text.push_str(&followers);
    let mut unseen = Vec::new();
    if !in_short.is_empty() || !followers.is_empty() {
        unseen.push("every failure in full".to_owned());
    }
    let wrong = pass.records.iter().filter(|record| wrong_class(record)).count();
    if wrong > 0 && !pass.verbose {
        unseen.push(counted(wrong, "refusal") + " with a wrong class");
    }
    if !unseen.is_empty() {
        writeln!(text, "--verbose shows {}\n", unseen.join(" and ")).ok();
    }
    text
}

/// The failures that are shown in full, a few of each kind, and the others.
fn examples(records: Vec<&Record>) -> (Vec<&Record>, Vec<&Record>) {
    let mut alike = BTreeMap::new();
    let mut shown = 0;
    records.into_iter().partition(|record| {
        let count = alike.entry((record.operation, record.clause.as_str())).or_insert(0);
        *count += 1;
        let example = *count <= ALIKE_IN_FULL && shown < IN_FULL;
        shown += usize::from(example);
        example
    })
}

/// What a case failed by that says nothing of the case itself: it says the same of many.
fn consequence(record: &Record) -> Option<String> {
    match record.outcome {
        Outcome::Unsupported | Outcome::ControlRejected => {
            let entry = record.decisive().next()?;
            Some(without_paths(&entry.judgement.summary))
        }
        _ => None,
    }
}

/// One line for all the cases of an operation that failed by the same; a case that is alone in that
/// is named.
fn grouped(records: &[&Record], again: &Again) -> String {
    let mut groups: BTreeMap<(Outcome, Operation, String), Vec<&Record>> = BTreeMap::new();
    for record in records {
        let key = (record.outcome, record.operation, consequence(record).unwrap_or_default());
        groups.entry(key).or_default().push(record);
    }
    let line =
        |((outcome, operation, what), cases): (&(Outcome, Operation, String), &Vec<&Record>)| {
            let which = match cases.as_slice() {
                [alone] => alone.id.clone(),
                cases => format!("{} of {}", counted(cases.len(), "case"), operation),
            };
            let word = Cell::left(outcome.name()).styled(style_of(*outcome));
            vec![
                word,
                Cell::left(which),
                Cell::left(plain(what, 100)),
                Cell::left(cases.first().map_or_else(String::new, |case| again.repro(&case.id))),
            ]
        };
    table(0, &groups.iter().map(line).collect::<Vec<_>>())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::report::text::unstyled;
    use crate::run::EntryRecord;
    use crate::subject::{Implementation, Reference};
    use crate::suite::case::Tier;
    use crate::suite::judge::Judgement;
    use crate::suite::operation::{FormatId, Verb};

    /// A decode of tier must that came to this.
    pub fn record(id: &str, clause: &str, outcome: Outcome) -> Record {
        let judgement = Judgement::plain(outcome, "");
        Record {
            id: id.into(),
            clause: clause.into(),
            class: None,
            tier: Tier::Must,
            operation: Operation::new(Verb::Decode, FormatId::KHQ4),
            outcome,
            entries: vec![EntryRecord { entry: None, judgement }],
        }
    }

    /// What `look` sees of a pass that came to `records`; its suite has no cases.
    pub fn seen<T>(records: &[Record], look: impl FnOnce(Pass) -> T) -> T {
        let suite = Suite::from_texts(&[], None).expect("no vectors");
        look(Pass {
            q4proof: "0.1.0",
            suite: &suite,
            hello: &Reference.hello(),
            profile: &Profile::all(),
            seed: None,
            cases: records.len(),
            records,
            ran: &[],
            again: &Again::default(),
            ledger: None,
            verbose: false,
        })
    }

    fn shown(records: &[Record], verbose: bool) -> String {
        seen(records, |pass| unstyled(&failures(&Pass { verbose, ..pass })))
    }

    #[test]
    fn a_wrong_class_is_counted_and_shown_where_all_is_asked_for() {
        let records = [
            record("decode/wrong", "DEC-1", Outcome::WrongClass),
            record("decode/right", "DEC-1", Outcome::Pass),
        ];
        let counted = "--verbose shows 1 refusal with a wrong class\n\n";
        assert_eq!(shown(&records, false), counted);
        let in_full =
            "wrong-class  decode/wrong · DEC-1\n    repro: q4proof repro decode/wrong\n\n";
        assert_eq!(shown(&records, true), in_full);
        for verbose in [false, true] {
            assert_eq!(shown(&records[1..], verbose), "");
        }
    }

    #[test]
    fn a_few_failures_are_shown_in_full_and_fewer_of_a_kind() {
        let kinds = |kinds: usize| {
            let fails = |number: usize| {
                let clause = format!("DEC-{}", number % kinds);
                record(&format!("decode/{number}"), &clause, Outcome::Fail)
            };
            let text = shown(&(0..12).map(fails).collect::<Vec<_>>(), false);
            assert!(text.ends_with("\n--verbose shows every failure in full\n\n"), "{text}");
            let in_full = text.matches("    repro: q4proof repro decode/").count();
            (in_full, text.matches("q4proof repro decode/").count() - in_full)
        };
        assert_eq!(kinds(1), (3, 9));
        assert_eq!(kinds(2), (6, 6));
        assert_eq!(kinds(12), (10, 2));
    }

    #[test]
    fn cases_that_need_what_the_subject_lacks_are_counted_within_the_profile() {
        let suite = Suite::embedded().expect("the vectors");
        let told = |outcome, claimed: &str| {
            let case = record("load/width-32-product-wraps-to-0", "KHQ4-H8", outcome);
            let records =
                [Record { operation: Operation::new(Verb::Load, FormatId::KHQ4), ..case }];
            let profile = claimed.parse().expect("a profile");
            seen(&records, |pass| lacking(&Pass { suite: &suite, profile: &profile, ..pass }))
        };
        assert_eq!(told(Outcome::NotInProfile, "load:khq4"), ["1 case that need width-32"]);
        assert!(told(Outcome::NotInProfile, "decode:khq4").is_empty());
        assert!(told(Outcome::Pass, "load:khq4").is_empty());
    }
}
