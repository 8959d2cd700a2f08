//! A night that stands in two files is one fact.

use std::collections::{BTreeMap, BTreeSet};

use candor::domain::observation::RecordKind;
use chrono_tz::Tz;

use super::{one, samples};

#[test]
fn a_night_has_one_key_in_both_whoop_files_and_no_nap_is_a_night() {
    let Some(folder) = samples() else { return };
    for account in ["bobahyun-Whoop-Health-Data", "TheOneRichy-whoop_data"] {
        let folder = folder.join("whoop/samples").join(account);
        let cycles = one(&folder.join("physiological_cycles.csv"), Tz::UTC);
        let sleeps = one(&folder.join("sleeps.csv"), Tz::UTC);
        let nights: BTreeMap<_, _> =
            sleeps.observations.iter().filter(|o| o.key.kind == RecordKind::Sleep).map(|o| (&o.key, o)).collect();
        let mut same = 0;
        for night in cycles.observations.iter().filter(|o| o.key.kind == RecordKind::Sleep) {
            let other = nights.get(&night.key).expect("the night stands in both files");
            assert!(other.same_value(night.value, night.resolution), "{:?}", night.key);
            assert_eq!((other.day, other.end), (night.day, night.end));
            same += 1;
        }
        println!("{account}: {same} values of nights stand in both files under one key");
        for read in [&cycles, &sleeps] {
            let keys: BTreeSet<_> = read.observations.iter().map(|o| &o.key).collect();
            assert_eq!(keys.len(), read.observations.len(), "a key stands twice in one file");
        }
    }
}
