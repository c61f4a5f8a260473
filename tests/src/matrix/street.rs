//! Companies next door to each other.

use std::collections::BTreeSet;

use aho_corasick::AhoCorasick;
use attune_testkit::reflect::{self, Answer};
use attune_testkit::{Failure, TestPlatform};
use chrono::TimeDelta;
use prost_reflect::{DynamicMessage, MethodDescriptor, Value};
use tonic::Code;

use super::{Findings, Path, Sample, Samples, World, bytes, carries, is_reading};

/// Two companies that have the same things, and one that will write.
#[derive(Debug)]
pub struct Street {
    /// The platform they all are on.
    pub platform: TestPlatform,
    /// Whose things are to stay its own.
    pub acme: World,
    /// Who reads.
    pub umbra: World,
    /// Who writes.
    pub penumbra: World,
    /// What only acme has.
    pub secrets: BTreeSet<String>,
    /// What acme is told about it.
    findings: Findings,
    /// Finds any of the secrets in a pass.
    search: AhoCorasick,
}

impl Street {
    /// Makes them, and lets a hot issue appear at two of them.
    ///
    /// # Panics
    /// When acme turns out to have next to nothing that only it has.
    pub async fn build() -> Result<Self, Failure> {
        let platform = TestPlatform::start().await?;
        let mut acme = World::make(&platform, "acme").await?;
        let mut umbra = World::make(&platform, "umbra").await?;
        let penumbra = World::make(&platform, "penumbra").await?;
        for world in [&mut acme, &mut umbra] {
            // Time has passed while the neighbours moved in.
            world.now = platform.now();
            world.complain().await?;
        }
        platform.advance(TimeDelta::hours(1)).await?;
        for world in [&mut acme, &mut umbra] {
            world.find_hot_issue().await?;
        }
        let findings = Findings::read(&acme).await?;
        let of_umbra = Findings::read(&umbra).await?.secrets;
        let secrets: BTreeSet<_> = findings.secrets.difference(&of_umbra).cloned().collect();
        assert!(
            secrets.len() > 40,
            "acme has {} secrets, which is hardly everything",
            secrets.len()
        );
        let search = AhoCorasick::new(&secrets)?;
        Ok(Self {
            platform,
            acme,
            umbra,
            penumbra,
            secrets,
            findings,
            search,
        })
    }

    /// Reading is tried by one that never sends anything of acme's where it would be kept.
    pub fn neighbour(&self, method: &MethodDescriptor) -> &World {
        if is_reading(method) {
            &self.umbra
        } else {
            &self.penumbra
        }
    }

    /// What acme has for the field, if it is one that names, continues or guesses.
    fn of_acme(&self, method: &MethodDescriptor, path: &Path) -> Result<Vec<String>, Failure> {
        let Some(field) = path.field() else {
            return Ok(Vec::new());
        };
        Ok(match path.sample(method.input().name())? {
            // Ignored, or so the contract says.
            Sample::Output => self
                .acme
                .known(field.name())
                .into_iter()
                .map(str::to_owned)
                .collect(),
            Sample::Known(name) => vec![self.acme.known(name)?.to_owned()],
            Sample::Unique(_) if field.name() == "value" => vec![self.acme.known("email")?.to_owned()],
            _ if field.name() == "etag" => vec!["v1".to_owned(), "v2".to_owned()],
            _ if field.name() == "page_token" => self
                .findings
                .page_tokens
                .get(&reflect::path(method))
                .into_iter()
                .cloned()
                .collect(),
            _ if field.name() == "after" => self.findings.cursors.iter().cloned().collect(),
            _ => Vec::new(),
        })
    }

    /// The neighbour's own valid requests, with something of acme's in one field, and in all at once.
    pub fn trespasses(&self, method: &MethodDescriptor) -> Result<Vec<DynamicMessage>, Failure> {
        let mut requests = Vec::new();
        for own in Samples::of(self.neighbour(method)).requests(method)? {
            let mut all = own.clone();
            for path in Path::all(&method.input()) {
                for value in self.of_acme(method, &path)? {
                    let list = path.field().is_some_and(prost_reflect::FieldDescriptor::is_list);
                    let value = Value::String(value);
                    let value = if list { Value::List(vec![value]) } else { value };
                    let mut one = own.clone();
                    path.put(&mut one, value.clone());
                    path.put(&mut all, value);
                    requests.push(one);
                }
            }
            requests.push(all);
        }
        Ok(requests)
    }

    /// What of acme's is in the answer, and was not brought along: a refusal may repeat what it refuses, and a
    /// neighbour who writes an id down is told what it wrote.
    pub fn leaks(
        &self,
        method: &MethodDescriptor,
        request: &DynamicMessage,
        answer: &Answer,
    ) -> Vec<&String> {
        let seen = bytes(answer);
        let told = is_reading(method) && answer.status.code() == Code::Ok;
        let found: BTreeSet<_> = self
            .search
            .find_overlapping_iter(&seen)
            .map(|hit| hit.pattern().as_usize())
            .collect();
        let secrets = self
            .secrets
            .iter()
            .enumerate()
            .filter(|(place, _)| found.contains(place));
        secrets
            .map(|(_, secret)| secret)
            .filter(|secret| told || !carries(request, secret))
            .collect()
    }
}
