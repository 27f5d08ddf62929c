//! What records come to: totals by operation and tier, what was noticed, and the verdict.

use std::collections::{BTreeMap, BTreeSet};

use super::failure::{tier, within_bound};
use super::near::nearest;
use super::text::{BAD, Cell, FAIR, PLAIN, counted, plain, table};
use crate::run::{Profile, Record, Totals};
use crate::subject::Hello;
use crate::suite::case::Tier;
use crate::suite::feature::FormatFeature;
use crate::suite::judge::Outcome;
use crate::suite::operation::{FormatId, Operation, Verb};

/// What a pass says of the subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Something was asked, and nothing failed that must hold.
    Conforms,
    /// Something failed that must hold.
    DoesNotConform,
    /// What failed is what a ledger expects.
    AsExpected,
    /// Something failed that a ledger does not expect, or did not fail that it expects.
    NotAsExpected,
    /// Nothing was asked, so that there is nothing to say.
    NothingAsked,
    /// The pass was stopped before its end.
    Interrupted,
}

impl Verdict {
    /// The verdict on these totals.
    pub fn of(totals: &Totals) -> Self {
        match totals {
            totals if totals.failed > 0 => Self::DoesNotConform,
            totals if totals.conforms() => Self::Conforms,
            _ => Self::NothingAsked,
        }
    }

    /// The verdict on a pass that was to ask as many `cases`.
    pub fn of_pass(cases: usize, records: &[Record]) -> Self {
        if records.len() < cases { Self::Interrupted } else { Self::of(&Totals::of(records)) }
    }

    /// Whether all is as it must be, or as it is known to be.
    pub fn is_good(self) -> bool {
        matches!(self, Self::Conforms | Self::AsExpected)
    }

    /// The words in reports and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Conforms => "conforms",
            Self::DoesNotConform => "does not conform",
            Self::AsExpected => "as expected",
            Self::NotAsExpected => "not as expected",
            Self::NothingAsked => "nothing that binds was asked",
            Self::Interrupted => "interrupted",
        }
    }
}

/// The columns of totals, behind those of operation and tier.
pub const COLUMNS: [&str; 6] =
    ["cases", "passed", "(alternate)", "(wrong class)", "failed", "not in profile"];

/// Totals of one operation and tier.
pub struct Group {
    /// The operation, or in a word which cases.
    pub operation: String,
    /// The tier, where they are of one.
    pub tier: &'static str,
    /// The counts.
    pub totals: Totals,
}

impl Group {
    /// The numbers below [`COLUMNS`].
    pub fn numbers(&self) -> [usize; 6] {
        let totals = &self.totals;
        [
            totals.asked() + totals.not_in_profile,
            totals.passed,
            totals.alternate,
            totals.wrong_class,
            totals.failed + totals.advisory,
            totals.not_in_profile,
        ]
    }
}

/// A group for each operation and tier of which something was asked, one for all the others, and one
/// for all.
pub fn groups(records: &[Record]) -> Vec<Group> {
    let tiers = [Tier::Must, Tier::Should, Tier::Informative];
    let pairs =
        Operation::all().into_iter().flat_map(|operation| tiers.map(|tier| (operation, tier)));
    let mut groups = Vec::new();
    let mut unasked = Totals::default();
    for (operation, tier_asked) in pairs {
        let of_group = records
            .iter()
            .filter(|record| record.operation == operation && record.tier == tier_asked);
        let totals = Totals::of(of_group);
        if totals.asked() > 0 {
            let operation = operation.to_string();
            groups.push(Group { operation, tier: tier(tier_asked), totals });
        } else {
            unasked.not_in_profile += totals.not_in_profile;
        }
    }
    if unasked.not_in_profile > 0 {
        groups.push(Group { operation: "others".into(), tier: "", totals: unasked });
    }
    groups.push(Group { operation: "total".into(), tier: "", totals: Totals::of(records) });
    groups
}

/// [`groups`] as a table.
pub fn totals(records: &[Record]) -> String {
    let mut lines = vec![headings(&COLUMNS)];
    lines.extend(groups(records).iter().map(totals_line));
    table(0, &lines)
}

fn headings(names: &[&str]) -> Vec<Cell> {
    [Cell::default(), Cell::default()].into_iter().chain(names.iter().map(Cell::right)).collect()
}

fn totals_line(group: &Group) -> Vec<Cell> {
    let style = match group.totals {
        Totals { failed: 1.., .. } => BAD,
        Totals { advisory: 1.., .. } => FAIR,
        _ => PLAIN,
    };
    let [cases, passed, alternate, wrong_class, failed, not_in_profile] =
        group.numbers().map(Cell::right);
    vec![
        Cell::left(&group.operation),
        Cell::left(group.tier),
        cases,
        passed,
        alternate,
        wrong_class,
        failed.styled(style),
        not_in_profile,
    ]
}

/// How often each lawful behaviour was seen that is not the preferred one.
pub fn alternates(records: &[Record]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for record in records {
        let mut seen: Vec<&str> = record
            .entries
            .iter()
            .filter(|entry| entry.judgement.outcome == Outcome::PassAlternate)
            .filter_map(|entry| entry.judgement.behaviour.as_deref())
            .collect();
        seen.sort_unstable();
        seen.dedup();
        for behaviour in seen {
            *counts.entry(behaviour.to_owned()).or_insert(0) += 1;
        }
    }
    counts
}

/// How many cases each named entry answered, and how many it could not express.
pub fn entries(records: &[Record]) -> String {
    let mut counts: BTreeMap<(Operation, &str), (usize, usize)> = BTreeMap::new();
    for record in records {
        for entry in &record.entries {
            let Some(name) = entry.entry.as_deref() else { continue };
            let (answered, unsupported) = counts.entry((record.operation, name)).or_default();
            match entry.judgement.outcome {
                Outcome::Unsupported => *unsupported += 1,
                _ => *answered += 1,
            }
        }
    }
    if counts.is_empty() {
        return String::new();
    }
    let line =
        |((operation, name), (answered, unsupported)): (&(Operation, &str), &(usize, usize))| {
            let name = Cell::left(plain(name, 40));
            vec![Cell::left(operation), name, Cell::right(answered), Cell::right(unsupported)]
        };
    let head = [
        Cell::left("entries"),
        Cell::default(),
        Cell::right("answered"),
        Cell::right("unsupported"),
    ];
    let lines: Vec<_> = std::iter::once(head.to_vec()).chain(counts.iter().map(line)).collect();
    table(0, &lines)
}

/// What to do next, where the records show it.
pub fn hints(records: &[Record], profile: &Profile) -> Vec<String> {
    let failures: Vec<&Record> = records.iter().filter(|record| record.is_failure()).collect();
    [unsupported_hint(records, &failures, profile), bounded_hint(&failures, profile)]
        .into_iter()
        .flatten()
        .collect()
}

/// A capability that does not exist is passed over in silence by the profile, so it is named here.
pub fn capability_hint(hello: &Hello) -> Option<String> {
    let known = known_capabilities();
    let unknown = hello.capabilities.iter().find(|name| !known.contains(name))?;
    let meant = match meant(unknown, &known).as_slice() {
        [] => "PROTOCOL.md lists the capabilities".to_owned(),
        names => format!("did you mean {}?", names.join(" or ")),
    };
    Some(format!("the handshake lists {:?}, which is no capability: {meant}", plain(unknown, 60)))
}

/// What `unknown` was meant to be: the nearest name with the nearest format, or with each of its formats where none is
/// near.
fn meant<'a>(unknown: &str, known: &'a [String]) -> Vec<&'a str> {
    let whole = || known.iter().map(String::as_str);
    let halves = || whole().filter_map(|capability| capability.split_once(':'));
    // Without its format, `lode` is nearer to `load` than to `load:khq4`.
    let (name, format) = unknown.split_once(':').unwrap_or((unknown, ""));
    let Some(name) = nearest(name, halves().map(|(name, _)| name)) else {
        return nearest(unknown, whole()).into_iter().collect();
    };
    let of_name = halves().filter(|(of, _)| *of == name);
    let near = nearest(format, of_name.map(|(_, format)| format));
    let is_meant = |capability: &&str| match capability.split_once(':') {
        Some((of, format)) => of == name && near.is_none_or(|near| near == format),
        None => false,
    };
    whole().filter(is_meant).collect()
}

/// The names of all operations and features.
fn known_capabilities() -> Vec<String> {
    let operations = Operation::all().into_iter().map(|operation| operation.to_string());
    let generate = Operation::new(Verb::Generate, FormatId::MODEL).to_string();
    let features = FormatFeature::all().into_iter().map(|feature| feature.to_string());
    operations.chain([generate]).chain(features).collect()
}

/// A subject that fails only by what it does not have is judged fairly by what it has.
fn unsupported_hint(records: &[Record], failures: &[&Record], profile: &Profile) -> Option<String> {
    let lacks = |operation| failures.iter().any(|failure| failure.operation == operation);
    let answers = |operation: &Operation| {
        let asked = |record: &Record| {
            record.operation == *operation && record.outcome != Outcome::NotInProfile
        };
        !lacks(*operation) && records.iter().any(asked)
    };
    let only = failures.iter().all(|failure| failure.outcome == Outcome::Unsupported);
    let answered = profile.only(answers);
    if failures.is_empty() || !only || answered.is_empty() {
        return None;
    }
    Some(format!(
        "nothing failed but what it answers unsupported to; --profile {answered} asks for the rest"
    ))
}

/// An encoder that is not canonical may still be a good one.
fn bounded_hint(failures: &[&Record], profile: &Profile) -> Option<String> {
    let wrong = |record: &&&Record| {
        record.operation.verb == Verb::Encode && record.outcome == Outcome::Fail
    };
    let wrong: Vec<_> = failures.iter().filter(wrong).collect();
    let within: Vec<_> = wrong.iter().filter(|record| within_bound(record)).collect();
    let formats: BTreeSet<_> = within.iter().map(|record| record.operation.format).collect();
    if formats.iter().all(|format| profile.is_bounded(*format)) {
        return None;
    }
    Some(format!(
        "{} of {} within ENC-B1; --profile {} accepts such encodings",
        within.len(),
        counted(wrong.len(), "wrong encoding"),
        formats.into_iter().fold(profile.clone(), Profile::bounding),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::text::unstyled;
    use crate::run::EntryRecord;
    use crate::suite::judge::Judgement;

    fn operation(verb: Verb) -> Operation {
        Operation::new(verb, FormatId::KHQ4)
    }

    fn record(operation: Operation, outcome: Outcome, summary: &str) -> Record {
        let judgement = Judgement::plain(outcome, summary);
        Record {
            id: "family/name".into(),
            clause: "DEC-1".into(),
            class: None,
            tier: Tier::Must,
            operation,
            outcome,
            entries: vec![EntryRecord { entry: None, judgement }],
        }
    }

    fn profile(text: &str) -> Profile {
        text.parse().expect("a profile")
    }

    fn words(text: &str) -> Vec<Vec<&str>> {
        text.lines().map(|line| line.split_whitespace().collect()).collect()
    }

    #[test]
    fn a_subject_that_only_lacks_operations_is_told_its_profile() {
        let records = [
            record(operation(Verb::Decode), Outcome::Pass, ""),
            record(operation(Verb::Load), Outcome::Pass, ""),
            record(operation(Verb::Save), Outcome::Unsupported, "answered unsupported"),
        ];
        let hints = hints(&records, &profile("decode:khq4+load:khq4+save:khq4"));
        assert_eq!(hints.len(), 1);
        assert!(hints[0].contains("--profile decode:khq4+load:khq4 asks"), "{hints:?}");
    }

    #[test]
    fn no_profile_hides_a_failure() {
        let lacks = record(operation(Verb::Save), Outcome::Unsupported, "answered unsupported");
        let wrong = record(operation(Verb::Decode), Outcome::Fail, "1 field differs");
        let right = record(operation(Verb::Load), Outcome::Pass, "");
        assert!(hints(&[lacks.clone(), wrong, right], &Profile::all()).is_empty());
        assert!(hints(&[lacks], &Profile::all()).is_empty());
    }

    #[test]
    fn an_encoder_within_the_bound_is_told_its_profile() {
        let mut within = record(operation(Verb::Encode), Outcome::Fail, "1 field differs");
        within.entries[0].judgement.within_bound = true;
        let records = [
            within,
            record(operation(Verb::Encode), Outcome::Fail, "1 field differs"),
            record(operation(Verb::Encode), Outcome::ControlRejected, ""),
        ];
        let expected = "1 of 2 wrong encodings within ENC-B1; --profile decode:khq4+encode-bounded:khq4 \
                        accepts such encodings";
        assert_eq!(hints(&records, &profile("decode:khq4+encode:khq4")), [expected]);
        assert!(hints(&records, &profile("encode-bounded:khq4")).is_empty());
        assert!(hints(&records[1..], &profile("encode:khq4")).is_empty());
    }

    #[test]
    fn operations_that_were_not_asked_share_a_line() {
        let records = [
            record(operation(Verb::Decode), Outcome::Pass, ""),
            record(operation(Verb::Save), Outcome::NotInProfile, ""),
            record(Operation::new(Verb::Rotate, FormatId::QUAROT), Outcome::NotInProfile, ""),
        ];
        let text = unstyled(&totals(&records));
        let lines = words(&text);
        assert_eq!(lines.len(), 4, "{text}");
        assert_eq!(lines[1], ["decode:khq4", "must", "1", "1", "0", "0", "0", "0"]);
        assert_eq!(lines[2], ["others", "2", "0", "0", "0", "0", "2"]);
        assert_eq!(lines[3], ["total", "3", "1", "0", "0", "0", "2"]);
    }

    #[test]
    fn nothing_asked_is_no_verdict() {
        let none = record(operation(Verb::Save), Outcome::NotInProfile, "");
        let pass = record(operation(Verb::Save), Outcome::Pass, "");
        let fail = record(operation(Verb::Save), Outcome::Crash, "");
        let verdict = |records: &[Record]| Verdict::of(&Totals::of(records));
        assert_eq!(verdict(&[]), Verdict::NothingAsked);
        assert_eq!(verdict(std::slice::from_ref(&none)), Verdict::NothingAsked);
        assert_eq!(verdict(&[none, pass.clone()]), Verdict::Conforms);
        assert_eq!(verdict(&[pass, fail]), Verdict::DoesNotConform);
    }

    #[test]
    fn each_entry_is_shown_with_what_it_answered_and_what_it_could_not_express() {
        let through = |entry: &str, outcome| {
            let judgement = Judgement::plain(outcome, "");
            EntryRecord { entry: Some(entry.into()), judgement }
        };
        let load = |copy, pieces| {
            let entries = vec![through("copy", copy), through("pieces", pieces)];
            Record { entries, ..record(operation(Verb::Load), Outcome::Pass, "") }
        };
        let nameless = record(operation(Verb::Save), Outcome::Pass, "");
        let records = [
            load(Outcome::Pass, Outcome::Unsupported),
            load(Outcome::Fail, Outcome::Unsupported),
            load(Outcome::PassAlternate, Outcome::Pass),
            Record {
                entries: vec![through("copy", Outcome::Unsupported)],
                ..record(operation(Verb::Decode), Outcome::Unsupported, "")
            },
            nameless.clone(),
        ];
        let expected = [
            vec!["entries", "answered", "unsupported"],
            vec!["decode:khq4", "copy", "0", "1"],
            vec!["load:khq4", "copy", "3", "0"],
            vec!["load:khq4", "pieces", "1", "2"],
        ];
        assert_eq!(words(&entries(&records)), expected);
        assert_eq!(entries(&[nameless]), "");
    }

    #[test]
    fn an_alternate_is_counted_once_in_each_case_that_shows_it() {
        let behaved = |outcome, name: &str| {
            let behaviour = Some(name.into());
            let judgement = Judgement { behaviour, ..Judgement::plain(outcome, "") };
            EntryRecord { entry: None, judgement }
        };
        let alternate = |name: &str| behaved(Outcome::PassAlternate, name);
        let case = |entries| Record {
            entries,
            ..record(operation(Verb::Load), Outcome::PassAlternate, "")
        };
        let records = [
            case(vec![alternate("x"), alternate("y"), alternate("x")]),
            case(vec![alternate("x"), behaved(Outcome::Pass, "preferred")]),
        ];
        let expected = [("x".to_owned(), 2), ("y".to_owned(), 1)];
        assert_eq!(alternates(&records), BTreeMap::from(expected));
    }
}
