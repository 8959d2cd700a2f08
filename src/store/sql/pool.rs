//! Connections to PostgreSQL whose answer is not waited for without end.
//!
//! A network that drops packets without a word leaves a connection that looks alive; the system gives it up after a quarter of
//! an hour. Here nobody waits that long: a statement has so much time, and a connection that does not answer a ping goes.

use std::io;
use std::time::Duration;

use sqlx::postgres::PgPoolOptions;
use sqlx::{Connection, PgConnection};
use tokio::time::timeout;

/// How long a question or a small write may take. Of a write that took longer it is not known whether it was done.
pub(crate) const ANSWER: Duration = Duration::from_secs(5);
/// How long a statement may take that touches all that there is of a person.
pub(crate) const WORK: Duration = Duration::from_secs(60);
/// How long a ping may take.
const PING: Duration = Duration::from_secs(1);
/// A connection that answered this shortly ago is lent out without a ping.
const FRESH: Duration = Duration::from_secs(1);

/// A pool of so many connections at most.
pub(crate) fn pool(connections: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ANSWER)
        // Its own test waits without end.
        .test_before_acquire(false)
        .before_acquire(|connection, about| {
            Box::pin(async move {
                if about.idle_for >= FRESH {
                    ping(connection).await?;
                }
                Ok(true)
            })
        })
        // Given back by somebody who left in the middle, it may never answer.
        .after_release(|connection, _| Box::pin(async move { ping(connection).await.map(|()| true) }))
}

async fn ping(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    timeout(PING, connection.ping()).await.unwrap_or_else(|_| Err(late()))
}

/// What a statement answers, if it does in time.
pub(crate) async fn within<T, E: From<sqlx::Error>>(
    time: Duration,
    answer: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    timeout(time, answer).await.unwrap_or_else(|_| Err(late().into()))
}

fn late() -> sqlx::Error {
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "PostgreSQL did not answer in time"))
}
