#[allow(dead_code, missing_docs, unused_qualifications, clippy::all)]
pub(crate) mod event_store {
    pub(crate) mod client {
        include!("event_store.client.rs");

        pub(crate) mod streams {
            include!("event_store.client.streams.rs");
        }

        pub(crate) mod gossip {
            include!("event_store.client.gossip.rs");
        }
    }
}

#[allow(dead_code, missing_docs, unused_qualifications, clippy::all)]
pub(crate) mod google {
    pub(crate) mod rpc {
        include!("google.rpc.rs");
    }
}
