//! Devices and their tokens.

use super::{AccountTables, digest, rows, time};
use crate::domain::account::{AccountId, DeviceId};
use crate::engine::ports::accounts::{Account, Device, Digest};
use crate::store::error::StoreError;

impl AccountTables {
    pub(super) async fn insert_device(&self, device: &Device, token: Digest) -> Result<(), StoreError> {
        let scopes: Vec<&str> = device.scopes.iter().map(|scope| scope.key()).collect();
        let args = vec![
            device.id.to_string().into(),
            device.account.to_string().into(),
            device.label.as_str().into(),
            scopes.join(" ").into(),
            digest(token),
            time(device.created_at),
        ];
        let inserted = self.execute(
            "INSERT INTO devices (device, account, label, scopes, digest, created_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
            args,
        );
        inserted.await.map(|_| ())
    }

    pub(super) async fn device_by_token(&self, token: Digest) -> Result<Option<(Device, Account)>, StoreError> {
        let args = [digest(token)];
        let found = self.sql.query(
            "SELECT devices.device, devices.account, devices.label, devices.scopes, devices.created_at,
                    accounts.account, accounts.name, accounts.role, accounts.person, accounts.created_at
             FROM devices
             JOIN accounts ON accounts.account = devices.account
             WHERE devices.digest = $1",
            &args,
        );
        let found = found.await?;
        let Some(row) = found.first() else { return Ok(None) };
        Ok(Some((rows::device(row, 0)?, rows::account(row, 5)?)))
    }

    pub(super) async fn devices_of(&self, account: AccountId) -> Result<Vec<Device>, StoreError> {
        let args = [account.to_string().into()];
        let found = self.sql.query(
            "SELECT device, account, label, scopes, created_at
             FROM devices
             WHERE account = $1
             ORDER BY created_at DESC, device",
            &args,
        );
        found.await?.iter().map(|row| rows::device(row, 0)).collect()
    }

    pub(super) async fn delete_device(&self, account: AccountId, device: DeviceId) -> Result<bool, StoreError> {
        let deleted = self.execute(
            "DELETE FROM devices
             WHERE account = $1
               AND device = $2",
            vec![account.to_string().into(), device.to_string().into()],
        );
        Ok(deleted.await? == 1)
    }
}
