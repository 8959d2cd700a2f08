//! What every event log promises, and what is built on it: sealing, keys, read models. Run on SQLite and on PostgreSQL.

mod append;
mod chain;
mod checkpoints;
mod concurrency;
mod durability;
mod idempotency;
mod journal;
mod reads;
mod views;
