//! Models in several files: the list of them that Hugging Face writes, and names that count.

use std::collections::BTreeSet;

/// Names of the list, the better one first.
pub const INDEXES: [&str; 2] = ["model.safetensors.index.json", "pytorch_model.bin.index.json"];

/// The most files that one model may have. The largest of GPT-2's kind has a few dozen.
pub const MOST_SHARDS: usize = 512;

/// The names of the files that a list names, sorted, each once.
///
/// # Errors
///
/// What the list is instead, in words: only plain names of files in the same directory are taken.
pub fn shards(index: &[u8]) -> Result<Vec<String>, &'static str> {
    let index: serde_json::Value = serde_json::from_slice(index).map_err(|_| "an index that is not JSON")?;
    let map = index["weight_map"].as_object().ok_or("an index without `weight_map`")?;
    let mut files = BTreeSet::new();
    for name in map.values() {
        let name = name.as_str().filter(|it| is_plain(it)).ok_or("an index with an odd file name")?;
        files.insert(name.to_owned());
        if files.len() > MOST_SHARDS {
            return Err("an index of too many files");
        }
    }
    if files.is_empty() { Err("an index that names no file") } else { Ok(files.into_iter().collect()) }
}

/// Whether a name can only be a file's in the same directory, on every system, and none of ours.
fn is_plain(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let ends = [".safetensors", ".bin", ".pt", ".pth"];
    name.len() <= 200
        && !name.starts_with(['.', '-'])
        && name.chars().all(allowed)
        && ends.iter().any(|end| name.ends_with(end))
}

/// What a name such as `model-00002-of-00005.safetensors` says: what stands before, the number, how many there are, and
/// the ending.
pub(super) fn counted(name: &str) -> Option<(&str, usize, usize, &str)> {
    let (stem, ending) = name.rsplit_once('.')?;
    let (rest, count) = stem.rsplit_once("-of-")?;
    let (before, number) = rest.rsplit_once('-')?;
    let parse = |text: &str| text.parse::<usize>().ok().filter(|_| text.bytes().all(|it| it.is_ascii_digit()));
    let (number, count) = (parse(number)?, parse(count)?);
    (1 <= number && number <= count && count <= MOST_SHARDS).then_some((before, number, count, ending))
}

#[cfg(test)]
mod tests;
