//! What several tests share.

#[cfg(target_os = "linux")]
pub(crate) mod disks;
pub(crate) mod fault_server;
pub(crate) mod fetching;
pub(crate) mod fronts;
pub(crate) mod harness;
pub(crate) mod moments;
pub(crate) mod odd;
pub(crate) mod program;
pub(crate) mod scripted;
pub(crate) mod tiny;
pub(crate) mod torch_files;

use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

use megachat::install::job::{Places, Wishes, run};
use megachat::install::protocol::Job;

/// The directory of the demo model, installed once for all tests by the real installer.
pub(crate) fn demo_directory() -> PathBuf {
    static DEMO: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let install = || {
        let home = tempfile::tempdir().unwrap();
        let places =
            Places { sources: Vec::new(), ..Places::new(home.path().join("models"), home.path().join("downloads")) };
        let ready = run(&Job::Demo, &places, &Wishes::default(), &AtomicBool::new(false), &mut |_| ()).unwrap();
        (home, ready.directory)
    };
    DEMO.get_or_init(install).1.clone()
}
