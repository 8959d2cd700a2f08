//! Logins that failed, by the digest of the name.

use super::{AccountTables, digest, time};
use crate::domain::Instant;
use crate::engine::ports::accounts::{Digest, FAILURES_KEPT, locked_for};
use crate::store::error::StoreError;
use crate::store::sql::SqlTx;

/// The arbitrary number under which processes take turns at counting: each deletes old rows of all names.
const ATTEMPTS_LOCK: i64 = 0x6361_6e64_6f74;

pub(super) async fn forget_old_attempts(tx: &mut SqlTx, now: Instant) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM attempts
         WHERE last_at < $1",
        &[time(now - FAILURES_KEPT)],
    )
    .await?;
    Ok(())
}

impl AccountTables {
    pub(super) async fn name_is_locked(&self, name: Digest, now: Instant) -> Result<bool, StoreError> {
        let args = [digest(name), time(now)];
        let found = self.sql.query(
            "SELECT failures
             FROM attempts
             WHERE name = $1
               AND locked_until > $2",
            &args,
        );
        Ok(!found.await?.is_empty())
    }

    pub(super) async fn count_attempt(&self, name: Digest, now: Instant) -> Result<bool, StoreError> {
        let unit = self.sql.write(move |tx| {
            Box::pin(async move {
                tx.exclusive(ATTEMPTS_LOCK).await?;
                // An attacker who makes names up leaves rows behind: they go here, so that a day of them is the most.
                forget_old_attempts(tx, now).await?;
                let counted = tx
                    .query(
                        "INSERT INTO attempts (name, failures, locked_until, last_at)
                     VALUES ($1, 1, 0, $2)
                     ON CONFLICT (name) DO UPDATE
                     SET failures = attempts.failures + 1,
                         last_at = EXCLUDED.last_at
                     WHERE attempts.locked_until <= EXCLUDED.last_at
                     RETURNING failures",
                        &[digest(name), time(now)],
                    )
                    .await?;
                // A row that is locked is not changed, and not given back.
                let Some(row) = counted.first() else { return Ok(false) };
                let failures = u32::try_from(row.int(0)?).unwrap_or(u32::MAX);
                if let Some(locked) = locked_for(failures) {
                    tx.execute(
                        "UPDATE attempts
                         SET locked_until = $1
                         WHERE name = $2",
                        &[time(now + locked), digest(name)],
                    )
                    .await?;
                }
                Ok(true)
            })
        });
        unit.await
    }

    pub(super) async fn delete_attempts(&self, name: Digest) -> Result<(), StoreError> {
        let deleted = self.execute(
            "DELETE FROM attempts
             WHERE name = $1",
            vec![digest(name)],
        );
        deleted.await.map(|_| ())
    }
}
