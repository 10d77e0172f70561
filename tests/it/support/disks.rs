//! Small disks that fill up, for tests that may mount one.

use std::path::Path;
use std::process::{Command, Stdio};

/// A file system of its own, so small that it fills up; unmounted when dropped.
pub(crate) struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// `None`, said aloud, without the right to mount, as for any ordinary user.
    pub(crate) fn new(size: usize) -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "megachat-test"])
            .arg(directory.path())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|it| it.success());
        if !mounted {
            println!("SKIPPED: this user may not mount a small disk, so nothing was tested here");
            return None;
        }
        Some(Self(directory))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Changes it, as in "size=4m" or "ro".
    pub(crate) fn remount(&self, how: &str) {
        let done = Command::new("mount").args(["-o", &format!("remount,{how}")]).arg(self.path()).status();
        assert!(done.unwrap().success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.path()).status();
    }
}
