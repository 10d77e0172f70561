use super::*;

#[test]
fn each_tensor_has_its_checksum_whatever_the_buffer_cuts() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.safetensors");
    // The second ends within the first buffer, the third is longer than a buffer, the last is empty.
    let lengths = [8, 120, 600_000, 16, 0];
    let data: Vec<u8> = (0..lengths.iter().sum::<usize>()).map(|it| (it * 31 % 251) as u8).collect();
    let (mut entries, mut start) = (serde_json::Map::new(), 0);
    for (index, length) in lengths.iter().enumerate() {
        let offsets = [start, start + length];
        let entry = serde_json::json!({"dtype": "U8", "shape": [length], "data_offsets": offsets});
        entries.insert(format!("t{index}"), entry);
        start += length;
    }
    let header = serde_json::to_vec(&entries).unwrap();
    let bytes = [&(header.len() as u64).to_le_bytes()[..], &header, &data].concat();
    std::fs::write(&path, &bytes).unwrap();
    let record = weights_record(&path, &mut |_| true).unwrap().unwrap();
    assert_eq!(record.sha256, hex(&Sha256::digest(&bytes)));
    let mut start = 0;
    for (index, length) in lengths.iter().enumerate() {
        let expected = crc32fast::hash(&data[start..start + length]);
        assert_eq!(record.checksums[&format!("t{index}")], expected, "t{index}");
        start += length;
    }
    assert_eq!(record.checksums.len(), lengths.len());
    assert_eq!(weights_record(&path, &mut |_| false).unwrap(), None);
}
