//! Taking away what the jobs and connections of a person hold.

use async_trait::async_trait;

use super::{JobPlace, JobTables};
use crate::domain::erasure::Scope;
use crate::domain::person::PersonId;
use crate::engine::ports::erasing::{ErasingError, Holder};
use crate::store::error::StoreError;

#[async_trait]
impl Holder for JobPlace {
    /// Connections, people on their way to one, jobs with their runs, and dead letters: those that name the provider, or all.
    async fn erase(&self, person: PersonId, scope: Scope) -> Result<(), ErasingError> {
        let (provider, named, breaker) = match scope {
            Scope::Person => ("%".to_owned(), "%".to_owned(), format!("%/{person}")),
            // The key of a job of a provider is `<kind>/<provider>/<person>...`.
            Scope::Provider(provider) => {
                (provider.to_string(), format!("%/{provider}/{person}%"), format!("{provider}/{person}"))
            }
        };
        if matches!(self, Self::File(path) if !path.exists()) {
            return Ok(());
        }
        let args = [person.to_string().into(), provider.into(), named.into(), breaker.into()];
        // Seldom enough that nobody keeps the tables open for it.
        let tables = JobTables::open(self).await?;
        let gone = tables.sql.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                for statement in [
                    "DELETE FROM connections WHERE person = $1 AND provider LIKE $2",
                    "DELETE FROM attempts WHERE person = $1 AND provider LIKE $2",
                    // One that runs has lost its lease with it: what its worker still says of it is not written.
                    "DELETE FROM jobs WHERE person = $1 AND key LIKE $3",
                    "DELETE FROM job_dead_letters WHERE person = $1 AND key LIKE $3",
                    "DELETE FROM breakers WHERE name LIKE $4",
                ] {
                    tx.execute(statement, &args).await?;
                }
                if scope == Scope::Person {
                    tx.execute("DELETE FROM mornings WHERE person = $1", &args).await?;
                }
                Ok(())
            })
        });
        gone.await?;
        tables.sql.settle().await?;
        tables.close().await;
        Ok(())
    }
}
