//! Argon2id, off the threads that serve requests and never more than a few at a time.
//!
//! One hash takes 19 MiB and tens of milliseconds by design. Whoever floods the login waits for a permit or is told to come
//! back; nobody else is slowed down.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::IdentityError;
use crate::engine::ports::entropy::Entropy;

/// Hashes that are made at the same time.
const AT_ONCE: usize = 2;
/// What somebody is told to wait who found no permit.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// What one hash costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    memory_kib: u32,
    passes: u32,
}

impl Cost {
    /// The cost of every real password: 19 MiB, two passes.
    pub const STANDARD: Self = Self { memory_kib: 19_456, passes: 2 };

    /// Another cost; `None` for less than 8 KiB or no pass. Less than the standard is for tests.
    #[must_use]
    pub const fn new(memory_kib: u32, passes: u32) -> Option<Self> {
        if memory_kib < 8 || memory_kib > 1 << 20 || passes == 0 || passes > 64 {
            return None;
        }
        Some(Self { memory_kib, passes })
    }
}

/// What a check found.
pub(super) struct Checked {
    /// Whether the password is the one.
    pub right: bool,
    /// The same password hashed anew, when it was right and its hash has another cost than today's.
    pub renewed: Option<SecretString>,
}

/// The one who hashes.
pub(super) struct Hasher {
    cost: Cost,
    wait: Duration,
    permits: Arc<Semaphore>,
    entropy: Arc<dyn Entropy>,
    /// A hash that no password has, for names that do not exist.
    dummy: SecretString,
    hashes: Arc<AtomicU64>,
}

impl Hasher {
    pub(super) fn new(cost: Cost, wait: Duration, entropy: Arc<dyn Entropy>) -> Self {
        let mut random = [0; 48];
        entropy.fill(&mut random);
        let (salt, output) = random.split_at(16);
        let dummy = format!(
            "$argon2id$v=19$m={},t={},p=1${}${}",
            cost.memory_kib,
            cost.passes,
            BASE64_STANDARD_NO_PAD.encode(salt),
            BASE64_STANDARD_NO_PAD.encode(output),
        );
        let permits = Arc::new(Semaphore::new(AT_ONCE));
        Self { cost, wait, permits, entropy, dummy: dummy.into(), hashes: Arc::default() }
    }

    /// How many hashes were made.
    pub(super) fn hashes(&self) -> u64 {
        self.hashes.load(Ordering::Relaxed)
    }

    /// Waits a little for the right to make one hash.
    pub(super) async fn permit(&self) -> Result<OwnedSemaphorePermit, IdentityError> {
        let busy = IdentityError::Busy { retry_after: RETRY_AFTER };
        match tokio::time::timeout(self.wait, Arc::clone(&self.permits).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(busy),
        }
    }

    /// Whether a password is the one of a hash. Without a hash it is none, at the same cost.
    pub(super) async fn check(
        &self,
        permit: OwnedSemaphorePermit,
        password: &SecretString,
        hash: Option<&SecretString>,
    ) -> Result<Checked, IdentityError> {
        let known = hash.is_some();
        let hash = hash.unwrap_or(&self.dummy).clone();
        let salt = self.salt();
        self.blocking(permit, password, move |argon2, password, hashes| {
            hashes.fetch_add(1, Ordering::Relaxed);
            let stored = PasswordHash::new(hash.expose_secret()).map_err(|_| IdentityError::Broken)?;
            let same = argon2.verify_password(password, &stored).is_ok();
            let right = same && known;
            let outdated = Params::try_from(&stored).map_or(true, |params| {
                let cost = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
                cost(&params) != cost(argon2.params())
            });
            let renewed = if right && outdated { Some(hashed(argon2, password, &salt, hashes)?) } else { None };
            Ok(Checked { right, renewed })
        })
        .await
    }

    /// Hashes a new password.
    pub(super) async fn hash(
        &self,
        permit: OwnedSemaphorePermit,
        password: &SecretString,
    ) -> Result<SecretString, IdentityError> {
        let salt = self.salt();
        self.blocking(permit, password, move |argon2, password, hashes| hashed(argon2, password, &salt, hashes)).await
    }

    fn salt(&self) -> [u8; 16] {
        let mut salt = [0; 16];
        self.entropy.fill(&mut salt);
        salt
    }

    /// Works where waiting holds nobody up. The permit goes along: it is free again when the work is done, also when the one
    /// who asked has gone away.
    async fn blocking<T: Send + 'static>(
        &self,
        permit: OwnedSemaphorePermit,
        password: &SecretString,
        work: impl FnOnce(&Argon2<'_>, &[u8], &AtomicU64) -> Result<T, IdentityError> + Send + 'static,
    ) -> Result<T, IdentityError> {
        let params = Params::new(self.cost.memory_kib, self.cost.passes, 1, None).map_err(|_| IdentityError::Broken)?;
        let (password, hashes) = (password.clone(), Arc::clone(&self.hashes));
        let done = tokio::task::spawn_blocking(move || {
            let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
            let done = work(&argon2, password.expose_secret().as_bytes(), &hashes);
            drop(permit);
            done
        });
        done.await.unwrap_or(Err(IdentityError::Broken))
    }
}

fn hashed(
    argon2: &Argon2<'_>,
    password: &[u8],
    salt: &[u8],
    hashes: &AtomicU64,
) -> Result<SecretString, IdentityError> {
    hashes.fetch_add(1, Ordering::Relaxed);
    let hash: PasswordHash = argon2.hash_password_with_salt(password, salt).map_err(|_| IdentityError::Broken)?;
    Ok(hash.to_string().into())
}
