//! What a token says, and who that makes its bearer.

use attune_rpc::TenantId;
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use crate::Kind;
use crate::config::ServiceRule;
use crate::refusal::Refusal;

/// Tokens of Attune's own issuers name a service by a subject that begins with this.
pub(crate) const SERVICE_PREFIX: &str = "service:";

/// The claims that matter here, as RFC 7519 and RFC 8693 (`scope`) name them.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) iss: String,
    pub(crate) aud: Audience,
    pub(crate) sub: String,
    /// Seconds since 1970; RFC 7519 allows fractions.
    pub(crate) exp: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) nbf: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) iat: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tenant: Option<String>,
    #[serde(default)]
    pub(crate) scope: String,
}

/// RFC 7519 section 4.1.3: one audience or several.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    fn names(&self, audience: &str) -> bool {
        match self {
            Self::One(one) => one == audience,
            Self::Several(several) => several.iter().any(|one| one == audience),
        }
    }
}

/// The bearer of a verified token.
#[derive(Debug)]
pub(crate) struct Principal {
    pub(crate) subject: String,
    pub(crate) kind: Kind,
    /// The tenant the token is bound to. A user always has one.
    pub(crate) tenant: Option<TenantId>,
    pub(crate) scopes: ScopeSet,
    /// The last instant at which the token is good, without leeway.
    pub(crate) expires_at: DateTime<Utc>,
}

impl Claims {
    /// Checks audience and time with `leeway` on both ends.
    pub(crate) fn check(&self, audience: &str, now: DateTime<Utc>, leeway: Duration) -> Result<(), Refusal> {
        if !self.aud.names(audience) {
            return Err(Refusal::WrongAudience);
        }
        if instant(self.exp)? + leeway <= now {
            return Err(Refusal::Expired);
        }
        match self.nbf {
            Some(nbf) if instant(nbf)? - leeway > now => Err(Refusal::NotYetValid),
            _ => Ok(()),
        }
    }

    /// Who the claims describe, by the rule of the issuer that signed them.
    pub(crate) fn principal(self, rule: &ServiceRule) -> Result<Principal, Refusal> {
        let expires_at = instant(self.exp)?;
        let tenant = match self.tenant.as_deref() {
            Some(text) => Some(TenantId::parse(text).map_err(|_| Refusal::InvalidTenantClaim)?),
            None => None,
        };
        let named = self.sub.strip_prefix(SERVICE_PREFIX).is_some();
        let (kind, subject, scopes) = match rule {
            ServiceRule::BySubject if named => (Kind::Service, self.sub, self.scope),
            ServiceRule::ByAccount { accounts, scopes } if accounts.contains_key(&self.sub) => {
                let name = accounts.get(&self.sub).map_or("", String::as_str);
                (Kind::Service, format!("{SERVICE_PREFIX}{name}"), scopes.clone())
            }
            // An issuer that vouches for people only must not be able to make a person look like a service.
            _ if named => return Err(Refusal::ServiceNotVouchedFor),
            _ => (Kind::User, self.sub, self.scope),
        };
        if kind == Kind::User && tenant.is_none() {
            return Err(Refusal::NoTenantClaim);
        }
        Ok(Principal {
            subject,
            kind,
            tenant,
            scopes: ScopeSet::parse(&scopes),
            expires_at,
        })
    }
}

/// A `NumericDate` of RFC 7519; refused where it is no date of this era.
fn instant(seconds: f64) -> Result<DateTime<Utc>, Refusal> {
    /// The year 3000: far from the end of what `DateTime` holds, so that leeway cannot overflow.
    const LATEST: f64 = 32_503_680_000.0;
    if !(0.0..=LATEST).contains(&seconds) {
        return Err(Refusal::InvalidTime);
    }
    #[allow(clippy::cast_possible_truncation)]
    let milliseconds = (seconds * 1000.0) as i64;
    DateTime::from_timestamp_millis(milliseconds).ok_or(Refusal::InvalidTime)
}

/// The scopes of a token.
#[derive(Debug)]
pub(crate) struct ScopeSet(Vec<String>);

impl ScopeSet {
    pub(crate) fn parse(text: &str) -> Self {
        Self(text.split_ascii_whitespace().map(str::to_owned).collect())
    }

    /// Whether one of them is `scope`, `*`, or a prefix of `scope` followed by `.*`.
    pub(crate) fn allow(&self, scope: &str) -> bool {
        self.0.iter().any(|given| match given.strip_suffix('*') {
            None => given == scope,
            Some("") => true,
            Some(prefix) => prefix.ends_with('.') && scope.starts_with(prefix) && scope.len() > prefix.len(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_stands_for_everything_below_its_dot() {
        let scopes = ScopeSet::parse("profiles.* feedback.read");
        for allowed in [
            "profiles.read",
            "profiles.write",
            "profiles.segment.read",
            "feedback.read",
        ] {
            assert!(scopes.allow(allowed), "{allowed}");
        }
        for denied in [
            "profiles",
            "profiles.",
            "profilesx.read",
            "feedback.write",
            "feedback.read.all",
            "",
        ] {
            assert!(!scopes.allow(denied), "{denied}");
        }
        assert!(ScopeSet::parse("*").allow("anything.at.all"));
    }

    #[test]
    fn a_star_without_a_dot_before_it_is_no_wildcard() {
        assert!(!ScopeSet::parse("prof* profiles.r*").allow("profiles.read"));
        assert!(!ScopeSet::parse("").allow("profiles.read"));
    }

    #[test]
    fn a_time_outside_this_era_is_refused() {
        for seconds in [-1.0, f64::NAN, f64::INFINITY, 1e300] {
            assert!(matches!(instant(seconds), Err(Refusal::InvalidTime)), "{seconds}");
        }
        assert_eq!(instant(1.5).unwrap().timestamp_millis(), 1500);
    }
}
