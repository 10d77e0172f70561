use super::*;

fn encoded(numbers: &[f32], kind: Type) -> Result<Vec<u8>, Unfit> {
    let mut out = Vec::new();
    encode(numbers, kind, &mut out).map(|()| out)
}

#[test]
fn a_small_file_byte_by_byte() {
    let tensor = |name: &str, shape: &[usize], kind| Info { name: name.to_owned(), shape: shape.to_vec(), kind };
    let header = write_header(
        &[("a".to_owned(), Value::U32(7)), ("b".to_owned(), Value::Texts(vec!["xy".to_owned()]))],
        &[tensor("t", &[2, 3], Type::F16), tensor("u", &[5], Type::F32)],
    );
    let mut expected = b"GGUF\x03\0\0\0".to_vec();
    expected.extend([2, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]);
    expected.extend(b"\x01\0\0\0\0\0\0\0a\x04\0\0\0\x07\0\0\0");
    expected.extend(b"\x01\0\0\0\0\0\0\0b\x09\0\0\0\x08\0\0\0\x01\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0xy");
    // Two dimensions, the fastest first; the first tensor takes 12 bytes, so the second begins at 32.
    expected.extend(b"\x01\0\0\0\0\0\0\0t\x02\0\0\0\x03\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0");
    expected.extend(b"\x01\0\0\0\0\0\0\0u\x01\0\0\0\x05\0\0\0\0\0\0\0\0\0\0\0\x20\0\0\0\0\0\0\0");
    assert_eq!(header[..expected.len()], expected);
    assert_eq!(header.len(), expected.len().next_multiple_of(32));
    assert!(header[expected.len()..].iter().all(|&it| it == 0));
}

#[test]
fn a_block_of_bytes_by_hand() {
    let mut numbers = [0f32; BLOCK];
    // The scale is 254 / 127 = 2, which 16 bits hold exactly.
    (numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]) = (-254.0, 254.0, 3.0, -1.0, 0.9);
    let bytes = encoded(&numbers, Type::Q8_0).unwrap();
    assert_eq!(bytes[..2], f16::from_f32(2.0).to_le_bytes());
    // 3 / 2 and -1 / 2 are halves, and go away from zero.
    let expected = [-127i8, 127, 2, -1, 0].map(|it| it as u8);
    assert_eq!((&bytes[2..7], bytes.len()), (&expected[..], 34));
    assert_eq!(encoded(&[0.0; BLOCK], Type::Q8_0).unwrap(), [0; 34]);
}

#[test]
fn a_scale_too_small_for_sixteen_bits_is_zero_and_the_bytes_stay_in_range() {
    let bytes = encoded(&[1e-40; BLOCK], Type::Q8_0).unwrap();
    assert_eq!((&bytes[..2], bytes.len()), (&[0, 0][..], 34));
}

#[test]
fn what_sixteen_bits_cannot_hold_is_refused() {
    assert_eq!(encoded(&[65504.0, 65520.0], Type::F16), Err(Unfit(65520.0)));
    assert_eq!(encoded(&[65504.0, f32::INFINITY], Type::F16).unwrap(), [0xff, 0x7b, 0, 0x7c]);
    let mut numbers = [0f32; BLOCK];
    numbers[9] = f32::INFINITY;
    assert_eq!(encoded(&numbers, Type::Q8_0), Err(Unfit(f32::INFINITY)));
    numbers[9] = 1e9;
    assert_eq!(encoded(&numbers, Type::Q8_0), Err(Unfit(1e9)));
    assert_eq!(encoded(&[1e9], Type::F32).unwrap(), 1e9f32.to_le_bytes());
}
