//! Keyset pages: where a page ended is in the cursor, sealed against change and bound to who asked for what.

use std::fmt::Display;
use std::str::FromStr;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{Problem, Service};
use crate::domain::person::PersonId;

/// Items a page holds unless it is asked for otherwise.
pub const USUAL: u64 = 50;

/// Bytes of the seal that a cursor carries.
const SEAL: usize = 16;

/// What a list is of: whose, which, and by which filters.
#[derive(Clone, Debug)]
pub struct Listing {
    bound: String,
}

impl Listing {
    /// The list of a person with a name, by its filters.
    #[must_use]
    pub fn of(person: PersonId, name: &str, filters: &[&str]) -> Self {
        // Lengths keep two filters from being read as one.
        let filters: String = filters.iter().map(|filter| format!("/{}:{filter}", filter.len())).collect();
        Self { bound: format!("{person}/{name}{filters}") }
    }

    /// A cursor for what comes after a place.
    #[must_use]
    pub fn cursor(&self, service: &Service, place: impl Display) -> String {
        let place = place.to_string();
        let mut bytes = self.seal(service, &place).as_ref()[..SEAL].to_vec();
        bytes.extend_from_slice(place.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The place a cursor names.
    ///
    /// # Errors
    /// When it was not made here for this list.
    pub fn place<T: FromStr>(&self, service: &Service, cursor: Option<&str>) -> Result<Option<T>, Problem> {
        let Some(cursor) = cursor else { return Ok(None) };
        let foreign = || Problem::field("cursor", "is none of this list: begin again without a cursor");
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| foreign())?;
        let (seal, place) = bytes.split_first_chunk::<SEAL>().ok_or_else(foreign)?;
        let place = std::str::from_utf8(place).map_err(|_| foreign())?;
        let expected = self.seal(service, place);
        let same = aws_lc_rs::constant_time::verify_slices_are_equal(&expected.as_ref()[..SEAL], seal);
        same.map_err(|_| foreign())?;
        place.parse().map(Some).map_err(|_| foreign())
    }

    fn seal(&self, service: &Service, place: &str) -> hmac::Tag {
        hmac::sign(&service.cursor_key, format!("{place}/{}", self.bound).as_bytes())
    }
}
