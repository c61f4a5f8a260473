//! All SQL of the service. Functions here neither begin nor commit.

pub(crate) mod consent;
pub(crate) mod profile;
