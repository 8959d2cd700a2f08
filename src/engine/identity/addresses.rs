//! How often one address may try to log in: a few times at once, then at a steady pace.
//!
//! The clock is an argument, so an address is kept as the one instant at which its allowance is whole again.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;

use crate::domain::Instant;

/// How many addresses are remembered.
const MOST: usize = 10_000;

/// The allowances of addresses.
pub(super) struct Addresses {
    burst: u32,
    /// The time in which one more try is earned.
    pace: TimeDelta,
    whole_at: Mutex<BTreeMap<IpAddr, Instant>>,
}

impl Addresses {
    pub(super) fn new(burst: u32, per_minute: u32) -> Self {
        let pace = TimeDelta::minutes(1) / i32::try_from(per_minute.max(1)).unwrap_or(i32::MAX);
        Self { burst: burst.max(1), pace, whole_at: Mutex::default() }
    }

    /// Takes one try from an address.
    ///
    /// # Errors
    /// How long to wait, when it has none left; nothing is taken then.
    pub(super) fn admit(&self, address: IpAddr, now: Instant) -> Result<(), Duration> {
        let address = neighbourhood(address);
        let mut whole_at = self.whole_at.lock().unwrap_or_else(PoisonError::into_inner);
        let spent_until = whole_at.get(&address).map_or(now, |at| (*at).max(now));
        let limit = now + self.pace * i32::try_from(self.burst - 1).unwrap_or(i32::MAX);
        if spent_until > limit {
            return Err((spent_until - limit).to_std().unwrap_or_default());
        }
        if whole_at.len() >= MOST && !whole_at.contains_key(&address) {
            make_room(&mut whole_at, now);
        }
        whole_at.insert(address, spent_until + self.pace);
        Ok(())
    }
}

/// Forgets whoever has nothing to wait for; when all have, the one that has least.
fn make_room(whole_at: &mut BTreeMap<IpAddr, Instant>, now: Instant) {
    whole_at.retain(|_, at| *at > now);
    if whole_at.len() >= MOST
        && let Some(least) = whole_at.iter().min_by_key(|(_, at)| **at).map(|(address, _)| *address)
    {
        whole_at.remove(&least);
    }
}

/// Whoever has one IPv6 address has the 2^64 beside it.
fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Instant = Instant::UNIX_EPOCH;

    fn seconds(seconds: i64) -> Instant {
        START + TimeDelta::seconds(seconds)
    }

    #[test]
    fn ten_at_once_and_then_ten_a_minute() {
        let addresses = Addresses::new(10, 10);
        let address = "192.0.2.7".parse().unwrap();
        assert!((0..10).all(|_| addresses.admit(address, START).is_ok()));
        assert_eq!(addresses.admit(address, START), Err(Duration::from_secs(6)));
        assert_eq!(addresses.admit(address, seconds(5)), Err(Duration::from_secs(1)));
        assert_eq!(addresses.admit(address, seconds(6)), Ok(()));
        assert_eq!(addresses.admit(address, seconds(6)), Err(Duration::from_secs(6)));
        assert!((0..10).all(|_| addresses.admit(address, seconds(90)).is_ok()));
        assert!(addresses.admit(address, seconds(90)).is_err());
        // A clock that goes back gives nothing away.
        assert!(addresses.admit(address, START).is_err());
    }

    #[test]
    fn addresses_do_not_share_and_neighbours_do() {
        let addresses = Addresses::new(1, 10);
        let admit = |text: &str| addresses.admit(text.parse().unwrap(), START).is_ok();
        assert!(admit("192.0.2.1") && admit("192.0.2.2"));
        assert!(!admit("::ffff:192.0.2.1"));
        assert!(admit("2001:db8::1") && !admit("2001:db8::2") && admit("2001:db8:0:1::1"));
    }

    #[test]
    fn a_flood_of_addresses_is_forgotten_in_time_and_in_number() {
        let addresses = Addresses::new(10, 10);
        let from = |number: u32| IpAddr::from(number.to_be_bytes());
        let victim = from(0xffff_0001);
        for _ in 0..10 {
            addresses.admit(victim, START).unwrap();
        }
        for number in 0..25_000 {
            addresses.admit(from(number), START).unwrap();
        }
        assert_eq!(addresses.whole_at.lock().unwrap().len(), MOST);
        assert!(addresses.admit(victim, START).is_err(), "who has most to wait for is kept");
        addresses.admit(from(30_000), seconds(3_600)).unwrap();
        assert_eq!(addresses.whole_at.lock().unwrap().len(), 1);
    }
}
