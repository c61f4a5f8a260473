//! What a tenant has: through the API, and in the tables.

use std::collections::{BTreeMap, BTreeSet};

use attune_testkit::reflect;
use attune_testkit::{Failure, SCHEMAS, TestPlatform};
use futures::TryStreamExt as _;
use prost::Message as _;
use prost_reflect::{DynamicMessage, Value};
use sqlx::{AssertSqlSafe, Row as _};
use tonic::Code;

use super::{Caller, Samples, World, is_reading};

/// Everything that the reading RPCs tell a tenant about what it has.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Findings {
    /// The answers, byte for byte, by method and request.
    pub answers: BTreeMap<(String, usize), Vec<u8>>,
    /// Ids, addresses and texts that hold the tenant's marker.
    pub secrets: BTreeSet<String>,
    /// The page token that each listing method gave.
    pub page_tokens: BTreeMap<String, String>,
    /// A cursor of a feed.
    pub cursors: BTreeSet<String>,
}

impl Findings {
    /// Calls every reading RPC as the tenant of `world`. All must answer.
    pub async fn read(world: &World) -> Result<Self, Failure> {
        let mut findings = Self {
            secrets: world.ids(),
            ..Self::default()
        };
        findings.secrets.insert(world.marker.clone());
        let caller = Caller::new(world.tenant.channel(), world.tenant.token())?;
        for method in reflect::methods()?.iter().filter(|method| is_reading(method)) {
            for (place, request) in Samples::of(world).requests(method)?.iter().enumerate() {
                let answer = caller.ask(method, request).await;
                let path = reflect::path(method);
                if answer.status.code() != Code::Ok {
                    return Err(format!("{path} of its own, {request:?}: {:?}", answer.status).into());
                }
                answer
                    .messages
                    .iter()
                    .for_each(|message| findings.note(&path, message, &world.marker));
                let endless = method.is_server_streaming();
                let bytes = if endless {
                    Vec::new()
                } else {
                    super::bytes(&answer)
                };
                findings.answers.insert((path, place), bytes);
            }
        }
        Ok(findings)
    }

    fn note(&mut self, path: &str, message: &DynamicMessage, marker: &str) {
        for (field, value) in message.fields() {
            let texts = match value {
                Value::List(list) => list.clone(),
                Value::Map(map) => map.values().cloned().collect(),
                one => vec![one.clone()],
            };
            for text in texts {
                match text {
                    Value::Message(inner) => self.note(path, &inner, marker),
                    Value::String(text) if field.name() == "next_page_token" && !text.is_empty() => {
                        self.page_tokens.insert(path.to_owned(), text);
                    }
                    Value::String(text) if field.name() == "through" => {
                        self.cursors.insert(text);
                    }
                    Value::String(text) if text.contains(marker) || uuid::Uuid::try_parse(&text).is_ok() => {
                        self.secrets.insert(text);
                    }
                    _ => {}
                }
            }
        }
    }
}

/// Every row that a tenant has in any table, as Postgres writes it.
pub async fn rows(platform: &TestPlatform, tenant: &str) -> Result<BTreeSet<String>, Failure> {
    let schemas: Vec<_> = SCHEMAS.iter().map(|schema| schema.name().to_owned()).collect();
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT format('%I.%I', table_schema, table_name) FROM information_schema.columns
         JOIN information_schema.tables USING (table_schema, table_name)
         WHERE column_name = 'tenant_id' AND table_type = 'BASE TABLE' AND table_schema = ANY($1)",
    )
    .bind(&schemas)
    .fetch_all(platform.admin())
    .await?;
    let mut found = BTreeSet::new();
    for table in tables {
        let query = format!("SELECT t::text FROM {table} t WHERE tenant_id = $1");
        let query = sqlx::query(AssertSqlSafe(query)).bind(tenant);
        let mut rows = query.fetch(platform.admin());
        while let Some(row) = rows.try_next().await? {
            found.insert(format!("{table}: {}", row.try_get::<String, _>(0)?));
        }
    }
    Ok(found)
}

/// Whether a request carries `text`: an answer may repeat it then.
pub fn carries(request: &DynamicMessage, text: &str) -> bool {
    let bytes = request.encode_to_vec();
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}
