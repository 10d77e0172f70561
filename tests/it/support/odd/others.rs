//! Files of other kinds, and safetensors whose header lies.

use megachat::checkpoint::MapError;
use megachat::checkpoint::safetensors::SafetensorsError as S;
use megachat::directory::DirectoryError as D;
use megachat::install::convert::ConvertError as E;

use super::super::torch_files::{bytes_of, gpt2};
use super::Odd;

pub(super) fn add(list: &mut Vec<Odd>) {
    kinds(list);
    lengths(list);
    entries(list);
    nested(list);
}

fn kinds(list: &mut Vec<Odd>) {
    odd!(list, "an empty file", Vec::new, Err(E::Directory(D::NotACheckpoint { what: "empty", .. })));
    odd!(list, "one byte", || vec![0x80], Err(E::Legacy(_)));
    odd!(
        list,
        "a page that asks to log in",
        || b"\n <!DOCTYPE html><html><body>Sign in".to_vec(),
        Err(E::Directory(D::NotACheckpoint { what: "a web page", .. }))
    );
    odd!(list, "a server's regrets", || br#"{"requestStatus":{"statusCode":"NOT_FOUND"}}"#.to_vec(),
        Err(E::Directory(D::NotACheckpoint { what, .. })) if what.contains("JSON"));
    odd!(list, "a pointer of git-lfs", || {
            b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 735000000\n".to_vec()
        },
        Err(E::Directory(D::NotACheckpoint { what, .. })) if what.contains("git-lfs"));
    odd!(list, "a GGUF model", || b"GGUF\x03\0\0\0\x01\0\0\0".to_vec(), Err(E::Gguf { .. }));
    odd!(list, "a tar archive", || {
            let mut file = vec![0; 1_024];
            file[..8].copy_from_slice(b"storages");
            file[257..262].copy_from_slice(b"ustar");
            file
        },
        Err(E::Directory(D::NotACheckpoint { what, .. })) if what.contains("tar"));
    for (name, start) in [
        ("a numpy array", b"\x93NUMPY\x01\0".as_slice()),
        ("a gzip stream", b"\x1f\x8b\x08\0"),
        ("a program", b"\x7fELF\x02\x01"),
        ("a picture", b"\x89PNG\r\n\x1a\n"),
    ] {
        odd!(
            list,
            name,
            move || [start, &[0; 600]].concat(),
            Err(E::Directory(D::NotACheckpoint { what: "of no known kind", .. }))
        );
    }
    odd!(
        list,
        "an hdf5 file",
        || [&b"\x89HDF\r\n\x1a\n"[..], &[0; 600]].concat(),
        Err(E::Directory(D::NotACheckpoint { what: "an HDF5 file, as Keras writes", .. }))
    );
    odd!(
        list,
        "a megabyte of noise",
        || {
            let mut state = 77_777u32;
            let mut noise = move || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            };
            (0..1 << 20).map(|_| noise()).collect()
        },
        Err(E::Directory(D::NotACheckpoint { what: "of no known kind", .. }))
    );
}

fn file(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}

fn lengths(list: &mut Vec<Odd>) {
    odd!(
        list,
        "a header longer than the file",
        || { [&1_000u64.to_le_bytes(), b"{}".as_slice()].concat() },
        Err(E::Safetensors(S::BadLength { length: 1_000 }))
    );
    odd!(
        list,
        "a header of four gigabytes",
        || [&0xffff_fff0u64.to_le_bytes(), b"{}".as_slice()].concat(),
        Err(E::Safetensors(S::BadLength { length: 0xffff_fff0 }))
    );
    odd!(
        list,
        "a header of sixteen exabytes",
        || [&u64::MAX.to_le_bytes(), b"{}".as_slice()].concat(),
        Err(E::Directory(D::NotACheckpoint { what: "of no known kind", .. }))
    );
    odd!(
        list,
        "a header cut short",
        || {
            let whole = file("{\"a\":1}", b"");
            [&5u64.to_le_bytes(), &whole[8..]].concat()
        },
        Err(E::Safetensors(S::NotJson(_)))
    );
}

/// One tensor's entry in a header, and data of some length after it.
fn entry(text: &'static str, data: usize) -> impl Fn() -> Vec<u8> {
    move || file(&format!("{{\"wte.weight\":{text}}}"), &vec![0; data])
}

fn entries(list: &mut Vec<Odd>) {
    for (name, text, data) in [
        ("that is a number", "5", 0),
        ("without a type", r#"{"shape":[1],"data_offsets":[0,2]}"#, 2),
        ("with two shapes", r#"{"dtype":"F16","shape":[1],"shape":[2],"data_offsets":[0,2]}"#, 2),
        ("with a type of four bits", r#"{"dtype":"F4","shape":[4],"data_offsets":[0,2]}"#, 2),
        ("with a type that is a number", r#"{"dtype":16,"shape":[1],"data_offsets":[0,2]}"#, 2),
        ("with a negative size", r#"{"dtype":"F16","shape":[-1],"data_offsets":[0,2]}"#, 2),
        ("with half a row", r#"{"dtype":"F16","shape":[1.5],"data_offsets":[0,3]}"#, 3),
        ("with three offsets", r#"{"dtype":"F16","shape":[1],"data_offsets":[0,2,4]}"#, 2),
        ("that ends before it begins", r#"{"dtype":"F16","shape":[1],"data_offsets":[4,2]}"#, 4),
        ("of another length than its shape", r#"{"dtype":"F16","shape":[3],"data_offsets":[0,4]}"#, 4),
        ("whose shape overflows", r#"{"dtype":"F16","shape":[9223372036854775807,4],"data_offsets":[0,4]}"#, 4),
        (
            "empty, and its shape overflows",
            r#"{"dtype":"F16","shape":[0,9223372036854775807,4],"data_offsets":[0,0]}"#,
            0,
        ),
        ("of nine dimensions", r#"{"dtype":"U8","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,1]}"#, 1),
        ("whose shape is an object", r#"{"dtype":"U8","shape":{},"data_offsets":[0,1]}"#, 1),
    ] {
        odd!(list, format!("an entry {name}"), entry(text, data), Err(E::Safetensors(S::BadEntry { .. })));
    }
    odd!(
        list,
        "data before the first tensor",
        entry(r#"{"dtype":"F16","shape":[1],"data_offsets":[2,4]}"#, 4),
        Err(E::Safetensors(S::Gap { at: 0 }))
    );
    odd!(
        list,
        "data after the last tensor",
        entry(r#"{"dtype":"F16","shape":[1],"data_offsets":[0,2]}"#, 4),
        Err(E::Safetensors(S::Gap { at: 2 }))
    );
    odd!(
        list,
        "a tensor past the end",
        entry(r#"{"dtype":"F16","shape":[2],"data_offsets":[0,4]}"#, 2),
        Err(E::Safetensors(S::Gap { at: 4 }))
    );
    odd!(
        list,
        "tensors that overlap",
        || {
            file(
                r#"{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"b":{"dtype":"F16","shape":[1],"data_offsets":[2,4]}}"#,
                &[0; 4],
            )
        },
        Err(E::Safetensors(S::Gap { at: 4 }))
    );
    odd!(list, "two tensors of one name", || {
            file(r#"{"wte.weight":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"wte\u002eweight":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#, &[0; 2])
        },
        Err(E::Safetensors(S::Repeated { name })) if name == "wte.weight");
    odd!(
        list,
        "two sets of remarks",
        || file(r#"{"__metadata__":{},"__metadata__":{}}"#, b""),
        Err(E::Safetensors(S::Repeated { .. }))
    );
    odd!(list, "a name with an escape sequence", || {
            file(r#"{"\u001b[2J":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#, &[0])
        },
        Err(E::Safetensors(S::BadEntry { name, .. })) if !name.contains('\x1b'));
    odd!(list, "a weight that is not a number, in safetensors", || {
            let mut header = serde_json::Map::new();
            let mut data = Vec::new();
            for (name, mut tensor) in gpt2() {
                if name == "transformer.ln_f.bias" {
                    tensor.bits[2] = 0xfe00;
                }
                let start = data.len();
                data.extend(bytes_of(&tensor.bits));
                let entry = serde_json::json!({"dtype": "F16", "shape": tensor.shape, "data_offsets": [start, data.len()]});
                header.insert(name, entry);
            }
            file(&serde_json::Value::Object(header).to_string(), &data)
        },
        Err(E::NotFinite { name }) if name == "transformer.ln_f.bias");
}

fn nested(list: &mut Vec<Odd>) {
    let deep = |count: usize| format!("{}{}", "[".repeat(count), "]".repeat(count));
    odd!(
        list,
        "remarks ten thousand lists deep",
        move || file(&format!("{{\"__metadata__\":{}}}", deep(10_000)), b""),
        Err(E::Map(MapError::NoModel(_)))
    );
    odd!(
        list,
        "an entry ten thousand lists deep",
        move || file(&format!("{{\"a\":{}}}", deep(10_000)), b""),
        Err(E::Safetensors(S::BadEntry { .. }))
    );
    odd!(
        list,
        "a shape a hundred thousand lists deep",
        move || {
            file(&format!("{{\"a\":{{\"dtype\":\"U8\",\"data_offsets\":[0,0],\"shape\":{}}}}}", deep(100_000)), b"")
        },
        Err(E::Safetensors(S::BadEntry { .. }))
    );
    odd!(
        list,
        "a shape of two million dimensions",
        || {
            let shape = "0,".repeat(2_000_000);
            file(&format!("{{\"a\":{{\"dtype\":\"U8\",\"data_offsets\":[0,0],\"shape\":[{shape}0]}}}}"), b"")
        },
        Err(E::Safetensors(S::BadEntry { what: "`shape` has too many dimensions", .. }))
    );
    odd!(
        list,
        "remarks of two million numbers",
        || { file(&format!("{{\"__metadata__\":[{}0]}}", "0,".repeat(2_000_000)), b"") },
        Err(E::Map(MapError::NoModel(_)))
    );
    odd!(
        list,
        "a million tensors",
        || {
            let entries: Vec<String> = (0..1_000_000).map(|index| format!("\"{index}\":0")).collect();
            file(&format!("{{{}}}", entries.join(",")), b"")
        },
        Err(E::Safetensors(S::TooMany { limit: 100_000 }))
    );
    odd!(
        list,
        "a million times one name",
        || file(&format!("{{{}\"a\":0}}", "\"a\":0,".repeat(50_000)), b""),
        Err(E::Safetensors(S::Repeated { .. } | S::BadEntry { .. }))
    );
}
