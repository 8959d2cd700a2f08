//! A zip: its members, and the limits they are held to.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::rc::Rc;

use zip::ZipArchive;
use zip::result::ZipError;

use crate::engine::ports::export::Part;

use super::content::{self, Content, PREFIX};
use super::failure::{Failure, presentable};
use super::format::Format;
use super::{beside, sniff};

/// An account export holds some thousands of activity files at most.
const MEMBERS: u64 = 100_000;
/// Enough to tell the thousands of recorded activities that an export holds without unpacking each.
const GLANCE: u64 = 4 * 1024;

/// A file that counts what is read from it, so that unpacking is measured against real bytes.
struct Counted {
    file: BufReader<File>,
    count: Rc<Cell<u64>>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.count.set(self.count.get() + read as u64);
        Ok(read)
    }
}

impl Seek for Counted {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.file.seek(position)
    }
}

/// Whether a file begins as a zip does.
pub(super) fn is_zip(path: &Path) -> Result<bool, Failure> {
    let mut magic = Vec::new();
    content::open(path)?
        .take(4)
        .read_to_end(&mut magic)
        .map_err(|error| Failure::reading("the first bytes", &error))?;
    Ok(magic == b"PK\x03\x04" || magic == b"PK\x05\x06")
}

/// A member that is understood, by the name it bears in the zip.
pub(super) struct Member {
    pub(super) index: usize,
    pub(super) path: String,
    pub(super) format: &'static Format,
}

/// The members that hold something understood.
pub(super) fn parts(path: &Path, file: &str) -> Result<Vec<Part>, Failure> {
    let (members, all) = members(path)?;
    let members = beside::own(path, members)?;
    if members.is_empty() {
        return Err(Failure::Unknown(format!(
            "none of the {all} files in the zip is understood; {}",
            sniff::UNDERSTOOD
        )));
    }
    let part = |member: Member| Part {
        name: format!("{file}/{}", presentable(base_name(&member.path))),
        member: Some(member.index),
        format: member.format.name,
        provider: member.format.provider,
    };
    Ok(members.into_iter().map(part).collect())
}

/// Every member that is understood, and how many there are in all.
pub(super) fn members(path: &Path) -> Result<(Vec<Member>, usize), Failure> {
    let (mut archive, count) = open(path)?;
    if archive.is_empty() {
        return Err(Failure::Unknown("the zip holds no file".to_owned()));
    }
    let mut members = Vec::new();
    for index in 0..archive.len() {
        members.extend(recognise(&mut archive, &count, index)?);
    }
    Ok((members, archive.len()))
}

fn recognise(
    archive: &mut ZipArchive<Counted>,
    count: &Rc<Cell<u64>>,
    index: usize,
) -> Result<Option<Member>, Failure> {
    let place = format!("member {}", index + 1);
    let mut member = archive.by_index(index).map_err(|error| unpacking(&place, &error))?;
    if member.is_dir() || member.size() == 0 {
        return Ok(None);
    }
    let path = member.name().map_or_else(|_| place.clone(), |name| name.to_string());
    let before = count.get();
    let packed = || count.get() - before;
    let format = content::unpacked(&mut Content::unpacked(&mut member, &packed, &mut |_| {}), |content| {
        let mut prefix = content.first(GLANCE)?;
        if let Some(format) = sniff::at_a_glance(&prefix) {
            return Ok(Some(format));
        }
        prefix.append(&mut content.first(PREFIX - GLANCE)?);
        Ok(sniff::recognise(&prefix, &path).ok())
    });
    Ok(format?.map(|format| Member { index, path, format }))
}

/// Reads one member.
pub(super) fn with_member<T>(
    path: &Path,
    index: usize,
    progress: &mut dyn FnMut(u64),
    read: impl FnOnce(&mut Content<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let (mut archive, count) = open(path)?;
    let mut member = archive.by_index(index).map_err(|error| unpacking(&format!("member {}", index + 1), &error))?;
    let before = count.get();
    let packed = || count.get() - before;
    content::unpacked(&mut Content::unpacked(&mut member, &packed, progress), read)
}

fn open(path: &Path) -> Result<(ZipArchive<Counted>, Rc<Cell<u64>>), Failure> {
    let mut file = content::open(path)?;
    let declared = declared_members(&mut file).map_err(|error| Failure::reading("the zip's directory", &error))?;
    match declared {
        None => {
            return Err(Failure::broken("the zip's directory", "the zip is cut off; download it again"));
        }
        Some(members) if members > MEMBERS => {
            return Err(Failure::broken(
                "the zip's directory",
                format!("names more than {MEMBERS} files; no export does"),
            ));
        }
        Some(_) => {}
    }
    let count = Rc::new(Cell::new(0));
    let counted = Counted { file: BufReader::new(file), count: Rc::clone(&count) };
    let archive = ZipArchive::new(counted).map_err(|error| unpacking("the zip's directory", &error))?;
    Ok((archive, count))
}

/// How many members the end record names: what the directory's reader will make room for. `None` without one.
fn declared_members(file: &mut File) -> io::Result<Option<u64>> {
    const END: usize = 22;
    let length = file.seek(SeekFrom::End(0))?;
    let tail_length = length.min(END as u64 + 20 + u64::from(u16::MAX));
    file.seek(SeekFrom::Start(length - tail_length))?;
    let mut tail = Vec::new();
    Read::by_ref(file).take(tail_length).read_to_end(&mut tail)?;
    file.rewind()?;
    let Some(end) = tail.windows(END).rposition(|window| window.starts_with(b"PK\x05\x06")) else {
        return Ok(None);
    };
    let members = u64::from(u16::from_le_bytes([tail[end + 10], tail[end + 11]]));
    if members != u64::from(u16::MAX) {
        return Ok(Some(members));
    }
    // More than 65,534 members stand in the zip64 record, to which a locator before the end record points.
    let Some(locator) =
        end.checked_sub(20).and_then(|at| tail.get(at..end)).filter(|locator| locator.starts_with(b"PK\x06\x07"))
    else {
        return Ok(Some(members));
    };
    let mut at = [0; 8];
    at.copy_from_slice(&locator[8..16]);
    file.seek(SeekFrom::Start(u64::from_le_bytes(at)))?;
    let mut record = [0; 40];
    let found = file.read_exact(&mut record);
    file.rewind()?;
    if found.is_err() || !record.starts_with(b"PK\x06\x06") {
        return Ok(None);
    }
    let mut total = [0; 8];
    total.copy_from_slice(&record[32..40]);
    Ok(Some(u64::from_le_bytes(total)))
}

/// A name without its folders.
pub(super) fn base_name(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}

fn unpacking(place: &str, error: &ZipError) -> Failure {
    match error {
        ZipError::Io(error) => Failure::reading(place, error),
        ZipError::UnsupportedArchive(what) if *what == ZipError::PASSWORD_REQUIRED => {
            Failure::broken(place, "is locked with a password; unpack the zip and import the files in it")
        }
        ZipError::UnsupportedArchive(_) | ZipError::CompressionMethodNotSupported(_) => Failure::broken(
            place,
            "is packed in a way that is not read here; unpack the zip and import the files in it",
        ),
        _ => Failure::broken(place, "the zip is damaged or cut off; download it again"),
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use crate::engine::ports::export::{ExportError, ExportReader, ReadContext};
    use crate::providers::ExportFiles;
    use crate::providers::files::probe::{probe, utc, zipped};

    const CSV: &[u8] = b"id,date,name,type,elapsed_time,distance\n9,2014-09-12 16:54:28,A,Ride,60,5.5\n";

    /// Sets bytes at an offset in each header that starts with a signature.
    fn patched(zip: &[u8], changes: &[(&[u8], usize, &[u8])]) -> Vec<u8> {
        let mut zip = zip.to_vec();
        for (signature, offset, bytes) in changes {
            let found: Vec<usize> = (0..zip.len()).filter(|at| zip[*at..].starts_with(signature)).collect();
            for at in found {
                zip[at + offset..at + offset + bytes.len()].copy_from_slice(bytes);
            }
        }
        zip
    }

    #[test]
    fn members_are_recognised_by_content_and_others_are_passed_over() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("export.zip");
        let members: [(&str, &[u8]); 4] = [
            ("folder/readme.txt", b"hello"),
            ("folder/anything.bin", CSV),
            ("photo.jpg", b"\xff\xd8\0"),
            ("two.json", b"[{\"calendarDate\":\"2023-07-03\",\"totalSteps\":5}]"),
        ];
        std::fs::write(&path, zipped(&members)).expect("written");
        let parts = ExportFiles.parts(&path).expect("read");
        let names: Vec<_> = parts.iter().map(|p| (p.name.as_str(), p.format, p.member)).collect();
        assert_eq!(
            names,
            [
                ("export.zip/anything.bin", "strava_legacy_csv", Some(1)),
                ("export.zip/two.json", "garmin_wellness_json", Some(3)),
            ]
        );
        let context = ReadContext { home_zone: chrono_tz::Tz::UTC, now: utc("2027-01-01T00:00:00Z") };
        for part in &parts {
            let survey = ExportFiles.survey(&path, part, &context, &mut |_| {}).expect("read");
            assert_eq!(survey.rows, 1);
            let mut rows = 0;
            ExportFiles
                .rows(&path, part, &context, context.now, &mut |_, _| {
                    rows += 1;
                    ControlFlow::Break(())
                })
                .expect("read");
            assert_eq!(rows, 1);
        }
    }

    #[test]
    fn a_zip_without_anything_understood_says_so() {
        let error = probe(zipped(&[("a.txt", b"hello")])).expect_err("refused");
        assert!(matches!(error, ExportError::Unknown { .. }), "{error}");
        assert!(probe(zipped(&[])).is_err());
    }

    #[test]
    fn a_cut_zip_is_refused_wherever_it_is_cut() {
        let zip = zipped(&[("a.csv", CSV)]);
        for length in 4..zip.len() {
            assert!(probe(&zip[..length]).is_err(), "cut at {length}");
        }
    }

    #[test]
    fn a_damaged_member_is_refused() {
        let zip = zipped(&[("a.csv", CSV)]);
        let wrong_sum = patched(&zip, &[(b"PK\x01\x02", 16, &[1, 2, 3, 4])]);
        let error = probe(wrong_sum).expect_err("refused");
        assert!(matches!(error, ExportError::Broken { .. }), "{error}");
    }

    #[test]
    fn a_locked_member_is_refused_with_advice() {
        let zip = zipped(&[("a.csv", CSV)]);
        let locked = patched(&zip, &[(b"PK\x03\x04", 6, &[1]), (b"PK\x01\x02", 8, &[1])]);
        let error = probe(locked).expect_err("refused");
        assert!(error.to_string().contains("password"), "{error}");
    }

    #[test]
    fn a_bomb_is_told_while_it_unfolds_whatever_its_header_says() {
        let row = format!("9,2014-09-12 16:54:28,{},Ride,60,5.5\n", "A".repeat(100_000));
        let mut bomb = CSV.to_vec();
        while bomb.len() < 32 * 1024 * 1024 {
            bomb.extend_from_slice(row.as_bytes());
        }
        let zip = zipped(&[("a.csv", &bomb)]);
        let error = probe(&zip).expect_err("refused");
        assert!(error.to_string().contains("zip bomb"), "{error}");
        // The header claims that little unfolds out of much.
        let lying = patched(&zip, &[(b"PK\x01\x02", 24, &[200, 0, 0, 0])]);
        assert!(probe(lying).is_err());
    }

    #[test]
    fn a_directory_of_a_million_members_is_refused_unread() {
        let zip = zipped(&[("a.csv", CSV)]);
        let mut claims = patched(&zip, &[(b"PK\x05\x06", 8, &[0xff; 4])]);
        let end = claims.len() - 22;
        let mut record = b"PK\x06\x06".to_vec();
        record.extend_from_slice(&[0; 28]);
        record.extend_from_slice(&1_000_000_u64.to_le_bytes());
        record.extend_from_slice(&[0; 16]);
        let mut locator = b"PK\x06\x07\0\0\0\0".to_vec();
        locator.extend_from_slice(&(end as u64).to_le_bytes());
        locator.extend_from_slice(&[1, 0, 0, 0]);
        let tail: Vec<u8> = record.into_iter().chain(locator).collect();
        claims.splice(end..end, tail);
        let error = probe(claims).expect_err("refused");
        assert!(error.to_string().contains("more than 100000"), "{error}");
    }
}
