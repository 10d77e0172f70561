//! The die: a counter-based generator.

/// What the dice are called in a transcript. Another way to make them would need another name.
pub const GENERATOR: &str = "splitmix64 of seed and position";

/// The die of one position: uniform in `[0, 1)`, 53 bits.
///
/// It depends on nothing but the seed and the position in the document, so "the same dice under other settings" is well
/// defined: changing a temperature at position 10 does not move the die of position 11.
///
/// Source: the output function of `SplitMix64` (Steele, Lea, Flood, *Fast Splittable Pseudorandom Number Generators*,
/// 2014), applied once to the seed and once to the seed and the position together. Applying it twice keeps streams
/// of neighbouring seeds apart, which one application of `seed + position` would not.
#[must_use]
pub fn die(seed: u64, position: u64) -> f64 {
    /// The golden ratio as a 64-bit fraction: the increment of `SplitMix64`.
    const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;
    let stream = mix(seed.wrapping_add(GAMMA));
    let bits = mix(stream.wrapping_add(position.wrapping_add(1).wrapping_mul(GAMMA)));
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests;
