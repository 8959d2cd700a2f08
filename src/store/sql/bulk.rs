//! Many rows in one go.
//!
//! PostgreSQL takes a column at a time as an array (UNNEST), which keeps the statement the same for any number of rows and
//! costs one round trip; SQLite runs one prepared statement for each row.

use super::pool::WORK;
use super::transaction::Inner;
use super::{SqlTx, Value, within};
use crate::store::error::{Inconsistency, StoreError};
use sqlx::AssertSqlSafe;
use std::collections::HashMap;
use std::fmt::Write as _;

impl SqlTx {
    /// Inserts rows, or replaces the ones with the same key. `key` are the first of `columns`; a key that occurs twice
    /// keeps its last row.
    ///
    /// # Errors
    /// When a row has another number of values than there are columns, or the database refuses.
    pub async fn upsert(
        &mut self,
        table: &'static str,
        key: usize,
        columns: &[&'static str],
        rows: &[Vec<Value>],
    ) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        if key > columns.len() || rows.iter().any(|row| row.len() != columns.len()) {
            return Err(Inconsistency::new(table, "columns", columns.join(", ")).into());
        }
        let rows = last_per_key(rows, key);
        let told = format!("INSERT INTO {table} ({}){}", columns.join(", "), on_conflict(key, columns));
        let slow = self.slow;
        slow.timed(&told, |()| rows.len() as u64, self.insert(table, key, columns, &rows)).await
    }

    /// Rows that fit, each key once.
    async fn insert(
        &mut self,
        table: &'static str,
        key: usize,
        columns: &[&'static str],
        rows: &[&Vec<Value>],
    ) -> Result<(), StoreError> {
        let Some(first) = rows.first() else { return Ok(()) };
        match &mut self.inner {
            Inner::Sqlite(tx) => {
                let parameters = vec!["?"; columns.len()].join(", ");
                let names = columns.join(", ");
                let sql = format!("INSERT INTO {table} ({names}) VALUES ({parameters}){}", on_conflict(key, columns));
                super::sqlite::for_each(tx.connection()?, &sql, rows)?;
            }
            Inner::Postgres(tx) => {
                let sql = postgres_text(table, key, columns, first);
                let mut query = sqlx::query(AssertSqlSafe(sql));
                for column in 0..columns.len() {
                    let misfit = || Inconsistency::new(table, columns[column], "mixed types");
                    query = match &first[column] {
                        Value::Int(_) => query.bind(
                            gather(rows, column, |value| match value {
                                Value::Int(value) => Some(*value),
                                _ => None,
                            })
                            .ok_or_else(misfit)?,
                        ),
                        Value::Float(_) => query.bind(
                            gather(rows, column, |value| match value {
                                Value::Float(value) => Some(*value),
                                _ => None,
                            })
                            .ok_or_else(misfit)?,
                        ),
                        Value::Text(_) => query.bind(
                            gather(rows, column, |value| match value {
                                Value::Text(value) => Some(value.clone()),
                                _ => None,
                            })
                            .ok_or_else(misfit)?,
                        ),
                        Value::Bytes(_) => query.bind(
                            gather(rows, column, |value| match value {
                                Value::Bytes(value) => Some(value.clone()),
                                _ => None,
                            })
                            .ok_or_else(misfit)?,
                        ),
                    };
                }
                within(WORK, query.execute(&mut **tx)).await?;
            }
        }
        Ok(())
    }
}

/// One column of all rows, or `None` when one of them is of another type.
fn gather<T>(rows: &[&Vec<Value>], column: usize, pick: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
    rows.iter().map(|row| pick(&row[column])).collect()
}

/// The rows without those that a later row with the same key replaces, otherwise in their order.
fn last_per_key(rows: &[Vec<Value>], key: usize) -> Vec<&Vec<Value>> {
    if key == 0 {
        return rows.iter().collect();
    }
    let mut last = HashMap::with_capacity(rows.len());
    let mut keep: Vec<Option<&Vec<Value>>> = Vec::with_capacity(rows.len());
    for row in rows {
        let mut bytes = Vec::new();
        for value in &row[..key] {
            value.put_canonical(&mut bytes);
        }
        if let Some(earlier) = last.insert(bytes, keep.len()) {
            keep[earlier] = None;
        }
        keep.push(Some(row));
    }
    keep.into_iter().flatten().collect()
}

fn postgres_text(table: &str, key: usize, columns: &[&str], types: &[Value]) -> String {
    let arrays: Vec<String> = types
        .iter()
        .enumerate()
        .map(|(index, value)| {
            let kind = match value {
                Value::Int(_) => "BIGINT",
                Value::Float(_) => "DOUBLE PRECISION",
                Value::Text(_) => "TEXT",
                Value::Bytes(_) => "BYTEA",
            };
            format!("${}::{kind}[]", index + 1)
        })
        .collect();
    format!(
        "INSERT INTO {table} ({}) SELECT * FROM UNNEST({}){}",
        columns.join(", "),
        arrays.join(", "),
        on_conflict(key, columns)
    )
}

fn on_conflict(key: usize, columns: &[&str]) -> String {
    let (key, rest) = columns.split_at(key);
    if key.is_empty() {
        return String::new();
    }
    let mut text = format!(" ON CONFLICT ({}) DO ", key.join(", "));
    if rest.is_empty() {
        text.push_str("NOTHING");
    } else {
        text.push_str("UPDATE SET ");
        for (index, column) in rest.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            let _ = write!(text, "{comma}{column} = EXCLUDED.{column}");
        }
    }
    text
}
