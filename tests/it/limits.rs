//! Every bound of `checkpoint::Limits`: what needs exactly so much is read, and refused with one less.

use std::error::Error;

use megachat::checkpoint::hugging_face::{self, Known};
use megachat::checkpoint::megatron::Given;
use megachat::checkpoint::pickle::parse;
use megachat::checkpoint::tensors::Storages;
use megachat::checkpoint::zip::find_directory;
use megachat::checkpoint::{Leaves, Limits, has_gpt2_names, safetensors};

use crate::support::torch_files::{Container, Packing, Pickler, View, gpt2, zip};

type Reader = fn(&[u8], &Limits) -> Result<(), Box<dyn Error>>;

fn pickle(bytes: &[u8], limits: &Limits) -> Result<(), Box<dyn Error>> {
    parse(bytes, limits)?;
    Ok(())
}

/// The names in a pickled dictionary, and the model that they make where they are one.
fn names(bytes: &[u8], limits: &Limits) -> Result<(), Box<dyn Error>> {
    let (pickle, _) = parse(bytes, limits)?;
    let storages = Storages::collect(&pickle, limits)?;
    let leaves = Leaves::collect(&pickle, &storages, pickle.root(), limits)?;
    if has_gpt2_names(&pickle) {
        let given = Given { heads: Some(1), vocab: None, tokens: None };
        hugging_face::map(&leaves, &Known { given, ..Known::default() }, limits)?;
    }
    Ok(())
}

fn header(bytes: &[u8], limits: &Limits) -> Result<(), Box<dyn Error>> {
    let first = *bytes.first_chunk().ok_or("short")?;
    let length = safetensors::header_length(first, bytes.len() as u64, limits)?;
    let (text, data) = bytes[safetensors::LENGTH_BYTES..].split_at(length);
    safetensors::parse_header_within(text, data.len() as u64, limits)?;
    Ok(())
}

fn directory(bytes: &[u8], limits: &Limits) -> Result<(), Box<dyn Error>> {
    find_directory(bytes, bytes.len() as u64, limits)?;
    Ok(())
}

/// A safetensors file of tensors without elements.
fn empty_tensors(names: &[&str], shape: &str) -> Vec<u8> {
    let one = |name: &&str| format!(r#""{name}":{{"dtype":"F32","shape":{shape},"data_offsets":[0,0]}}"#);
    let text = format!("{{{}}}", names.iter().map(one).collect::<Vec<_>>().join(","));
    [&(text.len() as u64).to_le_bytes(), text.as_bytes()].concat()
}

/// A dictionary of one tensor of so many dimensions.
fn tensor(rank: usize) -> Vec<u8> {
    let mut pickler = Pickler::new();
    let view = View { numel: 1, offset: 0, shape: vec![1; rank], strides: vec![1; rank] };
    pickler.raw(b"}").text("a").tensor(Container::Zip, "0", &view).raw(b"s.");
    pickler.bytes
}

/// The tiny model, of two layers.
fn model() -> Vec<u8> {
    let mut pickler = Pickler::new();
    pickler.raw(b"}(");
    for (index, (name, tensor)) in gpt2().iter().enumerate() {
        pickler.text(name).tensor(Container::Zip, &index.to_string(), &View::whole(tensor));
    }
    pickler.raw(b"u.");
    pickler.bytes
}

/// What is bounded, how to set the bound, a file, what it needs, its reader, and words of the refusal.
type Row = (&'static str, fn(&mut Limits) -> &mut usize, Vec<u8>, usize, Reader, &'static str);

#[test]
fn what_needs_the_whole_bound_is_read_and_what_needs_one_more_is_not() {
    let nested = b"}U\x01a}U\x01b}U\x01cNsss.".to_vec();
    let three = b"}(U\x01aNU\x01bNU\x01cNu.".to_vec();
    let member = [("abc".to_owned(), b"x".to_vec())];
    let tensors = empty_tensors(&["a", "b", "c"], "[0]");
    let length = tensors.len() - safetensors::LENGTH_BYTES;
    let rows: Vec<Row> = vec![
        ("pickle bytes", |it| &mut it.pickle_bytes, b"\x80\x02}.".to_vec(), 4, pickle, "bytes of the pickle"),
        ("instructions", |it| &mut it.opcodes, b"\x80\x02}.".to_vec(), 3, pickle, "instructions"),
        ("values", |it| &mut it.nodes, b"N0N0N.".to_vec(), 3, pickle, "values"),
        ("stack", |it| &mut it.stack, b"NNN00.".to_vec(), 3, pickle, "on the stack"),
        ("marks", |it| &mut it.marks, b"(((ttt.".to_vec(), 3, pickle, "open groups"),
        ("memo", |it| &mut it.memo, b"Nq\0q\x01q\x02.".to_vec(), 3, pickle, "remembered"),
        ("text", |it| &mut it.text_bytes, b"U\x05abcde.".to_vec(), 5, pickle, "one text"),
        ("integer", |it| &mut it.integer_bytes, b"\x8a\x0512345.".to_vec(), 5, pickle, "one integer"),
        ("module", |it| &mut it.name_bytes, b"cabc\nde\n.".to_vec(), 3, pickle, "one name"),
        ("class", |it| &mut it.name_bytes, b"cde\nabc\n.".to_vec(), 3, pickle, "one name"),
        ("tensor's name", |it| &mut it.name_bytes, b"}U\x03ab0Ns.".to_vec(), 3, names, "overlong name"),
        ("name in a header", |it| &mut it.name_bytes, empty_tensors(&["abc"], "[0]"), 3, header, "name"),
        ("all names", |it| &mut it.names_bytes, three.clone(), 3, names, "names of its values"),
        ("nesting", |it| &mut it.depth, nested, 2, names, "nest deeper"),
        ("rank", |it| &mut it.rank, tensor(3), 3, names, "dimension"),
        ("rank in a header", |it| &mut it.rank, empty_tensors(&["a"], "[0,1,1]"), 3, header, "dimension"),
        ("names", |it| &mut it.tensors, three, 3, names, "more than 2"),
        ("tensors in a header", |it| &mut it.tensors, tensors.clone(), 3, header, "more than 2"),
        ("layers", |it| &mut it.layers, model(), 2, names, "2 layers, more than 1"),
        ("zip directory", |it| &mut it.directory_bytes, zip(&member, Packing::Stored), 46 + 3, directory, "directory"),
        ("header", |it| &mut it.header_bytes, tensors, length, header, "header"),
    ];
    for (what, bound, bytes, needed, read, words) in rows {
        let mut limits = Limits::default();
        read(&bytes, &limits).unwrap_or_else(|error| panic!("{what}, by default: {error}"));
        *bound(&mut limits) = needed;
        read(&bytes, &limits).unwrap_or_else(|error| panic!("{what}, at the bound: {error}"));
        *bound(&mut limits) = needed - 1;
        let error = read(&bytes, &limits).expect_err(what).to_string();
        assert!(error.contains(words), "{what}: {error}");
    }
}

#[test]
fn memory_grows_with_what_a_stream_copies() {
    // Each of these repeats a tuple of a hundred values: few bytes of the file, many of memory.
    let stream =
        |copies: usize| [b"(".to_vec(), b"N".repeat(100), b"tq\0".to_vec(), b"(h\0t".repeat(copies), b".".to_vec()];
    let doubled = |copies: usize| {
        let mut stream = stream(copies).concat();
        let dots = stream.len() - 1;
        stream.splice(dots..dots, b"0".repeat(copies));
        stream
    };
    let need = |bytes: &[u8]| {
        let accepts = |memory| parse(bytes, &Limits { memory, ..Limits::default() }).is_ok();
        assert!(accepts(Limits::default().memory));
        let (mut no, mut yes) = (0, Limits::default().memory);
        while no + 1 < yes {
            let middle = usize::midpoint(no, yes);
            *(if accepts(middle) { &mut yes } else { &mut no }) = middle;
        }
        let error = parse(bytes, &Limits { memory: no, ..Limits::default() }).unwrap_err().to_string();
        assert!(error.contains("bytes of memory"), "{error}");
        yes
    };
    let (few, many) = (need(&doubled(1_000)), need(&doubled(2_000)));
    assert!(few > 1_000 * 8 && many > few, "{few} {many}");
}
