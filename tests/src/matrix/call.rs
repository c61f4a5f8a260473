//! Calling as somebody, and reading all that comes back.

use std::time::Duration;

use attune_testkit::reflect::{self, Answer};
use attune_testkit::{Failure, violated_fields};
use prost::Message as _;
use prost_reflect::{DynamicMessage, MethodDescriptor, ReflectMessage, Value};
use tonic::Status;
use tonic::metadata::MetadataMap;
use tonic::transport::Channel;

/// How long a call may take before the test fails: nothing here waits for anything.
const PATIENCE: Duration = Duration::from_secs(30);

/// Somebody who calls RPCs by their descriptors.
#[derive(Clone, Debug)]
pub struct Caller {
    channel: Channel,
    metadata: MetadataMap,
}

impl Caller {
    /// Somebody with `token`; with none when it is empty.
    pub fn new(channel: Channel, token: &str) -> Result<Self, Failure> {
        let caller = Self {
            channel,
            metadata: MetadataMap::new(),
        };
        if token.is_empty() {
            Ok(caller)
        } else {
            caller.with("authorization", &format!("Bearer {token}"))
        }
    }

    /// The same somebody who also sends this metadata.
    pub fn with(mut self, key: &'static str, value: &str) -> Result<Self, Failure> {
        self.metadata.insert(key, value.parse()?);
        Ok(self)
    }

    /// Calls `method` with one message. Of a stream that never ends only the first response is awaited.
    pub async fn ask(&self, method: &MethodDescriptor, request: &DynamicMessage) -> Answer {
        self.send(method, request.encode_to_vec()).await
    }

    /// [`ask`](Self::ask) with bytes that need not be a message.
    pub async fn send(&self, method: &MethodDescriptor, request: Vec<u8>) -> Answer {
        let endless = method.is_server_streaming() && !method.is_client_streaming();
        let most = if endless { 1 } else { usize::MAX };
        let call = reflect::answer(
            self.channel.clone(),
            method,
            self.metadata.clone(),
            vec![request],
            most,
        );
        let late = || Answer {
            messages: Vec::new(),
            status: Status::unknown(format!(
                "no answer from {} within {PATIENCE:?}",
                reflect::path(method)
            )),
        };
        tokio::time::timeout(PATIENCE, call)
            .await
            .unwrap_or_else(|_| late())
    }
}

/// Every byte that came back: responses, message, details, trailers.
pub fn bytes(answer: &Answer) -> Vec<u8> {
    let mut all: Vec<u8> = answer
        .messages
        .iter()
        .flat_map(prost::Message::encode_to_vec)
        .collect();
    all.extend_from_slice(answer.status.message().as_bytes());
    all.extend_from_slice(answer.status.details());
    all.extend_from_slice(format!("{:?}", answer.status.metadata()).as_bytes());
    all
}

/// The fields that the platform says are wrong: in the refusal, or in what a stream answers about its items.
pub fn refused_fields(answer: &Answer) -> Vec<String> {
    let mut fields = violated_fields(&answer.status);
    answer
        .messages
        .iter()
        .for_each(|message| problems(message, &mut fields));
    fields
}

fn problems(message: &DynamicMessage, fields: &mut Vec<String>) {
    let is_problem = message.descriptor().name() == "FieldProblem";
    for (field, value) in message.fields() {
        match value {
            Value::String(text) if is_problem && field.name() == "field" => fields.push(text.clone()),
            Value::Message(inner) => problems(inner, fields),
            Value::List(list) => list
                .iter()
                .filter_map(Value::as_message)
                .for_each(|inner| problems(inner, fields)),
            _ => {}
        }
    }
}

/// The scope that a method's option names; empty when it has none.
pub fn scope(method: &MethodDescriptor) -> String {
    let options = method.options();
    let named = options
        .extensions()
        .find(|(extension, _)| extension.full_name() == "attune.auth.v1.scope");
    named
        .and_then(|(_, value)| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// Whether a method only reads, by its scope.
pub fn is_reading(method: &MethodDescriptor) -> bool {
    scope(method)
        .rsplit_once('.')
        .is_some_and(|(_, right)| right == "read")
}
