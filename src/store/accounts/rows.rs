//! Rows read back into what the engine knows. A row that does not fit is named, never guessed at.

use crate::domain::Instant;
use crate::domain::account::{AccountId, AccountName};
use crate::engine::ports::accounts::{Account, Device, Digest, Session};
use crate::store::error::{Inconsistency, StoreError};
use crate::store::sql::Row;

/// Names the place that does not fit. The row is named by its table alone: its key may be a secret's digest.
pub(super) fn misfit(table: &'static str, column: &'static str) -> StoreError {
    Inconsistency::new(table, column, "of an account").into()
}

/// A column that is parsed from its text.
fn parsed<T: std::str::FromStr>(
    row: &Row,
    at: usize,
    table: &'static str,
    column: &'static str,
) -> Result<T, StoreError> {
    row.text(at)?.parse().map_err(|_| misfit(table, column))
}

fn instant(row: &Row, at: usize, table: &'static str, column: &'static str) -> Result<Instant, StoreError> {
    Instant::from_timestamp_micros(row.int(at)?).ok_or_else(|| misfit(table, column))
}

pub(super) fn kept_digest(
    row: &Row,
    at: usize,
    table: &'static str,
    column: &'static str,
) -> Result<Digest, StoreError> {
    Digest::kept(&row.bytes(at)?).ok_or_else(|| misfit(table, column))
}

/// `account, name, role, person, created_at` from a column on.
pub(super) fn account(row: &Row, from: usize) -> Result<Account, StoreError> {
    let person = row.opt_text(from + 3)?.map(|text| text.parse()).transpose();
    Ok(Account {
        id: parsed(row, from, "accounts", "account")?,
        name: AccountName::new(&row.text(from + 1)?).map_err(|_| misfit("accounts", "name"))?,
        role: parsed(row, from + 2, "accounts", "role")?,
        person: person.map_err(|_| misfit("accounts", "person"))?,
        created_at: instant(row, from + 4, "accounts", "created_at")?,
    })
}

/// `session, account, started_at, used_at` from a column on.
pub(super) fn session(row: &Row, from: usize) -> Result<Session, StoreError> {
    Ok(Session {
        id: parsed(row, from, "sessions", "session")?,
        account: parsed::<AccountId>(row, from + 1, "sessions", "account")?,
        started_at: instant(row, from + 2, "sessions", "started_at")?,
        used_at: instant(row, from + 3, "sessions", "used_at")?,
    })
}

/// `device, account, label, scopes, created_at` from a column on.
pub(super) fn device(row: &Row, from: usize) -> Result<Device, StoreError> {
    let scopes = row.text(from + 3)?.split_whitespace().map(str::parse).collect::<Result<_, _>>();
    Ok(Device {
        id: parsed(row, from, "devices", "device")?,
        account: parsed(row, from + 1, "devices", "account")?,
        label: row.text(from + 2)?,
        scopes: scopes.map_err(|_| misfit("devices", "scopes"))?,
        created_at: instant(row, from + 4, "devices", "created_at")?,
    })
}
