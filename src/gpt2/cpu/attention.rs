//! Attention of some tokens over everything before them, one head at a time.

#![allow(unsafe_code, reason = "kernels")]

use super::cache::{Cache, Element, PAGE};
use super::lanes::{LANES, Lanes};
use super::math::exp;
use super::pool::Shareable;

/// Queries that are worked on together, so that a key is read once for all of them.
pub(super) const TILE: usize = 4;

/// Channels whose sums are held in registers at a time.
const CHANNELS: usize = 4 * LANES;

/// Elements of a cache as the kernels read them.
pub(super) trait Readable: Element {
    /// Reads 16 of them.
    ///
    /// # Safety
    ///
    /// The processor has what `L` needs, and 16 are there.
    unsafe fn read<L: Lanes>(from: *const Self) -> L::F;
}

impl Readable for f32 {
    #[inline(always)]
    unsafe fn read<L: Lanes>(from: *const Self) -> L::F {
        // SAFETY: the caller's promise.
        unsafe { L::load(from) }
    }
}

impl Readable for half::f16 {
    #[inline(always)]
    unsafe fn read<L: Lanes>(from: *const Self) -> L::F {
        // SAFETY: the caller's promise; a half is two bytes.
        unsafe { L::load_f16(from.cast()) }
    }
}

/// Attention of one sequence's new tokens in one layer.
pub(super) struct Attention<'a, E> {
    pub(super) cache: &'a Cache<E>,
    pub(super) layer: usize,
    /// (T, 3, H, D): queries, keys and values of the new tokens, as their matrix makes them.
    pub(super) qkv: &'a [f32],
    /// The position of the first of them.
    pub(super) position: usize,
    /// T.
    pub(super) tokens: usize,
    /// (T, H, D).
    pub(super) out: Shareable<f32>,
}

impl<E: Readable> Attention<'_, E> {
    /// The queries `first..first + TILE`, as far as there are any, in one head.
    ///
    /// # Safety
    ///
    /// The processor has what `L` needs, the cache holds all positions up to the last token, and no other thread has
    /// these queries in this head.
    #[inline(always)]
    pub(super) unsafe fn tile<L: Lanes>(&self, head: usize, first: usize, scratch: &mut Vec<f32>) {
        // SAFETY: the caller's promises.
        unsafe {
            match self.tokens - first {
                1 => self.queries::<L, 1>(head, first, scratch),
                _ => self.queries::<L, TILE>(head, first, scratch),
            }
        }
    }

    /// Up to `Q` queries; room is made for all of them.
    #[inline(always)]
    unsafe fn queries<L: Lanes, const Q: usize>(&self, head: usize, first: usize, scratch: &mut Vec<f32>) {
        let shape = self.cache.shape;
        let (width, stride) = (shape.width, shape.heads * shape.width);
        let count = Q.min(self.tokens - first);
        // Positions that the last of the queries sees, filled up to whole groups.
        let seen = self.position + first + count;
        let room = seen.next_multiple_of(LANES);
        let padded = shape.padded();
        scratch.clear();
        scratch.resize(Q * (room + width + padded), 0.0);
        let (scores, rest) = scratch.split_at_mut(Q * room);
        let (queries, sums) = rest.split_at_mut(Q * width);
        let scale = (width as f32).sqrt().recip();
        for (query, row) in queries.chunks_exact_mut(width).zip(first..first + count) {
            let from = &self.qkv[row * 3 * stride + head * width..][..width];
            for (to, from) in query.iter_mut().zip(from) {
                *to = from * scale;
            }
        }
        // SAFETY: the caller's promises; sizes as resized above.
        unsafe {
            self.score::<L, Q>(head, queries, scores, room);
            for (index, scores) in scores.chunks_exact_mut(room).enumerate().take(count) {
                softmax::<L>(scores, self.position + first + index + 1);
            }
            self.mix::<L, Q>(head, scores, room, sums);
            for (index, sum) in sums.chunks_exact(padded).enumerate().take(count) {
                let out = self.out.at((first + index) * stride + head * width);
                std::ptr::copy_nonoverlapping(sum.as_ptr(), out, width);
            }
        }
    }

    /// Products of the queries, (Q, D), with all keys: (Q, room).
    #[inline(always)]
    unsafe fn score<L: Lanes, const Q: usize>(&self, head: usize, queries: &[f32], scores: &mut [f32], room: usize) {
        let width = self.cache.shape.width;
        let zero_fill = queries.len() == Q * width && scores.len() == Q * room;
        assert!(zero_fill, "sizes of the scratch room");
        for start in (0..room).step_by(LANES) {
            let (keys, _) = self.cache.head(start / PAGE, self.layer, head);
            let keys = &keys[start % PAGE * width..][..LANES * width];
            // SAFETY: as many keys, queries and scores are there.
            unsafe {
                let mut sums = [[L::splat(0.0); 4]; Q];
                for channel in 0..width {
                    let key = E::read::<L>(keys.as_ptr().add(channel * LANES));
                    for (query, sums) in sums.iter_mut().enumerate() {
                        let x = L::splat(*queries.as_ptr().add(query * width + channel));
                        // Four sums in turn, since each addition waits for the one before it.
                        let sum = &mut sums[channel % 4];
                        *sum = L::mul_add(key, x, *sum);
                    }
                }
                for (query, sums) in sums.into_iter().enumerate() {
                    let sum = L::add(L::add(sums[0], sums[1]), L::add(sums[2], sums[3]));
                    L::store(scores.as_mut_ptr().add(query * room + start), sum);
                }
            }
        }
    }

    /// Values weighted by `weights`, (Q, room), into (Q, D filled up).
    #[inline(always)]
    unsafe fn mix<L: Lanes, const Q: usize>(&self, head: usize, weights: &[f32], room: usize, out: &mut [f32]) {
        let padded = self.cache.shape.padded();
        assert!(weights.len() == Q * room && out.len() == Q * padded, "sizes of the scratch room");
        let mut start = 0;
        while start < padded {
            let groups = (padded - start).min(CHANNELS) / LANES;
            // SAFETY: as many weights and sums are there, and a page has `padded` channels of each position.
            unsafe {
                let mut sums = [[L::splat(0.0); CHANNELS / LANES]; Q];
                for page in 0..room.div_ceil(PAGE) {
                    let (_, values) = self.cache.head(page, self.layer, head);
                    for within in 0..PAGE.min(room - page * PAGE) {
                        let value = values[within * padded..][..padded].as_ptr().add(start);
                        let weight = weights.as_ptr().add(page * PAGE + within);
                        if groups == CHANNELS / LANES {
                            let mut channels = [L::splat(0.0); CHANNELS / LANES];
                            for (group, channels) in channels.iter_mut().enumerate() {
                                *channels = E::read::<L>(value.add(group * LANES));
                            }
                            for (query, sums) in sums.iter_mut().enumerate() {
                                let x = L::splat(*weight.add(query * room));
                                for (sum, channels) in sums.iter_mut().zip(channels) {
                                    *sum = L::mul_add(channels, x, *sum);
                                }
                            }
                        } else {
                            for group in 0..groups {
                                let channels = E::read::<L>(value.add(group * LANES));
                                for (query, sums) in sums.iter_mut().enumerate() {
                                    let x = L::splat(*weight.add(query * room));
                                    sums[group] = L::mul_add(channels, x, sums[group]);
                                }
                            }
                        }
                    }
                }
                for (query, sums) in sums.into_iter().enumerate() {
                    for (group, sum) in sums.into_iter().enumerate().take(groups) {
                        L::store(out.as_mut_ptr().add(query * padded + start + group * LANES), sum);
                    }
                }
            }
            start += CHANNELS;
        }
    }
}

/// Makes weights of the first `seen` scores and zeros of the rest.
#[inline(always)]
unsafe fn softmax<L: Lanes>(scores: &mut [f32], seen: usize) {
    scores[seen..].fill(f32::NEG_INFINITY);
    // SAFETY: whole groups of the scores.
    unsafe {
        let mut largest = L::splat(f32::NEG_INFINITY);
        for at in (0..scores.len()).step_by(LANES) {
            largest = L::max(largest, L::load(scores.as_ptr().add(at)));
        }
        let largest = L::splat(L::largest(largest));
        let mut sum = L::splat(0.0);
        for at in (0..seen).step_by(LANES) {
            let power = exp::<L>(L::sub(L::load(scores.as_ptr().add(at)), largest));
            sum = L::add(sum, power);
            L::store(scores.as_mut_ptr().add(at), power);
        }
        // What was filled in has become the smallest power there is, 1e-38: too small to count, but not nothing.
        scores[seen..].fill(0.0);
        let factor = L::splat(L::sum(sum).recip());
        for at in (0..seen).step_by(LANES) {
            let it = L::mul(L::load(scores.as_ptr().add(at)), factor);
            L::store(scores.as_mut_ptr().add(at), it);
        }
    }
}
