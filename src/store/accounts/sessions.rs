//! Sessions and their refresh tokens.

use super::attempts::forget_old_attempts;
use super::{AccountTables, digest, lock_account, rows, time};
use crate::domain::Instant;
use crate::domain::account::{AccountId, SessionId};
use crate::engine::ports::accounts::{
    Digest, Family, LiveSession, Rotation, SESSION_IDLE, SESSION_LIFE, Session, Shown,
};
use crate::store::error::StoreError;
use crate::store::sql::{SqlTx, Value};

impl AccountTables {
    pub(super) async fn insert_session(
        &self,
        session: &Session,
        version: i64,
        refresh: Digest,
    ) -> Result<(), StoreError> {
        let args = vec![
            session.id.to_string().into(),
            session.account.to_string().into(),
            version.into(),
            digest(refresh),
            time(session.started_at),
            time(session.used_at),
        ];
        let unit = self.sql.write(move |tx| {
            Box::pin(async move {
                tx.execute(
                    "INSERT INTO sessions (session, account, version, live, started_at, used_at)
                     VALUES ($1, $2, $3, $4, $5, $6)",
                    &args,
                )
                .await?;
                let session = args[0].clone();
                keep_token(tx, refresh, session).await
            })
        });
        unit.await
    }

    pub(super) async fn rotate_token(
        &self,
        token: Digest,
        successor: Digest,
        now: Instant,
    ) -> Result<Rotation, StoreError> {
        self.sql.write(move |tx| Box::pin(rotate(tx, token, successor, now))).await
    }

    pub(super) async fn live_session(
        &self,
        session: SessionId,
        now: Instant,
    ) -> Result<Option<LiveSession>, StoreError> {
        let args = [session.to_string().into()];
        let found = self.sql.query(
            "SELECT sessions.session, sessions.account, sessions.started_at, sessions.used_at,
                    accounts.account, accounts.name, accounts.role, accounts.person, accounts.created_at,
                    accounts.version
             FROM sessions
             JOIN accounts ON accounts.account = sessions.account
                          AND accounts.version = sessions.version
             WHERE sessions.session = $1",
            &args,
        );
        let found = found.await?;
        let Some(row) = found.first() else { return Ok(None) };
        let session = rows::session(row, 0)?;
        let live = LiveSession { account: rows::account(row, 4)?, version: row.int(9)?, session };
        Ok(Some(live).filter(|live| now < live.session.ends_at()))
    }

    pub(super) async fn sessions_of(&self, account: AccountId, now: Instant) -> Result<Vec<Session>, StoreError> {
        let args = [account.to_string().into()];
        let found = self.sql.query(
            "SELECT sessions.session, sessions.account, sessions.started_at, sessions.used_at
             FROM sessions
             JOIN accounts ON accounts.account = sessions.account
                          AND accounts.version = sessions.version
             WHERE sessions.account = $1
             ORDER BY sessions.started_at DESC, sessions.session",
            &args,
        );
        let mut sessions = found.await?.iter().map(|row| rows::session(row, 0)).collect::<Result<Vec<_>, _>>()?;
        sessions.retain(|session| now < session.ends_at());
        Ok(sessions)
    }

    pub(super) async fn delete_session(&self, account: AccountId, session: SessionId) -> Result<bool, StoreError> {
        let deleted = self.execute(
            "DELETE FROM sessions
             WHERE account = $1
               AND session = $2",
            vec![account.to_string().into(), session.to_string().into()],
        );
        Ok(deleted.await? == 1)
    }

    pub(super) async fn delete_what_is_over(&self, now: Instant) -> Result<(), StoreError> {
        let unit = self.sql.write(move |tx| {
            Box::pin(async move {
                tx.execute(
                    "DELETE FROM sessions
                     WHERE started_at <= $1
                        OR used_at <= $2",
                    &[time(now - SESSION_LIFE), time(now - SESSION_IDLE)],
                )
                .await?;
                tx.execute(
                    "DELETE FROM one_time_tokens
                     WHERE ends_at <= $1",
                    &[time(now)],
                )
                .await?;
                forget_old_attempts(tx, now).await
            })
        });
        unit.await
    }
}

async fn keep_token(tx: &mut SqlTx, token: Digest, session: Value) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO refresh_tokens (digest, session)
         VALUES ($1, $2)",
        &[digest(token), session],
    )
    .await?;
    Ok(())
}

async fn rotate(tx: &mut SqlTx, token: Digest, successor: Digest, now: Instant) -> Result<Rotation, StoreError> {
    let known = tx
        .query(
            "SELECT sessions.session, sessions.account
         FROM refresh_tokens
         JOIN sessions ON sessions.session = refresh_tokens.session
         WHERE refresh_tokens.digest = $1",
            &[digest(token)],
        )
        .await?;
    let Some(row) = known.first() else { return Ok(Rotation::Refused) };
    let (session, account) = (row.text(0)?, row.text(1)?);
    lock_account(tx, &account).await?;
    let found = tx
        .query(
            "SELECT sessions.session, sessions.account, sessions.started_at, sessions.used_at,
                accounts.account, accounts.name, accounts.role, accounts.person, accounts.created_at,
                accounts.version, sessions.live, sessions.previous
         FROM sessions
         JOIN accounts ON accounts.account = sessions.account
                      AND accounts.version = sessions.version
         WHERE sessions.session = $1",
            &[session.as_str().into()],
        )
        .await?;
    let Some(row) = found.first() else { return Ok(Rotation::Refused) };
    let previous = row.opt_bytes(11)?.map(|_| rows::kept_digest(row, 11, "sessions", "previous")).transpose()?;
    let mut family =
        Family { live: rows::kept_digest(row, 10, "sessions", "live")?, previous, session: rows::session(row, 0)? };
    let shown = family.shown(token, now);
    match shown {
        Shown::Live => {
            tx.execute(
                "UPDATE sessions
                 SET previous = live,
                     live = $1,
                     used_at = $2
                 WHERE session = $3",
                &[digest(successor), time(now), session.as_str().into()],
            )
            .await?;
            family.session.used_at = now;
        }
        Shown::Previous => {
            // The time stays: the grace counts from the first use and is not drawn out.
            tx.execute(
                "UPDATE sessions
                 SET live = $1
                 WHERE session = $2",
                &[digest(successor), session.as_str().into()],
            )
            .await?;
        }
        Shown::Reused | Shown::Ended => {
            tx.execute(
                "DELETE FROM sessions
                 WHERE session = $1",
                &[session.as_str().into()],
            )
            .await?;
            let reused = shown == Shown::Reused;
            return Ok(if reused { Rotation::Reused(family.session.id) } else { Rotation::Refused });
        }
    }
    keep_token(tx, successor, session.into()).await?;
    let live = LiveSession { session: family.session, account: rows::account(row, 4)?, version: row.int(9)? };
    Ok(Rotation::Rotated(live))
}
