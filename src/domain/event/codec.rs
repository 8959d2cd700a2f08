//! From the list of facts to their types: one struct each, the enum over them, and the way to bytes and back.

macro_rules! events {
    (
        $($(#[$doc:meta])* $variant:ident = $kind:literal { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })*
        // Those that are described in a home of their own.
        $(=> $home:ident: $($named:ident = $named_kind:literal,)*)*
    ) => {
        $($(pub use $home::$named;)*)*
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
            pub struct $variant {
                $($(#[$field_doc])* pub $field: $type,)*
            }
        )*

        /// A fact of the log.
        #[derive(Clone, Debug, PartialEq)]
        #[expect(missing_docs, reason = "each variant wraps the documented struct of its name")]
        pub enum Event {
            $($variant($variant),)*
            $($($named($named),)*)*
        }

        $(
            impl From<$variant> for Event {
                fn from(content: $variant) -> Self {
                    Self::$variant(content)
                }
            }
        )*
        $($(
            impl From<$named> for Event {
                fn from(content: $named) -> Self {
                    Self::$named(content)
                }
            }
        )*)*

        impl Event {
            /// Every type name, in the order of the vocabulary.
            pub const KINDS: &'static [&'static str] = &[$($kind,)* $($($named_kind,)*)*];

            /// The stable type name.
            #[must_use]
            pub const fn kind(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $kind,)*
                    $($(Self::$named(_) => $named_kind,)*)*
                }
            }

            /// The version of its kind's shape that [`Self::encode`] writes.
            #[must_use]
            pub fn schema_version(&self) -> u32 {
                upcast::version(self.kind())
            }

            /// The bytes that are sealed.
            ///
            /// # Errors
            /// When a number is not finite, which the invariants refuse before.
            pub fn encode(&self, meta: &Meta) -> Result<Vec<u8>, DecodeError> {
                let malformed = |_| DecodeError::Malformed(self.kind().to_owned());
                match self {
                    $(Self::$variant(content) => {
                        serde_json::to_vec(&Body::new(meta, content)).map_err(malformed)
                    })*
                    $($(Self::$named(content) => {
                        serde_json::to_vec(&Body::new(meta, content)).map_err(malformed)
                    })*)*
                }
            }

            /// Reads the bytes that were sealed, in whichever version of its shape.
            ///
            /// # Errors
            /// When type or version is unknown, or the body does not fit.
            pub fn decode(kind: &str, version: u32, bytes: &[u8]) -> Result<(Meta, Self), DecodeError> {
                let bytes = &*upcast::lift(kind, version, bytes)?;
                let malformed = |_| DecodeError::Malformed(kind.to_owned());
                match kind {
                    $($kind => {
                        let body: Body<$variant> = serde_json::from_slice(bytes).map_err(malformed)?;
                        let (meta, content) = body.parts();
                        Ok((meta, Self::$variant(content)))
                    })*
                    $($($named_kind => {
                        let body: Body<$named> = serde_json::from_slice(bytes).map_err(malformed)?;
                        let (meta, content) = body.parts();
                        Ok((meta, Self::$named(content)))
                    })*)*
                    _ => Err(DecodeError::UnknownType(kind.to_owned())),
                }
            }
        }
    };
}

pub(super) use events;
