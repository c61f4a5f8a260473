//! What is known of the methods served.

use std::collections::HashSet;

use anyhow::Context;
use attune_telemetry::Methods;
use prost::Message as _;
use prost_types::{FileDescriptorSet, ServiceDescriptorProto};

/// The platform's API and that of gRPC's own services.
#[derive(Debug)]
pub(crate) struct Descriptor {
    methods: Vec<Method>,
}

/// One method, served here or not.
#[derive(Debug)]
struct Method {
    service: String,
    /// `/package.Service/Method`
    path: String,
    request_stream: bool,
}

impl Descriptor {
    pub(crate) fn read() -> anyhow::Result<Self> {
        let mut methods: Vec<Method> = attune_api::METHODS.iter().map(Method::of_ours).collect();
        for set in [
            tonic_health::pb::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
        ] {
            let set = FileDescriptorSet::decode(set).context("decode a descriptor set of gRPC's own")?;
            for file in &set.file {
                for service in &file.service {
                    methods.extend(Method::of_service(file.package(), service));
                }
            }
        }
        Ok(Self { methods })
    }

    /// The methods of `services` (full names) and of gRPC's own, as metrics and spans name them.
    pub(crate) fn methods(&self, services: &[&str]) -> Methods {
        let served = |service: &str| service.starts_with("grpc.") || services.contains(&service);
        let methods = self.methods.iter().filter(|method| served(&method.service));
        Methods::new(methods.map(|method| method.path.trim_start_matches('/')))
    }

    /// The paths of methods whose requests are streams.
    pub(crate) fn request_streams(&self) -> HashSet<String> {
        let streams = self.methods.iter().filter(|method| method.request_stream);
        streams.map(|method| method.path.clone()).collect()
    }
}

impl Method {
    fn of_ours(method: &attune_api::Method) -> Self {
        Self {
            service: method.service.to_owned(),
            path: method.path.to_owned(),
            request_stream: method.request_stream,
        }
    }

    fn of_service(package: &str, service: &ServiceDescriptorProto) -> impl Iterator<Item = Self> {
        let name = format!("{package}.{}", service.name());
        service.method.iter().map(move |method| Self {
            path: format!("/{name}/{}", method.name()),
            service: name.clone(),
            request_stream: method.client_streaming(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_of_services_that_are_not_served_are_unknown() {
        let methods = Descriptor::read()
            .unwrap()
            .methods(&["attune.events.v1.EventFeedService"]);
        let feed = "attune.events.v1.EventFeedService/Subscribe";
        assert_eq!(methods.label(&format!("/{feed}")), feed);
        assert_eq!(
            methods.label("/grpc.health.v1.Health/Check"),
            "grpc.health.v1.Health/Check"
        );
        assert_eq!(
            methods.label("/attune.profiles.v1.ProfileService/GetProfile"),
            "_OTHER"
        );
    }

    #[test]
    fn reflection_takes_a_stream_and_a_health_check_does_not() {
        let streams = Descriptor::read().unwrap().request_streams();
        assert!(streams.contains("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"));
        assert!(!streams.contains("/grpc.health.v1.Health/Check"));
    }
}
