//! Finds the files of the weights behind whatever path the user gave.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::DirectoryError;
use super::index::{INDEXES, counted, shards};
use super::small::read_small;
use crate::text::{visible_name, visible_path};

/// Names of the weights in a Hugging Face directory, the better one first, each with its list for several files.
const HUGGING_FACE: [(&str, &str); 2] = [("model.safetensors", INDEXES[0]), ("pytorch_model.bin", INDEXES[1])];

/// Names of the checkpoint in the directory of one rank, the newer one first.
pub const MEGATRON: [&str; 2] = ["model_optim_rng.pt", "model_rng.pt"];

/// The table of contents of torch's distributed format.
pub const DISTRIBUTED: &str = ".metadata";

/// The file in a checkpoint's root that names the newest iteration.
const TRACKER: &str = "latest_checkpointed_iteration.txt";

/// How many levels of directories a checkpoint has: root, iteration, rank.
const LEVELS: usize = 4;

/// Endings of files that may hold weights, safetensors' first.
const ENDINGS: [&str; 7] = ["safetensors", "bin", "pt", "pth", "ckpt", "pkl", "gguf"];

/// Beginnings of names that training programs give to other things of these endings.
const OTHER_THINGS: [&str; 7] =
    ["training_args", "optimizer", "scheduler", "scaler", "rng_state", "random_states", "adapter_model"];

/// What a path leads to.
pub(super) enum Found {
    /// The files of one model, in order.
    Files(Vec<PathBuf>),
    /// The files of Megatron's ranks.
    Ranks(Vec<PathBuf>),
    /// A directory in torch's distributed format.
    Distributed(PathBuf),
}

/// The directory of a file.
pub(super) fn parent_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Whether a name is taken, be it by a link that leads nowhere.
fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok() && !path.is_dir()
}

/// A file that the user named: what belongs to it belongs to it.
pub(super) fn around_file(file: &Path) -> Result<Found, DirectoryError> {
    let directory = parent_of(file);
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if let Some((around, rank)) = rank_directory(file).filter(|_| MEGATRON.contains(&name.as_str())) {
        let all = all_ranks(&around)?;
        if all.contains(&around.join(rank).join(&name)) {
            return Ok(Found::Ranks(all));
        }
    }
    if name == DISTRIBUTED || is_distributed(&name) {
        return distributed(&directory);
    }
    if name == "config.json" {
        return in_directory(&directory);
    }
    if INDEXES.contains(&name.as_str()) {
        return listed(&directory, &name);
    }
    // One of several files of a model.
    for index in INDEXES {
        if is_there(&directory.join(index))
            && let Ok(Found::Files(files)) = listed(&directory, index)
            && files.contains(&directory.join(&name))
        {
            return Ok(Found::Files(files));
        }
    }
    if counted(&name).is_some_and(|it| it.2 > 1) {
        return Ok(Found::Files(all_counted(&directory, &name)?));
    }
    Ok(Found::Files(vec![file.to_owned()]))
}

/// A directory that the user named.
pub(super) fn in_directory(directory: &Path) -> Result<Found, DirectoryError> {
    descend(directory, LEVELS)
}

fn descend(directory: &Path, levels: usize) -> Result<Found, DirectoryError> {
    for (name, index) in HUGGING_FACE {
        if is_there(&directory.join(name)) {
            return Ok(Found::Files(vec![directory.join(name)]));
        }
        if is_there(&directory.join(index)) {
            return listed(directory, index);
        }
    }
    if let Some(name) = MEGATRON.into_iter().find(|name| is_there(&directory.join(name))) {
        // The directory of one rank.
        return around_file(&directory.join(name));
    }
    if is_there(&directory.join(DISTRIBUTED)) {
        return distributed(directory);
    }
    refuse_by_name(directory)?;
    let ranks = all_ranks(directory)?;
    if !ranks.is_empty() {
        return Ok(Found::Ranks(ranks));
    }
    if levels > 0
        && let Some(next) = next_level(directory)?
    {
        return descend(&next, levels - 1);
    }
    if let Some(files) = under_any_name(directory)? {
        return Ok(Found::Files(files));
    }
    let mut found = names(directory)?;
    found.truncate(8);
    Err(DirectoryError::NothingInside { name: visible_path(directory), found: shown(&found) })
}

/// The directory within that a file of a known name points to.
fn next_level(directory: &Path) -> Result<Option<PathBuf>, DirectoryError> {
    let tracker = directory.join(TRACKER);
    if is_there(&tracker) {
        return Ok(Some(directory.join(iteration(&read_small(&tracker)?))));
    }
    // Hugging Face's cache of one model: `refs/main` holds the name of a directory of links.
    let main = directory.join("refs/main");
    if is_there(&main) {
        let revision = String::from_utf8_lossy(&read_small(&main)?).trim().to_owned();
        let plain =
            !revision.is_empty() && revision.len() <= 64 && revision.bytes().all(|it| it.is_ascii_alphanumeric());
        return Ok(plain.then(|| directory.join("snapshots").join(revision)));
    }
    Ok(Some(directory.join("release")).filter(|it| it.is_dir()))
}

/// The directory that the tracker file means: `release`, or `iter_` with seven digits.
fn iteration(content: &[u8]) -> String {
    let text = String::from_utf8_lossy(content);
    match text.trim().parse::<u64>() {
        Ok(number) => format!("iter_{number:07}"),
        // Nothing but `release` is ever written, and no path from a file is followed.
        Err(_) => "release".to_owned(),
    }
}

/// The files that the list of a Hugging Face model in several files names.
fn listed(directory: &Path, index: &str) -> Result<Found, DirectoryError> {
    let path = directory.join(index);
    let wrong = |what| DirectoryError::Index { name: visible_path(&path), what };
    let names = shards(&read_small(&path)?).map_err(wrong)?;
    let files: Vec<PathBuf> = names.iter().map(|name| directory.join(name)).collect();
    match files.iter().find(|file| !is_there(file)) {
        None => Ok(Found::Files(files)),
        Some(file) => {
            let (name, index) = (visible_path(file), visible_path(&path));
            Err(DirectoryError::MissingShard { name, index })
        }
    }
}

/// All files whose names count as this one's does.
fn all_counted(directory: &Path, name: &str) -> Result<Vec<PathBuf>, DirectoryError> {
    let Some((before, _, count, ending)) = counted(name) else {
        return Ok(vec![directory.join(name)]);
    };
    let same = |other: &String| counted(other).is_some_and(|it| (it.0, it.2, it.3) == (before, count, ending));
    let there: Vec<String> = names(directory)?.into_iter().filter(same).collect();
    let numbers: BTreeSet<usize> = there.iter().filter_map(|it| counted(it)).map(|it| it.1).collect();
    match (1..=count).find(|number| !numbers.contains(number)) {
        None => Ok(there.into_iter().map(|it| directory.join(it)).collect()),
        Some(number) => Err(DirectoryError::MissingShard {
            name: format!("number {number} of the {count} files of the model"),
            index: visible_path(&directory.join(name)),
        }),
    }
}

/// The weights in a directory where no file has a usual name.
fn under_any_name(directory: &Path) -> Result<Option<Vec<PathBuf>>, DirectoryError> {
    let all = names(directory)?;
    let mut found: Vec<&String> = all.iter().filter(|name| may_hold_weights(name)).collect();
    // Of one model in two formats the better one is enough.
    let stem = |name: &str| name.rsplit_once('.').map(|(stem, _)| stem.to_owned());
    found.sort_by_key(|name| (stem(name), ending(name)));
    found.dedup_by_key(|name| stem(name));
    let Some(first) = found.first() else {
        return Ok(None);
    };
    if counted(first).is_some() && found.iter().all(|it| counted(it).map(group) == counted(first).map(group)) {
        return all_counted(directory, first).map(Some);
    }
    if found.len() == 1 {
        return Ok(Some(vec![directory.join(first)]));
    }
    let files: Vec<String> = found.iter().take(8).map(|it| (*it).clone()).collect();
    Err(DirectoryError::Several { name: visible_path(directory), files: shown(&files) })
}

fn has_ending(name: &str, ending: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, end)| end == ending)
}

/// Whether a file is a part of torch's distributed format.
fn is_distributed(name: &str) -> bool {
    has_ending(name, "distcp")
}

/// The place of a file's ending among those of weights.
fn ending(name: &str) -> Option<usize> {
    let (_, end) = name.rsplit_once('.')?;
    ENDINGS.iter().position(|it| *it == end)
}

/// Whether a file may hold weights, by its name.
fn may_hold_weights(name: &str) -> bool {
    ending(name).is_some() && !OTHER_THINGS.iter().any(|it| name.starts_with(it))
}

/// What names of the files of one model have in common.
fn group<'n>((before, _, count, ending): (&'n str, usize, usize, &'n str)) -> (&'n str, usize, &'n str) {
    (before, count, ending)
}

/// The files of all ranks in the directory of an iteration.
fn all_ranks(directory: &Path) -> Result<Vec<PathBuf>, DirectoryError> {
    let mut files = Vec::new();
    for name in names(directory)?.into_iter().filter(|name| name.starts_with("mp_rank_")) {
        let rank = directory.join(&name);
        if !rank.is_dir() {
            continue;
        }
        let file = MEGATRON.iter().map(|name| rank.join(name)).find(|file| file.is_file());
        let Some(file) = file else {
            let (name, found) = (visible_path(&rank), shown(&self::names(&rank)?));
            return Err(DirectoryError::NothingInside { name, found });
        };
        files.push(file);
    }
    Ok(files)
}

/// The directory around that of a rank, and the rank's name.
#[must_use]
pub fn rank_directory(file: &Path) -> Option<(PathBuf, String)> {
    let rank = file.parent()?;
    let name = rank.file_name()?.to_str()?;
    name.starts_with("mp_rank_").then(|| Some((rank.parent()?.to_owned(), name.to_owned())))?
}

/// A directory in torch's distributed format; those that are laid out otherwise are refused.
fn distributed(directory: &Path) -> Result<Found, DirectoryError> {
    if !is_there(&directory.join(DISTRIBUTED)) {
        let what = "a distributed checkpoint without its table of contents (.metadata)";
        return Err(DirectoryError::Unsupported { name: visible_path(directory), what });
    }
    let path = directory.join("metadata.json");
    if !is_there(&path) {
        return Ok(Found::Distributed(directory.to_owned()));
    }
    let json: serde_json::Value = serde_json::from_slice(&read_small(&path)?).unwrap_or_default();
    let what = match json["sharded_backend"].as_str() {
        None | Some("torch_dist") => return Ok(Found::Distributed(directory.to_owned())),
        Some("zarr") => "a distributed checkpoint of the kind `zarr`",
        Some("fsdp_dtensor") => "a distributed checkpoint of the kind `fsdp_dtensor`",
        Some("torch_dcp") => "a distributed checkpoint of the kind `torch_dcp`",
        Some(_) => "a distributed checkpoint of an unknown kind",
    };
    Err(DirectoryError::Unsupported { name: visible_path(directory), what })
}

fn refuse_by_name(directory: &Path) -> Result<(), DirectoryError> {
    let all = names(directory)?;
    let has = |ending: &str| all.iter().any(|it| has_ending(it, ending));
    let weights = all.iter().any(|name| may_hold_weights(name));
    for entry in &all {
        let what = if is_distributed(entry) {
            "a distributed checkpoint without its table of contents (.metadata)"
        } else if entry == ".zarray" || directory.join(entry).join(".zarray").is_file() {
            "a distributed checkpoint of the kind `zarr`"
        } else if entry.ends_with("-model_states.pt")
            || entry.ends_with("_model_states.pt")
            || entry.starts_with("global_step")
        {
            "a DeepSpeed checkpoint"
        } else if !weights && entry.starts_with("adapter_model.") {
            "an adapter (LoRA) without its base model"
        } else if !weights && (has("h5") || entry.starts_with("model.ckpt.")) {
            "a TensorFlow model"
        } else if !weights && has("msgpack") {
            "a Flax model"
        } else {
            continue;
        };
        return Err(DirectoryError::Unsupported { name: visible_path(directory), what });
    }
    Ok(())
}

/// What is in a directory, sorted.
fn names(directory: &Path) -> Result<Vec<String>, DirectoryError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory).map_err(DirectoryError::read(directory))? {
        let entry = entry.map_err(DirectoryError::read(directory))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// A list of names for a message.
fn shown(names: &[String]) -> String {
    if names.is_empty() {
        "nothing".to_owned()
    } else {
        names.iter().map(|it| visible_name(it)).collect::<Vec<_>>().join(", ")
    }
}
