//! Keyset pages: where a page ended is in the cursor, encrypted, since addresses are logged by whoever stands between, and
//! bound to who asked for what.

use std::fmt::Display;
use std::str::FromStr;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{Problem, Service};
use crate::domain::person::PersonId;

/// Items a page holds unless it is asked for otherwise.
pub const USUAL: u64 = 50;

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
        let mut nonce = [0; NONCE_LEN];
        service.entropy.fill(&mut nonce);
        let mut bytes = place.to_string().into_bytes();
        let sealed = service.cursor_key.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(self.bound.as_bytes()),
            &mut bytes,
        );
        // A place is far shorter than what the cipher takes.
        debug_assert!(sealed.is_ok());
        URL_SAFE_NO_PAD.encode([nonce.as_slice(), &bytes].concat())
    }

    /// The place a cursor names.
    ///
    /// # Errors
    /// When it was not made here for this list.
    pub fn place<T: FromStr>(&self, service: &Service, cursor: Option<&str>) -> Result<Option<T>, Problem> {
        let Some(cursor) = cursor else { return Ok(None) };
        let foreign = || Problem::field("cursor", "is none of this list: begin again without a cursor");
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| foreign())?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_LEN>().ok_or_else(foreign)?;
        let (nonce, mut sealed) = (Nonce::assume_unique_for_key(*nonce), sealed.to_vec());
        let aad = Aad::from(self.bound.as_bytes());
        let place = service.cursor_key.open_in_place(nonce, aad, &mut sealed).map_err(|_| foreign())?;
        let place = std::str::from_utf8(place).map_err(|_| foreign())?;
        place.parse().map(Some).map_err(|_| foreign())
    }
}

/// A key for cursors, from 32 secret bytes.
#[must_use]
pub fn key(secret: &[u8; 32]) -> Option<LessSafeKey> {
    UnboundKey::new(&AES_256_GCM, secret).ok().map(LessSafeKey::new)
}
