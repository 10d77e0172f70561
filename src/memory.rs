//! How much memory this process may still have, by whoever limits it.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::files::{self, Place};

/// Memory that can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Bytes.
    pub bytes: u64,
    /// What lets there be no more.
    pub limit: Limit,
}

/// What lets there be no more memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// The machine has no more that is free.
    Machine,
    /// A limit on the addresses of a process.
    Addresses,
    /// A limit on the data of a process.
    Data,
    /// A limit on a group of processes, as containers have one.
    Group,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Machine => "free on this machine",
            Self::Addresses => "left under the limit of `ulimit -v`",
            Self::Data => "left under the limit of `ulimit -d`",
            Self::Group => "left under the limit of this container (cgroup)",
        })
    }
}

/// The memory that this process can still have; `None` where the system does not say.
#[must_use]
pub fn available() -> Option<Memory> {
    let machine = of_machine().map(|bytes| Memory { bytes, limit: Limit::Machine });
    limited().into_iter().chain(machine).min_by_key(|it| it.bytes)
}

/// The memory that this process can still have where a limit is set for it, or for its group.
#[must_use]
pub fn limited() -> Option<Memory> {
    let memory = |bytes: Option<u64>, limit| bytes.map(|bytes| Memory { bytes, limit });
    let all = [
        memory(of_process("VmSize"), Limit::Addresses),
        memory(of_process("VmData"), if own_limit::is_set() { Limit::Group } else { Limit::Data }),
        memory(of_group(Path::new("/")), Limit::Group),
    ];
    all.into_iter().flatten().min_by_key(|it| it.bytes)
}

/// There is not as much memory as something needs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is not enough memory for {what}: it takes {} MB{}", need.div_ceil(1_000_000), and_what_there_is(have.as_ref()))]
pub struct NoRoom {
    /// What needs it, a noun phrase.
    pub what: &'static str,
    /// Bytes that it needs.
    pub need: u64,
    /// What there is, where that is known.
    pub have: Option<Memory>,
}

fn and_what_there_is(memory: Option<&Memory>) -> String {
    memory.map_or_else(String::new, |it| format!(", and {it}"))
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} MB are {}", self.bytes / 1_000_000, self.limit)
    }
}

/// Whether so many bytes can be had. A system that gives what it has not ends a program in the middle.
///
/// # Errors
///
/// [`NoRoom`] if they cannot.
pub fn fits(need: u64, what: &'static str) -> Result<(), NoRoom> {
    /// To look takes longer than to ask for so little.
    const LITTLE: u64 = 16 << 20;
    let have = if need > LITTLE { available() } else { None };
    if have.is_some_and(|it| it.bytes < need) { Err(NoRoom { what, need, have }) } else { Ok(()) }
}

/// Makes bytes so long, with zeros.
///
/// # Errors
///
/// [`NoRoom`] if the system refuses the memory.
pub fn lengthen(bytes: &mut Vec<u8>, length: usize, what: &'static str) -> Result<(), NoRoom> {
    let more = length.saturating_sub(bytes.len());
    bytes.try_reserve_exact(more).map_err(|_| NoRoom { what, need: length as u64, have: available() })?;
    bytes.resize(length, 0);
    Ok(())
}

/// Has the system refuse what a group of processes may not have. Otherwise it would be given, and the process killed when it
/// is used: a refusal can be told, and the terminal given back.
///
/// What the group leaves changes with its other processes: this is done at the start, and again before a model is loaded.
pub fn refuse_beyond_the_group() {
    #[cfg(target_os = "linux")]
    {
        /// The share that the system itself takes for a process: tables of pages, stacks of its own.
        const SHARE: u64 = 32;
        let Some(left) = of_group(Path::new("/")) else { return };
        let Some(used) = read("/proc/self/status").and_then(|it| kilobytes(&it, "VmData")) else { return };
        own_limit::set(used.saturating_add(left - left / SHARE));
    }
}

/// Gives another program, which was started just now, the limit that this one had itself: what it opens need not fit into
/// what is left here.
pub fn unlimited(child: &std::process::Child) {
    own_limit::lift(child.id());
}

/// The limit on data that the program has given itself.
mod own_limit {
    #[cfg(target_os = "linux")]
    use std::sync::OnceLock;

    /// The limit before, once there is one of our own.
    #[cfg(target_os = "linux")]
    static BEFORE: OnceLock<Option<u64>> = OnceLock::new();

    pub(super) fn is_set() -> bool {
        #[cfg(target_os = "linux")]
        return BEFORE.get().is_some();
        #[cfg(not(target_os = "linux"))]
        false
    }

    /// Sets it to so many bytes, unless the limit before is lower.
    #[cfg(target_os = "linux")]
    pub(super) fn set(most: u64) {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let mut limit = getrlimit(Resource::Data);
        let before = BEFORE.get().copied().unwrap_or(limit.current);
        if before.is_some_and(|it| it <= most) && BEFORE.get().is_none() {
            return;
        }
        limit.current = Some(before.map_or(most, |it| it.min(most)));
        // Where it cannot be set, it is as it was.
        if setrlimit(Resource::Data, limit).is_ok() {
            BEFORE.get_or_init(|| before);
        }
    }

    pub(super) fn lift(process: u32) {
        #[cfg(target_os = "linux")]
        {
            use rustix::process::{Pid, Resource, getrlimit, prlimit};
            let Some(&before) = BEFORE.get() else { return };
            let limit = rustix::process::Rlimit { current: before, ..getrlimit(Resource::Data) };
            let process = i32::try_from(process).ok().and_then(Pid::from_raw);
            // A process that has ended needs none.
            let _ = process.map(|it| prlimit(Some(it), Resource::Data, limit));
        }
        #[cfg(not(target_os = "linux"))]
        let _ = process;
    }
}

/// The most memory that this process has held, in bytes, where the system says it.
#[must_use]
pub fn peak() -> Option<u64> {
    kilobytes(&read("/proc/self/status")?, "VmHWM")
}

/// Bytes of the largest cache of the first processor, where the system says it.
#[must_use]
pub fn processor_cache() -> Option<u64> {
    let sizes = (0..8).map_while(|index| read(format!("/sys/devices/system/cpu/cpu0/cache/index{index}/size")));
    sizes.filter_map(|it| size_of_cache(&it)).max()
}

/// `32768K` or `1M`, in bytes.
fn size_of_cache(text: &str) -> Option<u64> {
    let text = text.trim();
    let (number, unit) = match (text.strip_suffix('K'), text.strip_suffix('M')) {
        (Some(it), _) => (it, 1 << 10),
        (_, Some(it)) => (it, 1 << 20),
        _ => (text, 1),
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}

fn read(path: impl AsRef<Path>) -> Option<String> {
    String::from_utf8(files::read(Place::ProcessStatus, path.as_ref()).ok()?).ok()
}

/// A number of a table such as `/proc/meminfo`, in bytes.
fn kilobytes(table: &str, name: &str) -> Option<u64> {
    number(table, &format!("{name}:")).map(|it| it.saturating_mul(1024))
}

/// The number behind a name that begins a line.
fn number(table: &str, name: &str) -> Option<u64> {
    let line =
        table.lines().find_map(|it| it.strip_prefix(name).filter(|rest| rest.starts_with(char::is_whitespace)))?;
    line.split_whitespace().next()?.parse().ok()
}

fn of_machine() -> Option<u64> {
    let table = read("/proc/meminfo")?;
    Some(kilobytes(&table, "MemAvailable")?.saturating_add(kilobytes(&table, "SwapFree").unwrap_or(0)))
}

/// What a limit of the process leaves, `used` being the name of what it counts.
fn of_process(used: &str) -> Option<u64> {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Resource, getrlimit};
        let resource = if used == "VmSize" { Resource::As } else { Resource::Data };
        let used = kilobytes(&read("/proc/self/status")?, used)?;
        Some(getrlimit(resource).current?.saturating_sub(used))
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = used;
        None
    }
}

/// What the groups leave that the process is in. `root` is that of the file system.
fn of_group(root: &Path) -> Option<u64> {
    let groups = read(root.join("proc/self/cgroup"))?;
    let mounts = root.join("sys/fs/cgroup");
    let mut left: Option<u64> = None;
    for line in groups.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(group)) = (fields.next(), fields.next()) else { continue };
        let places = match controllers {
            "" => vec![mounts.clone(), mounts.join("unified")],
            it if it.split(',').any(|it| it == "memory") => vec![mounts.join("memory"), mounts.join(it)],
            _ => continue,
        };
        for place in places {
            left = [left, of_groups(&place, group)].into_iter().flatten().min();
        }
    }
    left
}

/// The least that a group and those around it leave. A container may see its own group as the outermost.
fn of_groups(mount: &Path, group: &str) -> Option<u64> {
    let within = PathBuf::from(group.trim_start_matches('/'));
    within.ancestors().filter_map(|it| left_in(&mount.join(it))).min()
}

/// What a group leaves, if it has a limit. What is kept of files is given up before anybody is refused anything.
fn left_in(group: &Path) -> Option<u64> {
    let file = |name: &str| read(group.join(name));
    let whole = |name: &str| file(name)?.trim().parse::<u64>().ok();
    let stat = file("memory.stat").unwrap_or_default();
    let of_files = |prefix: &str| {
        let kind = |name: &str| number(&stat, &format!("{prefix}{name}")).unwrap_or(0);
        kind("inactive_file").saturating_add(kind("active_file"))
    };
    let (limit, used, of_files) = match whole("memory.max") {
        Some(limit) => (limit, whole("memory.current")?, of_files("")),
        None => (whole("memory.limit_in_bytes")?, whole("memory.usage_in_bytes")?, of_files("total_")),
    };
    Some(limit.saturating_sub(used.saturating_sub(of_files)))
}

#[cfg(test)]
mod tests;
