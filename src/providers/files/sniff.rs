//! What a file is, told from its first bytes. Its name is asked for one layout alone, which says nothing of what it
//! counts.

use crate::providers::fitbit;
use crate::providers::track::fit_kind;

use super::content::{Content, PREFIX};
use super::format::{FIT, FORMATS, Format, GARMIN_FIT, Layout};
use super::shape::Shape;
use super::{table, xml};

/// What can be imported, for the message that nothing was recognised.
pub(super) const UNDERSTOOD: &str = "understood are WHOOP account exports and API answers, Strava's activities.csv \
     and API answers, FIT, GPX and TCX activities, Apple Health's export, Oura and Fitbit JSON, Garmin Connect CSV and JSON, Garmin Health API bodies, Candor's own NDJSON, and zips of these";

/// The format of a file that begins so; its name with the folders that lie in a zip.
pub(super) fn recognise(prefix: &[u8], name: &str) -> Result<&'static Format, String> {
    if prefix.starts_with(&[0xff, 0xfe]) || prefix.starts_with(&[0xfe, 0xff]) {
        return Err("is UTF-16 text; save it as UTF-8".to_owned());
    }
    if prefix.starts_with(&[0x1f, 0x8b]) {
        return Err("is packed with gzip more than once; unpack it first".to_owned());
    }
    if is_fit(prefix) {
        return fit(prefix);
    }
    let text = prefix.strip_prefix(b"\xef\xbb\xbf").unwrap_or(prefix);
    let text = text.trim_ascii_start();
    if text.is_empty() {
        return Err("the file is empty".to_owned());
    }
    if text.contains(&0) {
        return Err(format!("is not a text file; {UNDERSTOOD}"));
    }
    if text.starts_with(b"<") {
        let root = xml::root(text);
        let found = FORMATS.iter().find(|format| format.root().is_some_and(|name| root.as_deref() == Some(name)));
        return found.ok_or_else(|| format!("is XML of no known kind; {UNDERSTOOD}"));
    }
    let json = matches!(text.first(), Some(b'{' | b'[')) || text.trim_ascii_end() == b"null";
    let found = if json {
        let mut shape = Shape::of(text);
        name.clone_into(&mut shape.file);
        if fitbit::counts_something(&shape) && !fitbit::is_named_steps(name) {
            return Err(fitbit::COUNTS_OF_WHAT.to_owned());
        }
        FORMATS.iter().find(|format| (format.json)(&shape))
    } else {
        let whole_line = text.contains(&b'\n') || (prefix.len() as u64) < PREFIX;
        table::header_of(text).filter(|_| whole_line).and_then(|header| {
            FORMATS.iter().find(|format| match &format.layout {
                Layout::Table(table) => table.signatures.iter().any(|names| names.iter().all(|name| header.has(name))),
                Layout::Document(_) | Layout::Lines(_) | Layout::Track { .. } | Layout::Xml { .. } => false,
            })
        })
    };
    found.ok_or_else(|| {
        if json {
            format!("is JSON of no known kind, or holds no record; {UNDERSTOOD}")
        } else {
            format!("its first line is no header that is known here; {UNDERSTOOD}")
        }
    })
}

/// The format, where a few bytes are enough to tell it.
pub(super) fn at_a_glance(prefix: &[u8]) -> Option<&'static Format> {
    let may_be = is_fit(prefix) || prefix.trim_ascii_start().starts_with(b"<");
    may_be.then(|| recognise(prefix, "").ok()).flatten()
}

fn is_fit(prefix: &[u8]) -> bool {
    prefix.get(8..12) == Some(b".FIT")
}

fn fit(mut prefix: &[u8]) -> Result<&'static Format, String> {
    let kind = fit_kind(&mut Content::plain(&mut prefix, &mut |_| {}))
        .ok_or_else(|| "is a FIT file that does not say what it holds; export it again".to_owned())?;
    if !kind.activity {
        return Err(format!("is a FIT file without an activity; {UNDERSTOOD}"));
    }
    Format::named(if kind.garmin { GARMIN_FIT } else { FIT }).ok_or_else(|| UNDERSTOOD.to_owned())
}

#[cfg(test)]
mod tests {
    use crate::providers::files::probe::probe;

    fn refused(bytes: &[u8]) -> String {
        probe(bytes).expect_err("refused").to_string()
    }

    #[test]
    fn what_is_not_understood_says_what_is() {
        let cases: [(&[u8], &str); 14] = [
            (b"", "empty"),
            (b" \n\n", "empty"),
            (b"\xff\xfeC\0y\0", "UTF-16"),
            (b"\x1f\x8b\x08", "too early"),
            (b"\x0e\x20\x00\x00\x00\x00\x00\x00.FIT", "FIT file"),
            (b"<?xml version=\"1.0\"?><!-- a --><html></html>", "XML of no known kind"),
            (b"MZ\0\0\0", "not a text file"),
            (b"a,b,c\n1,2,3\n", "no header"),
            (b"Dear diary", "no header"),
            (b"[]", "no known kind"),
            (b"null\n", "no known kind"),
            (b"{\"activities\":[],\"goals\":{}}", "no known kind"),
            (b"{\"activities\":[{\"steps\":1}],\"goals\":{}}", "no known kind"),
            (b"{", "no known kind"),
        ];
        for (bytes, words) in cases {
            let said = refused(bytes);
            assert!(said.contains(words), "{bytes:?}: {said}");
        }
    }
}
