//! A share for every tenant, so that one cannot starve the others.

use std::collections::HashMap;
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use attune_auth::Reach;
use attune_rpc::{Error, Reason, TenantId};
use futures::future::Either;
use http::{Request, Response};
use tokio::time::Instant;
use tonic::Status;
use tonic::body::Body;
use tonic::metadata::MetadataMap;
use tower::{Layer, Service};

/// Beyond so many tenants, those that have rested long enough to have a full share are forgotten.
const REMEMBERED: usize = 10_000;

/// Lets each tenant make `rate` calls a second, and `burst` at once after a rest (a token bucket). It counts
/// what this process is asked, and stands inside authentication because it must know the tenant. Calls for
/// the whole platform, which only services make, are not counted.
#[derive(Clone, Debug)]
pub(crate) struct RateLimitLayer {
    buckets: Arc<Buckets>,
}

impl RateLimitLayer {
    pub(crate) fn new(rate: u32, burst: u32) -> Self {
        let (rate, burst) = (f64::from(rate), f64::from(burst));
        Self {
            buckets: Arc::new(Buckets {
                rate,
                burst,
                tenants: Mutex::default(),
            }),
        }
    }
}

#[derive(Debug)]
struct Buckets {
    /// Calls a second.
    rate: f64,
    burst: f64,
    tenants: Mutex<HashMap<TenantId, Bucket>>,
}

#[derive(Debug)]
struct Bucket {
    /// Calls the tenant may make at `since`.
    calls: f64,
    since: Instant,
}

impl Buckets {
    /// Takes one call from `tenant`'s share at `now`, or tells how long until there is one.
    fn take(&self, tenant: &TenantId, now: Instant) -> Result<(), Duration> {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = tenants.get_mut(tenant) {
            bucket.calls = self.filled(bucket, now);
            bucket.since = now;
            if bucket.calls < 1.0 {
                return Err(Duration::from_secs_f64((1.0 - bucket.calls) / self.rate));
            }
            bucket.calls -= 1.0;
            return Ok(());
        }
        if tenants.len() >= REMEMBERED {
            tenants.retain(|_, bucket| self.filled(bucket, now) < self.burst);
        }
        tenants.insert(
            tenant.clone(),
            Bucket {
                calls: self.burst - 1.0,
                since: now,
            },
        );
        Ok(())
    }

    fn filled(&self, bucket: &Bucket, now: Instant) -> f64 {
        let rested = now.saturating_duration_since(bucket.since).as_secs_f64();
        (bucket.calls + rested * self.rate).min(self.burst)
    }

    fn refusal(&self, tenant: &TenantId, wait: Duration) -> Status {
        let message = format!(
            "tenant {tenant} makes more than {} calls a second; come again later",
            self.rate
        );
        Error::resource_exhausted(Reason::RateLimited, message, wait)
            .with("calls_per_second", self.rate)
            .into()
    }
}

impl<S> Layer<S> for RateLimitLayer {
    type Service = RateLimitService<S>;
    fn layer(&self, inner: S) -> Self::Service {
        RateLimitService {
            inner,
            buckets: self.buckets.clone(),
        }
    }
}

/// What [`RateLimitLayer`] makes.
#[derive(Clone, Debug)]
pub(crate) struct RateLimitService<S> {
    inner: S,
    buckets: Arc<Buckets>,
}

impl<S, B> Service<Request<B>> for RateLimitService<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Either<Ready<Result<Response<Body>, S::Error>>, S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        if let Some(tenant) = tenant_of(&mut request)
            && let Err(wait) = self.buckets.take(&tenant, Instant::now())
        {
            return Either::Left(ready(Ok(self.buckets.refusal(&tenant, wait).into_http())));
        }
        Either::Right(self.inner.call(request))
    }
}

/// The tenant that authentication found; none for the open services, which pass it without a caller.
fn tenant_of<B>(request: &mut Request<B>) -> Option<TenantId> {
    if request.uri().path().starts_with("/grpc.") {
        return None;
    }
    // `Reach` reads a request of tonic's, so the extensions are lent to one.
    let extensions = std::mem::take(request.extensions_mut());
    let lent = tonic::Request::from_parts(MetadataMap::new(), extensions, ());
    let reach = Reach::of(&lent);
    *request.extensions_mut() = lent.into_parts().1;
    match reach {
        Ok(Reach::Tenant(tenant)) => Some(tenant),
        Ok(Reach::Platform) | Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(name: &str) -> TenantId {
        TenantId::parse(name).unwrap()
    }

    fn buckets(rate: f64, burst: f64) -> Buckets {
        Buckets {
            rate,
            burst,
            tenants: Mutex::default(),
        }
    }

    #[test]
    fn a_tenant_has_its_burst_then_its_rate_and_another_is_not_harmed() {
        let buckets = buckets(10.0, 3.0);
        let start = Instant::now();
        let (acme, globex) = (tenant("acme"), tenant("globex"));
        for _ in 0..3 {
            assert_eq!(buckets.take(&acme, start), Ok(()));
        }
        let wait = buckets.take(&acme, start).unwrap_err();
        assert!(
            wait > Duration::from_millis(99) && wait < Duration::from_millis(101),
            "{wait:?}"
        );
        assert_eq!(buckets.take(&globex, start), Ok(()));
        assert_eq!(buckets.take(&acme, start + wait), Ok(()));
        assert!(buckets.take(&acme, start + wait).is_err());
    }

    #[test]
    fn a_rest_does_not_save_more_than_the_burst() {
        let buckets = buckets(10.0, 2.0);
        let start = Instant::now();
        let acme = tenant("acme");
        assert_eq!(buckets.take(&acme, start), Ok(()));
        let later = start + Duration::from_hours(1);
        assert_eq!(
            (buckets.take(&acme, later), buckets.take(&acme, later)),
            (Ok(()), Ok(()))
        );
        assert!(buckets.take(&acme, later).is_err());
    }

    #[test]
    fn tenants_at_rest_are_forgotten() {
        let buckets = buckets(1000.0, 2.0);
        let start = Instant::now();
        for n in 0..REMEMBERED {
            buckets.take(&tenant(&format!("t{n}")), start).unwrap();
        }
        buckets
            .take(&tenant("late"), start + Duration::from_secs(1))
            .unwrap();
        assert_eq!(buckets.tenants.lock().unwrap().len(), 1);
    }
}
