//! What a file is, told from its first bytes; its name is never asked.

use super::content::PREFIX;
use super::format::{FORMATS, Format, Layout};
use super::shape::Shape;
use super::table;

/// What can be imported, for the message that nothing was recognised.
pub(super) const UNDERSTOOD: &str = "understood are WHOOP account exports and API answers, Strava's activities.csv and API \
     answers, Garmin Connect CSV and JSON, Garmin Health API bodies, Candor's own NDJSON, and zips of these";

/// The format of a file that begins so.
pub(super) fn recognise(prefix: &[u8]) -> Result<&'static Format, String> {
    if prefix.starts_with(&[0xff, 0xfe]) || prefix.starts_with(&[0xfe, 0xff]) {
        return Err("is UTF-16 text; save it as UTF-8".to_owned());
    }
    if prefix.starts_with(&[0x1f, 0x8b]) {
        return Err("is packed with gzip; unpack it first".to_owned());
    }
    let text = prefix.strip_prefix(b"\xef\xbb\xbf").unwrap_or(prefix);
    let text = text.trim_ascii_start();
    if text.is_empty() {
        return Err("the file is empty".to_owned());
    }
    if text.contains(&0) {
        return Err(format!("is not a text file; {UNDERSTOOD}"));
    }
    let json = matches!(text.first(), Some(b'{' | b'[')) || text.trim_ascii_end() == b"null";
    let found = if json {
        let shape = Shape::of(text);
        FORMATS.iter().find(|format| (format.json)(&shape))
    } else {
        let whole_line = text.contains(&b'\n') || (prefix.len() as u64) < PREFIX;
        table::header_of(text).filter(|_| whole_line).and_then(|header| {
            FORMATS.iter().find(|format| match &format.layout {
                Layout::Table(table) => table.signatures.iter().any(|names| names.iter().all(|name| header.has(name))),
                Layout::Document(_) | Layout::Lines(_) => false,
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

#[cfg(test)]
mod tests {
    use crate::providers::files::probe::probe;

    fn refused(bytes: &[u8]) -> String {
        probe(bytes).expect_err("refused").to_string()
    }

    #[test]
    fn what_is_not_understood_says_what_is() {
        let cases: [(&[u8], &str); 12] = [
            (b"", "empty"),
            (b" \n\n", "empty"),
            (b"\xff\xfeC\0y\0", "UTF-16"),
            (b"\x1f\x8b\x08", "gzip"),
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
