use std::fs;

use super::*;

fn files(root: &Path, all: &[(&str, &str)]) {
    for (path, text) in all {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

#[test]
fn the_least_that_any_group_leaves_counts() {
    for (name, all, expected) in [
        ("none", vec![], None),
        ("no limit", vec![("proc/self/cgroup", "0::/a"), ("sys/fs/cgroup/a/memory.max", "max\n")], None),
        (
            "of today",
            vec![
                ("proc/self/cgroup", "0::/a/b\n"),
                ("sys/fs/cgroup/a/b/memory.max", "1000\n"),
                ("sys/fs/cgroup/a/b/memory.current", "900\n"),
                ("sys/fs/cgroup/a/b/memory.stat", "anon 600\nfile 300\ninactive_file 100\nactive_file 50\n"),
                ("sys/fs/cgroup/a/memory.max", "5000\n"),
                ("sys/fs/cgroup/a/memory.current", "4800\n"),
            ],
            Some(200),
        ),
        (
            "of before, where a container sees its own as the outermost",
            vec![
                ("proc/self/cgroup", "4:memory:/docker/x\n3:cpu:/\n0::/\n"),
                ("sys/fs/cgroup/memory/memory.limit_in_bytes", "1000\n"),
                ("sys/fs/cgroup/memory/memory.usage_in_bytes", "800\n"),
                ("sys/fs/cgroup/memory/memory.stat", "active_file 7\ntotal_inactive_file 100\ntotal_active_file 1\n"),
            ],
            Some(301),
        ),
        (
            "more in use than allowed",
            vec![
                ("proc/self/cgroup", "0::/\n"),
                ("sys/fs/cgroup/memory.max", "10\n"),
                ("sys/fs/cgroup/memory.current", "20\n"),
            ],
            Some(0),
        ),
    ] {
        let root = tempfile::tempdir().unwrap();
        files(root.path(), &all);
        assert_eq!(of_group(root.path()), expected, "{name}");
    }
}

#[test]
fn a_table_is_read_by_whole_names() {
    let table = "VmPeak:\t  9 kB\nVmSize:\t  12 kB\nVmSizeX: 3 kB\n";
    assert_eq!((kilobytes(table, "VmSize"), kilobytes(table, "Vm")), (Some(12 << 10), None));
    assert_eq!(number("inactive_file 4\nfile 7\n", "file"), Some(7));
}

#[test]
fn what_does_not_fit_is_said_with_need_and_have() {
    assert_eq!(fits(1, "a letter"), Ok(()));
    let mut bytes = vec![1];
    assert_eq!((lengthen(&mut bytes, 3, "three"), bytes), (Ok(()), vec![1, 0, 0]));
    let refused = lengthen(&mut Vec::new(), isize::MAX as usize, "everything").unwrap_err();
    assert_eq!((refused.what, refused.need), ("everything", isize::MAX as u64));
    let have = Some(Memory { bytes: 2_000_000, limit: Limit::Machine });
    let said = NoRoom { what: "a tensor", need: 3_000_001, have }.to_string();
    assert_eq!(said, "there is not enough memory for a tensor: it takes 4 MB, and 2 MB are free on this machine");
    #[cfg(target_os = "linux")]
    assert!(fits(u64::MAX, "everything").is_err());
}

#[cfg(target_os = "linux")]
#[test]
fn this_machine_says_what_it_has() {
    assert!(available().is_some_and(|it| it.bytes > 0));
}

#[test]
fn the_size_of_a_cache_is_read() {
    for (text, expected) in [
        ("32768K\n", Some(32 << 20)),
        ("1M", Some(1 << 20)),
        ("512", Some(512)),
        ("", None),
        ("K", None),
        ("-1K", None),
    ] {
        assert_eq!(size_of_cache(text), expected, "{text}");
    }
}
