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
mod tests {
    use super::*;

    fn index(names: impl Iterator<Item = String>) -> Vec<u8> {
        let map: serde_json::Map<_, _> = names.enumerate().map(|(at, it)| (format!("t{at}"), it.into())).collect();
        serde_json::json!({ "weight_map": map }).to_string().into_bytes()
    }

    #[test]
    fn an_index_names_plain_files_and_not_too_many() {
        let of = |count: usize| index((0..count).map(|it| format!("model-{it}.safetensors")));
        assert_eq!(shards(&of(MOST_SHARDS)).map(|it| it.len()), Ok(MOST_SHARDS));
        assert_eq!(shards(&of(MOST_SHARDS + 1)), Err("an index of too many files"));
        assert_eq!(shards(&of(0)), Err("an index that names no file"));
        let twice = index(["b.bin", "a.bin", "b.bin"].iter().map(|it| (*it).to_owned()));
        assert_eq!(shards(&twice), Ok(vec!["a.bin".to_owned(), "b.bin".to_owned()]));
        for odd in
            ["../a.bin", "a/b.bin", "/a.bin", "a\\b.bin", ".a.bin", "-a.bin", "a b.bin", "config.json", "", "a.bin?x"]
        {
            assert_eq!(shards(&index([odd.to_owned()].into_iter())), Err("an index with an odd file name"), "{odd}");
        }
        let long = |length: usize| index([format!("{}.bin", "a".repeat(length - 4))].into_iter());
        assert!(shards(&long(200)).is_ok() && shards(&long(201)).is_err());
        assert_eq!(shards(b"<html>"), Err("an index that is not JSON"));
        assert_eq!(shards(b"{}"), Err("an index without `weight_map`"));
    }

    #[test]
    fn names_that_count_are_read() {
        assert_eq!(counted("model-00002-of-00005.safetensors"), Some(("model", 2, 5, "safetensors")));
        assert_eq!(counted("a-b-1-of-1.bin"), Some(("a-b", 1, 1, "bin")));
        for odd in ["model.safetensors", "model-0-of-2.bin", "model-3-of-2.bin", "model-+1-of-2.bin", "m-1-of-513.bin"]
        {
            assert_eq!(counted(odd), None, "{odd}");
        }
        assert!(counted("m-1-of-512.bin").is_some());
    }
}
