use super::*;
use crate::checkpoint::Activation;

fn config() -> Config {
    Config {
        vocab_size: 100,
        n_positions: 8,
        n_embd: 16,
        n_layer: 1,
        n_head: 2,
        n_inner: 64,
        layer_norm_epsilon: 1e-5,
        activation: Activation::GeluTanh,
        tie_word_embeddings: true,
    }
}

fn packs(directory: &Path, sha256: String) -> Packs {
    Packs { directory: directory.to_owned(), weights_sha256: sha256, config: format!("{:?}", config()), made_of: None }
}

#[test]
fn what_was_written_comes_back_and_what_was_changed_does_not() {
    let directory = tempfile::tempdir().unwrap();
    let packs = packs(directory.path(), "ab".repeat(32));
    let bytes: Vec<u8> = (0..3_000_000u32).map(|it| (it * 7 % 251) as u8).collect();
    let read = |packs: &Packs, precision, length: usize| {
        let mut out = vec![0; length];
        packs.read(precision, &mut out).then_some(out)
    };
    assert_eq!(read(&packs, Precision::Q8, bytes.len()), None);
    packs.write(Precision::Q8, &bytes);
    assert_eq!(read(&packs, Precision::Q8, bytes.len()).as_ref(), Some(&bytes));
    assert_eq!(read(&packs, Precision::Q4, bytes.len()), None);
    assert_eq!(read(&packs, Precision::Q8, bytes.len() - 1), None);
    let other = Packs { weights_sha256: "cd".repeat(32), ..packs };
    assert_eq!(read(&other, Precision::Q8, bytes.len()), None);
    let packs = Packs { weights_sha256: "ab".repeat(32), ..other };
    let reshaped = Packs { config: format!("{:?}", Config { n_layer: 2, ..config() }), ..packs.clone() };
    assert_eq!(read(&reshaped, Precision::Q8, bytes.len()), None);
    let path = packs.path(Precision::Q8);
    let whole = std::fs::read(&path).unwrap();
    for at in [0, 30, 100, HEAD, HEAD + 1_500_000, whole.len() - 1] {
        let mut damaged = whole.clone();
        damaged[at] ^= 4;
        std::fs::write(&path, &damaged).unwrap();
        assert_eq!(read(&packs, Precision::Q8, bytes.len()), None, "{at}");
    }
    for length in [0, 10, HEAD, whole.len() - 1] {
        std::fs::write(&path, &whole[..length]).unwrap();
        assert_eq!(read(&packs, Precision::Q8, bytes.len()), None, "{length}");
    }
    packs.write(Precision::Q8, &bytes);
    assert_eq!(read(&packs, Precision::Q8, bytes.len()).as_ref(), Some(&bytes));
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    packs.write(Precision::Q4, &bytes[..70]);
    assert_eq!(read(&packs, Precision::Q8, bytes.len()), None, "one is enough");
    assert_eq!(read(&packs, Precision::Q4, 70), Some(bytes[..70].to_vec()));
    let nowhere = self::packs(&directory.path().join("none"), String::new());
    nowhere.write(Precision::Q8, &bytes);
    assert_eq!(read(&nowhere, Precision::Q8, bytes.len()), None);
}

#[cfg(unix)]
#[test]
fn the_cache_keeps_what_was_used_last_and_no_more_than_there_is_room_for() {
    use std::time::Duration;
    let place = tempfile::tempdir().unwrap();
    let cache = place.path().join("packed");
    let weights_at = |name: &str| {
        let path = place.path().join(name);
        std::fs::write(&path, name).unwrap();
        // As if they had lain there for long.
        known::tests::weights(&path, SystemTime::now() + Duration::from_secs(60))
    };
    let of = |weights: &Weights| Packs { made_of: Some(weights.clone()), ..packs(&cache, weights.sha256.clone()) };
    let (one, two) = (weights_at("one"), weights_at("two"));
    let read = |it: &Packs| it.read(Precision::Q8, &mut [0; 1000]);
    for it in [&one, &two] {
        of(it).write(Precision::Q8, &[7; 1000]);
        assert!(read(&of(it)));
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(!of(&one).read(Precision::F16, &mut [0; 1000]));
    // What was used goes behind what was written later.
    assert!(read(&of(&one)));
    let names = |all: Vec<Kept>| all.into_iter().map(|it| it.path).collect::<Vec<_>>();
    let [first, second] = [&two, &one].map(|it| of(it).path(Precision::Q8));
    assert_eq!(names(list(&cache).unwrap()), [first.clone(), second.clone()]);
    let all: u64 = list(&cache).unwrap().iter().map(|it| it.bytes).sum();
    assert!(make_room(&cache, MOST - all).unwrap());
    assert_eq!(list(&cache).unwrap().len(), 2);
    assert!(make_room(&cache, MOST - all + 1).unwrap());
    assert_eq!(names(list(&cache).unwrap()), [second]);
    assert!(!make_room(&cache, MOST + 1).unwrap());
    // Whose weights have changed since they were hashed is not packed under that hash.
    std::fs::write(place.path().join("two"), "2wo").unwrap();
    of(&two).write(Precision::Q8, &[7; 1000]);
    assert!(!first.exists() && Packs::in_the_cache(&two, &config()).is_none());
    std::fs::write(cache.join("notes"), "of somebody").unwrap();
    assert_eq!(clear(&cache).unwrap().len(), 1);
    assert_eq!(clear(&cache).unwrap(), []);
    assert!(cache.join("notes").exists());
}
