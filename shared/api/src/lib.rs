//! The public API of Attune as generated Rust: messages, clients and servers of `proto/attune/**`, a table of the
//! methods, and the encoded descriptor set that reflection reads.
//!
//! The protos are the documentation; the modules mirror their packages.

/// The descriptor set of every proto, with comments and custom options.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/attune.bin"));

/// A method of the API, as its proto declares it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Method {
    /// The full name of its service, such as `attune.profiles.v1.ProfileService`.
    pub service: &'static str,
    /// Where it is called: `/package.Service/Method`.
    pub path: &'static str,
    /// The scope that a caller's token must carry, its option `(attune.auth.v1.scope)`; `None` where it declares none.
    pub scope: Option<&'static str>,
    /// Whether its request is a stream.
    pub request_stream: bool,
}

/// Every method of every service, service by service.
///
/// Decoding [`FILE_DESCRIPTOR_SET`] for the same facts takes megabytes and tens of milliseconds at every start.
pub const METHODS: &[Method] = include!(concat!(env!("OUT_DIR"), "/methods.rs"));

/// The path of every method with the scope it requires.
pub fn scopes() -> impl Iterator<Item = (&'static str, Option<&'static str>)> {
    METHODS.iter().map(|method| (method.path, method.scope))
}

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
