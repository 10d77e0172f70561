//! What each fuzz target does with its bytes. A plain test replays the corpus through the same functions.
//!
//! A typed error is a good end. What must hold is asserted: no panic, nothing outside the bytes, and the cheap laws
//! that a reader further down relies on.

use std::convert::Infallible;

use super::checkpoint::arrange::{Rectangle, collect};
use super::checkpoint::hugging_face::{self, Known};
use super::checkpoint::legacy::{COUNT_BYTES, check_count, parse_head};
use super::checkpoint::megatron::{self, Chunked, Given, Place, Rank};
use super::checkpoint::pickle::{Pickle, parse};
use super::checkpoint::tensors::{Storage, Storages, Tensor};
use super::checkpoint::torch_zip::{Archive, check_byte_order};
use super::checkpoint::{
    Leaves, Limits, Plan, TrainingArguments, alarming_calls, has_gpt2_names, safetensors, subject, torch_dist, zip,
};

/// Bounds that a few kilobytes can reach.
fn tight() -> Limits {
    Limits {
        pickle_bytes: 2_000,
        opcodes: 600,
        nodes: 300,
        memory: 30_000,
        stack: 60,
        marks: 10,
        memo: 40,
        text_bytes: 200,
        integer_bytes: 20,
        name_bytes: 60,
        names_bytes: 600,
        depth: 3,
        rank: 3,
        tensors: 20,
        layers: 2,
        directory_bytes: 1_000,
        header_bytes: 1_000,
    }
}

/// One pickle stream, and every way to look at what it left.
pub fn pickle(bytes: &[u8]) {
    for limits in [Limits::default(), tight()] {
        let Ok((pickle, length)) = parse(bytes, &limits) else { continue };
        assert!(length <= bytes.len() && length <= limits.pickle_bytes);
        let again = parse(&bytes[..length], &limits);
        assert!(again.is_ok_and(|(again, same)| same == length && format!("{again:?}") == format!("{pickle:?}")));
        look(&pickle);
    }
}

fn look(pickle: &Pickle) {
    let root = pickle.root();
    let mut waiting = vec![root];
    for _ in 0..200 {
        let Some(id) = waiting.pop() else { break };
        assert!(pickle.describe(id).chars().count() < 120);
        waiting.extend(pickle.items(id).into_iter().flatten().take(9).flat_map(|(key, value)| [key, value]));
        waiting.extend(pickle.sequence(id).unwrap_or_default().iter().take(9));
        let _ = (pickle.get(id, "a"), pickle.text(id), pickle.integer(id), pickle.float(id), pickle.truth(id));
    }
    assert!(alarming_calls(pickle).iter().all(|name| name.chars().all(|it| !it.is_control())));
}

/// The beginning of a torch file of the older kind, and the tensors it describes.
pub fn legacy(bytes: &[u8]) {
    for limits in [Limits::default(), tight()] {
        let Ok(head) = parse_head(bytes, &limits) else { continue };
        assert!(head.length <= bytes.len());
        assert_eq!(head.order.len(), head.storages.list.len());
        assert!(head.data_length().is_some() || head.order.len() > 1);
        if let (Some(count), Some(&first)) = (bytes[head.length..].first_chunk::<COUNT_BYTES>(), head.order.first()) {
            let _ = check_count(*count, &head.storages.list[first]);
        }
        let Ok(leaves) = Leaves::collect(&head.pickle, &head.storages, head.pickle.root(), &limits) else { continue };
        assert!(leaves.by_name.len() <= limits.tensors);
    }
}

/// An archive: its directory, its members' own headers, and whether it is a torch file.
pub fn zip(bytes: &[u8]) {
    for limits in [Limits::default(), tight()] {
        let tail = &bytes[bytes.len().saturating_sub(zip::TAIL_BYTES)..];
        let Ok(place) = zip::find_directory(tail, bytes.len() as u64, &limits) else { continue };
        let start = usize::try_from(place.offset).unwrap();
        let Ok(entries) = zip::parse_directory(&bytes[start..start + place.length], place) else { continue };
        assert_eq!(entries.len(), place.entries);
        assert!(entries.iter().map(|entry| entry.packed).sum::<u64>() <= place.offset);
        for entry in &entries {
            let at = usize::try_from(entry.header_at).unwrap();
            let fixed = bytes[at..].first_chunk().unwrap();
            if let Ok(length) = zip::local_header_length(fixed, entry) {
                assert!(entry.header_at + length + entry.packed <= place.offset);
            }
        }
        if let Ok(Some(archive)) = Archive::recognise(&entries) {
            let _ = (archive.pickle, archive.byte_order);
        }
    }
    let _ = check_byte_order(bytes);
}

/// A safetensors file.
pub fn safetensors_header(bytes: &[u8]) {
    for limits in [Limits::default(), tight()] {
        let Some(first) = bytes.first_chunk() else { return };
        let Ok(length) = safetensors::header_length(*first, bytes.len() as u64, &limits) else { continue };
        let (text, data) = bytes[safetensors::LENGTH_BYTES..].split_at(length);
        let Ok(entries) = safetensors::parse_header_within(text, data.len() as u64, &limits) else { continue };
        let mut at = 0;
        for entry in &entries {
            assert!(entry.start == at && entry.shape.len() <= limits.rank);
            assert_eq!(entry.shape.iter().product::<usize>() * entry.dtype.size(), (entry.end - at) as usize);
            at = entry.end;
        }
        assert_eq!(at, data.len() as u64);
    }
}

/// A pickled checkpoint, up to the plan of its conversion: alone, and as both of two ranks.
pub fn mapping(bytes: &[u8]) {
    for limits in [Limits::default(), tight()] {
        let Ok((pickle, _)) = parse(bytes, &limits) else { continue };
        let Ok(storages) = Storages::collect(&pickle, &limits) else { continue };
        let given = Given { heads: None, vocab: None, tokens: None };
        if !megatron::recognise(&pickle) || has_gpt2_names(&pickle) {
            let known = Known { arguments: TrainingArguments::of(&pickle).ok().flatten(), ..Known::default() };
            let plan = Leaves::collect(&pickle, &storages, subject(&pickle), &limits)
                .and_then(|leaves| hugging_face::map(&leaves, &known, &limits));
            if let Ok(plan) = &plan {
                check_plan(plan, &[&storages]);
            }
            continue;
        }
        let alone = Rank { place: Place::default(), pickle: &pickle, storages: &storages };
        let plan = megatron::map(&[alone], given, &limits);
        if let Ok(plan) = &plan {
            check_plan(plan, &[&storages]);
        }
        let mut second = storages.clone();
        second.part = 1;
        for place in [Place { tensor: 1, pipeline: 0 }, Place { tensor: 0, pipeline: 1 }] {
            let ranks = [Rank { place, pickle: &pickle, storages: &second }, alone];
            let plan = megatron::map(&ranks, given, &limits);
            if let Ok(plan) = &plan {
                check_plan(plan, &[&storages, &second]);
            }
        }
    }
}

/// Whoever follows the plan stays inside the storages, and every element of the result is written once.
pub fn check_plan(plan: &Plan, storages: &[&Storages]) {
    assert!(plan.config.check().is_ok());
    for target in &plan.targets {
        let whole: usize = target.from.shape.iter().product();
        // Absent biases are zeros that nobody writes.
        if target.from.pieces.is_empty() {
            continue;
        }
        let parts: usize = target.from.pieces.iter().map(|piece| check_tensor(&piece.tensor, storages)).sum();
        assert_eq!(parts, whole);
        if whole > 1 << 16 {
            continue;
        }
        let mut written = vec![0u8; whole];
        for piece in &target.from.pieces {
            let size = piece.tensor.dtype.size();
            let mut bytes = vec![0; piece.tensor.numel() * size];
            collect(&piece.tensor, 0, &vec![0; piece.tensor.span() * size], &mut bytes);
            let rectangle = Rectangle { whole: &target.from.shape, at: &piece.at, shape: &piece.tensor.shape };
            let placed: Result<(), Infallible> = target.arrange.place(&bytes, size, rectangle, &mut |at, run| {
                written[at..at + run.len() / size].iter_mut().for_each(|count| *count += 1);
                Ok(())
            });
            assert!(placed.is_ok());
        }
        assert!(written.iter().all(|&count| count == 1), "{}", target.name);
        assert!(target.shape.iter().product::<usize>() <= whole);
    }
    for same in &plan.same {
        assert_eq!(check_tensor(&same.first, storages), check_tensor(&same.second, storages));
    }
}

/// Answers its elements.
fn check_tensor(tensor: &Tensor, storages: &[&Storages]) -> usize {
    let end = (tensor.offset + tensor.span()) * tensor.dtype.size();
    let storage = &storages[tensor.part].list[tensor.storage];
    assert!(tensor.numel() == 0 || end <= storage.byte_length());
    tensor.numel()
}

/// The table of contents of a distributed checkpoint, and the plan if every chunk were there.
pub fn torch_dist(bytes: &[u8]) {
    for limits in [Limits::default(), tight()] {
        let Ok((pickle, _)) = parse(bytes, &limits) else { continue };
        let Ok(metadata) = torch_dist::parse(&pickle, &limits) else { continue };
        let mut list = Vec::new();
        let mut tensors = Vec::new();
        for (name, entry) in metadata.tensors.iter().filter(|(name, _)| megatron::is_model(name)) {
            let mut chunks = Vec::new();
            for chunk in &entry.chunks {
                assert!(chunk.range.file.starts_with("__") && !chunk.range.file.contains('/'));
                let Some(numel) = chunk.shape.iter().try_fold(1usize, |all, &size| all.checked_mul(size)) else {
                    return;
                };
                // As a torch file that holds the whole chunk and no more would give it.
                if numel > 1 << 20 {
                    return;
                }
                let mut strides = vec![1; chunk.shape.len()];
                for axis in (1..strides.len()).rev() {
                    strides[axis - 1] = strides[axis] * chunk.shape[axis].max(1);
                }
                let (storage, dtype, shape) = (list.len(), entry.dtype, chunk.shape.clone());
                list.push(Storage { key: storage.to_string(), dtype, numel });
                chunks.push(Tensor { part: 0, storage, dtype, offset: 0, shape, strides });
            }
            tensors.push(Chunked { name, entry, tensors: chunks });
        }
        let mut storages = Storages::default();
        storages.list.append(&mut list);
        let common = Some((&pickle, pickle.root()));
        let given = Given { heads: None, vocab: None, tokens: None };
        let plan = megatron::map_distributed(&tensors, common, "nothing is said", given, &limits);
        if let Ok(plan) = &plan {
            check_plan(plan, &[&storages]);
        }
    }
}

/// A target: its name, and what it does with bytes.
pub type Body = (&'static str, fn(&[u8]));

/// The targets by name.
pub const ALL: [Body; 6] = [
    ("pickle", pickle),
    ("legacy", legacy),
    ("zip", zip),
    ("safetensors_header", safetensors_header),
    ("mapping", mapping),
    ("torch_dist", torch_dist),
];
