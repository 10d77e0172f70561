use super::*;

#[test]
fn what_was_written_comes_back_and_what_was_changed_does_not() {
    let directory = tempfile::tempdir().unwrap();
    let packs = Packs { directory: directory.path().to_owned(), weights_sha256: "ab".repeat(32) };
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
    let nowhere = Packs { directory: directory.path().join("none"), weights_sha256: String::new() };
    nowhere.write(Precision::Q8, &bytes);
    assert_eq!(read(&nowhere, Precision::Q8, bytes.len()), None);
}
