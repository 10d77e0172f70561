//! Attention of some tokens over everything before them, one head at a time.

#![allow(unsafe_code, reason = "kernels")]
#![allow(clippy::needless_range_loop, reason = "sums stay in registers where indices are known")]

use super::cache::{Cache, Element, PAGE};
use super::lanes::{LANES, Lanes};
use super::math::exp;
use super::pool::Shareable;

/// Queries that are worked on together, so that a key is read once for all of them.
pub(super) const TILE: usize = 8;

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
                2..=4 => self.queries::<L, 4>(head, first, scratch),
                rest if TILE > L::SUMS => {
                    self.queries::<L, 4>(head, first, scratch);
                    match rest {
                        5 => self.queries::<L, 1>(head, first + 4, scratch),
                        _ => self.queries::<L, 4>(head, first + 4, scratch),
                    }
                }
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
        let mut start = 0;
        // SAFETY: the caller's promises. Blocks begin at multiples of their size, so none reaches into the next page.
        unsafe {
            // With many sums side by side no addition waits for the one before it.
            if Q == 1 {
                while start + PAGE <= room {
                    self.score_block::<L, Q, 4>(head, queries, scores, room, start);
                    start += PAGE;
                }
            }
            while 2 * Q <= L::SUMS && start + 2 * LANES <= room {
                self.score_block::<L, Q, 2>(head, queries, scores, room, start);
                start += 2 * LANES;
            }
            while start < room {
                self.score_block::<L, Q, 1>(head, queries, scores, room, start);
                start += LANES;
            }
        }
    }

    /// The same for `G` groups of keys from `start` on. A key's products are added in the order of the channels, however
    /// many queries and keys there are.
    #[inline(always)]
    unsafe fn score_block<L: Lanes, const Q: usize, const G: usize>(
        &self,
        head: usize,
        queries: &[f32],
        scores: &mut [f32],
        room: usize,
        start: usize,
    ) {
        let width = self.cache.shape.width;
        assert!(queries.len() == Q * width && scores.len() == Q * room, "sizes of the scratch room");
        let (keys, _) = self.cache.head(start / PAGE, self.layer, head);
        let keys = &keys[start % PAGE * width..][..G * LANES * width];
        // SAFETY: as many keys, queries and scores are there.
        unsafe {
            let mut sums = [[L::splat(0.0); G]; Q];
            for channel in 0..width {
                let mut key = [L::splat(0.0); G];
                for group in 0..G {
                    key[group] = E::read::<L>(keys.as_ptr().add((group * width + channel) * LANES));
                }
                for query in 0..Q {
                    let x = L::splat(*queries.as_ptr().add(query * width + channel));
                    for group in 0..G {
                        sums[query][group] = L::mul_add(key[group], x, sums[query][group]);
                    }
                }
            }
            for query in 0..Q {
                for group in 0..G {
                    L::store(scores.as_mut_ptr().add(query * room + start + group * LANES), sums[query][group]);
                }
            }
        }
    }

    /// Values weighted by `weights`, (Q, room), into (Q, D filled up).
    #[inline(always)]
    unsafe fn mix<L: Lanes, const Q: usize>(&self, head: usize, weights: &[f32], room: usize, out: &mut [f32]) {
        let groups = self.cache.shape.padded() / LANES;
        let mut group = 0;
        // SAFETY: the caller's promises.
        unsafe {
            if Q == 1 && 8 <= L::SUMS {
                while group + 4 <= groups {
                    self.mix_block::<L, Q, 4>(head, weights, room, out, group);
                    group += 4;
                }
            }
            while 2 * Q <= L::SUMS && group + 2 <= groups {
                self.mix_block::<L, Q, 2>(head, weights, room, out, group);
                group += 2;
            }
            while group < groups {
                self.mix_block::<L, Q, 1>(head, weights, room, out, group);
                group += 1;
            }
        }
    }

    /// The same for `G` groups of channels from `first` on. A channel's sum is that of the even positions and that of
    /// the odd ones, each in order, however many queries and channels there are: one query has registers for both at
    /// once, so that fewer additions wait for the one before; several take one after the other.
    #[inline(always)]
    unsafe fn mix_block<L: Lanes, const Q: usize, const G: usize>(
        &self,
        head: usize,
        weights: &[f32],
        room: usize,
        out: &mut [f32],
        first: usize,
    ) {
        let padded = self.cache.shape.padded();
        assert!(weights.len() == Q * room && out.len() == Q * padded, "sizes of the scratch room");
        assert!((first + G) * LANES <= padded && room.is_multiple_of(LANES), "whole groups");
        // SAFETY: as many weights and sums are there, and a page has `padded` channels of each position.
        unsafe {
            let mut sums = [[[L::splat(0.0); G]; Q]; 2];
            if Q == 1 {
                self.mix_positions::<L, Q, G, 2>(head, weights, room, first, 0, &mut sums);
            } else {
                for turn in 0..2 {
                    let mut sum = [[[L::splat(0.0); G]; Q]; 1];
                    self.mix_positions::<L, Q, G, 1>(head, weights, room, first, turn, &mut sum);
                    sums[turn] = sum[0];
                }
            }
            for query in 0..Q {
                for group in 0..G {
                    let sum = L::add(sums[0][query][group], sums[1][query][group]);
                    L::store(out.as_mut_ptr().add(query * padded + (first + group) * LANES), sum);
                }
            }
        }
    }

    /// Adds the values at every second position from `start` on to `sums`, or with `T` = 2 those at every position, in
    /// turns.
    #[inline(always)]
    unsafe fn mix_positions<L: Lanes, const Q: usize, const G: usize, const T: usize>(
        &self,
        head: usize,
        weights: &[f32],
        room: usize,
        first: usize,
        start: usize,
        sums: &mut [[[L::F; G]; Q]; T],
    ) {
        let padded = self.cache.shape.padded();
        // SAFETY: the caller's promises; a page has an even number of positions.
        unsafe {
            for page in 0..room.div_ceil(PAGE) {
                let (_, values) = self.cache.head(page, self.layer, head);
                let here = PAGE.min(room - page * PAGE);
                let values = values[..here * padded].as_ptr().add(first * LANES);
                for position in (start..here).step_by(2) {
                    for turn in 0..T {
                        let weight = weights.as_ptr().add(page * PAGE + position + turn);
                        let mut channels = [L::splat(0.0); G];
                        for group in 0..G {
                            channels[group] = E::read::<L>(values.add((position + turn) * padded + group * LANES));
                        }
                        for query in 0..Q {
                            let x = L::splat(*weight.add(query * room));
                            for group in 0..G {
                                sums[turn][query][group] = L::mul_add(channels[group], x, sums[turn][query][group]);
                            }
                        }
                    }
                }
            }
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
