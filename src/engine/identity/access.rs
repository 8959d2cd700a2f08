//! Access tokens: a JWT of ten minutes, signed with Ed25519 and with nothing else.
//!
//! The header must be, to the letter, the one that a key of our own set writes. So the algorithm, the type and the key id
//! are not negotiated, and a token that names or carries a key from elsewhere (`jku`, `jwk`, `x5u`) is none of ours.

use std::fmt;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::IdentityError;
use crate::domain::Instant;
use crate::domain::account::{AccountId, SessionId};
use crate::engine::ports::accounts::LiveSession;

/// How long an access token is good.
pub const ACCESS_LIFE: TimeDelta = TimeDelta::minutes(10);
/// How far the clocks of two machines may be apart.
const LEEWAY: i64 = 10;
/// Whom the tokens are for.
const AUDIENCE: &str = "candor";
const TYPE: &str = "at+jwt";
/// No token of ours is longer.
const LONGEST: usize = 2_048;
/// What stands before the 32 secret bytes in a PKCS #8 document of an Ed25519 key (RFC 8410).
const PKCS8: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// The bytes make no signing key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("these bytes make no signing key")]
pub struct NoSigningKey;

/// A key that signs access tokens. It prints its id only.
pub struct SigningKey {
    id: String,
    /// The header of every token it signs, as it stands in the token.
    header: String,
    signs: EncodingKey,
    verifies: DecodingKey,
}

impl SigningKey {
    /// A key from 32 secret bytes.
    ///
    /// # Errors
    /// When the cryptographic library does not take them, which it does for any.
    pub fn new(secret: &Zeroizing<[u8; 32]>) -> Result<Self, NoSigningKey> {
        let pair = Ed25519KeyPair::from_seed_unchecked(secret.as_slice()).map_err(|_| NoSigningKey)?;
        let public = pair.public_key().as_ref();
        let id = BASE64_URL_SAFE_NO_PAD.encode(&Sha256::digest(public)[..12]);
        let document = Zeroizing::new([PKCS8.as_slice(), secret.as_slice()].concat());
        let header = serde_json::to_vec(&Self::header(&id)).map_err(|_| NoSigningKey)?;
        Ok(Self {
            header: BASE64_URL_SAFE_NO_PAD.encode(header),
            signs: EncodingKey::from_ed_der(&document),
            verifies: DecodingKey::from_ed_der(public),
            id,
        })
    }

    /// The id by which a token names the key.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    fn header(id: &str) -> Header {
        Header { typ: Some(TYPE.to_owned()), kid: Some(id.to_owned()), ..Header::new(Algorithm::EdDSA) }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What an access token says. Times are in seconds since 1970.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iss: String,
    aud: String,
    sub: Uuid,
    sid: Uuid,
    ver: i64,
    iat: i64,
    nbf: i64,
    exp: i64,
}

/// What an access token that holds says. Whether the session is still good is for the store to say.
pub(super) struct Asserted {
    pub account: AccountId,
    pub session: SessionId,
    pub version: i64,
}

/// An access token.
#[derive(Clone, Debug)]
pub struct Access {
    /// What a request shows.
    pub token: SecretString,
    /// When it ends.
    pub ends_at: Instant,
}

/// Signs and reads access tokens.
#[derive(Debug)]
pub struct AccessTokens {
    issuer: String,
    /// The first one signs; the tokens of the others are still read.
    keys: Vec<SigningKey>,
    validation: Validation,
}

impl AccessTokens {
    /// Tokens of an issuer, signed with a key.
    pub fn new(issuer: impl Into<String>, key: SigningKey) -> Self {
        let issuer = issuer.into();
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[&issuer]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "nbf", "exp"]);
        // The library would look at the clock of the machine: the times are compared with `now` below.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        Self { issuer, keys: vec![key], validation }
    }

    /// Takes tokens of a key that signs no more as well, while a new one takes its place.
    #[must_use]
    pub fn also_of(mut self, former: SigningKey) -> Self {
        self.keys.push(former);
        self
    }

    pub(super) fn sign(&self, live: &LiveSession, now: Instant) -> Result<Access, IdentityError> {
        let issued = now.timestamp();
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: AUDIENCE.to_owned(),
            sub: live.account.id.uuid(),
            sid: live.session.id.uuid(),
            ver: live.version,
            iat: issued,
            nbf: issued,
            exp: issued + ACCESS_LIFE.num_seconds(),
        };
        let key = self.keys.first().ok_or(IdentityError::Broken)?;
        let token = jsonwebtoken::encode(&SigningKey::header(&key.id), &claims, &key.signs)
            .map_err(|_| IdentityError::Broken)?;
        Ok(Access { token: token.into(), ends_at: now + ACCESS_LIFE })
    }

    pub(super) fn read(&self, token: &str, now: Instant) -> Result<Asserted, IdentityError> {
        let refused = IdentityError::Refused;
        if token.len() > LONGEST {
            return Err(refused);
        }
        let header = token.split('.').next().unwrap_or_default();
        let Some(key) = self.keys.iter().find(|key| key.header == header) else { return Err(refused) };
        let Ok(read) = jsonwebtoken::decode::<Claims>(token, &key.verifies, &self.validation) else {
            return Err(refused);
        };
        let (claims, now) = (read.claims, now.timestamp());
        let begun = claims.iat <= now + LEEWAY && claims.nbf <= now + LEEWAY;
        let over = now - LEEWAY >= claims.exp;
        let overlong = claims.exp.checked_sub(claims.iat).is_none_or(|life| life > ACCESS_LIFE.num_seconds());
        if !begun || over || overlong {
            return Err(refused);
        }
        Ok(Asserted { account: AccountId::new(claims.sub), session: SessionId::new(claims.sid), version: claims.ver })
    }
}
