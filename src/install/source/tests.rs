use super::*;

#[test]
fn built_in_sources_are_encrypted_and_the_copy_has_a_hash() {
    let sources = megatron_345m();
    assert_eq!(sources.len(), 3);
    for source in &sources {
        assert!(source.url.starts_with("https://"), "{}", source.url);
        assert_eq!(source.file_name, plain_file_name(&source.file_name));
    }
    let hashes: Vec<usize> = sources.iter().filter_map(|it| it.sha256.as_ref()).map(String::len).collect();
    assert_eq!(hashes, [64]);
}

#[test]
fn names_and_labels_of_typed_addresses() {
    for (why, url, label, name, kind) in [
        ("plain", "http://mirror.example/a/m.pt", "mirror.example", "m.pt", Kind::TorchFile),
        ("zip by ending", "https://h.example/M.ZIP", "h.example", "M.ZIP", Kind::Zip),
        ("zip by last part", "https://h.example/v0.0/zip", "h.example", "zip", Kind::Zip),
        ("query dropped", "https://h.example/m.pt?token=x/y.zip", "h.example", "m.pt", Kind::TorchFile),
        ("password dropped", "https://me:pw@h.example/m.pt", "h.example", "m.pt", Kind::TorchFile),
        ("no path", "https://h.example", "h.example", "model.bin", Kind::TorchFile),
        ("no way out", "https://h.example/%2e%2e\\..", "h.example", "_2e_2e_", Kind::TorchFile),
        ("dots only", "https://h.example/..", "h.example", "model.bin", Kind::TorchFile),
    ] {
        let source = &from_urls(&[url.to_owned()])[0];
        assert_eq!((source.label.as_str(), source.file_name.as_str(), source.kind), (label, name, kind), "{why}");
    }
}

#[test]
fn secrets_are_cut_from_addresses() {
    for (url, shown) in [
        ("https://h.example/m.pt?X-Amz-Signature=1", "https://h.example/m.pt"),
        ("https://me:pw@h.example/a@b/m.pt#part", "https://h.example/a@b/m.pt"),
        ("  http://h.example ", "http://h.example"),
        ("nonsense?x", "nonsense"),
    ] {
        assert_eq!(without_secrets(url), shown);
    }
}
