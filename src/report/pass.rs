//! The report of a pass: who was asked, what failed, the totals, the verdict and where the work was done.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::cause::{self, Group};
use super::ledger::{Comparison, Finding};
use super::summary::Verdict;
use super::text::{BAD, Cell, FAIR, GOOD, WIDTH, counted, plain, style_of, styled, table};
use super::{Again, case, failure, summary};
use crate::run::{Profile, Record, Totals};
use crate::subject::Hello;
use crate::suite::Suite;
use crate::suite::case::Tier;
use crate::suite::judge::Outcome;

/// What follows a pass that found the reference to conform.
const NEXT: &str = "next: q4proof check -- COMMAND asks your own implementation, for example: q4proof check -- \
                    python3 codec.py\n";

/// Characters of a sentence on a subject's processes that are shown.
pub(super) const SENTENCE: usize = 600;

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
    /// How often each case was asked.
    pub repeat: usize,
    /// How many cases were to be asked.
    pub cases: usize,
    /// What each case came to; fewer than `cases` where the pass was stopped.
    pub records: &'a [Record],
    /// Where the subject did its work, in lines; empty where that goes without saying.
    pub ran: &'a [String],
    /// What its processes did that PROTOCOL.md says they should not, in sentences.
    pub should: &'a [String],
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
            // Only a ledger of what fails at times gets here: what is listed otherwise is an XPASS.
            (verdict @ Verdict::Conforms, Some(ledger))
                if ledger.as_expected() && ledger.expects_in_vain() =>
            {
                verdict
            }
            (_, Some(ledger)) if ledger.as_expected() => Verdict::AsExpected,
            (_, Some(_)) => Verdict::NotAsExpected,
        }
    }

    /// Whether all went well with this crate's own code, so that the next to be asked is somebody else's.
    fn is_clean_reference(&self) -> bool {
        let is_named = self.again.options.iter().any(|option| option == "--subject");
        let is_reference = !is_named && self.again.command.is_empty();
        is_reference && self.ledger.is_none() && self.verdict() == Verdict::Conforms
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
    let hints = summary::hints(pass.records, pass.profile);
    for hint in summary::capability_hint(pass.hello).into_iter().chain(hints) {
        writeln!(text, "hint: {hint}").ok();
    }
    for sentence in pass.should {
        writeln!(text, "{}: {}", styled("should", FAIR), plain(sentence, SENTENCE)).ok();
    }
    if let Some(ledger) = pass.ledger {
        text.push_str(&beside(ledger));
    }
    text.push_str(&verdict(pass));
    text.push('\n');
    for line in pass.ran {
        writeln!(text, "{}", plain(line, 300)).ok();
    }
    if pass.is_clean_reference() {
        text.push_str(NEXT);
    }
    text
}

/// Cases of the profile that need something which the subject does not have.
fn lacking(pass: &Pass) -> Vec<String> {
    let mut needs: BTreeMap<String, usize> = BTreeMap::new();
    for record in pass.records {
        let within = pass.profile.contains(record.operation);
        if record.outcome == Outcome::NotInProfile && within {
            let Some(case) = pass.suite.get(&record.id) else { continue };
            for need in case::needs(case) {
                *needs.entry(need).or_default() += 1;
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
    if let Some(waived @ 1..) = pass.ledger.map(Comparison::waived) {
        write!(text, ", {waived} waived as flaky").ok();
    }
    if totals.not_in_profile > 0 {
        write!(text, ", {} not in profile", totals.not_in_profile).ok();
    }
    write!(text, " · suite {}", pass.suite.version).ok();
    let all = pass.suite.cases().len();
    if pass.cases < all {
        write!(text, ", {} of {all} cases", pass.cases).ok();
    }
    if pass.repeat > 1 {
        write!(text, ", each case asked {} times", pass.repeat).ok();
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
    if ledger.expects_in_vain() {
        text.push_str(", none of the listed failures came");
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

/// Failures that no ledger expects: a table of their causes, the first case of each cause in full, and their number.
/// If asked for, every case in full, and the wrong classes.
fn failures(pass: &Pass) -> String {
    let wrong_class = |record: &&Record| record.outcome == Outcome::WrongClass;
    let unexpected = |record: &&Record| record.outcome.is_failure() && !pass.is_expected(record);
    let groups = cause::groups(pass.records.iter().filter(unexpected));
    let mut shown: Vec<&Record> = groups.iter().map(Group::first).collect();
    if pass.verbose {
        shown = groups.iter().flat_map(|group| &group.records).copied().collect();
        shown.extend(pass.records.iter().filter(wrong_class));
    }

    let mut text = causes(&groups);
    for record in &shown {
        text.push_str(&failure::judged(pass.suite.get(&record.id), record));
        text.push('\n');
    }
    let cases: usize = groups.iter().map(|group| group.records.len()).sum();
    if cases > 0 {
        let (cases_in_words, causes) =
            (counted(cases, "failing case"), counted(groups.len(), "cause"));
        let unseen = if cases == shown.len() { "" } else { "; --verbose shows every case in full" };
        text.push_str(&format!("{cases_in_words}, {causes}{unseen}\n"));
    }
    if !shown.is_empty() {
        text.push_str(&format!("ask one again: {}\n\n", pass.again.repro("CASE")));
    }
    let wrong = pass.records.iter().filter(wrong_class).count();
    if wrong > 0 && !pass.verbose {
        let refusals = counted(wrong, "refusal");
        text.push_str(&format!("--verbose shows {refusals} with a wrong class\n\n"));
    }
    text
}

/// Characters of what differs that are shown in the table of causes, at the least and at the most.
const SHORTEST_CAUSE: usize = 28;
const LONGEST_CAUSE: usize = 60;

/// One line for each cause: its clause, what differs, how many cases show it and the first of them.
fn causes(groups: &[Group]) -> String {
    if groups.is_empty() {
        return String::new();
    }
    let tier = |group: &Group| match group.cause.tier {
        Tier::Must => String::new(),
        other => format!(" ({})", failure::tier(other)),
    };
    let widest = |words: &dyn Fn(&Group) -> usize| groups.iter().map(words).max().unwrap_or(0);
    let clauses = widest(&|group| group.clause().len() + tier(group).len());
    let ids = widest(&|group| group.first().id.len());
    // Three times two spaces between the columns, and the number of cases.
    let words = WIDTH.saturating_sub(clauses + ids + "cases".len() + 3 * 2);
    let words = words.clamp(SHORTEST_CAUSE, LONGEST_CAUSE);
    let line = |group: &Group| {
        let mut seen = plain(&group.words(), usize::MAX);
        if seen.chars().count() > words {
            seen = plain(&seen, words - 3);
        }
        vec![
            Cell::left(group.clause() + &tier(group)),
            Cell::left(seen).styled(style_of(group.cause.outcome)),
            Cell::right(group.records.len()),
            Cell::left(&group.first().id),
        ]
    };
    let head = [
        Cell::left("clause"),
        Cell::left("what differs"),
        Cell::right("cases"),
        Cell::left("first case"),
    ];
    let lines: Vec<_> = std::iter::once(head.to_vec()).chain(groups.iter().map(line)).collect();
    table(0, &lines) + "\n"
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::report::text::unstyled;
    use crate::run::EntryRecord;
    use crate::subject::{Implementation, Reference};
    use crate::suite::judge::{Judgement, Row};
    use crate::suite::operation::{FormatId, Operation, Verb};

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
            repeat: 1,
            cases: records.len(),
            records,
            ran: &[],
            should: &[],
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
        let in_full = "wrong-class  decode/wrong · DEC-1\n\nask one again: q4proof repro CASE\n\n";
        assert_eq!(shown(&records, true), in_full);
        for verbose in [false, true] {
            assert_eq!(shown(&records[1..], verbose), "");
        }
    }

    /// A failed decode whose field differs in so many blocks.
    fn differs(id: &str, clause: &str, field: &str) -> Record {
        let row = Row { field: field.into(), expected: "1".into(), got: "2".into() };
        let mut record = record(id, clause, Outcome::Fail);
        record.entries[0].judgement.rows = vec![row];
        record
    }

    #[test]
    fn failures_are_shown_by_their_causes_each_by_its_first_case() {
        let mut records = vec![differs("decode/alone", "DEC-2", "value 1")];
        records.extend((0..12).map(|number| {
            differs(&format!("decode/{number}"), "DEC-1", &format!("value {number}"))
        }));
        records.push(record("decode/rejected", "DEC-1", Outcome::Unsupported));
        records.push(record("decode/another", "DEC-3", Outcome::Unsupported));
        let text = shown(&records, false);
        let table = "\
clause    what differs   cases  first case
DEC-1     values differ     12  decode/0
DEC-2     values differ      1  decode/alone
DEC-1 +1  unsupported        2  decode/rejected
";
        assert!(text.starts_with(table), "{text}");
        let blocks: Vec<&str> = text.lines().filter(|line| line.contains(" · ")).collect();
        let expected = [
            "fail  decode/0 · DEC-1",
            "fail  decode/alone · DEC-2",
            "unsupported  decode/rejected · DEC-1",
        ];
        assert_eq!(blocks, expected, "{text}");
        let end = "15 failing cases, 3 causes; --verbose shows every case in full\n\
                   ask one again: q4proof repro CASE\n\n";
        assert!(text.ends_with(end), "{text}");
        assert_eq!(text.matches("q4proof repro").count(), 1, "{text}");

        let all = shown(&records, true);
        assert!(all.starts_with(table), "{all}");
        assert_eq!(all.matches(" · DEC-").count(), 15, "{all}");
        assert!(all.contains("\n15 failing cases, 3 causes\nask one again"), "{all}");
    }

    #[test]
    fn the_table_of_causes_is_a_hundred_wide() {
        let said = "it ended: exit status: 101; it said: ".to_owned() + &"word ".repeat(40);
        let mut crash = record(&"decode/".repeat(6), "KHQ4-H12", Outcome::Crash);
        crash.entries[0].judgement.summary = said;
        let text = shown(&[crash], false);
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
        assert_eq!(text.lines().nth(1).map(|line| line.chars().count()), Some(100), "{text}");
        assert!(text.contains("..."), "{text}");
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
        assert_eq!(told(Outcome::NotInProfile, "load:khq4"), ["1 case that need width-32:khq4"]);
        assert!(told(Outcome::NotInProfile, "decode:khq4").is_empty());
        assert!(told(Outcome::Pass, "load:khq4").is_empty());
    }
}
