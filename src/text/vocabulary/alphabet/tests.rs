use super::*;

#[test]
fn every_byte_is_spelled_and_read_back() {
    let bytes: Vec<u8> = (0..=255).collect();
    assert_eq!(&*bytes_of(&spelled(&bytes)).unwrap(), bytes);
    assert_eq!(spelled(b" \n\xad"), "\u{120}\u{10a}\u{143}");
    assert_eq!(bytes_of("\u{2581}the"), None);
}
