//! What a handler needs to speak the platform's API the same way everywhere: errors, violations, paging, field
//! masks, etags and request ids. Nothing here knows a service or a database.

mod error;
mod etag;
mod language;
mod mask;
mod page;
mod request;
mod tenant;
mod time;
mod violations;

pub use attune_api::errors::v1::ErrorReason as Reason;
pub use error::{Code, DOMAIN, Error};
pub use etag::Etag;
pub use language::{InvalidLanguageTag, LanguageTag};
pub use mask::Mask;
pub use page::Page;
pub use request::RequestKey;
pub use tenant::TenantId;
pub use time::{instant, timestamp};
pub use violations::{Violation, Violations};
