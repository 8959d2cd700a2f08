//! Event ids derived from what the caller asked for, so that a repeated request is recognised by its ids.
//!
//! The id is a hash of the stream, the idempotency key and the length of the batch, and ends in the index in it. With the
//! stream and the length inside, one key used on two streams, or a retry with a shorter or longer batch, can never share an
//! id with the first request; that is what lets the log treat equal ids as an identical retry. The ids of a batch follow
//! each other, so that they come to stand beside each other in the index of ids.

use uuid::Uuid;

const NAMESPACE: Uuid = Uuid::from_u128(0x8f1d_4c62_51a7_5e0b_9d3a_60c2_7be4_a915);

/// Derives the ids of a batch, in order: each a UUID of version 8 with 106 bits of the hash that version 5 makes, and 16 of
/// the index.
pub fn event_ids(stream: &str, idempotency_key: &str, batch_length: u16) -> Vec<Uuid> {
    let mut name = Vec::with_capacity(stream.len() + idempotency_key.len() + 24);
    for part in [stream.as_bytes(), idempotency_key.as_bytes()] {
        name.extend_from_slice(&(part.len() as u64).to_be_bytes());
        name.extend_from_slice(part);
    }
    name.extend_from_slice(&batch_length.to_be_bytes());
    let mut bytes = Uuid::new_v5(&NAMESPACE, &name).into_bytes();
    let id = |index: u16| {
        bytes[14..].copy_from_slice(&index.to_be_bytes());
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    };
    (0..batch_length).map(id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::{HashMap, HashSet};

    #[test]
    fn the_derivation_is_pinned() {
        let id = event_ids("person-a", "import-1", 2)[1];
        assert_eq!(id.get_version_num(), 8);
        assert_eq!(id.to_string(), "415bf1ee-aaf6-89c7-b5a6-948e7bb10001");
    }

    #[test]
    fn a_boundary_moved_between_stream_and_key_makes_another_id() {
        assert_ne!(event_ids("ab", "c", 1), event_ids("a", "bc", 1));
    }

    #[test]
    fn the_ids_of_a_large_batch_follow_each_other() {
        let ids = event_ids("person-a", "import-1", 1_000);
        assert!(ids.windows(2).all(|pair| pair[0].as_u128() + 1 == pair[1].as_u128()));
    }

    proptest! {
        #[test]
        fn no_two_requests_share_an_id(
            requests in proptest::collection::hash_set(("[a-c]{0,3}", "[a-c\u{0}]{0,3}", 1_u16..6), 1..40)
        ) {
            let mut owners = HashMap::new();
            for request in &requests {
                let ids = event_ids(&request.0, &request.1, request.2);
                prop_assert!(ids.is_sorted());
                prop_assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
                for id in ids {
                    prop_assert_eq!(owners.insert(id, request.clone()), None);
                }
            }
        }
    }
}
