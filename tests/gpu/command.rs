//! `check --subject gpu`, as a user meets it.

use std::process::{Command, Output};

fn q4proof(arguments: &[&str]) -> (i32, String, String) {
    finished(Command::new(env!("CARGO_BIN_EXE_q4proof")).args(arguments))
}

fn finished(command: &mut Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.output().expect("the command starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (status.code().expect("an exit code"), text(stdout), text(stderr))
}

const BACKEND: &str = if cfg!(target_os = "macos") { "Metal" } else { "Vulkan" };
const OTHER: &str = if cfg!(target_os = "macos") { "vulkan" } else { "metal" };

#[test]
fn the_kernels_conform_and_the_report_says_what_ran() {
    let backend = BACKEND.to_lowercase();
    let (code, report, _) = q4proof(&["check", "--subject", "gpu", "--require-backend", &backend]);
    assert_eq!(code, 0, "{report}");
    let first = report.lines().next().expect("a line");
    assert!(first.contains(&format!("subject gpu 0.1.0 (WGSL on {BACKEND}")), "{first}");
    assert!(report.contains("profile decode:khq4+matmul:khq4: "), "{report}");
    assert!(report.contains(&format!("\nadapter: {BACKEND}")), "{report}");
    assert!(report.contains("\ndispatches: decode "), "{report}");
    let last = report.lines().last().expect("a line");
    assert_eq!(last.starts_with("Metal: NOT RUN"), BACKEND != "Metal", "{last}");
    let software = report.contains(&format!("\nadapter: {BACKEND}, software: "));
    assert_eq!(report.contains("\na GPU: NOT RUN ("), software, "{report}");
}

#[test]
fn a_backend_that_this_system_has_not_is_no_verdict() {
    let (code, report, sentence) =
        q4proof(&["check", "--subject", "gpu", "--require-backend", OTHER]);
    assert_eq!((code, report.as_str()), (2, ""));
    assert!(sentence.contains(&format!("--require-backend {OTHER}: ")), "{sentence}");
    assert!(sentence.contains(BACKEND), "{sentence}");
}

#[cfg(not(target_os = "macos"))]
#[test]
fn without_a_driver_there_is_no_verdict() {
    let without = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_q4proof"));
        command.args(["check", "--subject", "gpu"]).args(more);
        for variable in ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"] {
            command.env(variable, "/nonexistent/driver.json");
        }
        finished(&mut command)
    };
    for more in [&[][..], &["--require-backend", "vulkan"]] {
        let (code, report, sentence) = without(more);
        assert_eq!((code, report.as_str()), (3, ""));
        assert!(sentence.contains("no Vulkan adapter; Debian's package"), "{sentence}");
    }
    assert_eq!(without(&["--require-backend", "metal"]).0, 2);
}

#[test]
fn a_backend_is_required_of_the_kernels_alone() {
    let (code, _, sentence) = q4proof(&["check", "--require-backend", "vulkan"]);
    assert_eq!(code, 2);
    assert!(sentence.contains("the subject reference uses no adapter"), "{sentence}");
}

#[test]
fn the_kernels_are_listed() {
    let (code, list, _) = q4proof(&["list", "--subjects"]);
    assert_eq!(code, 0);
    assert!(list.lines().any(|line| line.trim().starts_with("gpu ")), "{list}");
}
