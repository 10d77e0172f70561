use super::*;
use crate::checkpoint::tensors::Dtype;

/// What `collect` must make, element by element.
fn expected(tensor: &Tensor, storage: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for number in 0..tensor.numel() {
        let (mut left, mut at) = (number, 0);
        for (&length, &stride) in tensor.shape.iter().zip(&tensor.strides).rev() {
            at += left % length * stride;
            left /= length;
        }
        out.extend_from_slice(&storage[at * 2..at * 2 + 2]);
    }
    out
}

#[test]
fn elements_are_found_by_their_strides_however_the_storage_is_cut() {
    let cases: [(&[usize], &[usize]); 11] = [
        (&[12], &[1]),
        (&[3, 4], &[4, 1]),
        (&[3, 4], &[1, 3]),
        (&[5, 3], &[10, 1]),
        (&[5, 3], &[11, 3]),
        (&[3, 5], &[2, 9]),
        (&[4, 4], &[1, 1]),
        (&[2, 1, 3], &[7, 99, 2]),
        (&[2, 3, 4], &[4, 8, 1]),
        (&[3], &[0]),
        (&[], &[]),
    ];
    for (shape, strides) in cases {
        let (shape, strides) = (shape.to_vec(), strides.to_vec());
        let tensor = Tensor { part: 0, storage: 0, dtype: Dtype::F16, offset: 0, shape, strides };
        let storage: Vec<u8> = (0..tensor.span() * 2).map(|it| it as u8 + 1).collect();
        for piece in 1..=tensor.span() {
            let mut out = vec![0; tensor.numel() * 2];
            for (number, run) in storage.chunks(piece * 2).enumerate() {
                collect(&tensor, number * piece, run, &mut out);
            }
            assert_eq!(out, expected(&tensor, &storage), "{tensor:?} in runs of {piece}");
        }
    }
}
