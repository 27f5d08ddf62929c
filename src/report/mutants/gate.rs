//! Sweeps put together and judged.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::ledger::{Entry, Ledger};
use super::sweep::{Fate, Mutant, Refused, Sweep};

/// What is demanded beside the sweeps themselves.
#[derive(Clone, Debug, Default)]
pub struct Demands {
    /// Every mutant of the source, as `cargo mutants --list --json` has it: what a sweep says of
    /// itself cannot tell a shard from a whole.
    pub list: Vec<Mutant>,
    /// The SHA-256 that every sweep must record of its source.
    pub tree: Option<String>,
    /// The tests that run over a mutant's function, by the mutant's name, where that was found out.
    pub tests: BTreeMap<String, BTreeSet<String>>,
    /// Whether the list is a part of the crate's mutants, a diff's or a sample: then entries of
    /// mutants that are not in it are not looked at, and no ratchet is too loose.
    pub partial: bool,
}

/// One folder's mutants.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Mutants that some test failed on.
    pub caught: usize,
    /// Mutants that every test passed on, without an entry.
    pub missed: usize,
    /// Mutants whose tests did not end, without an entry.
    pub timeout: usize,
    /// Of either, those with an entry.
    pub explained: usize,
    /// What did not build.
    pub unviable: usize,
}

/// A mutant that is not killed and has no entry.
#[derive(Clone, Debug, Serialize)]
pub struct Survivor {
    /// Its name.
    pub name: String,
    /// What an entry of the ledger would call it.
    pub key: String,
    /// Its folder.
    pub folder: String,
    /// Missed or timed out.
    pub fate: Fate,
    /// The change.
    pub diff: String,
    /// The tests that run over its function, where that was found out.
    pub tests: Option<BTreeSet<String>>,
}

/// What the sweeps show.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// Counts by folder.
    pub folders: BTreeMap<String, Counts>,
    /// Every survivor, those below a ratchet too.
    pub survivors: Vec<Survivor>,
    /// What keeps the gate shut, a sentence each.
    pub faults: Vec<String>,
    /// The command that ran the tests.
    pub scope: String,
    /// The SHA-256 of the source, where one is recorded.
    pub tree: Option<String>,
    /// Seconds of work of all sweeps together.
    pub seconds: f64,
}

impl Verdict {
    /// Whether the gate opens.
    pub fn passes(&self) -> bool {
        self.faults.is_empty()
    }
}

/// Judges `sweeps` by `demands` and `ledger`.
///
/// # Errors
///
/// [`Refused`], where the sweeps prove nothing: there are none, they are not just the list, they
/// overlap, differ in source or scope, have no baseline, or hold no mutant that was tested.
pub fn judge(sweeps: &[Sweep], demands: &Demands, ledger: &Ledger) -> Result<Verdict, Refused> {
    let evidence = evidence(sweeps, demands)?;
    let mut folders: BTreeMap<String, Counts> = BTreeMap::new();
    let mut survivors = Vec::new();
    let mut used = BTreeSet::new();
    for (mutant, fate) in &evidence {
        let counts = folders.entry(mutant.folder()).or_default();
        let entry = ledger.entries(*fate).iter().find(|entry| entry.matches(mutant));
        used.extend(entry.map(std::ptr::from_ref));
        match (fate, entry) {
            (Fate::Caught, _) => counts.caught += 1,
            (Fate::Unviable, _) => counts.unviable += 1,
            (_, Some(_)) => counts.explained += 1,
            (fate, None) => {
                let missed = *fate == Fate::Missed;
                counts.missed += usize::from(missed);
                counts.timeout += usize::from(!missed);
                survivors.push(Survivor {
                    name: mutant.name.clone(),
                    key: mutant.key(),
                    folder: mutant.folder(),
                    fate: *fate,
                    diff: mutant.diff.clone(),
                    tests: demands.tests.get(&mutant.name).cloned(),
                });
            }
        }
    }
    let mut faults = over_ratchet(&folders, ledger, demands.partial);
    let concerns = |entry: &Entry| {
        !demands.partial || evidence.iter().any(|(mutant, _)| entry.matches(mutant))
    };
    let stale = ledger.equivalent.iter().chain(&ledger.timeout);
    faults.extend(
        stale
            .filter(|entry| !used.contains(&std::ptr::from_ref(*entry)) && concerns(entry))
            .map(|entry| format!("stale entry: {:?} is no survivor any more", entry.mutant)),
    );
    Ok(Verdict {
        folders,
        survivors,
        faults,
        scope: tested(sweeps).map_or_else(String::new, |sweep| sweep.scope.join(" ")),
        tree: sweeps[0].tree.clone(),
        seconds: sweeps.iter().map(|sweep| sweep.seconds).sum(),
    })
}

/// The first sweep that has run a test: one in which nothing builds has not.
fn tested(sweeps: &[Sweep]) -> Option<&Sweep> {
    sweeps.iter().find(|sweep| !sweep.scope.is_empty())
}

/// Each mutant of the list with its fate, where the sweeps are evidence of that.
fn evidence(sweeps: &[Sweep], demands: &Demands) -> Result<Vec<(Mutant, Fate)>, Refused> {
    let Some(first) = sweeps.first() else {
        return Err(Refused::new("".as_ref(), "no folder of cargo-mutants was given"));
    };
    for sweep in sweeps {
        let refuse = |problem: String| Err(Refused::new(&sweep.path, problem));
        if let Some(demanded) = &demands.tree
            && sweep.tree.as_ref() != Some(demanded)
        {
            let found = sweep.tree.as_deref().unwrap_or("none");
            return refuse(format!("the source is {found}, {demanded} is demanded"));
        }
        if sweep.tree != first.tree {
            return refuse(format!("the source is not that of {}", first.path.display()));
        }
        if let Some(tested) = tested(sweeps)
            && !sweep.scope.is_empty()
            && sweep.scope != tested.scope
        {
            let [here, there] = [sweep, tested].map(|sweep| sweep.scope.join(" "));
            return refuse(format!("tested by `cargo {here}`, others by `cargo {there}`"));
        }
    }
    if !sweeps.iter().any(|sweep| sweep.has_baseline) {
        return Err(Refused::new(&first.path, "no baseline: do the tests pass without a mutant?"));
    }
    let mut fates = BTreeMap::new();
    for sweep in sweeps {
        for (name, fate) in &sweep.fates {
            if fates.insert(name.as_str(), (*fate, sweep)).is_some() {
                return Err(Refused::new(&sweep.path, format!("{name:?} is in another one too")));
            }
        }
    }
    let mut evidence = Vec::new();
    for mutant in &demands.list {
        let Some((fate, _)) = fates.remove(mutant.name.as_str()) else {
            let problem = format!("{:?} is in the list and in no folder", mutant.name);
            return Err(Refused::new(&first.path, problem));
        };
        evidence.push((mutant.clone(), fate));
    }
    if let Some((name, (_, sweep))) = fates.first_key_value() {
        return Err(Refused::new(&sweep.path, format!("{name:?} is not in the list")));
    }
    if evidence.iter().all(|(_, fate)| *fate == Fate::Unviable) {
        return Err(Refused::new(&first.path, "no mutant was tested: all of nothing is nothing"));
    }
    Ok(evidence)
}

/// Folders with more survivors than their ratchet, or with fewer.
fn over_ratchet(folders: &BTreeMap<String, Counts>, ledger: &Ledger, partial: bool) -> Vec<String> {
    let none = Counts::default();
    let names: BTreeSet<&String> = folders.keys().chain(ledger.ratchet.keys()).collect();
    let fault = |folder: &&String| {
        let counts = folders.get(*folder).unwrap_or(&none);
        let survive = counts.missed + counts.timeout;
        let most = ledger.ratchet.get(*folder).copied().unwrap_or(0);
        if survive > most {
            return Some(format!("{folder}: {survive} survive, {most} may"));
        }
        (survive < most && !partial).then(|| {
            format!("{folder}: {survive} survive, the ratchet still allows {most}: lower it")
        })
    };
    names.iter().filter_map(fault).collect()
}
