//! The rules a run goes by, named by a digest: a record made under other rules is not called a fault.

use std::sync::OnceLock;

use sha2::{Digest, Sha256};

use crate::domain::provider::Provider;

/// Everything a run's outcome depends on besides the data: the build's version, the catalogues of
/// interventions and of frames, the safety thresholds, the providers' terms. A change to a stage raises [`VERSION`].
pub const VERSION: u32 = 5;

/// The digest of the rules of this build, in hex.
#[must_use]
pub fn digest() -> String {
    static DIGEST: OnceLock<String> = OnceLock::new();
    DIGEST
        .get_or_init(|| {
            let mut hasher = Sha256::new();
            hasher.update(VERSION.to_be_bytes());
            hasher.update(env!("CARGO_PKG_VERSION"));
            hasher.update(super::intervene::CATALOGUE);
            hasher.update(crate::domain::frame::CATALOGUE);
            hasher.update(format!("{:?}", super::safety::threshold::ALL));
            // A text names whose data it rests on.
            hasher.update(format!("{:?}", Provider::ALL.map(Provider::terms)));
            let hash: [u8; 32] = hasher.finalize().into();
            hash[..8].iter().map(|byte| format!("{byte:02x}")).collect()
        })
        .clone()
}
