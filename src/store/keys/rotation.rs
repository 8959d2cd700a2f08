//! Another master key: every key is wrapped anew, all of them at once or none.
//!
//! Old copies of the keys stay wrapped under the old master key, and die with it.

use uuid::Uuid;

use super::{KeyStore, unwrapped, wrapped_under, wrapping};
use crate::domain::erasure::Scope;
use crate::domain::person::PersonId;
use crate::store::error::{Inconsistency, StoreError};
use crate::store::seal::{self, Key};
use crate::store::{master_key, sql::SqlTx};

/// What a rotation came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// The keys that lie there.
    pub keys: u64,
    /// Whether they were wrapped under the new master key before, by a rotation that did not come to its end.
    pub before: bool,
}

/// Why nothing was wrapped anew: everything is as it was.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// The keys are wrapped under neither of the two.
    #[error("the keys are wrapped under another master key than the one in use and the new one")]
    Another,
    /// The database did not answer, or a key does not open.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl KeyStore {
    /// Wraps every key under another master key, in one transaction. Done again it does nothing, so whoever does not know
    /// whether it was done does it again. Processes that hold the old one make no key from then on.
    ///
    /// # Errors
    /// When a key does not open under the master key in use, or the database does not answer.
    pub async fn rotate(&self, to: &Key) -> Result<Rotated, RotationError> {
        let (from, to, entropy) = (self.master.clone(), to.clone(), std::sync::Arc::clone(&self.entropy));
        let rotated = self.sql.write(move |tx| {
            Box::pin(async move {
                let (old, new) = (master_key::name(&from), master_key::name(&to));
                let named = wrapped_under(tx, old.clone()).await?;
                let kept = kept(tx).await?;
                let rotated = Rotated { keys: kept.len() as u64, before: named == new };
                if rotated.before {
                    return Ok(rotated);
                }
                if named != old {
                    return Err(RotationError::Another);
                }
                for (id, person, scope, wrapped) in kept {
                    let key = unwrapped(&from, id, person, scope, &wrapped)?;
                    let wrapped = seal::encrypt(&to, &wrapping(id, person, scope), key.as_slice(), entropy.as_ref())
                        .map_err(StoreError::unavailable)?;
                    // One that is destroyed meanwhile stays destroyed.
                    let args = [id.to_string().into(), wrapped.into()];
                    tx.execute("UPDATE keys SET wrapped = $2 WHERE key_id = $1", &args).await?;
                }
                tx.execute("UPDATE wrapped_under SET master = $1", &[new.into()]).await?;
                Ok(rotated)
            })
        });
        let rotated = rotated.await?;
        self.sql.settle().await?;
        Ok(rotated)
    }
}

async fn kept(tx: &mut SqlTx) -> Result<Vec<(Uuid, PersonId, Scope, Vec<u8>)>, StoreError> {
    let rows = tx.query("SELECT key_id, person, scope, wrapped FROM keys", &[]).await?;
    let kept = rows.iter().map(|row| {
        let text = row.text(0)?;
        let misfit = |column| Inconsistency::new("keys", column, &text);
        let id = Uuid::parse_str(&text).map_err(|_| misfit("key_id"))?;
        let person: PersonId = row.text(1)?.parse().map_err(|_| misfit("person"))?;
        let scope: Scope = row.text(2)?.parse().map_err(|_| misfit("scope"))?;
        Ok((id, person, scope, row.bytes(3)?))
    });
    kept.collect()
}
