//! Values that cross the border to a database, and the rows that come back.

use crate::store::error::{Inconsistency, StoreError};
use rusqlite::types::ValueRef;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{Column, Postgres, Row as _, TypeInfo, ValueRef as _};

/// A value of one of the four column types; the empty ones keep their type.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// BIGINT.
    Int(Option<i64>),
    /// DOUBLE PRECISION.
    Float(Option<f64>),
    /// TEXT.
    Text(Option<String>),
    /// BLOB or BYTEA.
    Bytes(Option<Vec<u8>>),
}

macro_rules! value_from {
    ($($type:ty => $variant:ident),+ $(,)?) => {
        $(
            impl From<$type> for Value {
                fn from(value: $type) -> Self {
                    Self::$variant(Some(value.into()))
                }
            }

            impl From<Option<$type>> for Value {
                fn from(value: Option<$type>) -> Self {
                    Self::$variant(value.map(Into::into))
                }
            }
        )+
    };
}

value_from! {
    i64 => Int,
    i32 => Int,
    u32 => Int,
    bool => Int,
    f64 => Float,
    String => Text,
    &str => Text,
    Vec<u8> => Bytes,
    &[u8] => Bytes,
}

impl Value {
    /// Writes the value so that different values, and different rows of values, give different bytes.
    pub(crate) fn put_canonical(&self, out: &mut Vec<u8>) {
        let (tag, bytes): (u8, Option<&[u8]>) = match self {
            Self::Int(value) => return put_number(out, b'i', value.map(i64::to_be_bytes)),
            Self::Float(value) => {
                return put_number(out, b'f', value.map(|number| (number + 0.0).to_bits().to_be_bytes()));
            }
            Self::Text(value) => (b't', value.as_deref().map(str::as_bytes)),
            Self::Bytes(value) => (b'b', value.as_deref()),
        };
        match bytes {
            Some(bytes) => {
                out.push(tag);
                out.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
                out.extend_from_slice(bytes);
            }
            None => out.push(b'n'),
        }
    }
}

fn put_number(out: &mut Vec<u8>, tag: u8, bytes: Option<[u8; 8]>) {
    match bytes {
        Some(bytes) => {
            out.push(tag);
            out.extend_from_slice(&bytes);
        }
        None => out.push(b'n'),
    }
}

/// One row of an answer; columns are read by their place, from 0.
#[derive(Debug, Clone, PartialEq)]
pub struct Row(Vec<Option<Value>>);

macro_rules! row_get {
    ($($doc:literal $name:ident $opt:ident $variant:ident $type:ty),+ $(,)?) => {
        $(
            #[doc = $doc]
            ///
            /// # Errors
            /// When the column holds nothing or another type.
            pub fn $name(&self, column: usize) -> Result<$type, StoreError> {
                self.$opt(column)?.ok_or_else(|| misfit(column))
            }

            #[doc = $doc]
            #[doc = " May be empty."]
            ///
            /// # Errors
            /// When the column holds another type.
            pub fn $opt(&self, column: usize) -> Result<Option<$type>, StoreError> {
                match self.0.get(column) {
                    Some(Some(Value::$variant(value))) => Ok(value.clone()),
                    Some(None) => Ok(None),
                    _ => Err(misfit(column)),
                }
            }
        )+
    };
}

fn misfit(column: usize) -> StoreError {
    Inconsistency::new("answer", "type", format!("column {column}")).into()
}

impl Row {
    row_get! {
        "A BIGINT." int opt_int Int i64,
        "A DOUBLE PRECISION." float opt_float Float f64,
        "A TEXT." text opt_text Text String,
        "A BLOB." bytes opt_bytes Bytes Vec<u8>,
    }

    /// Writes the row so that different rows give different bytes.
    pub(crate) fn put_canonical(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&(self.0.len() as u64).to_be_bytes());
        for value in &self.0 {
            match value {
                Some(value) => value.put_canonical(out),
                None => out.push(b'n'),
            }
        }
    }

    pub(super) fn from_sqlite(row: &rusqlite::Row<'_>, columns: usize) -> Result<Self, StoreError> {
        (0..columns)
            .map(|index| {
                Ok(match row.get_ref(index)? {
                    ValueRef::Null => None,
                    ValueRef::Integer(value) => Some(Value::Int(Some(value))),
                    ValueRef::Real(value) => Some(Value::Float(Some(value))),
                    ValueRef::Text(_) => Some(Value::Text(row.get(index)?)),
                    ValueRef::Blob(value) => Some(Value::Bytes(Some(value.to_vec()))),
                })
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    pub(super) fn from_postgres(row: &PgRow) -> Result<Self, StoreError> {
        (0..row.len())
            .map(|index| {
                if row.try_get_raw(index)?.is_null() {
                    return Ok(None);
                }
                Ok(Some(match row.column(index).type_info().name() {
                    "INT8" => Value::Int(row.try_get(index)?),
                    "INT4" => Value::Int(row.try_get::<Option<i32>, _>(index)?.map(i64::from)),
                    "FLOAT8" => Value::Float(row.try_get(index)?),
                    "TEXT" | "VARCHAR" | "NAME" => Value::Text(row.try_get(index)?),
                    "BYTEA" => Value::Bytes(row.try_get(index)?),
                    _ => return Err(misfit(index)),
                }))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

pub(super) fn bind_postgres<'q>(
    query: Query<'q, Postgres, PgArguments>,
    args: &[Value],
) -> Query<'q, Postgres, PgArguments> {
    args.iter().fold(query, |query, arg| match arg {
        Value::Int(value) => query.bind(*value),
        Value::Float(value) => query.bind(*value),
        Value::Text(value) => query.bind(value.clone()),
        Value::Bytes(value) => query.bind(value.clone()),
    })
}
