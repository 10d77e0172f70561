//! Streams that ask for code, for memory, or for what cannot be.

use megachat::checkpoint::legacy::LegacyError;
use megachat::checkpoint::pickle::PickleError as P;
use megachat::checkpoint::tensors::TensorError;
use megachat::checkpoint::torch_zip::TorchZipError;
use megachat::checkpoint::{Fault, MapError};
use megachat::install::convert::ConvertError as E;

use super::super::torch_files::{Container, Pickler, View, container, flat_file, gpt2, megatron, megatron_file};
use super::{Odd, dictionary, find, legacy, repeated, zipped};

pub(super) fn add(list: &mut Vec<Odd>) {
    code(list);
    floods(list);
    copies(list);
    lengths(list);
    order(list);
    shapes(list);
}

/// What an attacker wants first. Each call stays a note, and the note is named.
fn code(list: &mut Vec<Odd>) {
    let streams: [(&str, &[u8]); 8] = [
        ("REDUCE, protocol 0", b"(dp0\nS'model'\np1\ncposix\nsystem\np2\n(S'touch /x'\np3\ntp4\nRp5\ns."),
        ("REDUCE, protocol 1", b"}q\0U\x05modelq\x01cposix\nsystem\nq\x02(U\x08touch /xtRs."),
        ("REDUCE, protocol 2", b"\x80\x02}X\x05\0\0\0modelcposix\nsystem\nX\x08\0\0\0touch /x\x85Rs."),
        (
            "REDUCE, protocol 4",
            b"\x80\x04\x95\x30\0\0\0\0\0\0\0}\x94\x8c\x05model\x94\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x08touch /x\x94\x85\x94R\x94s.",
        ),
        ("NEWOBJ", b"\x80\x02}X\x05\0\0\0modelcposix\nsystem\nX\x08\0\0\0touch /x\x85\x81s."),
        ("NEWOBJ_EX", b"\x80\x04}\x8c\x05modelcposix\nsystem\n\x8c\x08touch /x\x85}\x92s."),
        ("INST", b"}S'model'\n(S'touch /x'\niposix\nsystem\ns."),
        ("OBJ", b"}S'model'\n(cposix\nsystem\nS'touch /x'\nos."),
    ];
    for (name, stream) in streams {
        odd!(list, format!("code by {name}"), move || zipped(stream),
            Err(E::Map(MapError::NoModel(why))) if why.contains("a call of `posix.system`"));
    }
    odd!(list, "code beside a good model", || {
            let mut pickler = Pickler::new();
            pickler.raw(b"(cbuiltins\neval\nX\x01\0\0\0x\x85R1");
            let good = flat_file(Container::Legacy, &gpt2());
            let at = find(&good, b"ccollections");
            [&good[..at], &pickler.bytes, &good[at..]].concat()
        },
        Ok(converted) if converted.notes.iter().any(|note| note.contains("`builtins.eval`")));
    odd!(list, "a name full of escape sequences", || zipped(&dictionary("model", b"c\x1b]52;c;\x07\n\x1b[2J\n)R")),
        Err(E::Map(MapError::NoModel(why))) if !why.contains('\x1b'));
}

#[allow(clippy::too_many_lines, reason = "a table")]
fn floods(list: &mut Vec<Odd>) {
    odd!(
        list,
        "a flood of None",
        || zipped(&repeated(b"", b"N", 1_100_000, b".")),
        Err(E::Pickle(P::TooLarge { what: "values", limit: 1_000_000, .. }))
    );
    odd!(
        list,
        "a flood of None, dropped again",
        || legacy(&repeated(b"", b"N0", 1_100_000, b"N.")),
        Err(E::Legacy(LegacyError::Pickle { number: 4, source: P::TooLarge { what: "values", .. }, .. }))
    );
    odd!(
        list,
        "a flood of copies on the stack",
        || zipped(&repeated(b"N", b"2", 1_100_000, b".")),
        Err(E::Pickle(P::TooLarge { what: "values on the stack", .. }))
    );
    odd!(
        list,
        "a flood of open marks",
        || zipped(&repeated(b"", b"(", 70_000, b"N.")),
        Err(E::Pickle(P::TooLarge { what: "open groups", limit: 65_536, .. }))
    );
    odd!(
        list,
        "a flood of instructions that do nothing",
        || zipped(&repeated(b"", b"(1", 5_000_001, b"N.")),
        Err(E::Pickle(P::TooLarge { what: "instructions", limit: 10_000_000, .. }))
    );
    odd!(
        list,
        "a flood of remembered values",
        || {
            let mut stream = b"N".to_vec();
            for index in 0..1_000_001u32 {
                stream.push(b'r');
                stream.extend_from_slice(&index.to_le_bytes());
            }
            stream.push(b'.');
            zipped(&stream)
        },
        Err(E::Pickle(P::TooLarge { what: "remembered values", limit: 1_000_000, .. }))
    );
    odd!(
        list,
        "values, stack and memo at once",
        || zipped(&repeated(b"", b"N\x94", 1_000_000, b".")),
        Err(E::Pickle(P::TooLarge { what: "bytes of memory", .. }))
    );
    odd!(
        list,
        "a stream of more than 64 MiB",
        || legacy(&repeated(b"", b"C\xff", 1, &vec![b'0'; (64 << 20) + 500])),
        Err(E::Legacy(LegacyError::Pickle { number: 4, .. }))
    );
    odd!(
        list,
        "a member of more than 64 MiB",
        || zipped(&vec![b'0'; (64 << 20) + 1]),
        Err(E::TorchZip(TorchZipError::PickleTooLarge { size: 67_108_865, .. }))
    );
    odd!(
        list,
        "tuples in tuples",
        || zipped(&repeated(b"N", b"\x85", 900_000, b".")),
        Err(E::Map(MapError::NoModel(_)))
    );
    odd!(
        list,
        "lists in lists",
        || legacy(&[b"]".repeat(800_000), b"a".repeat(799_999), b".".to_vec()].concat()),
        Err(E::Map(MapError::NoModel(_)))
    );
    odd!(
        list,
        "a chain of persistent references",
        || zipped(&repeated(b")", b"Q", 900_000, b".")),
        Err(E::Tensor(TensorError::BadStorage { index: 1, .. }))
    );
    odd!(
        list,
        "a pair of a pair of a pair, doubled",
        || zipped(&repeated(b"N", b"2\x86", 100_000, b".")),
        Err(E::Map(MapError::NoModel(_)))
    );
    odd!(
        list,
        "forty dictionaries, each twice in the next",
        || zipped(&doubled(40)),
        Err(E::Map(MapError::TooDeep { limit: 16 }))
    );
    odd!(
        list,
        "sixteen dictionaries, each twice in the next",
        || zipped(&doubled(16)),
        Err(E::Map(MapError::TooMany { limit: 100_000 }))
    );
    odd!(
        list,
        "a dictionary that holds itself",
        || zipped(b"\x80\x02}q\x00X\x05\0\0\0modelh\x00s."),
        Err(E::Map(MapError::TooDeep { .. }))
    );
    odd!(
        list,
        "one large dictionary under fifty thousand names",
        || zipped(&same_dictionary(50_000)),
        Err(E::Map(MapError::TooMany { .. }))
    );
}

/// Dictionaries that hold the one before twice.
fn doubled(levels: usize) -> Vec<u8> {
    let mut stream = b"\x80\x02}X\x0a\0\0\0wte.weightNs".to_vec();
    for _ in 0..levels {
        stream.extend_from_slice(b"q\x000}(X\x01\0\0\0ah\x00X\x01\0\0\0bh\x00u");
    }
    stream.push(b'.');
    stream
}

/// A dictionary of 400,000 entries, and one that names it `count` times: cheap only if nobody copies it.
fn same_dictionary(count: usize) -> Vec<u8> {
    let mut stream = b"\x80\x02Nq\x000}(".to_vec();
    stream.extend(b"h\0h\0".repeat(400_000));
    stream.extend_from_slice(b"uq\x010}(");
    for index in 0..count {
        stream.extend_from_slice(b"U\x05");
        stream.extend_from_slice(format!("{index:05}").as_bytes());
        stream.extend_from_slice(b"h\x01");
    }
    stream.extend_from_slice(b"u.");
    stream
}

/// Two bytes that copy a megabyte.
fn copies(list: &mut Vec<Odd>) {
    odd!(
        list,
        "a long name copied by STACK_GLOBAL",
        || {
            let name = [b"\x8d".as_slice(), &500u64.to_le_bytes(), &[b'n'; 500]].concat();
            zipped(&repeated(&name, b"22\x930", 300_000, b"."))
        },
        Err(E::Pickle(P::TooLarge { what: "bytes of memory", .. }))
    );
    odd!(
        list,
        "a long tuple copied by REDUCE",
        || {
            let stream = repeated(b"cm\nf\nq\x01((", b"N", 400_000, b"tq\x00");
            zipped(&repeated(&stream, b"h\x01h\x00R0", 300_000, b"."))
        },
        Err(E::Pickle(P::TooLarge { what: "bytes of memory", .. }))
    );
    odd!(
        list,
        "a list that grows by copies of one value",
        || {
            let group = repeated(b"(h\0", b"2", 59_999, b"e");
            zipped(&repeated(b"Nq\x000]", &group, 160, b"."))
        },
        Err(E::Pickle(P::TooLarge { what: "bytes of memory", .. }))
    );
    odd!(
        list,
        "a dictionary that grows by copies of one value",
        || {
            let group = repeated(b"(h\0", b"2", 59_999, b"u");
            zipped(&repeated(b"Nq\x000}", &group, 160, b"."))
        },
        Err(E::Pickle(P::TooLarge { what: "bytes of memory", .. }))
    );
    odd!(
        list,
        "half a million calls",
        || zipped(&repeated(b"cm\nf\nq\x01)q\x00", b"h\x01h\x00R0", 500_000, b".")),
        Err(E::Pickle(P::TooLarge { what: "bytes of memory", .. }))
    );
    odd!(
        list,
        "lists of one item, half a million",
        || zipped(&repeated(b"Nq\0", b"(h\0l0", 900_000, b".")),
        Err(E::Map(MapError::NoModel(_)))
    );
}

fn lengths(list: &mut Vec<Odd>) {
    odd!(
        list,
        "a text of four gigabytes",
        || zipped(b"X\xff\xff\xff\xffab."),
        Err(E::Pickle(P::TooLarge { what: "bytes of one text", .. }))
    );
    odd!(
        list,
        "a text of sixteen exabytes",
        || zipped(b"\x8d\xff\xff\xff\xff\xff\xff\xff\xffab."),
        Err(E::Pickle(P::TooLarge { what: "bytes of one text", .. }))
    );
    odd!(
        list,
        "a text longer than the file",
        || zipped(b"X\x00\x00\x10\x00ab."),
        Err(E::Pickle(P::Truncated { missing: 1_048_573, at: 5 }))
    );
    odd!(
        list,
        "an integer of 255 bytes",
        || zipped(&repeated(b"\x8a\xff", b"\x7f", 255, b".")),
        Err(E::Pickle(P::TooLarge { what: "bytes of one integer", limit: 64, at: 0 }))
    );
    odd!(
        list,
        "an integer of two gigabytes",
        || zipped(b"\x8b\xff\xff\xff\x7f\x00."),
        Err(E::Pickle(P::TooLarge { what: "bytes of one integer", .. }))
    );
    odd!(
        list,
        "an integer of negative length",
        || zipped(b"\x8b\xff\xff\xff\xff\x00."),
        Err(E::Pickle(P::NegativeLength { at: 0 }))
    );
    odd!(
        list,
        "a string of negative length",
        || zipped(b"T\xfe\xff\xff\xffab."),
        Err(E::Pickle(P::NegativeLength { at: 0 }))
    );
    odd!(
        list,
        "a class name of 100 KB",
        || zipped(&repeated(b"cm\n", b"n", 100_000, b"\n.")),
        Err(E::Pickle(P::TooLarge { what: "bytes of one name", .. }))
    );
    odd!(
        list,
        "a line without an end",
        || zipped(&repeated(b"I", b"1", 1_100_000, b".")),
        Err(E::Pickle(P::TooLarge { what: "bytes of one line", .. }))
    );
    odd!(
        list,
        "a frame of sixteen exabytes",
        || zipped(b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\xffN."),
        Err(E::Map(MapError::NoModel(_)))
    );
    odd!(
        list,
        "the highest memo number there is",
        || zipped(b"Nr\xff\xff\xff\xff0j\xff\xff\xff\xff."),
        Err(E::Map(MapError::NoModel(_)))
    );
    odd!(
        list,
        "a memo number beyond all",
        || zipped(b"Np99999999999\n."),
        Err(E::Pickle(P::TooLarge { what: "number of a remembered value", at: 1, .. }))
    );
}

fn order(list: &mut Vec<Odd>) {
    odd!(list, "no bytes in data.pkl", || zipped(b""), Err(E::Pickle(P::Truncated { missing: 1, at: 0 })));
    odd!(list, "no STOP", || zipped(b"\x80\x02}"), Err(E::Pickle(P::Truncated { missing: 1, at: 3 })));
    odd!(list, "STOP on an empty stack", || zipped(b"\x80\x02."), Err(E::Pickle(P::StackEmpty { at: 2 })));
    odd!(list, "POP on an empty stack", || zipped(b"0."), Err(E::Pickle(P::StackEmpty { at: 0 })));
    odd!(list, "values left over", || zipped(b"NN."), Err(E::Pickle(P::LeftOver { count: 1, at: 2 })));
    odd!(list, "a second stream behind the first", || zipped(b"N.cposix\nsystem\n(S'x'\ntR."),
        Err(E::Map(MapError::NoModel(why))) if !why.contains("posix"));
    odd!(list, "SETITEMS without a mark", || zipped(b"}NNu."), Err(E::Pickle(P::NoMark { at: 3 })));
    odd!(list, "SETITEM reaching below a mark", || zipped(b"}(NNs."), Err(E::Pickle(P::StackEmpty { at: 4 })));
    odd!(
        list,
        "SETITEM on a tuple",
        || zipped(b")NNs."),
        Err(E::Pickle(P::WrongKind { expected: "a dictionary", found: "a tuple", at: 3 }))
    );
    odd!(list, "a key without a value", || zipped(b"}(NNNu."), Err(E::Pickle(P::OddItems { at: 5 })));
    odd!(
        list,
        "BUILD on a text",
        || zipped(b"U\x01a}b."),
        Err(E::Pickle(P::WrongKind { expected: "an object", found: "bytes", at: 4 }))
    );
    odd!(
        list,
        "a call of a number",
        || zipped(b"K\x01)R."),
        Err(E::Pickle(P::WrongKind { expected: "something to call", found: "an integer", at: 3 }))
    );
    odd!(
        list,
        "a value that was never remembered",
        || zipped(b"h\x05."),
        Err(E::Pickle(P::UnknownMemo { index: 5, at: 0 }))
    );
    for opcode in [0x82, 0x83, 0x84] {
        odd!(
            list,
            format!("extension opcode {opcode:#x}"),
            move || zipped(&[opcode, 1, 0, 0, 0, b'.']),
            Err(E::Pickle(P::OutsideReference { name: "EXT", at: 0 }))
        );
    }
    for opcode in [0x97, 0x98] {
        odd!(
            list,
            format!("buffer opcode {opcode:#x}"),
            move || zipped(&[opcode, b'.']),
            Err(E::Pickle(P::OutsideReference { name: "BUFFER", at: 0 }))
        );
    }
    odd!(
        list,
        "an opcode of no protocol",
        || zipped(b"\xffN."),
        Err(E::Pickle(P::UnknownOpcode { opcode: 0xff, at: 0 }))
    );
    odd!(list, "protocol 6", || zipped(b"\x80\x06N."), Err(E::Pickle(P::Protocol { protocol: 6, at: 0 })));
    odd!(list, "half a surrogate pair", || zipped(b"X\x03\0\0\0\xed\xa0\x80."), Err(E::Pickle(P::BadText { at: 0 })));
    odd!(list, "a string with one quote", || zipped(b"S'ab\n."), Err(E::Pickle(P::BadText { at: 0 })));
    odd!(list, "a number of letters", || zipped(b"Iabc\n."), Err(E::Pickle(P::BadNumber { at: 0, .. })));
}

/// Streams that are right by themselves and wrong as checkpoints.
fn shapes(list: &mut Vec<Odd>) {
    odd!(list, "an empty dictionary", || legacy(b"\x80\x02}."), Err(E::Map(MapError::NoModel(_))));
    odd!(list, "a number for a checkpoint", || legacy(b"\x80\x02K\x01."), Err(E::Map(MapError::NoModel(_))));
    odd!(list, "a model that is a list", || legacy(&dictionary("model", b"]")),
        Err(E::Map(MapError::NoModel(why))) if why.contains("a list"));
    odd!(list, "the same name twice", || {
            let mut tensors = gpt2();
            let mut second = tensors[3].clone();
            second.1.bits.fill(7);
            tensors.push(second);
            flat_file(Container::Zip, &tensors)
        },
        Err(E::Map(MapError::Faults(faults)))
            if matches!(faults.as_slice(), [Fault::Repeated(name)] if name == "transformer.h.0.ln_1.bias"));
    odd!(
        list,
        "a name of six hundred letters",
        || {
            let mut tensors = gpt2();
            tensors[3].0 = "n".repeat(600);
            flat_file(Container::Zip, &tensors)
        },
        Err(E::Map(MapError::LongName { .. }))
    );
    odd!(list, "a version of another kind", || {
            let tensors = megatron(0, true, "attention");
            megatron_file(Container::Legacy, true, &tensors, &[("checkpoint_version", b"K\x07")])
        },
        Err(E::Map(MapError::Version(version))) if version == "7");
    odd!(
        list,
        "a tensor where a dictionary should be",
        || {
            let view = View { numel: 4, offset: 0, shape: vec![4], strides: vec![1] };
            let mut pickler = Pickler::new();
            pickler.raw(b"}").text("model").tensor(Container::Zip, "0", &view).raw(b"s.");
            container(Container::Zip, &pickler.bytes, &[("0".to_owned(), vec![1; 4])])
        },
        Err(E::Map(MapError::NoModel(_)))
    );
}
