//! Whether a login tells by its time that a name exists: wrong passwords for a known name and for unknown ones, in turns.
//!
//! `cargo bench --bench identity -- PAIRS` prints both medians and their ratio, which must stay within 5 %. The passwords are
//! hashed at the cost of real ones.

#![expect(clippy::disallowed_methods, reason = "a bench looks at the clock")]

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant as Stopwatch};

use candor::domain::Instant;
use candor::domain::account::{AccountName, Role};
use candor::engine::identity::{AccessTokens, Identity, IdentityError, Limits, SigningKey};
use candor::engine::ports::entropy::Entropy;
use candor::store::accounts::{AccountPlace, AccountTables};
use chrono::TimeDelta;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

struct Seeded(Mutex<ChaCha8Rng>);

impl Entropy for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().expect("the generator").fill_bytes(bytes);
    }
}

/// How long a wrong password takes.
async fn guess(identity: &Identity, name: &str, turn: u32, now: Instant) -> Duration {
    let password = SecretString::from("a guess that is wrong".to_owned());
    let (address, begun) = (IpAddr::from(Ipv4Addr::from_bits(turn)), Stopwatch::now());
    let outcome = identity.login(name, &password, address, now).await;
    let took = begun.elapsed();
    assert!(matches!(outcome, Err(IdentityError::Refused)), "{outcome:?}");
    took
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1e3
}

#[tokio::main]
async fn main() {
    let pairs = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(200_u32);
    let folder = tempfile::tempdir().expect("a folder");
    let place = AccountPlace::File(folder.path().join("accounts.db"));
    let accounts = Arc::new(AccountTables::open(&place).await.expect("the tables"));
    let entropy = Arc::new(Seeded(Mutex::new(ChaCha8Rng::seed_from_u64(1))));
    let key = SigningKey::new(&Zeroizing::new([7; 32])).expect("a key");
    let identity = Identity::new(accounts, entropy, AccessTokens::new("bench", key), Limits::default());
    let mut now = Instant::from_timestamp_micros(1_790_000_000_000_000).expect("a time");
    let name = AccountName::new("known@example.org").expect("a name");
    let link = identity.add(name, Role::Operator, None, now).await.expect("an account");
    let password = SecretString::from("correct mule battery clip".to_owned());
    identity.set_password(link.expose_secret(), &password, now).await.expect("the password is set");

    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for pair in 0..pairs {
        // Longer than any lock: each guess is hashed.
        now += TimeDelta::minutes(16);
        // Who goes first changes, so that neither always finds the caches warm.
        for turn in [pair % 2, 1 - pair % 2] {
            let (name, times) =
                if turn == 0 { ("known@example.org", &mut known) } else { ("nobody@example.org", &mut unknown) };
            times.push(guess(&identity, name, 2 * pair + turn, now).await);
        }
    }
    assert_eq!(identity.hashes(), u64::from(2 * pairs) + 1);
    let (known, unknown) = (median(known), median(unknown));
    println!("{pairs} pairs: known {known:.2} ms, unknown {unknown:.2} ms, ratio {:.4}", known / unknown);
}
