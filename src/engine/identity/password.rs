//! Which passwords are taken: long ones that nobody guesses first. No rule asks for a digit or a capital.

use thiserror::Error;

use crate::domain::account::AccountName;

/// The fewest characters of a password.
pub const SHORTEST_PASSWORD: usize = 12;
/// The most characters of a password.
pub const LONGEST_PASSWORD: usize = 128;
/// What stands before the `@` counts as a name of its own from this length on; a shorter one is in too many words.
const TELLING: usize = 4;

/// Passwords that are guessed first, of 12 characters and more: the well-known ones, and what the habits that make them
/// make of common words. Lines that begin with `# ` say so.
const COMMON: &str = include_str!("common_passwords.txt");

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum WeakPassword {
    /// Too short.
    #[error("a password has at least {SHORTEST_PASSWORD} characters")]
    TooShort,
    /// Too long.
    #[error("a password has at most {LONGEST_PASSWORD} characters")]
    TooLong,
    /// Guessed first.
    #[error("this password is among those that are guessed first")]
    Common,
    /// It tells where it is used, or by whom.
    #[error("a password holds neither the account's name nor the word candor")]
    Telling,
}

/// Whether a password may be the one of an account.
///
/// # Errors
/// Why not.
pub fn check(password: &str, name: &AccountName) -> Result<(), WeakPassword> {
    let characters = password.chars().count();
    if characters < SHORTEST_PASSWORD {
        return Err(WeakPassword::TooShort);
    }
    if characters > LONGEST_PASSWORD {
        return Err(WeakPassword::TooLong);
    }
    let lower = password.to_lowercase();
    if COMMON.lines().any(|line| line == lower && !line.starts_with("# ")) {
        return Err(WeakPassword::Common);
    }
    let before_at = name.as_str().split('@').next().filter(|part| part.len() >= TELLING);
    let mut telling = [Some("candor"), Some(name.as_str()), before_at].into_iter().flatten();
    if telling.any(|word| lower.contains(word)) {
        return Err(WeakPassword::Telling);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(password: &str) -> Result<(), WeakPassword> {
        check(password, &AccountName::new("anna@example.org").unwrap())
    }

    #[test]
    fn characters_are_counted_and_not_bytes() {
        assert_eq!(checked("elf zeichen"), Err(WeakPassword::TooShort));
        assert_eq!(checked("\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}"), Err(WeakPassword::TooShort));
        assert_eq!(checked("zw\u{f6}lf zeichen"), Ok(()));
        assert_eq!(checked(&"\u{1f40e}x".repeat(64)), Ok(()));
        assert_eq!(checked(&"\u{1f40e}x".repeat(65)), Err(WeakPassword::TooLong));
    }

    #[test]
    fn what_is_guessed_first_is_refused_in_any_case() {
        for password in
            ["password1234", "PassWord1234", "qwertyuiop123", "111111111111", "iloveyou2024", "letmeinletmein"]
        {
            assert_eq!(checked(password), Err(WeakPassword::Common), "{password}");
        }
        let listed = COMMON.lines().filter(|line| !line.starts_with("# ")).collect::<Vec<_>>();
        assert!((2_000..20_000).contains(&listed.len()), "{}", listed.len());
        assert!(listed.iter().all(|line| line.chars().count() >= SHORTEST_PASSWORD && line.to_lowercase() == **line));
    }

    #[test]
    fn what_tells_the_account_or_the_place_is_refused() {
        for password in ["my Candor passphrase", "x anna@example.org x", "wild ANNA runs far"] {
            assert_eq!(checked(password), Err(WeakPassword::Telling), "{password}");
        }
        assert_eq!(check("a bobsled on the hill", &AccountName::new("bob").unwrap()), Err(WeakPassword::Telling));
        assert_eq!(check("a bobsled on the hill", &AccountName::new("bob@example.org").unwrap()), Ok(()));
    }

    #[test]
    fn no_rule_asks_for_kinds_of_characters() {
        for password in ["correct mule battery clip", "zzzzyyyyxxxxwwww", "             \u{b7}"] {
            assert_eq!(checked(password), Ok(()), "{password:?}");
        }
    }
}
