//! All SQL of the service. Functions here neither begin nor commit.

pub(crate) mod contact;
pub(crate) mod contact_budget;
pub(crate) mod decision;
pub(crate) mod message;
pub(crate) mod template;
