//! What subjects leave behind: processes, descriptors and memory.

use std::fs;
use std::time::{Duration, Instant};

/// What every process of a subject has in its environment, and no process of another run of these tests.
fn mark() -> String {
    format!("Q4PROOF_MISBEHAVES={}", std::process::id())
}

/// Memory that this process may come to hold, in KiB: a line of 64 MiB, grown by doubling, and a command
/// of a few MiB.
const MOST_MEMORY: u64 = 512 << 10;

/// A command whose processes can be told from others.
pub fn marked(words: &[&str]) -> Vec<String> {
    let words = words.iter().map(|word| (*word).to_owned());
    ["env".to_owned(), mark()].into_iter().chain(words).collect()
}

/// What there is at a moment.
pub struct Left {
    descriptors: usize,
}

impl Left {
    /// At this moment.
    pub fn now() -> Self {
        Self { descriptors: fs::read_dir("/proc/self/fd").map_or(0, Iterator::count) }
    }

    /// Checks that there is no more now, and that no process of a subject is left. What was killed takes
    /// a moment to go.
    pub fn compare(&self) {
        if !cfg!(target_os = "linux") {
            return;
        }
        let begun = Instant::now();
        while !processes().is_empty() && begun.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(processes(), Vec::<String>::new(), "processes are left");
        let now = Self::now();
        assert!(
            now.descriptors <= self.descriptors,
            "{} descriptors, were {}",
            now.descriptors,
            self.descriptors
        );
        let most = peak_memory();
        assert!(most < MOST_MEMORY, "{most} KiB");
    }
}

/// The most memory that this process has held, in KiB.
fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// The command lines of subjects' processes that live.
pub fn processes() -> Vec<String> {
    let Ok(folder) = fs::read_dir("/proc") else { return Vec::new() };
    let mark = mark();
    let paths = folder.filter_map(|entry| Some(entry.ok()?.path()));
    let of_a_subject = |path: &std::path::PathBuf| {
        let environment = fs::read(path.join("environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|one| one == mark.as_bytes())
    };
    let command = |path: std::path::PathBuf| {
        let words = fs::read(path.join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&words).replace('\0', " ").chars().take(200).collect()
    };
    paths.filter(of_a_subject).map(command).collect()
}
