//! Opaque tokens: 256 random bits behind a prefix that says what they are for. Only their digest is kept.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::engine::ports::accounts::Digest;
use crate::engine::ports::entropy::Entropy;

/// 32 bytes in base64url without padding.
const LETTERS: usize = 43;

/// What an opaque token is for. The prefix is part of what is digested: none can be taken for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Refresh,
    Device,
    OneTime,
}

impl Kind {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Refresh => "cr_",
            Self::Device => "cd_",
            Self::OneTime => "co_",
        }
    }

    /// A fresh token, and what is kept of it.
    pub(super) fn draw(self, entropy: &dyn Entropy) -> (SecretString, Digest) {
        let mut bytes = Zeroizing::new([0; 32]);
        entropy.fill(bytes.as_mut_slice());
        let mut text = String::with_capacity(self.prefix().len() + LETTERS);
        text.push_str(self.prefix());
        BASE64_URL_SAFE_NO_PAD.encode_string(bytes.as_slice(), &mut text);
        let digest = Digest::of(&text);
        (text.into(), digest)
    }

    /// Whether a text claims to be of this kind.
    pub(super) fn is(self, text: &str) -> bool {
        text.starts_with(self.prefix())
    }

    /// The digest of a token of this kind; `None` when the text has not its form.
    pub(super) fn digest(self, text: &str) -> Option<Digest> {
        let letters = text.strip_prefix(self.prefix())?;
        (letters.len() == LETTERS).then(|| Digest::of(text))
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    struct Fixed;

    impl Entropy for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0xa5);
        }
    }

    #[test]
    fn a_token_says_what_it_is_for_and_is_nothing_else() {
        for kind in [Kind::Refresh, Kind::Device, Kind::OneTime] {
            let (token, digest) = kind.draw(&Fixed);
            let text = token.expose_secret();
            assert_eq!((text.len(), kind.digest(text)), (46, Some(digest)));
            for other in [Kind::Refresh, Kind::Device, Kind::OneTime].into_iter().filter(|other| *other != kind) {
                assert!(!other.is(text) && other.digest(text).is_none());
            }
            assert!(kind.digest(&format!("{text}A")).is_none() && kind.digest(&text[..45]).is_none());
            assert!(!format!("{token:?}{digest:?}").contains("paWl"));
        }
    }
}
