//! Several continuations of one context, read together: a pass takes tokens of as many as there is room for, so that short
//! ones cost no more than as many tokens of one long text.

use super::attention::Readable;
use super::cache::Cache;
use super::forward::{self, Pass, Run};
use super::{CHUNK, CpuModel};
use crate::TokenId;
use crate::model::{ModelError, room as room_for};

/// Rows of scores computed at once: a thousand rows of fifty thousand scores would be 200 MB.
pub(super) const ROWS: usize = 16;

/// A continuation of which some tokens are read.
struct Reading<E> {
    /// Which of the continuations.
    which: usize,
    /// Tokens read before this pass, and in it.
    done: usize,
    piece: usize,
    cache: Cache<E>,
}

/// Reads each of `several` after the model's context, which stays as it is, and hears index, index of the token, (V,).
pub(super) fn read<E: Readable>(
    model: &mut CpuModel<E>,
    several: &[&[TokenId]],
    hear: &mut dyn FnMut(usize, usize, &[f32]),
    wanted: &mut dyn FnMut() -> bool,
) -> Result<(), ModelError> {
    let mut next = 0;
    let mut halfway: Option<Reading<E>> = None;
    while next < several.len() || halfway.is_some() {
        let mut pass = Vec::new();
        let mut room = CHUNK;
        while room > 0 {
            let mut reading = match halfway.take() {
                Some(it) => it,
                None if next < several.len() => {
                    next += 1;
                    Reading { which: next - 1, done: 0, piece: 0, cache: model.prefix.clone() }
                }
                None => break,
            };
            reading.piece = (several[reading.which].len() - reading.done).min(room);
            room -= reading.piece;
            reading.cache.reserve(reading.piece)?;
            pass.push(reading);
        }
        read_pass(model, &mut pass, several, hear, wanted)?;
        // Only the last one can be unfinished: it took what room was left.
        halfway = pass.pop().filter(|it| it.done < several[it.which].len());
    }
    Ok(())
}

fn read_pass<E: Readable>(
    model: &mut CpuModel<E>,
    readings: &mut [Reading<E>],
    several: &[&[TokenId]],
    hear: &mut dyn FnMut(usize, usize, &[f32]),
    wanted: &mut dyn FnMut() -> bool,
) -> Result<(), ModelError> {
    // Which row is whose.
    let rows: Vec<(usize, usize)> =
        readings.iter().flat_map(|it| (0..it.piece).map(|index| (it.which, it.done + index))).collect();
    let runs = readings.iter_mut().filter(|it| it.piece > 0);
    let mut runs: Vec<_> =
        runs.map(|it| Run { cache: &mut it.cache, tokens: &several[it.which][it.done..it.done + it.piece] }).collect();
    let CpuModel { weights, isa, pool, buffers, .. } = model;
    let pass = Pass { weights, isa: *isa, pool, buffers };
    forward::forward(pass, &mut runs, wanted, &mut |_, _| ())?;
    let vocabulary = weights.config.vocab_size;
    let mut scores = room_for(vocabulary * rows.len().min(ROWS), 0.0, "rows of scores")?;
    for (first, group) in (0..).step_by(ROWS).zip(rows.chunks(ROWS)) {
        let scores = &mut scores[..group.len() * vocabulary];
        forward::scores(weights, *isa, pool, buffers, first, scores);
        for (&(which, index), row) in group.iter().zip(scores.chunks_exact(vocabulary)) {
            hear(which, index, row);
        }
    }
    for it in readings {
        it.cache.length += it.piece;
        it.done += it.piece;
    }
    Ok(())
}

/// Appends to each branch its tokens, and computes the scores after the last of each, (B, V). After an error the branches may
/// be longer than before.
pub(super) fn grow<E: Readable>(
    model: &mut CpuModel<E>,
    several: &[&[TokenId]],
    scores: &mut [f32],
    wanted: &mut dyn FnMut() -> bool,
) -> Result<(), ModelError> {
    let vocabulary = model.weights.config.vocab_size;
    let mut rows = room_for(vocabulary * several.len().min(ROWS), 0.0, "rows of scores")?;
    let (mut next, mut done) = (0, 0);
    while next < several.len() {
        // Which branch reads how many of its tokens, from which on.
        let (mut pieces, mut room): (Vec<(usize, usize, usize)>, usize) = (Vec::new(), CHUNK);
        while room > 0 && next < several.len() {
            let piece = (several[next].len() - done).min(room);
            if piece > 0 {
                pieces.push((next, done, piece));
            }
            (room, done) = (room - piece, done + piece);
            if done == several[next].len() {
                (next, done) = (next + 1, 0);
            }
        }
        if pieces.is_empty() {
            break;
        }
        let CpuModel { weights, isa, pool, buffers, branches, .. } = &mut *model;
        let mut caches: Vec<_> = branches.iter_mut().map(Some).collect();
        let run = |&(which, from, piece): &(usize, usize, usize)| {
            let tokens = &several[which][from..from + piece];
            caches[which].take().map(|cache| Run { cache, tokens })
        };
        let mut runs: Vec<_> = pieces.iter().filter_map(run).collect();
        forward::forward(Pass { weights, isa: *isa, pool, buffers }, &mut runs, wanted, &mut |_, _| ())?;
        // The row of the last token of each branch that is read to its end, and whose it is.
        let (mut row, mut ends): (usize, Vec<(usize, usize)>) = (0, Vec::new());
        for &(which, from, piece) in &pieces {
            row += piece;
            branches[which].length += piece;
            if from + piece == several[which].len() {
                ends.push((row - 1, which));
            }
        }
        // Rows that lie side by side share what is read of the word table.
        for run in ends.chunk_by(|a, b| a.0 + 1 == b.0).flat_map(|it| it.chunks(ROWS)) {
            let rows = &mut rows[..run.len() * vocabulary];
            forward::scores(weights, *isa, pool, buffers, run[0].0, rows);
            for (&(_, which), row) in run.iter().zip(rows.chunks_exact(vocabulary)) {
                scores[which * vocabulary..][..vocabulary].copy_from_slice(row);
            }
        }
    }
    Ok(())
}
