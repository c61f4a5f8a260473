//! What processes cost, as Linux counts it.

use std::fs;

/// Ticks of `/proc/<pid>/stat` in a second: the kernel's `USER_HZ`, which is 100 on every architecture it tells
/// user space about.
const TICKS: f64 = 100.0;

/// CPU seconds, user and system together, of the parties of one run. Zero where the machine has no `/proc`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cpu {
    /// Of this process, which makes the load.
    pub(crate) generator: f64,
    /// Of the platform's services, or of the programs they are compared with.
    pub(crate) servers: f64,
    /// Of Postgres with all its backends.
    pub(crate) postgres: f64,
}

impl Cpu {
    /// What was spent between `earlier` and this reading.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            generator: self.generator - earlier.generator,
            servers: self.servers - earlier.servers,
            postgres: self.postgres - earlier.postgres,
        }
    }
}

/// What one process has used: itself, and its children that have ended and were waited for.
#[derive(Clone, Copy, Debug, Default)]
struct Used {
    parent: u32,
    own: f64,
    ended_children: f64,
}

/// Reads `/proc/<pid>/stat` (proc(5)). The name stands in brackets and may hold spaces, so what follows the last
/// bracket is read: state, parent, and from the 12th field on user, system, and the same of ended children.
fn used(pid: u32) -> Option<Used> {
    parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

fn parse(stat: &str) -> Option<Used> {
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let seconds = |place: usize| -> Option<f64> { Some(fields.get(place)?.parse::<f64>().ok()? / TICKS) };
    Some(Used {
        parent: fields.get(1)?.parse().ok()?,
        own: seconds(11)? + seconds(12)?,
        ended_children: seconds(13)? + seconds(14)?,
    })
}

/// CPU seconds of this process alone.
pub(crate) fn own() -> f64 {
    used(std::process::id()).unwrap_or_default().own
}

/// CPU seconds of this process's children that have ended.
pub(crate) fn ended_children() -> f64 {
    used(std::process::id()).unwrap_or_default().ended_children
}

/// CPU seconds of a process and everything below it, ended or not.
pub(crate) fn of_tree(root: u32) -> f64 {
    let Ok(folder) = fs::read_dir("/proc") else {
        return 0.0;
    };
    let all: Vec<(u32, Used)> = folder
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|pid| Some((pid, used(pid)?)))
        .collect();
    let mut inside = vec![root];
    let mut total = 0.0;
    while let Some(pid) = inside.pop() {
        for (child, used) in &all {
            if *child == pid {
                total += used.own + used.ended_children;
            }
            if used.parent == pid {
                inside.push(*child);
            }
        }
    }
    total
}

/// The parent of a process.
pub(crate) fn parent(pid: u32) -> Option<u32> {
    Some(used(pid)?.parent)
}

/// Resident memory of a process in KiB, and its proportional share of it (`smaps_rollup`).
pub(crate) fn memory_kib(pid: u32) -> Option<(u64, u64)> {
    let field = |file: &str, name: &str| -> Option<u64> {
        let text = fs::read_to_string(format!("/proc/{pid}/{file}")).ok()?;
        let line = text.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse().ok()
    };
    Some((field("status", "VmRSS:")?, field("smaps_rollup", "Pss:")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_and_brackets_does_not_shift_the_fields() {
        let stat = "42 (a (strange) name) S 7 42 42 0 -1 4194560 100 0 0 0 250 50 30 20 20 0 4 0 9 9 9";
        let used = parse(stat).unwrap();
        assert_eq!(used.parent, 7);
        assert!((used.own - 3.0).abs() < 1e-9, "{used:?}");
        assert!((used.ended_children - 0.5).abs() < 1e-9, "{used:?}");
    }

    #[test]
    fn a_process_that_works_is_seen_working() {
        let before = of_tree(std::process::id());
        let began = std::time::Instant::now();
        let mut sum = 0_u64;
        while began.elapsed().as_millis() < 100 || of_tree(std::process::id()) <= before {
            sum = sum.wrapping_mul(31).wrapping_add(1);
            assert!(began.elapsed().as_secs() < 30, "no CPU counted for {sum}");
        }
    }
}
