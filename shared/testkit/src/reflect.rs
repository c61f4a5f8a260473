//! Calling any RPC by its descriptor, so that a test can cover every RPC there is, those of tomorrow included.

use std::error::Error;

use prost::Message;
use prost::bytes::{Buf, BufMut};
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, MethodDescriptor};
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::metadata::MetadataMap;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

/// Services that the platform asks and does not serve: a platform team does.
const ASKED: [&str; 1] = ["attune.feedback.v1.AnalyzerService"];

/// Every method of the platform's API, in the order of the descriptor set.
pub fn methods() -> Result<Vec<MethodDescriptor>, Box<dyn Error + Send + Sync>> {
    let pool = DescriptorPool::decode(attune_api::FILE_DESCRIPTOR_SET)?;
    Ok(pool
        .services()
        .filter(|service| !ASKED.contains(&service.full_name()))
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .collect())
}

/// The path of a method, such as `/attune.profiles.v1.ProfileService/GetProfile`.
pub fn path(method: &MethodDescriptor) -> String {
    format!("/{}/{}", method.parent_service().full_name(), method.name())
}

/// What a call brought: the responses that came before its end, and how it ended.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The responses.
    pub messages: Vec<DynamicMessage>,
    /// How it ended; `Ok` also when no more responses were wanted.
    pub status: Status,
}

/// Calls `method` with encoded messages, whatever its streaming kind, and answers at most `most` responses.
/// `token` is left out when empty.
pub async fn call(
    channel: Channel,
    method: &MethodDescriptor,
    token: &str,
    requests: Vec<Vec<u8>>,
    most: usize,
) -> Result<Vec<DynamicMessage>, Status> {
    let mut metadata = MetadataMap::new();
    if !token.is_empty() {
        let value = format!("Bearer {token}")
            .parse()
            .map_err(|_| Status::internal("token is no header"))?;
        metadata.insert("authorization", value);
    }
    let answer = answer(channel, method, metadata, requests, most).await;
    if answer.status.code() == Code::Ok {
        Ok(answer.messages)
    } else {
        Err(answer.status)
    }
}

/// [`call`] with any metadata, and with the responses that came before an error.
pub async fn answer(
    channel: Channel,
    method: &MethodDescriptor,
    metadata: MetadataMap,
    requests: Vec<Vec<u8>>,
    most: usize,
) -> Answer {
    let mut messages = Vec::new();
    let ended = exchange(channel, method, metadata, requests, most, &mut messages).await;
    Answer {
        messages,
        status: ended.err().unwrap_or_else(|| Status::ok("")),
    }
}

async fn exchange(
    channel: Channel,
    method: &MethodDescriptor,
    metadata: MetadataMap,
    requests: Vec<Vec<u8>>,
    most: usize,
    messages: &mut Vec<DynamicMessage>,
) -> Result<(), Status> {
    let mut client = Grpc::new(channel).max_decoding_message_size(64 << 20);
    client
        .ready()
        .await
        .map_err(|error| Status::unavailable(error.to_string()))?;
    let mut request = Request::new(futures::stream::iter(requests));
    *request.metadata_mut() = metadata;
    let path: PathAndQuery = path(method).parse().map_err(|_| Status::internal("no path"))?;
    let mut responses = client.streaming(request, path, RawCodec).await?.into_inner();
    while messages.len() < most {
        let Some(bytes) = responses.message().await? else {
            break;
        };
        messages.push(decode(method.output(), &bytes)?);
    }
    Ok(())
}

fn decode(descriptor: MessageDescriptor, bytes: &[u8]) -> Result<DynamicMessage, Status> {
    DynamicMessage::decode(descriptor, bytes).map_err(|error| Status::internal(error.to_string()))
}

/// A message with nothing set, encoded.
pub fn empty() -> Vec<u8> {
    Vec::new()
}

/// A dynamic message, encoded.
pub fn encode(message: &DynamicMessage) -> Vec<u8> {
    message.encode_to_vec()
}

/// Messages as they are on the wire.
#[derive(Clone, Copy, Debug, Default)]
struct RawCodec;

impl Codec for RawCodec {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = RawCodec;
    type Decoder = RawCodec;

    fn encoder(&mut self) -> RawCodec {
        RawCodec
    }
    fn decoder(&mut self) -> RawCodec {
        RawCodec
    }
}

impl Encoder for RawCodec {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put_slice(&item);
        Ok(())
    }
}

impl Decoder for RawCodec {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let length = buffer.remaining();
        Ok(Some(buffer.copy_to_bytes(length).to_vec()))
    }
}
