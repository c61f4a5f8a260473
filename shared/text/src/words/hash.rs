//! Hashes that are the same on every machine and in every release.

use std::hash::{BuildHasherDefault, Hasher};

/// 2⁶⁴ divided by the golden ratio, made odd (Knuth, The Art of Computer Programming 3, 6.4).
const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;
/// The start value and prime of FNV-1a, 64 bits.
const FNV_START: u64 = 0xCBF2_9CE4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01B3;

/// The hash of a stem: FNV-1a, its bits spread once more.
pub(crate) fn mix(bytes: &[u8]) -> u64 {
    let hash = bytes.iter().fold(FNV_START, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME)
    });
    spread(hash)
}

/// Spreads what differs in some bits over all of them (the finaliser of `SplitMix64`).
pub(super) const fn spread(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

/// Builds [`KeyHasher`]s.
pub(crate) type HashState = BuildHasherDefault<KeyHasher>;

/// Hashes keys that are hashes or small numbers already: one multiplication.
///
/// Only for keys whose number is capped: somebody who chose texts for their hashes could make a map slow,
/// never large.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = mix(bytes) ^ self.0.rotate_left(5);
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value));
    }

    fn write_u64(&mut self, value: u64) {
        let product = (self.0.rotate_left(5) ^ value).wrapping_mul(MULTIPLIER);
        self.0 = product ^ (product >> 32);
    }
}
