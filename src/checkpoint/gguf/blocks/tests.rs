use super::*;

/// Bytes without a pattern, the same in every run.
fn noise(count: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u8
    };
    (0..count).map(|_| next()).collect()
}

fn as_numbers(bytes: &[u8], dtype: Dtype) -> Vec<f32> {
    assert_eq!(dtype, Dtype::F16);
    bytes.as_chunks().0.iter().map(|it| f16::from_le_bytes(*it).to_f32()).collect()
}

/// By hand: a scale of one half; four bits from 0 to 15 less 8, the lower halves first.
#[test]
fn a_block_of_four_bits_is_what_it_is_by_hand() {
    let mut block = f16::from_f32(0.5).to_le_bytes().to_vec();
    block.extend((0..16u8).map(|it| it | (15 - it) << 4));
    let mut bytes = Vec::new();
    Stored::Q4_0.widen(&block, &mut bytes);
    let numbers = as_numbers(&bytes, Dtype::F16);
    let expected = (0..16).map(|it| (it as f32 - 8.0) / 2.0).chain((0..16).map(|it| (7.0 - it as f32) / 2.0));
    assert_eq!(numbers, expected.collect::<Vec<_>>());
}

#[test]
fn numbers_that_are_none_in_blocks_stay_as_they_are() {
    for stored in [Stored::F32, Stored::F16, Stored::Bf16] {
        let (bytes, mut out) = (noise(64), vec![7]);
        stored.widen(&bytes, &mut out);
        assert_eq!(out[1..], bytes);
    }
    assert_eq!(
        (Stored::of(12), Stored::of(10), Stored::of(77)),
        (Ok(Stored::Q4K), Err("Q2_K".to_owned()), Err("number 77".to_owned()))
    );
}
