//! What every event log promises, run on SQLite and on PostgreSQL.

mod append;
mod chain;
mod concurrency;
mod durability;
mod idempotency;
mod reads;
