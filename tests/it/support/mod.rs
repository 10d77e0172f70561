//! What several tests share.

#[cfg(target_os = "linux")]
pub(crate) mod disks;
pub(crate) mod fault_server;
pub(crate) mod fetching;
pub(crate) mod fronts;
pub(crate) mod gpus;
pub(crate) mod harness;
pub(crate) mod model_files;
pub(crate) mod moments;
pub(crate) mod noise;
pub(crate) mod odd;
pub(crate) mod program;
pub(crate) mod scripted;
pub(crate) mod source;
pub(crate) mod tiny;
pub(crate) mod torch_files;
pub(crate) mod watch;

use std::io::Read as _;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

use megachat::assets::DEMO_ZIP;
use megachat::install::job::run;
use megachat::install::places::{Places, Wishes};
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

/// A download of a small model: the built-in demo, whose file does not say how many heads it has, in one that does.
pub(crate) fn demo_zip() -> &'static [u8] {
    static ZIP: OnceLock<Vec<u8>> = OnceLock::new();
    let make = || {
        let name = b"release/mp_rank_00/model_optim_rng.pt";
        let at = DEMO_ZIP.windows(name.len()).position(|it| it == name).unwrap() + name.len();
        let mut checkpoint = Vec::new();
        flate2::read::DeflateDecoder::new(&DEMO_ZIP[at..]).read_to_end(&mut checkpoint).unwrap();
        let first_key = b"X\x09\0\0\0iteration";
        let at = checkpoint.windows(first_key.len()).position(|it| it == first_key).unwrap();
        let mut arguments = torch_files::Pickler::default();
        arguments.text("args").global("argparse", "Namespace").raw(b")\x81}");
        arguments.text("num_attention_heads").integer(3).raw(b"sb");
        checkpoint.splice(at..at, arguments.bytes);
        torch_files::download(&checkpoint, torch_files::Packing::Deflated)
    };
    ZIP.get_or_init(make)
}
