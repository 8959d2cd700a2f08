//! Chance from the operating system: the one place that asks for it.

use crate::engine::ports::entropy::Entropy;

/// The operating system's generator.
pub struct OsEntropy;

impl Entropy for OsEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        #[expect(clippy::disallowed_methods, reason = "the composition root hands chance to everything else")]
        let filled = getrandom::fill(bytes);
        // Without the system's generator no key and no nonce is safe: going on would be worse than stopping.
        assert!(filled.is_ok(), "the operating system gives no random bytes");
    }
}
