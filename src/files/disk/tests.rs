use super::*;

#[test]
fn a_name_that_cannot_be_is_no_fault_of_the_disk() {
    use io::ErrorKind::{FileTooLarge, NotFound, PermissionDenied, ReadOnlyFilesystem, StorageFull};
    for (kind, full, disk) in [
        (StorageFull, true, true),
        (FileTooLarge, false, true),
        (ReadOnlyFilesystem, false, true),
        (PermissionDenied, false, true),
        (NotFound, false, false),
    ] {
        let error = io::Error::from(kind);
        assert_eq!((is_full(&error), is_of_the_disk(&error)), (full, disk), "{kind}");
    }
}

#[test]
fn a_path_that_does_not_exist_yet_counts_for_its_ancestor() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("not/yet/there");
    assert!(free_bytes(directory.path()).unwrap() > 0);
    assert!(free_bytes(&missing).unwrap() > 0);
}
