//! What the program says of itself: how it was built, and how it is cited.

use crate::gpt2::cpu::Isa;
use crate::gpt2::gpu;

/// The day of this version, as Cargo's metadata tell it: `2026-11-26`.
pub const RELEASED: &str = env!("MEGACHAT_RELEASED");

/// The commit it is built from, 12 digits, or `unknown`; not a release, it may be `or later`.
const COMMIT: &str = env!("MEGACHAT_COMMIT");

/// The first paper on the model that is downloaded where none is named, as its authors cite it.
const PAPER: &str = "\
@misc{shoeybi2019megatron,
  title         = {Megatron-{LM}: Training Multi-Billion Parameter Language Models Using Model Parallelism},
  author        = {Shoeybi, Mohammad and Patwary, Mostofa and Puri, Raul and LeGresley, Patrick and Casper, Jared and Catanzaro, Bryan},
  year          = {2019},
  eprint        = {1909.08053},
  archivePrefix = {arXiv},
  primaryClass  = {cs.CL},
  url           = {https://arxiv.org/abs/1909.08053},
}
";

/// What `--version` says behind the name: the version, and in lines what it is built from, for, and with.
pub(super) fn long_version() -> String {
    let isas: Vec<&str> = Isa::available().into_iter().rev().map(Isa::name).collect();
    let gpus = [("cuda", cfg!(feature = "cuda")), ("metal", cfg!(feature = "metal"))];
    let names = |built: bool| gpus.iter().filter(|it| it.1 == built).map(|it| it.0).collect::<Vec<_>>();
    // A static program opens no driver.
    let own = if gpu::IS_BUILT { "cpu and gpu" } else { "the CPU only" };
    let devices = match (names(true).as_slice(), names(false).as_slice()) {
        ([], absent) => format!("{own}; {} are not built in", absent.join(" and ")),
        (built, _) => format!("{own}, {}", built.join(", ")),
    };
    let features = match env!("MEGACHAT_FEATURES") {
        "" => "none",
        names => names,
    };
    format!(
        "{}\ncommit       {COMMIT}\ntarget       {}\nCPU kernels  {}\ndevices      {devices}\nfeatures     {features}",
        env!("CARGO_PKG_VERSION"),
        env!("MEGACHAT_TARGET"),
        isas.join(", "),
    )
}

/// What `--cite` says: an entry of BibTeX for the program, of what Cargo knows, and one for the model.
#[must_use]
pub fn citation() -> String {
    let (name, version) = (env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    let (year, _) = RELEASED.split_once('-').unwrap_or((RELEASED, ""));
    let authors = env!("CARGO_PKG_AUTHORS").replace(':', " and ");
    // BibTeX skips what stands outside of entries.
    format!(
        "@software{{{name},\n  title   = {{{name}: {}}},\n  author  = {{{{{authors}}}}},\n  version = {{{version}}},\n  \
         note    = {{commit {COMMIT}}},\n  year    = {{{year}}},\n  url     = {{{}}},\n}}\n\n\
         The model megatron-345m is by the authors of:\n\n{PAPER}",
        env!("CARGO_PKG_DESCRIPTION"),
        env!("CARGO_PKG_REPOSITORY"),
    )
}
