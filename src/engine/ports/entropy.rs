//! Chance as an argument: whoever needs random bytes is handed a source of them.
//!
//! Production hands in the operating system's generator, tests hand in a seeded one, and nothing below the composition
//! root reaches for randomness by itself.

/// A source of random bytes fit for keys and nonces.
pub trait Entropy: Send + Sync {
    /// Fills the whole slice with fresh random bytes.
    fn fill(&self, bytes: &mut [u8]);
}
