use std::collections::BTreeMap;
use std::io::Cursor;

use proptest::prelude::*;

use super::*;
use crate::checkpoint::gguf::{Info, Type, Value, write_header};

fn sample() -> (Vec<u8>, u64) {
    let text = |it: &str| Value::Text(it.to_owned());
    let metadata = [
        ("general.architecture", text("gpt2")),
        ("general.alignment", Value::U32(32)),
        ("gpt2.attention.layer_norm_epsilon", Value::F32(1e-5)),
        ("tokenizer.ggml.add_bos_token", Value::Bool(true)),
        ("tokenizer.ggml.token_type", Value::Numbers(vec![1, -3])),
        ("tokenizer.ggml.tokens", Value::Texts(vec!["a".to_owned(), "\u{120}b".to_owned()])),
    ]
    .map(|(key, value)| (key.to_owned(), value));
    let info = |name: &str, shape: &[usize], kind| Info { name: name.to_owned(), shape: shape.to_vec(), kind };
    let tensors = [
        info("token_embd.weight", &[2, 32], Type::Q8_0),
        info("position_embd.weight", &[3, 32], Type::F32),
        info("output_norm.bias", &[5], Type::F16),
    ];
    let header = write_header(&metadata, &tensors);
    let length = header.len() as u64 + tensors.iter().map(Info::room).sum::<u64>();
    (header, length)
}

fn read(bytes: &[u8], length: u64) -> Result<Header, GgufError> {
    read_header(&mut Cursor::new(bytes), length, &Limits::default()).map_err(|e| match e {
        HeaderError::Refused(it) => it,
        HeaderError::Read(e) => panic!("{e}"),
    })
}

#[test]
fn what_is_written_is_read() {
    let (bytes, length) = sample();
    let header = read(&bytes, length).unwrap();
    let expected = [
        ("general.architecture", Field::Text("gpt2".to_owned())),
        ("general.alignment", Field::Integer(32)),
        ("gpt2.attention.layer_norm_epsilon", Field::Float(f64::from(1e-5f32))),
        ("tokenizer.ggml.add_bos_token", Field::Bool(true)),
        ("tokenizer.ggml.token_type", Field::Integers(vec![1, -3])),
        ("tokenizer.ggml.tokens", Field::Texts(vec!["a".to_owned(), "\u{120}b".to_owned()])),
    ];
    assert_eq!(header.fields, BTreeMap::from(expected.map(|(key, value)| (key.to_owned(), value))));
    let data = bytes.len() as u64;
    let tensors: Vec<_> =
        header.tensors.iter().map(|it| (&*it.name, &*it.shape, it.stored, it.start, it.bytes)).collect();
    // 68 and 384 bytes, each with what fills it up to a multiple of 32.
    assert_eq!(
        tensors,
        [
            ("token_embd.weight", &[2, 32][..], Stored::Q8_0, data, 68),
            ("position_embd.weight", &[3, 32], Stored::F32, data + 96, 384),
            ("output_norm.bias", &[5], Stored::F16, data + 480, 10),
        ]
    );
}

#[test]
fn a_file_that_is_cut_is_refused_at_every_length() {
    let (bytes, length) = sample();
    // Where the tensors' names end; what fills the header up says nothing.
    let needed = bytes.iter().rposition(|&it| it != 0).unwrap();
    for cut in 0..needed {
        assert_eq!(read(&bytes[..cut], cut as u64), Err(GgufError::Truncated), "{cut}");
    }
    for cut in bytes.len() as u64..length - 22 {
        assert!(matches!(read(&bytes, cut), Err(GgufError::Outside { .. })), "{cut}");
    }
    assert!(read(&bytes, length - 22).is_ok(), "the last tensor has ten bytes");
}

#[test]
fn counts_lengths_and_types_that_cannot_be_are_named() {
    let (good, length) = sample();
    let changed = |at: usize, with: &[u8]| {
        let mut bytes = good.clone();
        bytes[at..at + with.len()].copy_from_slice(with);
        read(&bytes, length).unwrap_err()
    };
    let huge = u64::MAX.to_le_bytes();
    assert!(matches!(changed(0, b"GGML"), GgufError::Malformed(_)));
    assert_eq!(changed(4, &1u32.to_le_bytes()), GgufError::Version(1));
    assert!(changed(4, &3u32.to_be_bytes()).to_string().contains("big-endian"));
    assert!(matches!(changed(8, &huge), GgufError::TooMany { what: "tensors", .. }));
    assert!(matches!(changed(16, &huge), GgufError::TooMany { what: "keys", .. }));
    assert!(matches!(changed(24, &huge), GgufError::TooMany { what: "bytes in one text", .. }));
    // The first value's type stands behind the key's length and its twenty letters.
    assert!(changed(52, &99u32.to_le_bytes()).to_string().contains("unknown type 99"));
    let place = |of: &str| good.windows(of.len()).position(|it| it == of.as_bytes()).unwrap() + of.len();
    assert!(changed(place("general.alignment") + 4, &24u32.to_le_bytes()).to_string().contains("general.alignment"));
    let tokens = place("tokenizer.ggml.tokens") + 4;
    assert!(matches!(changed(tokens + 4, &huge), GgufError::TooMany { what: "elements in one list", .. }));
    assert_eq!(changed(tokens + 4, &1_000_000u64.to_le_bytes()), GgufError::Truncated);
    let table = place("token_embd.weight");
    assert!(matches!(changed(table, &9u32.to_le_bytes()), GgufError::TooMany { what: "dimensions", .. }));
    assert!(changed(table + 4, &31u64.to_le_bytes()).to_string().contains("no whole blocks of Q8_0"));
    assert!(changed(table + 12, &(1u64 << 60).to_le_bytes()).to_string().contains("too large"));
    let of_kind = |id: u32| changed(table + 20, &id.to_le_bytes()).to_string();
    assert!(of_kind(10).contains("token_embd.weight is of the type Q2_K, which is not read"));
    assert!(of_kind(1000).contains("number 1000"));
    assert!(changed(table + 24, &8u64.to_le_bytes()).to_string().contains("no multiple of 32"));
    assert!(matches!(changed(table + 24, &(1u64 << 63).to_le_bytes()), GgufError::Outside { .. }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn no_header_does_more_than_be_refused(changes in prop::collection::vec((0usize..700, any::<u8>()), 1..12), length in 0u64..2000) {
        let (mut bytes, _) = sample();
        for (at, byte) in changes {
            let end = bytes.len();
            bytes[at % end] = byte;
        }
        let _ = read(&bytes, length);
    }

    #[test]
    fn no_bytes_do_more_than_be_refused(tail in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut bytes = b"GGUF\x03\0\0\0".to_vec();
        bytes.extend(tail);
        let _ = read(&bytes, 1 << 40);
    }
}
