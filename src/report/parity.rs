//! The end-to-end report: for a terminal, and as Markdown for a pull request.

use super::markdown::escaped;
use super::text::{BAD, Cell, FAIR, GOOD, counted, plain, styled, table};
use crate::parity::compare::{Comparison, Verdict};
use crate::parity::{Outcome, Run};

/// Characters of what a subject or a golden says that are shown.
const SHOWN: usize = 200;

/// The heading.
const HEADING: &str = "E2E Parity Report";

/// The report for a terminal.
pub fn report(outcome: &Outcome) -> String {
    let mut text = format!("{HEADING}\n");
    text.push_str(&table(0, &about(outcome)));
    text.push('\n');
    text.push_str(&table(0, &agreement(outcome)));
    text.push('\n');
    text.push_str(&table(0, &runs(outcome)));
    for line in dispatched(outcome) {
        text.push_str(&format!("{line}\n"));
    }
    for line in not_run(outcome) {
        text.push_str(&format!("{}\n", styled(&line, FAIR)));
    }
    let differences = differences(outcome);
    if !differences.is_empty() {
        text.push('\n');
        for line in differences {
            text.push_str(&format!("{line}\n"));
        }
    }
    let style = if outcome.passes() { GOOD } else { BAD };
    text.push_str(&format!("\n{}\n", styled(&verdict(outcome), style)));
    text
}

/// The report as Markdown.
pub fn markdown(outcome: &Outcome) -> String {
    let mut text = format!("# {HEADING}\n\n**{}**\n\n", verdict(outcome));
    for line in about(outcome) {
        let words: Vec<String> = line.iter().map(Cell::text).collect();
        text.push_str(&format!("- {}\n", escaped(&words.join(": "), usize::MAX)));
    }
    for lines in [agreement(outcome), runs(outcome)] {
        text.push('\n');
        text.push_str(&pipes(&lines));
    }
    for line in [dispatched(outcome), not_run(outcome)].concat() {
        text.push_str(&format!("\n{}\n", escaped(&line, usize::MAX)));
    }
    for line in differences(outcome) {
        text.push_str(&format!("\n    {line}"));
    }
    text.push('\n');
    text
}

fn pipes(lines: &[Vec<Cell>]) -> String {
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let row = |words: Vec<String>| format!("| {} |\n", words.join(" | "));
    let mut text = String::new();
    for (index, line) in lines.iter().enumerate() {
        let mut words: Vec<String> =
            line.iter().map(|cell| escaped(&cell.text(), usize::MAX)).collect();
        words.resize(columns, String::new());
        text.push_str(&row(words));
        if index == 0 {
            text.push_str(&row(vec!["---".to_owned(); columns]));
        }
    }
    text
}

fn about(outcome: &Outcome) -> Vec<Vec<Cell>> {
    let made_with =
        |name: &str| outcome.reference.made_with.get(name).map_or("?", String::as_str).to_owned();
    let line = |name: &str, words: String| vec![Cell::left(name), Cell::left(plain(&words, SHOWN))];
    let mut lines = vec![
        line("model", outcome.model.clone()),
        line(
            "goldens",
            format!(
                "transformers {}, torch {}: {}, {} tokens in their windows",
                made_with("transformers"),
                made_with("torch"),
                counted(outcome.prompts().len(), "prompt"),
                outcome.prompts().iter().map(|golden| golden.window).sum::<usize>(),
            ),
        ),
    ];
    for directory in &outcome.directories {
        let words = match directory.different.first() {
            None => format!(
                "made here, {}: each byte is what the goldens' side made",
                counted(directory.files, "file")
            ),
            Some(first) => format!(
                "made here: {} of {} not what the goldens' side made, such as {first}",
                directory.different.len(),
                counted(directory.files, "file")
            ),
        };
        let style = if directory.different.is_empty() { GOOD } else { BAD };
        lines.push(vec![
            Cell::left(format!("{} directory", directory.kind)),
            Cell::left(plain(&words, SHOWN)).styled(style),
        ]);
    }
    if let Some(fault) = outcome.planted {
        lines.push(vec![Cell::left("planted"), Cell::left(fault).styled(FAIR)]);
    }
    lines
}

/// A line for each prompt: how many tokens of its window agree in each run.
fn agreement(outcome: &Outcome) -> Vec<Vec<Cell>> {
    let mut heading = vec![Cell::left("prompt"), Cell::right("window"), Cell::right("margin")];
    heading.extend(outcome.runs.iter().map(|run| Cell::right(label(run))));
    let mut lines = vec![heading];
    for (index, golden) in outcome.prompts().iter().enumerate() {
        let smallest = golden.margins.iter().copied().fold(f64::INFINITY, f64::min);
        let mut line = vec![
            Cell::left(plain(&golden.name, SHOWN)),
            Cell::right(golden.window),
            Cell::right(format!("{smallest:.2}")),
        ];
        for run in &outcome.runs {
            line.push(match run.prompts.get(index) {
                Some(prompt) => agreed(prompt),
                None => Cell::default(),
            });
        }
        lines.push(line);
    }
    lines
}

fn agreed(prompt: &Comparison) -> Cell {
    let count = format!("{}/{}", prompt.agreed, prompt.window);
    match &prompt.verdict {
        Verdict::Match => Cell::right(count).styled(GOOD),
        Verdict::Diverged if prompt.difference.is_none() => Cell::right("logits").styled(BAD),
        Verdict::Diverged => Cell::right(count).styled(BAD),
        Verdict::Failed(_) => Cell::right("failed").styled(BAD),
        Verdict::Waived(_) => Cell::right(format!("{count} waived")).styled(FAIR),
        Verdict::UnexpectedPass(_) => Cell::right("XPASS").styled(BAD),
    }
}

/// A line for each run: what it ran on, how far its logits are off, and how fast it was.
fn runs(outcome: &Outcome) -> Vec<Vec<Cell>> {
    let mut lines = vec![vec![
        Cell::left("run"),
        Cell::left("on"),
        Cell::right("logits off"),
        Cell::right("of tolerance"),
        Cell::right("tokens/s"),
        Cell::left("kernels"),
    ]];
    for run in &outcome.runs {
        let off = run
            .prompts
            .iter()
            .filter_map(|prompt| prompt.logit.as_ref())
            .map(|logit| logit.off)
            .fold(None, |worst: Option<f64>, off| Some(worst.map_or(off, |worst| worst.max(off))));
        let dispatches: Vec<String> =
            run.dispatches.iter().map(|(kernel, count)| format!("{count} {kernel}")).collect();
        lines.push(vec![
            Cell::left(label(run)),
            Cell::left(plain(&run.device, SHOWN)),
            Cell::right(off.map_or("not told".into(), |off| format!("{off:.2e}"))),
            Cell::right(off.map_or(String::new(), |off| format!("{:.3}", off / run.tolerance))),
            Cell::right(run.tokens_per_second.map_or(String::new(), |speed| format!("{speed:.0}"))),
            Cell::left(if dispatches.is_empty() {
                "not told".into()
            } else {
                dispatches.join(", ")
            }),
        ]);
    }
    lines
}

fn label(run: &Run) -> String {
    format!("{}/{}", plain(&run.backend, SHOWN), run.weights)
}

/// The device's own count, of all that ran on it.
fn dispatched(outcome: &Outcome) -> Vec<String> {
    let counts = outcome.dispatches.iter().map(|(kernel, count)| format!("{count} {kernel}"));
    let counts: Vec<String> = counts.collect();
    if counts.is_empty() { Vec::new() } else { vec![format!("dispatched: {}", counts.join(", "))] }
}

fn not_run(outcome: &Outcome) -> Vec<String> {
    outcome.not_run.iter().map(|(what, why)| format!("{what}: NOT RUN ({why})")).collect()
}

/// What is wrong in each run, prompt by prompt.
fn differences(outcome: &Outcome) -> Vec<String> {
    let mut lines = Vec::new();
    for run in &outcome.runs {
        for prompt in run.prompts.iter().filter(|prompt| prompt.verdict != Verdict::Match) {
            let at = format!("{}, prompt {:?}", label(run), plain(&prompt.name, SHOWN));
            match &prompt.verdict {
                Verdict::Failed(problem) => {
                    lines.push(format!("{at}: {}", plain(problem, 2000)));
                    continue;
                }
                Verdict::UnexpectedPass(issue) => {
                    let issue = plain(issue, SHOWN);
                    lines.push(format!(
                        "{at}: matches, and is waived for {issue}: remove the waiver"
                    ));
                    continue;
                }
                Verdict::Waived(issue) => {
                    lines.push(format!("{at}: waived for {}", plain(issue, SHOWN)));
                }
                Verdict::Match | Verdict::Diverged => {}
            }
            if let Some(difference) = &prompt.difference {
                let margin = difference
                    .margin
                    .map_or(String::new(), |margin| format!(", where the margin is {margin:.4}"));
                lines.push(format!(
                    "{at}, position {}: {}{margin}",
                    difference.position,
                    plain(&difference.what, SHOWN)
                ));
            }
            if let Some(logit) = prompt.logit.as_ref().filter(|logit| logit.off > run.tolerance) {
                lines.push(format!(
                    "{at}, position {}: the logit of token {} is {}, expected {}: off by {:.3e}, which \
                     is {:.0} times the tolerance; the margin is {:.4}",
                    logit.position,
                    logit.token,
                    logit.got,
                    logit.expected,
                    logit.off,
                    logit.off / run.tolerance,
                    logit.margin
                ));
            }
        }
    }
    lines
}

/// The last line.
pub fn verdict(outcome: &Outcome) -> String {
    let (all, diverged) = (outcome.prompts().len(), outcome.diverged());
    if let Some(directory) =
        outcome.directories.iter().find(|directory| !directory.different.is_empty())
        && diverged == 0
    {
        return format!("FAIL: the {} directory is not what it should be", directory.kind);
    }
    if diverged == 0 {
        let prompts = outcome.runs.iter().flat_map(|run| &run.prompts);
        let waived = prompts.filter(|prompt| matches!(prompt.verdict, Verdict::Waived(_))).count();
        if waived > 0 {
            let divergences = counted(waived, "divergence");
            return format!("PASS: no prompt but those of {divergences} that are waived diverges");
        }
        return format!("PASS: all {all} prompts match within their respective match windows");
    }
    format!("FAIL: {diverged}/{all} prompts diverged within their match windows")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::parity::reference::Reference;

    #[test]
    fn what_a_subject_or_a_device_calls_itself_is_no_markup() {
        let reference = Reference {
            about: String::new(),
            made_with: BTreeMap::new(),
            model: BTreeMap::new(),
            quarot_seed: 0,
            files: BTreeMap::new(),
            threads: Vec::new(),
            error: BTreeMap::new(),
            goldens: BTreeMap::new(),
        };
        let run = Run {
            backend: "[x](y)".into(),
            weights: "float",
            device: "<img src=x>".into(),
            dispatches: BTreeMap::new(),
            tolerance: 1.0,
            tokens_per_second: None,
            prompts: Vec::new(),
        };
        let outcome = Outcome {
            reference: &reference,
            model: "*small*".into(),
            directories: Vec::new(),
            planted: None,
            runs: vec![run],
            dispatches: BTreeMap::from([("mat_mul".into(), 7)]),
            not_run: vec![("gpu".into(), "no `device`".into())],
        };
        let text = markdown(&outcome);
        for line in [
            r"- model: \*small\*",
            r"| prompt | window | margin | \[x\]\(y\)/float |",
            r"| \[x\]\(y\)/float | \<img src=x\> | not told |  |  | not told |",
            r"dispatched: 7 mat\_mul",
            r"gpu: NOT RUN \(no \`device\`\)",
        ] {
            assert!(text.lines().any(|shown| shown == line), "{line} is not in {text}");
        }
    }
}
