use super::*;

#[test]
fn the_catalogue_is_sound() {
    let names: Vec<&str> = MODELS.iter().map(|it| it.name).collect();
    assert_eq!(names, ["gpt2", "gpt2-medium", "gpt2-large", "gpt2-xl", "distilgpt2"]);
    for model in MODELS {
        assert_eq!(find(model.name), Some(model));
        assert_eq!(model.repository.split('/').next_back(), Some(model.name));
        assert_eq!(model.files.len(), 5);
        assert_eq!(model.files.iter().filter(|it| it.role == Role::Weights).count(), 1);
        assert_eq!(model.files.last().map(|it| it.name), Some("model.safetensors"), "the small ones come first");
        // Four bytes a parameter, and one mask of 1024 by 1024 for each layer: 6 to 48 of them.
        let masks = model.bytes.checked_sub(4 * model.parameters).unwrap() >> 20;
        assert!((20..=200).contains(&masks), "{}: {masks}", model.name);
        for file in model.files {
            let digits = |it: &str| it.len() == 64 && it.bytes().all(|it| it.is_ascii_hexdigit());
            assert!(file.sha256.is_none_or(digits), "{}", file.name);
        }
    }
    assert_eq!(find("gpt3"), None);
}

#[test]
fn the_vocabulary_of_the_hub_is_the_one_built_in() {
    use sha2::{Digest as _, Sha256};
    let built_in = crate::manifest::hex(&Sha256::digest(crate::assets::MERGES));
    assert_eq!((MERGES.sha256, MERGES.size), (Some(built_in.as_str()), Some(crate::assets::MERGES.len() as u64)));
}

#[test]
fn only_weights_are_held_to_their_hash_by_the_download() {
    let model = wanted("gpt2").unwrap();
    let source = &model.sources(model.files.last().unwrap(), "http://mirror.example/")[0];
    assert_eq!(model.files.iter().filter(|it| it.optional).count(), OPTIONAL.len());
    assert_eq!(source.url, "http://mirror.example/openai-community/gpt2/resolve/main/model.safetensors");
    assert_eq!((source.size, source.kind), (Some(548_105_171), Kind::TorchFile));
    let source = &model.sources(&model.files[0], HUB)[0];
    assert_eq!(source.url, "https://huggingface.co/openai-community/gpt2/resolve/main/config.json");
    assert_eq!((source.sha256.as_ref(), source.kind), (None, Kind::Text));
    assert_eq!(wanted("openai-community/gpt2").unwrap(), model);
}

#[test]
fn any_repository_may_be_asked_for_and_nothing_else() {
    let model = wanted("someone/story-gpt2.v1").unwrap();
    assert_eq!((model.name.as_str(), model.repository.as_str()), ("story-gpt2.v1", "someone/story-gpt2.v1"));
    let names: Vec<String> =
        model.sources(model.files.last().unwrap(), HUB).into_iter().map(|it| it.file_name).collect();
    let indexes = ["model.safetensors.index.json", "pytorch_model.bin.index.json"];
    assert_eq!(names, ["model.safetensors", indexes[0], "pytorch_model.bin", indexes[1]]);
    let shard = model.shard("model-00001-of-00002.safetensors", HUB);
    assert!(shard.kind == Kind::TorchFile && shard.url.ends_with("/resolve/main/model-00001-of-00002.safetensors"));
    for odd in ["", "gpt3", "a/b/c", "../b", "a/..", "a/", "/b", "a/-b", "a b/c", "a/b?c"] {
        assert_eq!(wanted(odd), None, "{odd}");
    }
}
