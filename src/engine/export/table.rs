//! A table of an export: its columns as a description that programs read, and its rows as CSV.
//!
//! The description is a tabular resource of a Data Package (`specs.frictionlessdata.io`). An empty cell is a value that is
//! missing; it is never written as a zero.

use std::io::{self, Write};

use serde_json::{Value as Json, json};

use crate::domain::Instant;
use crate::domain::day::LocalDay;
use crate::domain::metric::{Metric, Unit};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A text.
    Text,
    /// A whole number.
    Whole,
    /// A number.
    Number,
    /// A local day, as in `2026-03-01`.
    Day,
    /// An instant in RFC 3339, in UTC.
    Time,
    /// `true` or `false`.
    Flag,
}

impl Kind {
    /// Its name in a table schema.
    const fn name(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Whole => "integer",
            Self::Number => "number",
            Self::Day => "date",
            Self::Time => "datetime",
            Self::Flag => "boolean",
        }
    }
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    name: String,
    kind: Kind,
    unit: Option<Unit>,
    about: String,
    /// Whether every row has a value.
    filled: bool,
}

/// A column of which every row has a value.
pub(super) fn filled(name: &str, kind: Kind, about: &str) -> Field {
    Field { filled: true, ..open(name, kind, about) }
}

/// A column of which cells may be empty.
pub(super) fn open(name: &str, kind: Kind, about: &str) -> Field {
    Field { name: name.to_owned(), kind, unit: None, about: about.to_owned(), filled: false }
}

/// A column of a metric's values, in its unit.
pub(super) fn values(metric: Metric) -> Field {
    let unit = Some(metric.unit());
    Field { unit, ..open(metric.key(), Kind::Number, metric.label()) }
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table {
    /// Its name, which is that of its file.
    pub name: &'static str,
    about: &'static str,
    /// The columns by which a row is told from every other.
    key: &'static [&'static str],
    fields: Vec<Field>,
}

impl Table {
    pub(super) const fn new(
        name: &'static str,
        about: &'static str,
        key: &'static [&'static str],
        fields: Vec<Field>,
    ) -> Self {
        Self { name, about, key, fields }
    }

    /// Its file.
    pub(super) fn path(&self) -> String {
        format!("tables/{}.csv", self.name)
    }

    /// Its description, with the digest and the length of its file.
    pub(super) fn described(&self, sha256: &str, bytes: u64) -> Json {
        let fields = self.fields.iter().map(|field| {
            let mut described = json!({
                "name": field.name, "type": field.kind.name(), "description": field.about,
                "constraints": { "required": field.filled },
            });
            if let (Some(unit), Some(object)) = (field.unit, described.as_object_mut()) {
                object.insert("unit".to_owned(), json!(unit.symbol()));
            }
            described
        });
        json!({
            "profile": "tabular-data-resource", "name": self.name, "path": self.path(),
            "description": self.about, "format": "csv", "mediatype": "text/csv", "encoding": "utf-8",
            "hash": format!("sha256:{sha256}"), "bytes": bytes,
            "schema": { "fields": fields.collect::<Vec<_>>(), "primaryKey": self.key, "missingValues": [""] },
        })
    }

    /// Begins its file: the names of its columns.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn begin<W: Write>(&self, out: W) -> io::Result<Rows<W>> {
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record(self.fields.iter().map(|field| field.name.as_str())).map_err(io::Error::from)?;
        Ok(Rows { csv, count: 0 })
    }
}

/// The rows of a table on their way into its file.
pub(super) struct Rows<W: Write> {
    csv: csv::Writer<W>,
    count: u64,
}

impl<W: Write> Rows<W> {
    /// Adds a row: a cell for each column, in their order.
    ///
    /// # Errors
    /// When it cannot be written, or has more or fewer cells than there are columns.
    pub(super) fn add(&mut self, cells: &[Cell]) -> io::Result<()> {
        self.count += 1;
        self.csv.write_record(cells.iter().map(|cell| cell.0.as_str())).map_err(io::Error::from)
    }

    /// How many rows there are.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    /// Ends it and gives its file back.
    ///
    /// # Errors
    /// When what is left cannot be written.
    pub(super) fn end(self) -> io::Result<W> {
        self.csv.into_inner().map_err(|error| io::Error::other(error.to_string()))
    }
}

/// What stands in a row's column; empty where it is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cell(pub(super) String);

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<f64> for Cell {
    fn from(value: f64) -> Self {
        Self(value.to_string())
    }
}

impl From<u64> for Cell {
    fn from(value: u64) -> Self {
        Self(value.to_string())
    }
}

impl From<bool> for Cell {
    fn from(value: bool) -> Self {
        Self(value.to_string())
    }
}

impl From<LocalDay> for Cell {
    fn from(day: LocalDay) -> Self {
        Self(day.to_string())
    }
}

impl From<Instant> for Cell {
    fn from(at: Instant) -> Self {
        Self(at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map(Into::into).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let fields = vec![
            filled("day", Kind::Day, "the day"),
            values(Metric::SleepDuration),
            open("words", Kind::Text, "what was said"),
        ];
        Table::new("some_nights", "Nights.", &["day"], fields)
    }

    #[test]
    fn what_is_missing_is_an_empty_cell_and_what_is_awkward_is_quoted() {
        let mut rows = table().begin(Vec::new()).unwrap();
        let day: LocalDay = "2026-03-01".parse().unwrap();
        rows.add(&[day.into(), 0.0.into(), "a, \"b\"\nc".into()]).unwrap();
        rows.add(&[day.plus(1).into(), Option::<f64>::None.into(), Option::<&str>::None.into()]).unwrap();
        assert!(rows.add(&[day.into()]).is_err(), "a cell too few");
        let text = String::from_utf8(rows.end().unwrap()).unwrap();
        assert!(
            text.starts_with("day,sleep_duration,words\n2026-03-01,0,\"a, \"\"b\"\"\nc\"\n2026-03-02,,\n"),
            "{text}"
        );
    }

    #[test]
    fn numbers_and_instants_are_written_so_that_they_come_back_as_they_were() {
        for value in [0.1, 1.0 / 3.0, 445.3, 1e-7, 123_456_789.125] {
            let cell: Cell = value.into();
            assert!(!cell.0.contains('e'), "{}", cell.0);
            assert_eq!(cell.0.parse::<f64>().unwrap().to_bits(), value.to_bits());
        }
        for text in ["2026-03-01T05:30:00Z", "2026-03-01T05:30:00.125Z", "2026-03-01T05:30:00.000001Z"] {
            assert_eq!(Cell::from(text.parse::<Instant>().unwrap()).0, text);
        }
    }

    #[test]
    fn the_description_names_types_units_and_what_must_be_there() {
        let described = table().described("ab", 7);
        assert_eq!(described["path"], "tables/some_nights.csv");
        let fields = &described["schema"]["fields"];
        assert_eq!((&fields[0]["type"], &fields[0]["constraints"]["required"]), (&json!("date"), &json!(true)));
        assert_eq!((&fields[1]["type"], &fields[1]["unit"]), (&json!("number"), &json!("min")));
        assert_eq!(fields[2]["constraints"]["required"], false);
        assert_eq!(described["schema"]["missingValues"], json!([""]));
    }
}
