//! A disk that is full, or may not be written: said with its place and its numbers, status 74, and nothing that has
//! arrived is lost.
//!
//! The tests with a disk of their own need the right to mount one; without it they say that they were skipped.

#![cfg(target_os = "linux")]

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output};

use megachat::install::download::DownloadError;

use crate::support::demo_zip;
use crate::support::disks::SmallDisk;
use crate::support::fault_server::{Fault, FaultServer};
use crate::support::fetching::{LEN, count, fetch, hasty, noise, source};
use crate::support::program::{download_into, err, files};

fn run(home: &Path, server: &FaultServer) -> Output {
    download_into(home, &[server.url("a.zip")]).output().unwrap()
}

/// It ended with status 74 and said all of this.
fn refused(output: &Output, says: &[&str]) {
    assert_eq!(output.status.code(), Some(74), "{}", err(output));
    for words in says {
        assert!(err(output).contains(words), "no `{words}` in: {}", err(output));
    }
}

fn model(home: &Path) -> std::path::PathBuf {
    home.join("data/models/megatron-345m")
}

fn installs(home: &Path, server: &FaultServer) {
    let output = run(home, server);
    assert!(output.status.success(), "{}", err(&output));
    assert!(files(&model(home)).is_some_and(|it| it.iter().any(|it| it.0 == "model.safetensors")));
}

#[test]
fn a_disk_that_is_full_before_during_and_after_the_download() {
    let Some(disk) = SmallDisk::new(256 * 1024) else { return };
    let home = disk.path();
    let server = FaultServer::start(demo_zip(), vec![Fault::None]);

    // Before: not a byte more.
    let filler = home.join("filler");
    let mut file = fs::File::create(&filler).unwrap();
    while file.write_all(&[1; 1024]).is_ok() {}
    drop(file);
    refused(&run(home, &server), &["the disk is full", home.to_str().unwrap(), "free"]);
    assert!(!model(home).exists());
    fs::remove_file(filler).unwrap();

    // During: what fits is kept.
    disk.remount("size=3m");
    let asked = server.asked().len();
    refused(&run(home, &server), &["the disk is full", "a.zip.part", "more are needed", "are kept", "goes on"]);
    let kept = fs::metadata(home.join("cache/downloads/a.zip.part")).unwrap().len();
    assert!(kept > 2_000_000, "{kept}");
    assert!(!model(home).exists());

    // After: the rest of the download fits, the model does not.
    disk.remount("size=20m");
    refused(&run(home, &server), &["the disk is full", home.to_str().unwrap(), "are kept", "goes on"]);
    assert_eq!(server.asked()[asked + 1].range, Some(format!("bytes={kept}-")), "it went on where it stopped");
    assert_eq!(fs::read(home.join("cache/downloads/a.zip")).unwrap(), demo_zip());
    assert!(!model(home).exists());
    let left: Vec<_> = files(&home.join("data/models")).unwrap().into_iter().map(|it| it.0).collect();
    assert_eq!(left, [".megatron-345m.lock"], "nothing half-made takes the room");

    disk.remount("size=60m");
    installs(home, &server);
    assert_eq!(server.asked().len(), asked + 2, "nothing is fetched twice");
}

#[test]
fn a_disk_that_is_full_at_any_page_near_the_end() {
    const PAGE: usize = 4096;
    let body = noise(LEN, 70);
    let pages = LEN.div_ceil(PAGE);
    let (mut full, mut done) = (0, 0);
    for size in pages - 2..pages + 8 {
        let Some(disk) = SmallDisk::new(size * PAGE) else { return };
        let server = FaultServer::start(&body, vec![Fault::None]);
        let sources = [source(server.url("m.pt"), Some(&body))];
        let result = match fetch(&sources, disk.path(), &hasty()).0 {
            Err(DownloadError::DiskFull { kept_bytes, missing_bytes, .. }) => {
                full += 1;
                assert!(kept_bytes == 0 || missing_bytes == Some(LEN as u64 - kept_bytes), "{size} pages");
                assert!(!disk.path().join("m.pt").exists());
                disk.remount("size=4m");
                fetch(&sources, disk.path(), &hasty()).0
            }
            other => {
                done += 1;
                other
            }
        };
        assert_eq!(fs::read(result.unwrap().path).unwrap(), body, "{size} pages");
        // The server counts what it has sent a moment after it is here.
        let again = server.sent().saturating_sub(LEN as u64);
        assert!(again <= 64 * 1024, "{size} pages: {again} bytes came twice");
    }
    assert!(full > 1 && done > 1, "{full} were full, {done} had room");
}

#[test]
fn a_full_disk_is_an_error_of_its_own_and_keeps_what_arrived() {
    let body = noise(LEN, 29);
    let server = FaultServer::start(&body, vec![Fault::None]);
    let Some(disk) = SmallDisk::new(128 * 1024) else { return };
    let sources = [source(server.url("m.pt"), Some(&body))];
    let (result, _) = fetch(&sources, disk.path(), &hasty());
    let Err(DownloadError::DiskFull { path, kept_bytes, missing_bytes }) = result else { panic!("{result:?}") };
    assert_eq!(path, disk.path().join("m.pt.part"));
    assert!(kept_bytes > 0 && kept_bytes < 128 * 1024, "{kept_bytes}");
    assert_eq!(missing_bytes, Some(LEN as u64 - kept_bytes));

    disk.remount("size=4m");
    let (result, events) = fetch(&sources, disk.path(), &hasty());
    assert_eq!(fs::read(result.unwrap().path).unwrap(), body);
    assert_eq!(count(&events, "Resuming"), 1);
}

#[test]
fn a_disk_that_becomes_read_only_keeps_what_arrived() {
    let Some(disk) = SmallDisk::new(60 << 20) else { return };
    let home = disk.path();
    let middle = demo_zip().len() / 2;
    // A bad answer after the drop ends the first run with a partial file.
    let gone = Fault::Status("404 Not Found", vec![], vec![]);
    let server = FaultServer::start(demo_zip(), vec![Fault::Drop(middle), gone, Fault::None]);
    assert_eq!(run(home, &server).status.code(), Some(4));
    let part = home.join("cache/downloads/a.zip.part");
    let before = fs::read(&part).unwrap();
    assert_eq!(before.len(), middle);

    disk.remount("ro");
    refused(&run(home, &server), &["Read-only file system", home.to_str().unwrap()]);
    assert_eq!(fs::read(&part).unwrap(), before);
    disk.remount("rw");
    installs(home, &server);
    assert_eq!(server.sent(), demo_zip().len() as u64);
}

#[test]
fn a_directory_that_belongs_to_somebody_else_is_named() {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::CommandExt as _;
    const NOBODY: u32 = 65_534;
    let home = tempfile::tempdir().unwrap();
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o555)).unwrap();
    let server = FaultServer::start(demo_zip(), vec![Fault::None]);
    let mut command = download_into(home.path(), &[server.url("a.zip")]);
    if nix::unistd::geteuid().is_root() {
        // For root no directory is forbidden, so somebody else is asked to try.
        command.uid(NOBODY).gid(NOBODY);
        let works = Command::new(command.get_program()).arg("--version").uid(NOBODY).gid(NOBODY).output();
        if !works.is_ok_and(|it| it.status.success()) {
            println!("SKIPPED: another user cannot start the program here, so nothing was tested");
            return;
        }
    }
    refused(&command.output().unwrap(), &["Permission denied", home.path().to_str().unwrap()]);
    assert_eq!(server.asked().len(), 0);
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}
