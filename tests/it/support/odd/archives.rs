//! Zip archives with tricks: what scanners and loaders have been seen to disagree about.

use megachat::checkpoint::MapError;
use megachat::checkpoint::legacy::LegacyError;
use megachat::checkpoint::pickle::PickleError;
use megachat::checkpoint::torch_zip::TorchZipError as T;
use megachat::checkpoint::zip::ZipError as Z;
use megachat::directory::DirectoryError as D;
use megachat::install::convert::ConvertError as E;

use super::super::torch_files::{Container, Packing, download, flat_file, gpt2, zip};
use super::{Odd, find, find_last, patched};

pub(super) fn add(list: &mut Vec<Odd>) {
    names(list);
    members(list);
    headers(list);
    ends(list);
    wide(list);
    packed(list);
    torch(list);
}

fn good() -> Vec<u8> {
    flat_file(Container::Zip, &gpt2())
}

/// An archive of the given members, each with one byte.
fn archive(names: &[&str]) -> Vec<u8> {
    let members: Vec<_> = names.iter().map(|name| ((*name).to_owned(), b"x".to_vec())).collect();
    zip(&members, Packing::Stored)
}

/// The entry of the directory for a member: where its fixed part of 46 bytes begins.
fn central(file: &[u8], name: &str) -> usize {
    find_last(file, name.as_bytes()) - 46
}

/// The header before a member: where its fixed part of 30 bytes begins.
fn local(file: &[u8], name: &str) -> usize {
    find(file, name.as_bytes()) - 30
}

const END_BYTES: usize = 22;

fn names(list: &mut Vec<Odd>) {
    for name in [
        "../../etc/passwd",
        "a/../../b",
        "/etc/passwd",
        "a\\..\\b",
        "C:/x",
        "C:x",
        "a\0.pt",
        "a\u{1b}[2J",
        "a\u{85}b",
        "",
    ] {
        odd!(
            list,
            format!("a member called {name:?}"),
            move || archive(&["a/version", name]),
            Err(E::Zip(Z::BadName { .. }))
        );
    }
    odd!(
        list,
        "two members of one name",
        || archive(&["a/data.pkl", "a/data.pkl"]),
        Err(E::Zip(Z::BadName { what: "occurs twice", .. }))
    );
    odd!(
        list,
        "a name that is not UTF-8",
        || {
            let file = archive(&["a/data.pkl"]);
            let at = central(&file, "a/data.pkl");
            patched(file, at + 46, b"\xff")
        },
        Err(E::Zip(Z::BadEntry { index: 0, what: "the name is not UTF-8" }))
    );
}

/// What stands in the directory.
fn members(list: &mut Vec<Odd>) {
    for (name, bit) in [("", 1u16), (" in the newer way", 0x40), (" with its headers hidden", 0x2000)] {
        odd!(list, format!("a member that is encrypted{name}"), move || {
                let file = good();
                let at = central(&file, "archive/version");
                patched(file, at + 8, &bit.to_le_bytes())
            },
            Err(E::Zip(Z::Unsupported { what, .. })) if what == "encrypted");
    }
    odd!(list, "a member packed by bzip2", || {
            let file = good();
            let at = central(&file, "archive/version");
            patched(file, at + 10, &[12, 0])
        },
        Err(E::Zip(Z::Unsupported { what, .. })) if what == "packed by method 12");
    odd!(
        list,
        "a stored member of two lengths",
        || {
            let file = good();
            let at = central(&file, "archive/data/0");
            patched(file, at + 24, &[0, 0, 0, 1])
        },
        Err(E::Zip(Z::BadEntry { what: "stored, but with two lengths", .. }))
    );
    odd!(
        list,
        "an entry without its signature",
        || {
            let file = good();
            let at = central(&file, "archive/version");
            patched(file, at, b"PK\x01\x03")
        },
        Err(E::Zip(Z::BadEntry { what: "has no signature", .. }))
    );
    odd!(
        list,
        "an entry whose name goes on behind the directory",
        || {
            let file = good();
            let at = central(&file, "archive/version");
            patched(file, at + 28, &[0xff, 0xff])
        },
        Err(E::Zip(Z::BadEntry { what: "cut off", .. }))
    );
    odd!(list, "a wrong checksum", || {
            let file = good();
            let at = central(&file, "archive/data/3");
            patched(file, at + 16, b"\x12\x34\x56\x78")
        },
        Err(E::Checksum { name, .. }) if name.ends_with("archive/data/3"));
    odd!(
        list,
        "a flipped bit in a weight",
        || {
            let file = good();
            let at = find(&file, b"archive/data/3") + 20;
            let byte = file[at] ^ 1;
            patched(file, at, &[byte])
        },
        Err(E::Checksum { .. })
    );
}

/// The header before a member says something else than the directory.
fn headers(list: &mut Vec<Odd>) {
    let cases: [(&str, usize, &[u8], &str); 6] = [
        ("another signature", 0, b"PK\x07\x08", "where it begins"),
        ("another name", 30, b"X", "its name"),
        ("a shorter name", 26, &[13, 0], "its name"),
        ("another method", 8, &[8, 0], "how it is packed"),
        ("encryption", 6, &[1, 0], "how it is packed"),
        ("another length", 18, &[1, 2, 3, 0], "its length"),
    ];
    for (name, at, bytes, what) in cases {
        odd!(list, format!("a header with {name} ({what})"), move || {
                let file = good();
                let start = local(&file, "archive/data/3");
                patched(file, start + at, bytes)
            },
            Err(E::Zip(Z::Disagreement { name, .. })) if name.ends_with("archive/data/3"));
    }
    odd!(
        list,
        "two entries for one member's bytes",
        || {
            let file = good();
            let (first, second) = (central(&file, "archive/data/3"), central(&file, "archive/data/4"));
            let place: Vec<u8> = file[first + 42..first + 46].to_vec();
            patched(file, second + 42, &place)
        },
        Err(E::Zip(Z::Overlap { .. }))
    );
    odd!(list, "a member that reaches over its neighbour", || {
            let file = good();
            let at = central(&file, "archive/data/3");
            let long = [0u8, 0, 1, 0].repeat(2);
            patched(file, at + 20, &long)
        },
        Err(E::Zip(Z::Overlap { name })) if name.ends_with("archive/data/3"));
    odd!(list, "padding that pushes a member into its neighbour", || {
            let file = good();
            let at = local(&file, "archive/data/3");
            patched(file, at + 28, &[40, 0])
        },
        Err(E::Zip(Z::Overlap { name })) if name.ends_with("archive/data/3"));
    odd!(
        list,
        "a member behind the end of the file",
        || {
            let file = good();
            let at = central(&file, "archive/version");
            patched(file, at + 42, &[0, 0, 0, 0x7f])
        },
        Err(E::Zip(Z::Overlap { .. }))
    );
}

fn ends(list: &mut Vec<Odd>) {
    let end = |file: &[u8]| file.len() - END_BYTES;
    odd!(
        list,
        "65,535 entries claimed",
        move || {
            let file = good();
            let at = end(&file);
            patched(file, at + 8, &[0xff; 4])
        },
        Err(E::Zip(Z::BadEnd("the zip64 record is missing")))
    );
    odd!(
        list,
        "65,534 entries claimed",
        move || {
            let file = good();
            let at = end(&file);
            patched(file, at + 8, &[0xfe, 0xff, 0xfe, 0xff])
        },
        Err(E::Zip(Z::BadEnd("more entries than the directory has room for")))
    );
    odd!(
        list,
        "one entry fewer than there are",
        move || {
            let file = good();
            let at = end(&file);
            let count = file[at + 8] - 1;
            patched(file, at + 8, &[count, 0, count, 0])
        },
        Err(E::Zip(Z::BadEnd("the directory has more entries than the end record says")))
    );
    odd!(
        list,
        "an archive in two volumes",
        move || {
            let file = good();
            let at = end(&file);
            patched(file, at + 4, &[1, 0])
        },
        Err(E::Zip(Z::BadEnd("the archive is split over several files")))
    );
    odd!(
        list,
        "a directory of four gigabytes",
        move || {
            let file = good();
            let at = end(&file);
            patched(file, at + 12, &[0xfe, 0xff, 0xff, 0xff])
        },
        Err(E::Zip(Z::BadEnd("the directory does not end where the end record begins")))
    );
    odd!(
        list,
        "an archive that ends one byte early",
        || {
            let mut file = good();
            file.pop();
            file
        },
        Err(E::Zip(Z::NoEnd))
    );
    odd!(list, "the first half of an archive", || good()[..200_000].to_vec(), Err(E::Zip(Z::NoEnd)));
    odd!(
        list,
        "an archive with something before it",
        || [b"PK\x03\x04junk".as_slice(), &good()].concat(),
        Err(E::Zip(Z::BadEnd("the directory does not end where the end record begins")))
    );
    odd!(list, "an archive with something behind it", || [good(), b"junk".to_vec()].concat(), Err(E::Zip(Z::NoEnd)));
    odd!(
        list,
        "two archives, one behind the other",
        || [archive(&["a/data.pkl"]), good()].concat(),
        Err(E::Zip(Z::BadEnd("the directory does not end where the end record begins")))
    );
    odd!(
        list,
        "an end record inside the comment",
        move || {
            let file = good();
            let at = end(&file);
            let fake = [b"PK\x05\x06".as_slice(), &[0; 18]].concat();
            let file = patched(file, at + 20, &[22, 0]);
            [file, fake].concat()
        },
        Err(E::Zip(Z::BadEnd("the directory does not end where the end record begins")))
    );
}

/// A good archive with a zip64 end record in which one number is another.
fn widened(at: usize, number: u64) -> Vec<u8> {
    let file = good();
    let end = file.len() - END_BYTES;
    let number_at = |at: usize| u64::from(u32::from_le_bytes(file[at..at + 4].try_into().unwrap()));
    let entries = u64::from(u16::from_le_bytes([file[end + 10], file[end + 11]]));
    let mut record = b"PK\x06\x06".to_vec();
    record.extend_from_slice(&44u64.to_le_bytes());
    record.extend_from_slice(&[0x2d, 0, 0x2d, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    for field in [entries, entries, number_at(end + 12), number_at(end + 16)] {
        record.extend_from_slice(&field.to_le_bytes());
    }
    record.extend_from_slice(b"PK\x06\x07\0\0\0\0");
    record.extend_from_slice(&(end as u64).to_le_bytes());
    record.extend_from_slice(&1u32.to_le_bytes());
    let record = patched(record, at, &number.to_le_bytes());
    [&file[..end], &record, &file[end..]].concat()
}

fn wide(list: &mut Vec<Odd>) {
    odd!(
        list,
        "a zip64 record of another length than it says",
        || widened(4, 1_000),
        Err(E::Zip(Z::BadEnd("the zip64 record has another length than it says")))
    );
    for (name, at) in [("number of entries", 32), ("length", 40), ("place", 48)] {
        odd!(
            list,
            format!("two end records with another {name} each"),
            move || widened(at, 1),
            Err(E::Zip(Z::BadEnd("it and the zip64 record disagree")))
        );
    }
    for (name, place) in [("behind the file", 1 << 40), ("nowhere", u64::MAX), ("at the beginning", 0)] {
        odd!(
            list,
            format!("a zip64 record {name}"),
            move || widened(56 + 8, place),
            Err(E::Zip(Z::BadEnd("the zip64 record is missing")))
        );
    }
    odd!(
        list,
        "an endless number of entries in the zip64 record",
        || {
            let file = widened(32, u64::MAX / 46);
            let at = file.len() - END_BYTES;
            patched(file, at + 8, &[0xff; 4])
        },
        Err(E::Zip(Z::BadEnd(_)))
    );
    odd!(
        list,
        "a length that stands in a zip64 field that is not there",
        || {
            let file = good();
            let at = central(&file, "archive/data/3");
            patched(file, at + 20, &[0xff; 8])
        },
        Err(E::Zip(Z::BadEntry { what: "a zip64 size is missing", .. }))
    );
}

/// The archive around a checkpoint, whose members may be packed.
fn packed(list: &mut Vec<Odd>) {
    const MEMBER: &str = "release/mp_rank_00/model_optim_rng.pt";
    let zeros = |start: &'static [u8]| move || download(&[start, &vec![0; 16 << 20]].concat(), Packing::Deflated);
    odd!(
        list,
        "sixteen megabytes of nought, a thousand to one",
        zeros(b""),
        Err(E::Directory(D::NotACheckpoint { .. }))
    );
    odd!(list, "a torch file of sixteen megabytes of nought", zeros(b"PK\x03\x04"), Err(E::Zip(Z::NoEnd)));
    odd!(
        list,
        "a pickle of sixteen megabytes of nought",
        zeros(b"\x80\x02"),
        Err(E::Legacy(LegacyError::Pickle { source: PickleError::UnknownOpcode { opcode: 0, .. }, .. }))
    );
    odd!(
        list,
        "a thousand bytes that claim to unpack to four gigabytes",
        || {
            let file = download(&flat_file(Container::Legacy, &gpt2())[..1_000], Packing::Descriptor);
            let at = central(&file, MEMBER);
            patched(file, at + 24, &[0xfe, 0xff, 0xff, 0xff])
        },
        Err(E::Zip(Z::BadEntry { what: "deflated, but longer than deflate can make it", .. }))
    );
    for (name, more) in [("more", 9i64), ("less", -9)] {
        odd!(
            list,
            format!("a packed member that claims {name} than it has"),
            move || {
                let file = download(&flat_file(Container::Legacy, &gpt2()), Packing::Descriptor);
                let at = central(&file, MEMBER);
                let size = u32::from_le_bytes(file[at + 24..at + 28].try_into().unwrap());
                let size = u32::try_from(i64::from(size) + more).unwrap();
                patched(file, at + 24, &size.to_le_bytes())
            },
            Err(E::Truncated { missing: 9, .. })
        );
    }
    odd!(
        list,
        "a packed member that is no deflate stream",
        || {
            let file = download(&flat_file(Container::Legacy, &gpt2()), Packing::Deflated);
            let at = find(&file, MEMBER.as_bytes()) + MEMBER.len();
            patched(file, at, &[0xff; 20])
        },
        Err(E::Read { .. })
    );
    odd!(
        list,
        "a packed member with a flipped bit",
        || {
            let file = download(&flat_file(Container::Legacy, &gpt2()), Packing::Stored);
            let at = file.len() / 2;
            let byte = file[at] ^ 1;
            patched(file, at, &[byte])
        },
        Err(E::Checksum { .. })
    );
    odd!(
        list,
        "an archive in an archive in an archive",
        || {
            let inner = zip(&[("readme".to_owned(), b"x".to_vec())], Packing::Stored);
            download(&inner, Packing::Stored)
        },
        Err(E::Directory(D::NotACheckpoint { what: "an archive inside an archive", .. }))
    );
    odd!(
        list,
        "an archive without a checkpoint",
        || archive(&["readme", "licence"]),
        Err(E::Directory(D::NothingInside { .. }))
    );
    odd!(
        list,
        "an archive of two checkpoints",
        || archive(&["a/model_optim_rng.pt", "b/model_optim_rng.pt"]),
        Err(E::Several { .. })
    );
}

/// Archives that are in order, but no torch files.
fn torch(list: &mut Vec<Odd>) {
    odd!(
        list,
        "members in two folders",
        || archive(&["a/data.pkl", "b/data/0"]),
        Err(E::TorchZip(T::TwoFolders { .. }))
    );
    odd!(list, "a member beside the folder", || archive(&["a/data.pkl", "ab"]), Err(E::TorchZip(T::TwoFolders { .. })));
    for member in ["a/constants.pkl", "a/code/__torch__.py"] {
        odd!(
            list,
            format!("a program: {member}"),
            move || archive(&["a/data.pkl", member]),
            Err(E::TorchZip(T::TorchScript))
        );
    }
    odd!(
        list,
        "a deflated torch file",
        || zip(&[("a/data.pkl".to_owned(), b"N.".to_vec())], Packing::Deflated),
        Err(E::TorchZip(T::Deflated { .. }))
    );
    for order in ["big", "", "little-endian-or-perhaps-not"] {
        odd!(
            list,
            format!("numbers in `{order}` order"),
            move || {
                let pickle = ("a/data.pkl".to_owned(), b"N.".to_vec());
                zip(&[pickle, ("a/byteorder".to_owned(), order.into())], Packing::Stored)
            },
            Err(E::TorchZip(T::ByteOrder { .. }))
        );
    }
    odd!(
        list,
        "a pickle in the wrong place",
        || archive(&["a/b/data.pkl"]),
        Err(E::Directory(D::NothingInside { .. }))
    );
    odd!(
        list,
        "a directory where the pickle should be",
        || archive(&["a/data.pkl/"]),
        Err(E::Directory(D::NothingInside { .. }))
    );
    odd!(
        list,
        "storages and no tensors",
        || {
            let members = [("a/data.pkl".to_owned(), b"}.".to_vec()), ("a/data/0".to_owned(), vec![0; 1 << 20])];
            zip(&members, Packing::Stored)
        },
        Err(E::Map(MapError::NoModel(_)))
    );
}
