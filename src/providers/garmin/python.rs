//! Nested values in a CSV cell: JSON, or what Python prints for a dict.

use serde_json::Value;

/// Reads JSON, else Python's notation with single quotes, `True`, `False` and `None`.
pub(in crate::providers) fn nested(cell: &str) -> Option<Value> {
    serde_json::from_str(cell).ok().or_else(|| serde_json::from_str(&to_json(cell)?).ok())
}

fn to_json(python: &str) -> Option<String> {
    let mut json = String::with_capacity(python.len() + 8);
    let mut rest = python.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\'' | '"' => {
                let mut text = String::new();
                loop {
                    match rest.next()? {
                        '\\' => match rest.next()? {
                            'n' => text.push('\n'),
                            't' => text.push('\t'),
                            'r' => text.push('\r'),
                            escaped @ ('\\' | '\'' | '"') => text.push(escaped),
                            // Other escapes stand in no field that is read.
                            _ => text.push('\u{fffd}'),
                        },
                        end if end == c => break,
                        other => text.push(other),
                    }
                }
                json.push_str(&Value::String(text).to_string());
            }
            c if c.is_ascii_alphabetic() => {
                let mut word = String::from(c);
                while let Some(next) = rest.next_if(char::is_ascii_alphanumeric) {
                    word.push(next);
                }
                json.push_str(match word.as_str() {
                    "True" => "true",
                    "False" => "false",
                    "None" | "nan" => "null",
                    // An exponent belongs to the number before it.
                    other if other.starts_with('e') => other,
                    _ => return None,
                });
            }
            other => json.push(other),
        }
    }
    Some(json)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_dict_is_read_like_json() {
        let value = nested("{'value': 81, 'ok': True, 'none': None, 'text': 'it\\'s \"x\"', 'e': 1e-05}");
        let value = value.expect("a dict");
        assert_eq!(value["value"], 81);
        assert_eq!(value["text"], "it's \"x\"");
        assert_eq!(value["ok"], true);
        assert!(value["none"].is_null());
        assert_eq!(nested(r#"[{"value": 50.0}]"#).expect("JSON")[0]["value"], 50.0);
    }

    #[test]
    fn what_is_neither_is_refused() {
        for cell in ["{'value': 81", "__import__('os')", "{'a': <object>}", "'open"] {
            assert_eq!(nested(cell), None, "{cell}");
        }
    }
}
