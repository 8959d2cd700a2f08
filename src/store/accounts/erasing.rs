//! Taking away the accounts of a person who is erased.

use async_trait::async_trait;

use super::{AccountPlace, AccountTables};
use crate::domain::erasure::Scope;
use crate::domain::person::PersonId;
use crate::engine::ports::erasing::{ErasingError, Holder};
use crate::store::error::StoreError;

#[async_trait]
impl Holder for AccountPlace {
    /// Accounts with their passwords, sessions and devices; one that has another office too only stops owning data. A provider
    /// has nothing here.
    async fn erase(&self, person: PersonId, scope: Scope) -> Result<(), ErasingError> {
        if scope != Scope::Person {
            return Ok(());
        }
        if matches!(self, Self::File(path) if !path.exists()) {
            return Ok(());
        }
        // Seldom enough that nobody keeps the tables open for it.
        let tables = AccountTables::open(self).await?;
        let args = [person.to_string().into()];
        let gone = tables.sql.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                tx.execute("DELETE FROM accounts WHERE person = $1 AND role = 'person'", &args).await?;
                tx.execute("UPDATE accounts SET person = NULL WHERE person = $1", &args).await
            })
        });
        gone.await?;
        tables.sql.settle().await?;
        tables.close().await;
        Ok(())
    }
}
