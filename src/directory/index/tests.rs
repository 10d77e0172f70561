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
    for odd in ["model.safetensors", "model-0-of-2.bin", "model-3-of-2.bin", "model-+1-of-2.bin", "m-1-of-513.bin"] {
        assert_eq!(counted(odd), None, "{odd}");
    }
    assert!(counted("m-1-of-512.bin").is_some());
}
