//! One record's fields by name, whether they stand in a CSV row or a JSON object.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::written::Written;

/// Why a record is refused: the field as the file names it, and the reason in plain words, without the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) field: String,
    pub(super) reason: String,
    /// The file's structure cannot be trusted beyond this record.
    pub(super) breaks_file: bool,
}

impl Fault {
    pub(super) fn new(field: &str, reason: impl Into<String>) -> Self {
        Self { field: field.to_owned(), reason: reason.into(), breaks_file: false }
    }

    pub(super) fn missing(field: &str, what: &str) -> Self {
        Self::new(field, format!("is empty; {what} should stand here"))
    }

    pub(super) fn unreadable(field: &str, what: &str) -> Self {
        Self::new(field, format!("cannot be read; {what} should stand here"))
    }
}

/// A record whose fields are known by name. An empty field and an absent one are both missing, never zero.
pub(super) trait Fields {
    /// The text of a field.
    fn text(&self, name: &str) -> Result<Option<Cow<'_, str>>, Fault>;

    /// A field that holds a number.
    fn number(&self, name: &str) -> Result<Option<Written>, Fault>;

    /// A field that holds JSON or, in a CSV cell, what Python prints for it.
    fn json(&self, name: &str) -> Result<Option<Value>, Fault>;
}

/// An object of a JSON document.
#[derive(Clone, Copy)]
pub(super) struct Object<'a>(pub(super) &'a Map<String, Value>);

impl<'a> Object<'a> {
    fn get(self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// An object inside this one.
    pub(super) fn object(self, name: &str) -> Option<Self> {
        self.get(name).and_then(Value::as_object).map(Self)
    }

    /// The objects of a list inside this one.
    pub(super) fn objects(self, name: &str) -> impl Iterator<Item = Self> {
        self.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(|value| value.as_object().map(Object))
    }

    /// A field that is true or false.
    pub(super) fn flag(self, name: &str) -> Option<bool> {
        self.get(name).and_then(Value::as_bool)
    }

    pub(super) fn has(self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}

impl Fields for Object<'_> {
    fn text(&self, name: &str) -> Result<Option<Cow<'_, str>>, Fault> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.trim()).filter(|t| !t.is_empty()).map(Cow::Borrowed)),
            Some(Value::Number(number)) => Ok(Some(Cow::Owned(number.to_string()))),
            Some(_) => Err(Fault::unreadable(name, "text")),
        }
    }

    fn number(&self, name: &str) -> Result<Option<Written>, Fault> {
        let Some(text) = self.text(name).map_err(|_| Fault::unreadable(name, "a number"))? else {
            return Ok(None);
        };
        Written::parse(&text).map(Some).ok_or_else(|| Fault::unreadable(name, "a number"))
    }

    fn json(&self, name: &str) -> Result<Option<Value>, Fault> {
        Ok(self.get(name).cloned())
    }
}
