//! What the descriptor set says about the methods served.

use std::collections::HashSet;

use anyhow::Context;
use attune_telemetry::Methods;
use prost::Message as _;
use prost_types::{FileDescriptorSet, MethodDescriptorProto, ServiceDescriptorProto};

/// The platform's API and that of gRPC's own services.
#[derive(Debug)]
pub(crate) struct Descriptor {
    files: Vec<FileDescriptorSet>,
}

impl Descriptor {
    pub(crate) fn read() -> anyhow::Result<Self> {
        let sets = [
            attune_api::FILE_DESCRIPTOR_SET,
            tonic_health::pb::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
        ];
        let files = sets
            .into_iter()
            .map(FileDescriptorSet::decode)
            .collect::<Result<_, _>>();
        Ok(Self {
            files: files.context("decode a descriptor set")?,
        })
    }

    /// The methods of `services` (full names) and of gRPC's own, as metrics and spans name them.
    pub(crate) fn methods(&self, services: &[&str]) -> Methods {
        let served = |service: &str| service.starts_with("grpc.") || services.contains(&service);
        let names = self
            .each()
            .filter(|(service, _)| served(service))
            .map(|(service, method)| format!("{service}/{}", method.name()));
        Methods::new(names)
    }

    /// The paths of methods whose requests are streams.
    pub(crate) fn request_streams(&self) -> HashSet<String> {
        self.each()
            .filter(|(_, method)| method.client_streaming())
            .map(|(service, method)| format!("/{service}/{}", method.name()))
            .collect()
    }

    fn each(&self) -> impl Iterator<Item = (String, &MethodDescriptorProto)> {
        self.files.iter().flat_map(|set| &set.file).flat_map(|file| {
            let name = |service: &ServiceDescriptorProto| format!("{}.{}", file.package(), service.name());
            file.service
                .iter()
                .flat_map(move |service| service.method.iter().map(move |method| (name(service), method)))
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
