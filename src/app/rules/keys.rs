//! The secrets: each named, whole, random, known to nobody else, and not the same.

use super::Fault;
use super::facts::{Facts, PrivateFile, Secret};
use crate::store::seal::Key;

const SIGNING: &str = "CANDOR_SIGNING_KEY_FILE";
const MASTER: &str = "CANDOR_MASTER_KEY_FILE";
/// It need not be named: whoever reads it can sign a checkpoint, and nothing that is sealed.
const CHECKPOINT: &str = "CANDOR_CHECKPOINT_KEY_FILE";

/// Different bytes that 32 random ones have at least; all but one in 10^20 have more.
const FEWEST_BYTES: usize = 16;

/// Keys that stand in examples everywhere, with enough different bytes to pass for random. Our own examples hold none.
pub(super) const PUBLISHED: [&str; 6] = [
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
    "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20",
    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
    "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
];

pub(super) fn check(facts: &Facts) -> Vec<Fault> {
    let mut faults = secret(SIGNING, &facts.signing_key);
    faults.extend(secret(MASTER, &facts.master_key));
    if !matches!(facts.checkpoint_key, Secret::Unnamed) {
        faults.extend(secret(CHECKPOINT, &facts.checkpoint_key));
    }
    if let (Secret::Given(signing, _), Secret::Given(master, _)) = (&facts.signing_key, &facts.master_key)
        && signing == master
    {
        faults.push(Fault::new(
            SIGNING,
            "the signing key is the master key",
            "make another with `openssl rand -hex 32`; every session ends then",
        ));
    }
    faults
}

fn secret(setting: &'static str, secret: &Secret) -> Vec<Fault> {
    let make = "`umask 077; openssl rand -hex 32 > FILE` makes a key";
    match secret {
        Secret::Unnamed => vec![Fault::new(setting, "no key is named", format!("{make}; name its file here"))],
        Secret::Twice => {
            vec![Fault::new(setting, "CANDOR_MASTER_KEY is set too", "keep the file and remove CANDOR_MASTER_KEY")]
        }
        Secret::Unreadable(path, why) => {
            let what = format!("{} cannot be read ({why})", path.display());
            vec![Fault::new(setting, what, format!("let the user who runs candor read it; {make}"))]
        }
        Secret::NoKey(path) => {
            let what = format!("{} does not hold 64 hex digits", path.display());
            vec![Fault::new(setting, what, format!("put your copy of it back; where there is none yet, {make}"))]
        }
        Secret::Given(key, file) => weak(setting, key).into_iter().chain(open(setting, file.as_ref())).collect(),
    }
}

/// What is wrong with a key that is not random, or that everybody knows.
pub(in crate::app) fn weak(setting: &'static str, key: &Key) -> Option<Fault> {
    let mut seen = [false; 256];
    key.iter().for_each(|byte| seen[usize::from(*byte)] = true);
    let different = seen.iter().filter(|seen| **seen).count();
    let published = || PUBLISHED.iter().any(|text| crate::store::master_key::parse(text).as_ref() == Some(key));
    let what = if different < FEWEST_BYTES {
        "the key is not random"
    } else if published() {
        "the key stands in published examples"
    } else {
        return None;
    };
    Some(Fault::new(setting, what, "make one with `openssl rand -hex 32`, before anything is stored under this one"))
}

fn open(setting: &'static str, file: Option<&PrivateFile>) -> Option<Fault> {
    let file = file.filter(|file| file.mode.is_none_or(|mode| mode & 0o077 != 0))?;
    let path = file.path.display();
    Some(match file.mode {
        Some(mode) => {
            Fault::new(setting, format!("others may read {path} (mode {mode:04o})"), format!("`chmod 0400 {path}`"))
        }
        None => Fault::new(
            setting,
            format!("who may read {path} is not known on this system"),
            "run a server on a system with file permissions",
        ),
    })
}
