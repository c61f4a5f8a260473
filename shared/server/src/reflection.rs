//! Reflection, decoded when somebody asks for it.

use std::convert::Infallible;
use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use attune_rpc::Error;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::{Request, Response};
use tonic::Status;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::service::Routes;
use tonic_reflection::server::{Builder, Error as Undescribed};
use tower::Service;

/// A version of the reflection protocol.
pub(crate) trait Version: Send + Sync + 'static {
    /// The full name of its service.
    const NAME: &'static str;

    /// Serves what `builder` describes.
    fn serve(builder: Builder<'_>) -> Result<Routes, Undescribed>;
}

/// `grpc.reflection.v1`.
#[derive(Debug)]
pub(crate) enum V1 {}

impl Version for V1 {
    const NAME: &'static str = "grpc.reflection.v1.ServerReflection";

    fn serve(builder: Builder<'_>) -> Result<Routes, Undescribed> {
        Ok(Routes::new(builder.build_v1()?))
    }
}

/// `grpc.reflection.v1alpha`, which most tools still ask for.
#[derive(Debug)]
pub(crate) enum V1Alpha {}

impl Version for V1Alpha {
    const NAME: &'static str = "grpc.reflection.v1alpha.ServerReflection";

    fn serve(builder: Builder<'_>) -> Result<Routes, Undescribed> {
        Ok(Routes::new(builder.build_v1alpha()?))
    }
}

/// What a process serves, with the comments of the protos. Decoded it takes some megabytes and tens of milliseconds,
/// which a process that nobody explores does not spend.
pub(crate) struct Reflection<V> {
    names: Arc<[&'static str]>,
    made: Arc<OnceLock<Result<Routes, Undescribed>>>,
    version: PhantomData<V>,
}

impl<V: Version> Reflection<V> {
    /// Describes the services `names` and gRPC's health.
    pub(crate) fn of(names: &[&'static str]) -> Self {
        Self {
            names: names.into(),
            made: Arc::default(),
            version: PhantomData,
        }
    }

    fn serve(names: &[&'static str]) -> Result<Routes, Undescribed> {
        let builder = Builder::configure()
            .register_encoded_file_descriptor_set(attune_api::FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .with_service_name("grpc.health.v1.Health");
        V::serve(
            names
                .iter()
                .fold(builder, |builder, name| builder.with_service_name(*name)),
        )
    }
}

impl<V> Clone for Reflection<V> {
    fn clone(&self) -> Self {
        Self {
            names: Arc::clone(&self.names),
            made: Arc::clone(&self.made),
            version: PhantomData,
        }
    }
}

impl<V: Version> NamedService for Reflection<V> {
    const NAME: &'static str = V::NAME;
}

impl<V: Version> Service<Request<Body>> for Reflection<V> {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        match self.made.get_or_init(|| Self::serve(&self.names)) {
            Ok(routes) => routes.clone().call(request).boxed(),
            Err(error) => {
                let status = Status::from(Error::internal(format_args!("reflection: {error}")));
                std::future::ready(Ok(status.into_http())).boxed()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_service_of_the_platform_can_be_described() {
        let names: Vec<&'static str> = attune_api::METHODS.iter().map(|method| method.service).collect();
        assert!(Reflection::<V1>::serve(&names).is_ok());
        assert!(Reflection::<V1Alpha>::serve(&names).is_ok());
    }
}
