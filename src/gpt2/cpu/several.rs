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
