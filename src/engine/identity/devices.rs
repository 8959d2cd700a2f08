//! Devices: a watch or a script that may do a little, with a token of its own that its owner can end.

use std::collections::BTreeSet;

use secrecy::SecretString;

use super::token::Kind;
use super::{Identity, IdentityError, found};
use crate::domain::Instant;
use crate::domain::account::{AccountId, DeviceId, DeviceScope};
use crate::engine::ports::accounts::Device;

/// The most characters of a device's name.
const LONGEST_LABEL: usize = 60;

impl Identity {
    /// Adds a device. Its token is shown this once.
    ///
    /// # Errors
    /// `Unfit` for its label or scopes, `NotFound` for the account, or when the store does not answer.
    pub async fn add_device(
        &self,
        account: AccountId,
        label: &str,
        scopes: BTreeSet<DeviceScope>,
        now: Instant,
    ) -> Result<(Device, SecretString), IdentityError> {
        let label = label.trim();
        if label.is_empty() || label.chars().count() > LONGEST_LABEL || label.chars().any(char::is_control) {
            return Err(IdentityError::Unfit { field: "label", fault: "has 1 to 60 characters on one line" });
        }
        if scopes.is_empty() {
            return Err(IdentityError::Unfit { field: "scopes", fault: "are missing: the device could do nothing" });
        }
        found(self.accounts.get(account).await?.is_some(), "account")?;
        let id = DeviceId::new(self.id());
        let device = Device { id, account, label: label.to_owned(), scopes, created_at: now };
        let (token, digest) = Kind::Device.draw(self.entropy.as_ref());
        self.accounts.add_device(&device, digest).await?;
        Ok((device, token))
    }

    /// The devices of an account, the newest first.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn devices(&self, account: AccountId) -> Result<Vec<Device>, IdentityError> {
        Ok(self.accounts.devices(account).await?)
    }

    /// Ends a device of an account.
    ///
    /// # Errors
    /// `NotFound` when the account has no such device, or when the store does not answer.
    pub async fn revoke_device(&self, account: AccountId, device: DeviceId) -> Result<(), IdentityError> {
        found(self.accounts.end_device(account, device).await?, "device")
    }
}
