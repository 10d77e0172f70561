//! Tensors that lie about their storages, in both containers, and what only the older container can get wrong.

use megachat::checkpoint::legacy::LegacyError as L;
use megachat::checkpoint::pickle::PickleError;
use megachat::checkpoint::tensors::TensorError as T;
use megachat::checkpoint::torch_zip::TorchZipError as Z;
use megachat::checkpoint::{Fault, MapError};
use megachat::install::convert::ConvertError as E;

use super::super::torch_files::{Container, Pickler, View, container, flat_file, gpt2};
use super::{Odd, find, find_last, patched};

pub(super) fn add(list: &mut Vec<Odd>) {
    views(list);
    references(list);
    numbers(list);
    older(list);
    cut_off(list);
}

/// One tensor under a name that GPT-2 has, seen through `view`, and a storage of eight elements.
fn one(kind: Container, view: &View) -> Vec<u8> {
    let mut pickler = Pickler::new();
    pickler.raw(b"}").text("wte.weight").tensor(kind, "0", view).raw(b"s.");
    container(kind, &pickler.bytes, &[("0".to_owned(), vec![1; 8])])
}

fn views(list: &mut Vec<Odd>) {
    for kind in [Container::Legacy, Container::Zip] {
        let far = 0x7fff_ffff;
        let outside: [(&str, usize, Vec<usize>, Vec<usize>); 7] = [
            ("an offset one past the end", 8, vec![1], vec![1]),
            ("an end one past the end", 1, vec![8], vec![1]),
            ("a stride past the end", 0, vec![2, 2], vec![7, 1]),
            ("a stride of nought, two billion times", 0, vec![far], vec![0]),
            ("strides of nought in three dimensions", 0, vec![far, far, 2], vec![0, 0, 0]),
            ("a product of sizes that overflows", 0, vec![far; 8], vec![far; 8]),
            ("an empty shape whose other sizes overflow", 0, vec![0, far, far, far, far], vec![far; 5]),
        ];
        for (name, offset, shape, strides) in outside {
            let view = View { numel: 8, offset, shape, strides };
            odd!(
                list,
                format!("{name}, {kind:?}"),
                move || one(kind, &view),
                Err(E::Map(MapError::Tensor { source: T::OutOfBounds { numel: 8, .. }, .. }))
            );
        }
        let malformed: [(&str, Vec<usize>, Vec<usize>); 2] =
            [("nine dimensions", vec![1; 9], vec![1; 9]), ("more strides than sizes", vec![2], vec![1, 1])];
        for (name, shape, strides) in malformed {
            let view = View { numel: 8, offset: 0, shape, strides };
            odd!(
                list,
                format!("{name}, {kind:?}"),
                move || one(kind, &view),
                Err(E::Map(MapError::Tensor { source: T::Malformed(_), .. }))
            );
        }
        let negatives = [
            ("size", b"(J\x05\0\0\0t".as_slice(), b"(J\xfb\xff\xff\xfft".as_slice()),
            ("stride", b"(J\x03\0\0\0t", b"(J\xfd\xff\xff\xfft"),
            ("offset", b"QJ\x02\0\0\0", b"QJ\xfe\xff\xff\xff"),
        ];
        for (name, from, to) in negatives {
            // Patched into the pickle first: a checksum is over what is written.
            odd!(
                list,
                format!("a negative {name}, {kind:?}"),
                move || {
                    let view = View { numel: 8, offset: 2, shape: vec![5], strides: vec![3] };
                    let mut pickler = Pickler::new();
                    pickler.raw(b"}").text("wte.weight").tensor(kind, "0", &view).raw(b"s.");
                    let at = find(&pickler.bytes, from);
                    container(kind, &patched(pickler.bytes, at, to), &[("0".to_owned(), vec![1; 8])])
                },
                Err(E::Map(MapError::Tensor { source: T::Malformed(_), .. }))
            );
        }
    }
}

/// A tensor whose reference to its storage is given as pickled parts.
fn reference(parts: &[u8]) -> Vec<u8> {
    let mut pickler = Pickler::new();
    pickler.raw(b"}").text("wte.weight").global("torch._utils", "_rebuild_tensor_v2").raw(b"(");
    pickler.raw(parts).raw(b"QK\0K\x08\x85K\x01\x85\x89N").raw(b"tRs.");
    container(Container::Zip, &pickler.bytes, &[("0".to_owned(), vec![1; 8])])
}

fn references(list: &mut Vec<Odd>) {
    let lies: [(&str, &[u8]); 10] = [
        ("no tuple", b"N"),
        ("an empty tuple", b")"),
        ("another word", b"(U\x05shelfctorch\nHalfStorage\nU\x010U\x03cpuK\x08t"),
        ("three parts", b"(U\x07storagectorch\nHalfStorage\nU\x010t"),
        ("a class that is a call", b"(U\x07storageccm\nf\n)RU\x010U\x03cpuK\x08t"),
        ("a class of another module", b"(U\x07storagecos\nHalfStorage\nU\x010U\x03cpuK\x08t"),
        ("an unknown class", b"(U\x07storagectorch\nQInt8Storage\nU\x010U\x03cpuK\x08t"),
        ("a key that is a path", b"(U\x07storagectorch\nHalfStorage\nU\x04../0U\x03cpuK\x08t"),
        ("a negative number of elements", b"(U\x07storagectorch\nHalfStorage\nU\x010U\x03cpuJ\xff\xff\xff\xfft"),
        (
            "more elements than bytes exist",
            b"(U\x07storagectorch\nHalfStorage\nU\x010U\x03cpu\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7ft",
        ),
    ];
    for (name, parts) in lies {
        odd!(
            list,
            format!("a storage reference of {name}"),
            move || reference(parts),
            Err(E::Tensor(T::BadStorage { index: 1, .. }))
        );
    }
    odd!(
        list,
        "a view beyond its storage",
        || reference(b"(U\x07storagectorch\nHalfStorage\nU\x010U\x03cpuK\x08(U\x01vK\x04K\x05tt"),
        Err(E::Tensor(T::BadStorage { index: 1, .. }))
    );
    odd!(list, "a storage described in two ways", || {
            let mut pickler = Pickler::new();
            let view = |numel| View { numel, offset: 0, shape: vec![4], strides: vec![1] };
            pickler.raw(b"}(").text("a").tensor(Container::Zip, "0", &view(8));
            pickler.text("b").tensor(Container::Zip, "0", &view(9)).raw(b"u.");
            container(Container::Zip, &pickler.bytes, &[("0".to_owned(), vec![1; 8])])
        },
        Err(E::Tensor(T::Contradiction { key })) if key == "0");
    odd!(
        list,
        "a parameter of a parameter",
        || {
            let mut pickler = Pickler::new();
            pickler.raw(b"}").text("wte.weight").global("torch._utils", "_rebuild_parameter").raw(b"(");
            pickler.global("torch._utils", "_rebuild_parameter").raw(b"(N\x89NtR\x89NtRs.");
            container(Container::Zip, &pickler.bytes, &[])
        },
        Err(E::Map(MapError::Tensor { source: T::Malformed(_), .. }))
    );
    odd!(list, "a storage without a member", || without_storage(Container::Zip),
        Err(E::TorchZip(Z::MissingStorage { key })) if key == "5");
    odd!(list, "a storage without data", || without_storage(Container::Legacy),
        Err(E::Legacy(L::MissingStorage { key })) if key == "5");
    odd!(list, "a storage with a member of another size", || {
            let mut storages = storages();
            storages[5].1.pop();
            container(Container::Zip, &flat_pickle(Container::Zip), &storages)
        },
        Err(E::TorchZip(Z::StorageSize { key, .. })) if key == "5");
}

/// The tiny model's storages, under the names that [`flat_file`] gives them.
fn storages() -> Vec<(String, Vec<u16>)> {
    gpt2().into_iter().enumerate().map(|(index, (_, tensor))| (index.to_string(), tensor.bits)).collect()
}

fn flat_pickle(kind: Container) -> Vec<u8> {
    let mut pickler = Pickler::new();
    pickler.global("collections", "OrderedDict").raw(b")R(");
    for (index, (name, tensor)) in gpt2().iter().enumerate() {
        pickler.text(name).tensor(kind, &index.to_string(), &View::whole(tensor));
    }
    pickler.raw(b"u.");
    pickler.bytes
}

fn without_storage(kind: Container) -> Vec<u8> {
    let mut storages = storages();
    storages.remove(5);
    container(kind, &flat_pickle(kind), &storages)
}

fn numbers(list: &mut Vec<Odd>) {
    for kind in [Container::Legacy, Container::Zip] {
        for (name, bits) in [("not a number", 0x7e01), ("infinity", 0x7c00), ("minus infinity", 0xfc00)] {
            let file = move || {
                let mut tensors = gpt2();
                tensors[4].1.bits[17] = bits;
                flat_file(kind, &tensors)
            };
            odd!(list, format!("a weight that is {name}, {kind:?}"), file,
                Err(E::NotFinite { name }) if name == "transformer.h.0.attn.c_attn.weight");
        }
    }
    odd!(list, "integers for weights", || {
            let pickle = flat_pickle(Container::Legacy);
            let at = find(&pickle, b"HalfStorage");
            let pickle = [&pickle[..at], b"ShortStorage".as_slice(), &pickle[at + 11..]].concat();
            container(Container::Legacy, &pickle, &storages())
        },
        Err(E::Map(MapError::Faults(faults))) if matches!(faults.as_slice(), [Fault::Dtype { found: "int16", .. }]));
}

const HEAD: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.\x80\x02}.";

/// A file of the older kind with one storage, `0`, of eight elements, and the given list of keys and data.
fn listed(keys: &[u8], data: &[u8]) -> Vec<u8> {
    let mut pickler = Pickler::new();
    let view = View { numel: 8, offset: 0, shape: vec![8], strides: vec![1] };
    pickler.raw(b"}").text("wte.weight").tensor(Container::Legacy, "0", &view).raw(b"s.");
    [HEAD, &pickler.bytes, keys, data].concat()
}

fn older(list: &mut Vec<Odd>) {
    odd!(
        list,
        "another magic number",
        || patched(flat_file(Container::Legacy, &gpt2()), 5, b"\0"),
        Err(E::Legacy(L::NotTorch))
    );
    odd!(list, "format 1002", || patched(flat_file(Container::Legacy, &gpt2()), 18, b"\xea"),
        Err(E::Legacy(L::Protocol { found })) if found == "1002");
    odd!(list, "keys that are no list", || listed(b"N.", b""), Err(E::Legacy(L::BadList)));
    odd!(list, "keys that are numbers", || listed(b"]K\0a.", b""), Err(E::Legacy(L::BadList)));
    odd!(
        list,
        "a key twice",
        || listed(b"](U\x010U\x010e.", b""),
        Err(E::Legacy(L::BadKey { what: "stands there twice", .. }))
    );
    odd!(
        list,
        "a key that nothing describes",
        || listed(b"](U\x010U\x011e.", b""),
        Err(E::Legacy(L::BadKey { what: "nothing describes", .. }))
    );
    odd!(
        list,
        "a million keys",
        || listed(&super::repeated(b"](U\x010q\0", b"h\0", 900_000, b"e."), b""),
        Err(E::Legacy(L::BadKey { .. }))
    );
    for (name, count) in [("one more", 1_281i64), ("none", 0), ("minus one", -1), ("as many as there are", i64::MAX)] {
        odd!(list, format!("a count that says {name}"), move || {
                let file = flat_file(Container::Legacy, &gpt2());
                let data: usize = gpt2().iter().map(|(_, tensor)| 8 + 2 * tensor.bits.len()).sum();
                let at = file.len() - data;
                patched(file, at, &count.to_le_bytes())
            },
            Err(E::Legacy(L::Count { key, expected: 1_280, .. })) if key == "0");
    }
}

/// The file ends within each of its parts.
fn cut_off(list: &mut Vec<Odd>) {
    let whole = || flat_file(Container::Legacy, &gpt2());
    for (name, length) in [("first", 9), ("second", 17), ("third", 23), ("fourth", 400)] {
        odd!(
            list,
            format!("a file that ends in its {name} pickle"),
            move || whole()[..length].to_vec(),
            Err(E::Legacy(L::Pickle { source: PickleError::Truncated { .. }, .. }))
        );
    }
    odd!(
        list,
        "a file that ends in its list of keys",
        move || {
            let file = whole();
            let at = find_last(&file, b"](X");
            file[..at + 20].to_vec()
        },
        Err(E::Legacy(L::Pickle { number: 5, source: PickleError::Truncated { .. }, .. }))
    );
    odd!(
        list,
        "a file that ends before the first count",
        move || {
            let file = whole();
            let data: usize = gpt2().iter().map(|(_, tensor)| 8 + 2 * tensor.bits.len()).sum();
            file[..file.len() - data].to_vec()
        },
        Err(E::Truncated { .. })
    );
    odd!(
        list,
        "a file that ends one byte early",
        move || {
            let mut file = whole();
            file.pop();
            file
        },
        Err(E::Truncated { missing: 1, .. })
    );
    odd!(list, "a file that goes on behind its end", move || [whole(), vec![0; 9]].concat(),
        Ok(converted) if converted.notes.iter().any(|note| note.starts_with("9 bytes after")));
}
