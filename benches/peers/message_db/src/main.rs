//! message-db at the work: its own SQL functions, called through sqlx; the tables are there before this starts.
//!
//! A batch is one statement that calls `write_message` for each event, in one transaction.

use sqlx::Row;
use sqlx::postgres::{PgPool, PgPoolOptions};
use tokio_stream::StreamExt;
use uuid::Uuid;
use work::{Failure, Peer, Place};

const WRITE: &str = "SELECT count(write_message(event.id, $1, 'noted', event.data::jsonb, NULL, event.expected))
                     FROM UNNEST($2::varchar[], $3::varchar[], $4::bigint[]) AS event (id, data, expected)";
/// Messages of a page when everything is read: a category is the most that its functions read at once.
const PAGE: i64 = 1_000;

struct MessageDb(PgPool);

async fn open(place: Place) -> Result<MessageDb, Failure> {
    let options = place.address.parse::<sqlx::postgres::PgConnectOptions>()?;
    let options = options.options([("search_path", "message_store,public")]);
    Ok(MessageDb(PgPoolOptions::new().max_connections(place.writers).connect_with(options).await?))
}

impl MessageDb {
    /// Counts what a function gives, and tells the last global position.
    async fn read(&self, sql: &'static str, name: &str, from: i64, most: i64) -> Result<(u64, i64), Failure> {
        let mut rows = sqlx::query(sql).bind(name).bind(from).bind(most).fetch(&self.0);
        let (mut events, mut last) = (0, from);
        while let Some(row) = rows.next().await {
            let row = row?;
            let event: (String, String, i64, String) =
                (row.try_get("id")?, row.try_get("stream_name")?, row.try_get("position")?, row.try_get("data")?);
            std::hint::black_box(event);
            last = row.try_get("global_position")?;
            events += 1;
        }
        Ok((events, last))
    }
}

impl Peer for MessageDb {
    fn json(&self, text: &str) -> String {
        format!(r#"{{"text":"{text}"}}"#)
    }

    async fn append(&self, stream: u64, at: u64, texts: Vec<String>) -> Result<(), Failure> {
        let before = at.cast_signed() - 1;
        sqlx::query(WRITE)
            .bind(format!("work-{stream}"))
            .bind(texts.iter().map(|_| Uuid::new_v4().to_string()).collect::<Vec<_>>())
            .bind(texts.iter().map(|text| self.json(text)).collect::<Vec<_>>())
            .bind((before..).take(texts.len()).collect::<Vec<_>>())
            .execute(&self.0)
            .await?;
        Ok(())
    }

    async fn read_stream(&self, stream: u64) -> Result<u64, Failure> {
        let sql = "SELECT * FROM get_stream_messages($1, $2, $3)";
        Ok(self.read(sql, &format!("work-{stream}"), 0, 2_000).await?.0)
    }

    async fn replay(&self) -> Result<u64, Failure> {
        let (mut all, mut from) = (0, 1);
        loop {
            let (events, last) =
                self.read("SELECT * FROM get_category_messages($1, $2, $3)", "work", from, PAGE).await?;
            all += events;
            if events == 0 {
                return Ok(all);
            }
            from = last + 1;
        }
    }
}

fn main() -> Result<(), Failure> {
    work::run(open)
}
