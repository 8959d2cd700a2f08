//! The accounts themselves.

use super::{AccountTables, rows, time};
use crate::domain::account::{AccountId, AccountName};
use crate::engine::ports::accounts::{Account, Credentials};
use crate::store::error::StoreError;

impl AccountTables {
    pub(super) async fn insert_account(&self, account: &Account) -> Result<bool, StoreError> {
        let args = vec![
            account.id.to_string().into(),
            account.name.as_str().into(),
            account.role.key().into(),
            account.person.map(|person| person.to_string()).into(),
            time(account.created_at),
        ];
        let added = self.execute(
            "INSERT INTO accounts (account, name, role, person, version, created_at)
             VALUES ($1, $2, $3, $4, 0, $5)
             ON CONFLICT (name) DO NOTHING",
            args,
        );
        Ok(added.await? == 1)
    }

    pub(super) async fn delete_account(&self, account: AccountId) -> Result<bool, StoreError> {
        let removed = self.execute(
            "DELETE FROM accounts
             WHERE account = $1",
            vec![account.to_string().into()],
        );
        Ok(removed.await? == 1)
    }

    pub(super) async fn all_accounts(&self) -> Result<Vec<Account>, StoreError> {
        let found = self.sql.query(
            "SELECT account, name, role, person, created_at
             FROM accounts
             ORDER BY name",
            &[],
        );
        found.await?.iter().map(|row| rows::account(row, 0)).collect()
    }

    pub(super) async fn account_by_id(&self, account: AccountId) -> Result<Option<Account>, StoreError> {
        let args = [account.to_string().into()];
        let found = self.sql.query(
            "SELECT account, name, role, person, created_at
             FROM accounts
             WHERE account = $1",
            &args,
        );
        found.await?.first().map(|row| rows::account(row, 0)).transpose()
    }

    pub(super) async fn credentials_by_name(&self, name: &AccountName) -> Result<Option<Credentials>, StoreError> {
        let args = [name.as_str().into()];
        let found = self.sql.query(
            "SELECT account, name, role, person, created_at, version, password
             FROM accounts
             WHERE name = $1",
            &args,
        );
        let found = found.await?;
        let Some(row) = found.first() else { return Ok(None) };
        Ok(Some(Credentials {
            account: rows::account(row, 0)?,
            version: row.int(5)?,
            password: row.opt_text(6)?.map(Into::into),
        }))
    }
}
