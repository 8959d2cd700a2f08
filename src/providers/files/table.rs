//! A CSV's rows, with fields by name.

use std::borrow::Cow;
use std::io::Read;
use std::ops::ControlFlow;

use csv::ByteRecord;
use serde_json::Value;

use super::guard::Counts;
use crate::providers::draft::{OnRow, Taken};
use crate::providers::fields::{Fault, Fields};
use crate::providers::written::Written;

/// One row of a CSV.
pub(in crate::providers) struct CsvRow<'a> {
    header: &'a [String],
    record: &'a ByteRecord,
}

impl CsvRow<'_> {
    /// The column with a name; the `nth` of them, from 0, where a name stands more than once.
    pub(in crate::providers) fn nth(&self, name: &str, nth: usize) -> Result<Option<Cow<'_, str>>, Fault> {
        let mut columns = self.header.iter().enumerate().filter(|(_, column)| *column == name);
        let Some((index, _)) = columns.nth(nth) else { return Ok(None) };
        let Some(cell) = self.record.get(index) else { return Ok(None) };
        let text = std::str::from_utf8(cell).map_err(|_| Fault::unreadable(name, "text in UTF-8"))?.trim();
        Ok(Some(text).filter(|text| !text.is_empty()).map(Cow::Borrowed))
    }

    /// How many columns bear a name.
    pub(in crate::providers) fn count(&self, name: &str) -> usize {
        self.header.iter().filter(|column| *column == name).count()
    }
}

impl Fields for CsvRow<'_> {
    fn text(&self, name: &str) -> Result<Option<Cow<'_, str>>, Fault> {
        self.nth(name, 0)
    }

    fn number(&self, name: &str) -> Result<Option<Written>, Fault> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        Written::parse(&text).map(Some).ok_or_else(|| Fault::unreadable(name, "a number"))
    }

    fn json(&self, name: &str) -> Result<Option<Value>, Fault> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let parsed = serde_json::from_str(&text).or_else(|_| serde_json::from_str(&python_to_json(&text)));
        parsed.map(Some).map_err(|_| Fault::unreadable(name, "JSON"))
    }
}

/// What Python prints for a dict of plain values, as JSON.
fn python_to_json(text: &str) -> String {
    text.replace('\'', "\"").replace(": None", ": null").replace(": True", ": true").replace(": False", ": false")
}

/// The header's names, without the quotes and blanks around them.
pub(super) fn header(record: &ByteRecord) -> Vec<String> {
    record.iter().map(|cell| String::from_utf8_lossy(cell).trim().trim_start_matches('\u{feff}').to_owned()).collect()
}

/// The settings of every CSV reader: rows may be uneven, since each is judged by itself.
pub(super) fn reader<R: Read>(input: R) -> csv::Reader<R> {
    csv::ReaderBuilder::new().flexible(true).has_headers(true).buffer_capacity(1 << 16).from_reader(input)
}

/// Hands out the rows of a CSV.
pub(super) fn rows<R: Read>(
    input: R,
    counts: &Counts,
    parse: &mut dyn FnMut(&CsvRow<'_>, u32) -> Result<Taken, Fault>,
    on_row: &mut OnRow<'_>,
) -> Result<(), (String, String)> {
    let mut reader = reader(input);
    let broken = |row: u32, error: &csv::Error| (format!("row {row}"), plain(error));
    let header = header(reader.byte_headers().map_err(|error| broken(0, &error))?);
    let mut record = ByteRecord::new();
    for number in 1.. {
        counts.row_start.set(counts.bytes.get());
        if !reader.read_byte_record(&mut record).map_err(|error| broken(number, &error))? {
            break;
        }
        let row = CsvRow { header: &header, record: &record };
        let taken = if record.len() == header.len() {
            parse(&row, number)
        } else {
            let reason = format!("has {} columns where the header names {}", record.len(), header.len());
            Err(Fault::new("row", reason))
        };
        if on_row(number, taken).is_break() {
            return Ok(());
        }
    }
    Ok(())
}

/// An error without the file's content.
fn plain(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Io(error) => error.to_string(),
        _ => "it cannot be read as CSV; export the file again".to_owned(),
    }
}

/// Stops a survey at the first break: used where nothing may be handed out.
pub(super) const GO_ON: ControlFlow<()> = ControlFlow::Continue(());
