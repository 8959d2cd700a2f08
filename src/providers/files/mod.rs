//! Containers: a CSV, a JSON document, lines of JSON, or a zip of them.

mod format;
mod guard;
mod table;

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read, Seek as _, SeekFrom};
use std::ops::ControlFlow;
use std::path::Path;

use serde_json::Value;
use zip::ZipArchive;

use crate::domain::Instant;
use crate::engine::ports::export::{ExportError, ExportReader, Part, ReadContext, Rejection, Row, Survey};
use crate::providers::draft::{OnRow, Reading};
use crate::providers::fields::Fault;
use crate::providers::{candor, garmin, strava, whoop};
pub(super) use format::{Format, PUSH_LISTS};
use guard::{Counts, Guard, LONGEST_ROW};
pub(super) use table::CsvRow;

/// How much of a file is looked at to recognise it.
const SNIFF: u64 = 256 << 10;
/// The largest JSON document that is read; Garmin's are far smaller.
const LARGEST_DOCUMENT: u64 = 16 << 20;
/// The most members a zip may have.
const MOST_MEMBERS: usize = 100_000;
/// How many bytes lie between two calls of a progress bar.
const PROGRESS_STEP: u64 = 1 << 20;

const UNDERSTOOD: &str = "understood are WHOOP's physiological_cycles, sleeps, workouts and journal CSVs or their zip, \
                          Strava's activities.csv or its zip, Garmin's CSVs and JSON, and Candor's own NDJSON";

/// Reads exports from files.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExportFiles;

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn unreadable(path: &Path, reason: impl ToString) -> ExportError {
    ExportError::Unreadable { file: name_of(path), reason: reason.to_string() }
}

fn broken(file: &str, place: impl ToString, reason: impl ToString) -> ExportError {
    ExportError::Broken { file: file.to_owned(), place: place.to_string(), reason: reason.to_string() }
}

fn open(path: &Path) -> Result<File, ExportError> {
    let data = std::fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => unreadable(path, "there is no such file"),
        _ => unreadable(path, error),
    })?;
    if data.is_dir() {
        return Err(unreadable(path, "is a folder; name the files in it, as in FOLDER/*.csv"));
    }
    if data.len() == 0 {
        return Err(unreadable(path, "is empty; download the export again"));
    }
    File::open(path).map_err(|error| unreadable(path, error))
}

fn archive(path: &Path, file: File) -> Result<ZipArchive<File>, ExportError> {
    let archive = ZipArchive::new(file)
        .map_err(|_| broken(&name_of(path), "zip", "it is cut short or damaged; download the export again"))?;
    if archive.len() > MOST_MEMBERS {
        return Err(broken(&name_of(path), "zip", "it holds more files than any export does"));
    }
    Ok(archive)
}

/// What the first bytes of a file or member say about it.
fn recognise(name: &str, head: &[u8], whole: bool) -> Result<Option<Format>, ExportError> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let text = String::from_utf8_lossy(head);
    let start = text.trim_start();
    if start.starts_with(['{', '[']) {
        if start.lines().next().is_some_and(Format::is_own_line) {
            return Ok(Some(Format::CandorNdjson));
        }
        if whole && let Ok(document) = serde_json::from_str::<Value>(start) {
            return Ok(Format::of_document(&document));
        }
        // Too long to parse here: the first key tells.
        let list = PUSH_LISTS.iter().any(|list| start.contains(&format!("\"{list}\"")));
        let wellness = ["\"dailySleepDTO\"", "\"hrvSummary\"", "\"totalSteps\""].iter().any(|key| start.contains(key));
        return Ok(if list {
            Some(Format::GarminPush)
        } else if wellness {
            Some(Format::GarminWellness)
        } else {
            None
        });
    }
    let mut reader = table::reader(head);
    let Ok(record) = reader.byte_headers() else { return Ok(None) };
    let header = table::header(record);
    let names: Vec<&str> = header.iter().map(String::as_str).collect();
    Format::of_header(&names).map_err(|missing| {
        broken(name, "header", format!("the column {missing:?} is missing; export the file again, with all columns"))
    })
}

fn part(name: String, member: Option<usize>, format: Format) -> Part {
    Part { name, member, format: format.name(), provider: format.provider() }
}

impl ExportReader for ExportFiles {
    fn parts(&self, path: &Path) -> Result<Vec<Part>, ExportError> {
        let mut file = open(path)?;
        let mut head = Vec::new();
        (&mut file).take(SNIFF).read_to_end(&mut head).map_err(|error| unreadable(path, error))?;
        let unknown =
            |what: &str| ExportError::Unknown { file: name_of(path), reason: format!("{what}; {UNDERSTOOD}") };
        if !head.starts_with(b"PK") {
            let whole = (head.len() as u64) < SNIFF;
            return match recognise(&name_of(path), &head, whole)? {
                Some(format) => Ok(vec![part(name_of(path), None, format)]),
                None => Err(unknown("its content is of no known format")),
            };
        }
        file.seek(SeekFrom::Start(0)).map_err(|error| unreadable(path, error))?;
        let mut archive = archive(path, file)?;
        let mut parts = Vec::new();
        for index in 0..archive.len() {
            let mut member = match archive.by_index(index) {
                Ok(member) => member,
                Err(zip::result::ZipError::UnsupportedArchive(_)) => {
                    return Err(broken(&name_of(path), "zip", "it is encrypted; unpack it first"));
                }
                Err(_) => return Err(broken(&name_of(path), "zip", "a file in it is damaged; download it again")),
            };
            if member.is_dir() {
                continue;
            }
            let inner = member.name().map(std::borrow::Cow::into_owned);
            let inner = inner.map_err(|_| broken(&name_of(path), "zip", "a name in it is not text"))?;
            let name = format!("{}/{inner}", name_of(path));
            let mut head = Vec::new();
            let size = member.size();
            if (&mut member).take(SNIFF).read_to_end(&mut head).is_err() {
                return Err(broken(&name, "zip", "it is damaged; download the export again"));
            }
            if let Some(format) = recognise(&name, &head, size < SNIFF)? {
                parts.push(part(name, Some(index), format));
            }
        }
        if parts.is_empty() {
            return Err(unknown("the zip holds nothing of a known format"));
        }
        Ok(parts)
    }

    fn survey(
        &self,
        path: &Path,
        part: &Part,
        context: &ReadContext,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Survey, ExportError> {
        let mut survey = Survey::default();
        let counts = Counts::default();
        let mut shown = 0;
        let bytes = counts.bytes.clone();
        let reading = Reading::new(context, context.now);
        each(path, part, &reading, &counts, &mut |number, taken| {
            survey.rows = number.into();
            if let Ok(taken) = &taken {
                survey.newest = survey.newest.max(taken.newest);
                survey.zone_assumed |= taken.zone_assumed;
            }
            if bytes.get() - shown > PROGRESS_STEP {
                shown = bytes.get();
                progress(shown);
            }
            table::GO_ON
        })?;
        survey.bytes = counts.bytes.get();
        Ok(survey)
    }

    fn rows(
        &self,
        path: &Path,
        part: &Part,
        context: &ReadContext,
        as_of: Instant,
        visit: &mut dyn FnMut(u32, Row) -> ControlFlow<()>,
    ) -> Result<(), ExportError> {
        let reading = Reading::new(context, as_of);
        each(path, part, &reading, &Counts::default(), &mut |number, taken| match taken {
            Ok(taken) => visit(number, taken.row),
            Err(Fault { field, reason, .. }) => visit(number, Row::Rejected(Rejection { row: number, field, reason })),
        })
    }
}

/// Reads a part, from its file or its place in a zip.
fn each(
    path: &Path,
    part: &Part,
    reading: &Reading,
    counts: &Counts,
    on_row: &mut OnRow<'_>,
) -> Result<(), ExportError> {
    let file = open(path)?;
    let read = |input: &mut dyn Read| contents(input, part, reading, counts, on_row);
    match part.member {
        None => with(read, Guard::new(BufReader::new(file), None, counts.clone())),
        Some(index) => {
            let mut archive = archive(path, file)?;
            let member = archive
                .by_index(index)
                .map_err(|_| broken(&part.name, "zip", "it is damaged; download the export again"))?;
            let packed = member.compressed_size();
            with(read, Guard::new(member, Some(packed), counts.clone()))
        }
    }
}

fn with<R: Read>(
    mut read: impl FnMut(&mut dyn Read) -> Result<(), ExportError>,
    mut input: Guard<R>,
) -> Result<(), ExportError> {
    read(&mut input)
}

fn contents(
    input: &mut dyn Read,
    part: &Part,
    reading: &Reading,
    counts: &Counts,
    on_row: &mut OnRow<'_>,
) -> Result<(), ExportError> {
    let format =
        Format::named(part.format).ok_or_else(|| broken(&part.name, "format", "this build does not read it"))?;
    let mut csv = |parse: fn(&CsvRow<'_>, u32, &Reading) -> Result<crate::providers::draft::Taken, Fault>| {
        let mut stopped = false;
        let mut watched = |number: u32, taken| {
            let flow = on_row(number, taken);
            stopped = flow.is_break();
            flow
        };
        table::rows(&mut *input, counts, &mut |row, number| parse(row, number, reading), &mut watched)
            .map_err(|(place, reason)| broken(&part.name, place, reason))?;
        if !stopped && counts.quotes.get() % 2 == 1 {
            return Err(broken(
                &part.name,
                "end",
                "a quotation mark is opened and never closed; export the file again",
            ));
        }
        Ok(())
    };
    match format {
        Format::WhoopCycles => csv(whoop::cycle),
        Format::WhoopSleeps => csv(whoop::sleep),
        Format::WhoopWorkouts => csv(whoop::workout),
        Format::WhoopJournal => csv(whoop::journal),
        Format::StravaActivities => csv(strava::activity),
        Format::StravaLegacy => csv(strava::legacy),
        Format::GarminDaily => csv(garmin::daily),
        Format::GarminSleepScore => csv(garmin::sleep_score),
        Format::GarminHrv => csv(garmin::hrv),
        Format::GarminRestingHeartRate => csv(garmin::resting_heart_rate),
        Format::GarminWellness | Format::GarminPush => {
            let mut text = String::new();
            counts.row_start.set(LARGEST_DOCUMENT);
            let read = input.take(LARGEST_DOCUMENT + 1).read_to_string(&mut text);
            let size = read.map_err(|error| broken(&part.name, "document", error))?;
            if size as u64 > LARGEST_DOCUMENT {
                return Err(broken(&part.name, "document", "a JSON document of more than 16 MB; split it"));
            }
            let document: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| {
                broken(&part.name, format!("line {}", error.line()), "it is not JSON from here on; export it again")
            })?;
            garmin::document(&document, reading, on_row);
            Ok(())
        }
        Format::CandorNdjson => lines(input, part, reading, counts, on_row),
    }
}

fn lines(
    input: &mut dyn Read,
    part: &Part,
    reading: &Reading,
    counts: &Counts,
    on_row: &mut OnRow<'_>,
) -> Result<(), ExportError> {
    let mut reader = BufReader::new(input);
    let mut line = Vec::new();
    let mut number = 0;
    loop {
        line.clear();
        counts.row_start.set(counts.bytes.get());
        let read = (&mut reader).take(LONGEST_ROW).read_until(b'\n', &mut line);
        if read.map_err(|error| broken(&part.name, format!("line {}", number + 1), error))? == 0 {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim().trim_start_matches('\u{feff}');
        if text.is_empty() {
            continue;
        }
        number += 1;
        if on_row(number, candor::line(text, number, reading)).is_break() {
            return Ok(());
        }
    }
}
