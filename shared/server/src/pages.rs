//! Plain HTTP beside the calls, on the same listener: pages for people, who have no token and speak no gRPC.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::response::IntoResponse as _;
use futures::FutureExt as _;
use futures::future::Either;
use http::{Request, Response, StatusCode};
use opentelemetry::KeyValue;
use opentelemetry::metrics::Counter;
use tokio::sync::Semaphore;
use tonic::body::Body;
use tower::{Service, ServiceExt as _};
use tracing::Instrument as _;

use crate::layers::panic_text;

/// Bytes of a form.
const LARGEST_FORM: usize = 1 << 20;
/// How long a page may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// The pages of one service, under one prefix.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    pub(crate) prefix: &'static str,
    pub(crate) router: Router,
}

/// The pages of all services. They stand outside the layers of the calls, which speak gRPC, and have bounds of their
/// own: a number in progress, a time, a size. A panic is the answer 500 and nobody else's.
#[derive(Clone, Debug)]
pub(crate) struct Pages {
    sections: Arc<[Section]>,
    slots: Arc<Semaphore>,
    requests: Counter<u64>,
}

impl Pages {
    /// At most `most` pages are in progress at a time; more are answered 503.
    pub(crate) fn new(sections: Vec<Section>, most: u32) -> Self {
        let limited = sections.into_iter().map(|section| Section {
            router: section.router.layer(DefaultBodyLimit::max(LARGEST_FORM)),
            ..section
        });
        let requests = attune_telemetry::meter()
            .u64_counter("attune.page.requests")
            .with_description("Pages that were asked for, by their section and the status of the answer")
            .build();
        Self {
            sections: limited.collect(),
            slots: Arc::new(Semaphore::new(most as usize)),
            requests,
        }
    }

    /// `calls` with these pages in front.
    pub(crate) fn before<S>(self, calls: S) -> Front<S> {
        Front { pages: self, calls }
    }

    /// The section that a path belongs to.
    fn section(&self, path: &str) -> Option<Section> {
        self.sections
            .iter()
            .find(|section| path.starts_with(section.prefix))
            .cloned()
    }

    async fn serve(self, section: Section, request: Request<Body>) -> Response<Body> {
        let prefix = section.prefix;
        let response = match self.slots.try_acquire() {
            Ok(_slot) => answer(section, request).await,
            Err(_) => plain(StatusCode::SERVICE_UNAVAILABLE),
        };
        let status = i64::from(response.status().as_u16());
        let labels = [
            KeyValue::new("section", prefix),
            KeyValue::new("http.response.status_code", status),
        ];
        self.requests.add(1, &labels);
        response
    }
}

async fn answer(section: Section, request: Request<Body>) -> Response<Body> {
    // Without the path, which holds a token.
    let span = tracing::info_span!("page", section = section.prefix, method = %request.method());
    let page = section
        .router
        .oneshot(request.map(axum::body::Body::new))
        .instrument(span);
    match tokio::time::timeout(PATIENCE, AssertUnwindSafe(page).catch_unwind()).await {
        Ok(Ok(Ok(response))) => response.map(Body::new),
        Ok(Ok(Err(never))) => match never {},
        Ok(Err(payload)) => {
            tracing::error!(section = section.prefix, panic = %panic_text(&*payload), "a page panicked");
            plain(StatusCode::INTERNAL_SERVER_ERROR)
        }
        Err(_) => plain(StatusCode::SERVICE_UNAVAILABLE),
    }
}

fn plain(status: StatusCode) -> Response<Body> {
    status.into_response().map(Body::new)
}

/// Sends each request where it belongs by its path.
#[derive(Clone, Debug)]
pub(crate) struct Front<S> {
    pages: Pages,
    calls: S,
}

impl<S> Service<Request<Body>> for Front<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Either<S::Future, Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.calls.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        match self.pages.section(request.uri().path()) {
            None => Either::Left(self.calls.call(request)),
            Some(section) => {
                let pages = self.pages.clone();
                Either::Right(Box::pin(async move { Ok(pages.serve(section, request).await) }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use http_body_util::BodyExt as _;

    async fn ask(
        front: &Front<impl Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone>,
        path: &str,
    ) -> (StatusCode, String) {
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        let response = front.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8_lossy(&body).into_owned())
    }

    fn front(
        most: u32,
    ) -> Front<impl Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone> {
        let router = Router::new()
            .route("/s/page", get(|| async { "a page" }))
            .route("/s/panic", get(|| async { panic!("it breaks") as &'static str }));
        let pages = Pages::new(
            vec![Section {
                prefix: "/s/",
                router,
            }],
            most,
        );
        pages.before(tower::service_fn(|_request: Request<Body>| async {
            Ok::<_, Infallible>(Response::new(Body::new("a call".to_owned())))
        }))
    }

    #[tokio::test]
    async fn a_page_and_a_call_share_a_listener_and_nothing_else() {
        let front = front(2);
        assert_eq!(
            ask(&front, "/s/page").await,
            (StatusCode::OK, "a page".to_owned())
        );
        assert_eq!(
            ask(&front, "/attune.X/Y").await,
            (StatusCode::OK, "a call".to_owned())
        );
        assert_eq!(ask(&front, "/s/none").await.0, StatusCode::NOT_FOUND);
    }

    #[tokio::test]
    async fn a_page_that_panics_or_one_too_many_leaves_the_others_alone() {
        assert_eq!(
            ask(&front(2), "/s/panic").await.0,
            StatusCode::INTERNAL_SERVER_ERROR
        );
        let full = front(0);
        assert_eq!(ask(&full, "/s/page").await.0, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(ask(&full, "/attune.X/Y").await.0, StatusCode::OK);
    }
}
