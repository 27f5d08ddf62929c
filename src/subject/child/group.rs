//! A child and all that it has started: how much memory they hold together, and their end.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::process::Child;

use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid,
};
use sysinfo::{Process, ProcessRefreshKind, ProcessesToUpdate, System};

use crate::subject::Peak;

/// A process that leads a group of its own, with its descendants.
pub(super) struct Group {
    leader: Pid,
    system: System,
    /// Descendants that were seen, with the second in which they were started: they stay known when
    /// their parents are gone.
    known: HashMap<Pid, u64>,
}

impl Group {
    /// The group that `child` leads.
    ///
    /// # Errors
    ///
    /// Where the system tells nothing of its processes.
    pub fn of(child: &Child) -> io::Result<Self> {
        let system = System::new().map_err(|error| io::Error::other(error.to_string()))?;
        Ok(Self { leader: Pid::from_child(child), system, known: HashMap::new() })
    }

    /// Whether the leader has ended; it keeps its number until it is waited for.
    pub fn has_ended(&self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        !matches!(waitid(WaitId::Pid(self.leader), options), Ok(None))
    }

    /// The memory that all of them hold, in bytes: what is shared counts for each.
    pub fn memory(&mut self) -> u64 {
        self.members().into_iter().map(|(_, memory)| memory).sum()
    }

    /// The most memory that all of them had; `None` where the system does not tell.
    pub fn peak(&mut self) -> Option<Peak> {
        let mut peak = Peak { mapped: 0, resident: 0 };
        for (member, _) in self.members() {
            let path = format!("/proc/{}/status", member.as_raw_pid());
            let status = fs::read_to_string(path).ok()?;
            peak.mapped += kibibytes(&status, "VmPeak:")? << 10;
            peak.resident += kibibytes(&status, "VmHWM:")? << 10;
        }
        Some(peak)
    }

    /// How many file descriptors all of them have open; `None` where the system does not tell.
    pub fn descriptors(&mut self) -> Option<usize> {
        let open = |member: Pid| fs::read_dir(format!("/proc/{}/fd", member.as_raw_pid())).ok();
        // One that has just ended has none.
        let count = |(member, _)| open(member).map_or(0, Iterator::count);
        let count = self.members().into_iter().map(count).sum();
        (count > 0).then_some(count)
    }

    /// Lets none of them write a file longer than `bytes`, nor what they start from now on.
    ///
    /// # Errors
    ///
    /// Where the system does not allow it.
    #[cfg(target_os = "linux")]
    pub fn limit_files(&mut self, bytes: u64) -> io::Result<()> {
        use rustix::process::{Resource, Rlimit, prlimit};
        let limit = Rlimit { current: Some(bytes), maximum: Some(bytes) };
        for (member, _) in self.members() {
            match prlimit(Some(member), Resource::Fsize, limit) {
                // It has just ended.
                Ok(_) | Err(rustix::io::Errno::SRCH) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Kills them all.
    pub fn kill(&mut self) {
        // Those that have left the group are found while they still have their parents.
        let members = self.members();
        // Whoever is gone already is as is wanted.
        kill_process_group(self.leader, Signal::KILL).ok();
        for (member, _) in members {
            kill_process(member, Signal::KILL).ok();
        }
    }

    /// The leader and its descendants with the memory of each, as far as they can be seen: a process that
    /// was never seen before its parent ended is only in the group, if it has not left that too.
    fn members(&mut self) -> Vec<(Pid, u64)> {
        let kind = ProcessRefreshKind::nothing().with_memory().without_tasks();
        self.system.refresh_processes_specifics(ProcessesToUpdate::All, true, kind);
        let processes: HashMap<Pid, &Process> = self
            .system
            .processes()
            .iter()
            .filter_map(|(&pid, process)| Some((number(pid)?, process)))
            .collect();
        self.known.retain(|pid, started| {
            processes.get(pid).is_some_and(|process| process.start_time() == *started)
        });
        loop {
            let is_child = |process: &Process| {
                let parent = process.parent().and_then(number);
                parent
                    .is_some_and(|parent| parent == self.leader || self.known.contains_key(&parent))
            };
            let found: Vec<(Pid, u64)> = processes
                .iter()
                .filter(|(pid, process)| !self.known.contains_key(pid) && is_child(process))
                .map(|(&pid, process)| (pid, process.start_time()))
                .collect();
            if found.is_empty() {
                break;
            }
            self.known.extend(found);
        }
        let pids = self.known.keys().chain([&self.leader]);
        pids.filter_map(|pid| Some((*pid, processes.get(pid)?.memory()))).collect()
    }
}

/// The number behind a key of a status file.
fn kibibytes(status: &str, key: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

fn number(pid: sysinfo::Pid) -> Option<Pid> {
    Pid::from_raw(pid.as_u32().try_into().ok()?)
}
