//! The public API of Attune as generated Rust: messages, clients and servers of `proto/attune/**`, and the
//! encoded descriptor set that reflection and authorisation read.
//!
//! The protos are the documentation; the modules mirror their packages.

/// The descriptor set of every proto, with comments and custom options.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/attune.bin"));

macro_rules! packages {
    ($($package:ident)*) => {
        $(
            #[doc = concat!("`attune.", stringify!($package), "`")]
            pub mod $package {
                #[allow(clippy::all, clippy::pedantic, missing_docs)]
                #[doc = concat!("`attune.", stringify!($package), ".v1`")]
                pub mod v1 {
                    include!(concat!(env!("OUT_DIR"), "/attune.", stringify!($package), ".v1.rs"));
                }
            }
        )*
    };
}

packages! { errors events profiles interactions feedback improvement notifications }

/// `Debug` of the messages that hold personal data, without it.
mod redacted {
    include!(concat!(env!("OUT_DIR"), "/redacted.rs"));
}

#[cfg(test)]
mod tests;
