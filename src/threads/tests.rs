use super::*;

#[test]
fn a_thread_that_is_not_given_is_a_sentence_with_its_purpose() {
    let refused = NoThread { what: "the engine", source: io::Error::from(io::ErrorKind::WouldBlock) };
    let said = refused.to_string();
    assert!(said.starts_with("the system gives no thread for the engine ("), "{said}");
    assert!(said.contains("ulimit -v"), "{said}");
    assert_eq!(start("one", "a test", || 7).unwrap().join().unwrap(), 7);
}
