//! The tenant's taxonomy and its versions.

use attune_database::{Database, OnConstraint as _, Tx, Write};
use attune_rpc::{Page, RequestKey, TenantId, Violations};
use attune_text::TopicDefinition;
use uuid::Uuid;

use crate::analysis::with_starter;
use crate::domain::{
    Misplaced, TaxonomyChange, TaxonomyVersion, Topic, TopicOrigin, Topics, check_place, effects,
};
use crate::error::Error;
use crate::store;

/// The most topics of a tenant, the starter set included and archived ones not.
pub(crate) const MOST: usize = 500;
/// The most topics of a tenant that have a rule: each is asked about every text.
pub(crate) const MOST_RULES: usize = 50;
/// The most topics of a tenant, archived ones included.
const MOST_EVER: usize = 2000;

/// How a topic is to be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Description {
    pub(crate) definition: TopicDefinition,
    pub(crate) parent_id: Option<String>,
    pub(crate) rule: String,
    pub(crate) group: bool,
}

/// A topic to be added.
#[derive(Debug)]
pub(crate) struct Create {
    pub(crate) topic: Description,
    pub(crate) author: String,
    pub(crate) key: RequestKey,
}

/// What is to be changed of a topic; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Change {
    pub(crate) name: Option<String>,
    pub(crate) keywords: Option<Vec<String>>,
    pub(crate) examples: Option<Vec<String>>,
    #[allow(clippy::option_option)] // the outer tells whether it is touched, the inner takes it away
    pub(crate) parent_id: Option<Option<String>>,
    pub(crate) rule: Option<String>,
    pub(crate) group: Option<bool>,
}

/// A topic to be changed.
#[derive(Debug)]
pub(crate) struct Update {
    pub(crate) topic_id: String,
    pub(crate) etag: String,
    pub(crate) change: Change,
    pub(crate) author: String,
    pub(crate) key: RequestKey,
}

/// A topic to be archived.
#[derive(Debug)]
pub(crate) struct Archive {
    pub(crate) topic_id: String,
    pub(crate) etag: String,
    pub(crate) author: String,
    pub(crate) key: RequestKey,
}

/// Adds a topic, puts it in the place of the starter topic of the same id, or brings an archived one back.
pub(crate) async fn create(db: &Database, tenant: &TenantId, create: Create) -> Result<Topic, Error> {
    let Create { topic, author, key } = create;
    let id = topic.definition.id.clone();
    let mut tx = match db.write(tenant, &key, Uuid::now_v7()).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(_) => return get(db, tenant, &id, None).await,
    };
    let topic = add(&mut tx, &author, topic).await?;
    tx.commit().await?;
    Ok(topic)
}

/// Adds a topic in the caller's transaction.
pub(super) async fn add(tx: &mut Tx, author: &str, new: Description) -> Result<Topic, Error> {
    let taxonomy = Taxonomy::lock(tx).await?;
    let known = taxonomy.topics.get(&new.definition.id);
    if known.is_some_and(|known| known.origin == TopicOrigin::Tenant && known.archived_at.is_none()) {
        return Err(Error::TopicTaken);
    }
    let description = match known.map(|known| known.origin) {
        None => "added",
        Some(TopicOrigin::Starter) => "put in the place of the starter topic",
        Some(TopicOrigin::Tenant) => "brought back",
    };
    let Description {
        definition,
        parent_id,
        rule,
        group,
    } = new;
    let topic = Topic {
        definition,
        parent_id,
        rule,
        group,
        archived_at: None,
        changed_version: 0,
        origin: TopicOrigin::Tenant,
    };
    taxonomy
        .advance(tx, TaxonomyChange::Created, topic, author, description.to_owned())
        .await
}

/// Changes a topic.
pub(crate) async fn update(db: &Database, tenant: &TenantId, update: Update) -> Result<Topic, Error> {
    let Update {
        topic_id,
        etag,
        change,
        author,
        key,
    } = update;
    let mut tx = match db.write(tenant, &key, Uuid::now_v7()).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(_) => return get(db, tenant, &topic_id, None).await,
    };
    let taxonomy = Taxonomy::lock(&mut tx).await?;
    let before = taxonomy.find(&topic_id)?;
    before.etag().check(&etag)?;
    if before.archived_at.is_some() {
        return Err(Error::TopicArchived);
    }
    let after = change.of(before);
    check_found_by(&after)?;
    let changed = what_changed(before, &after);
    let topic = if changed.is_empty() {
        before.clone()
    } else {
        let description = format!("changed its {}", changed.join(", "));
        taxonomy
            .advance(&mut tx, TaxonomyChange::Updated, after, &author, description)
            .await?
    };
    tx.commit().await?;
    Ok(topic)
}

/// Archives a topic: nothing is coded with it from then on.
pub(crate) async fn archive(db: &Database, tenant: &TenantId, archive: Archive) -> Result<Topic, Error> {
    let Archive {
        topic_id,
        etag,
        author,
        key,
    } = archive;
    let mut tx = match db.write(tenant, &key, Uuid::now_v7()).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(_) => return get(db, tenant, &topic_id, None).await,
    };
    let taxonomy = Taxonomy::lock(&mut tx).await?;
    let before = taxonomy.find(&topic_id)?;
    before.etag().check(&etag)?;
    let topic = if before.archived_at.is_some() {
        before.clone()
    } else {
        let after = Topic {
            archived_at: Some(tx.now()),
            ..before.clone()
        };
        taxonomy
            .advance(
                &mut tx,
                TaxonomyChange::Archived,
                after,
                &author,
                "archived".to_owned(),
            )
            .await?
    };
    tx.commit().await?;
    Ok(topic)
}

/// A topic that nothing could find is a mistake.
fn check_found_by(topic: &Topic) -> Result<(), Error> {
    let own = topic.has_words() || !topic.rule.is_empty();
    let mut violations = Violations::default();
    if topic.group && own {
        violations.add(
            "topic.group",
            "must have no keyword, example or rule; take them away first",
        );
    } else if !topic.group && !own {
        violations.add(
            "topic.keywords",
            "must hold a keyword where there is no example and no rule",
        );
    }
    Ok(violations.finish(Some(()))?)
}

impl Change {
    fn of(self, topic: &Topic) -> Topic {
        let Self {
            name,
            keywords,
            examples,
            parent_id,
            rule,
            group,
        } = self;
        let was = topic.clone();
        Topic {
            definition: TopicDefinition {
                id: was.definition.id,
                name: name.unwrap_or(was.definition.name),
                keywords: keywords.unwrap_or(was.definition.keywords),
                examples: examples.unwrap_or(was.definition.examples),
            },
            parent_id: parent_id.unwrap_or(was.parent_id),
            rule: rule.unwrap_or(was.rule),
            group: group.unwrap_or(was.group),
            archived_at: None,
            changed_version: was.changed_version,
            origin: TopicOrigin::Tenant,
        }
    }
}

/// The names of the parts in which two states of a topic differ.
fn what_changed(before: &Topic, after: &Topic) -> Vec<&'static str> {
    let (old, new) = (&before.definition, &after.definition);
    let parts = [
        ("name", old.name != new.name),
        ("keywords", old.keywords != new.keywords),
        ("examples", old.examples != new.examples),
        ("place", before.parent_id != after.parent_id),
        ("rule", before.rule != after.rule),
        ("being a group", before.group != after.group),
    ];
    let changed = parts.into_iter().filter(|(_, changed)| *changed);
    changed.map(|(name, _)| name).collect()
}

/// The tenant's taxonomy, which nobody else changes until the transaction ends.
struct Taxonomy {
    version: i64,
    /// All topics, the starter set included, archived ones too.
    topics: Topics,
}

impl Taxonomy {
    async fn lock(tx: &mut Tx) -> Result<Self, Error> {
        let version = store::topic::lock(tx).await?;
        let topics = with_starter(store::topic::all(tx).await?);
        Ok(Self { version, topics })
    }

    fn find(&self, topic_id: &str) -> Result<&Topic, Error> {
        let found = self.topics.get(topic_id);
        found.ok_or_else(|| Error::NoTopic(topic_id.to_owned()))
    }

    /// Makes the next version, in which one topic is as given.
    async fn advance(
        self,
        tx: &mut Tx,
        change: TaxonomyChange,
        topic: Topic,
        author: &str,
        description: String,
    ) -> Result<Topic, Error> {
        let version = self.version + 1;
        let topic = Topic {
            changed_version: version,
            ..topic
        };
        let mut after = self.topics.clone();
        after.insert(topic.id().to_owned(), topic.clone());
        check_size(&after)?;
        check_place(&after, topic.id())?;
        let effects = effects(&self.topics, &after, topic.id());
        let record = TaxonomyVersion {
            version,
            created_at: tx.now(),
            author: author.to_owned(),
            change: Some(change),
            topic_id: topic.id().to_owned(),
            description,
            affected: Vec::new(),
        };
        store::topic::put(tx, Uuid::now_v7(), &topic)
            .await
            .on_constraint("topic_parent_check", || Error::from(Misplaced::Circle))?;
        store::taxonomy::record(tx, &record, &topic, &effects).await?;
        store::topic::advance(tx, version).await?;
        Ok(topic)
    }
}

fn check_size(topics: &Topics) -> Result<(), Error> {
    let used = || topics.values().filter(|topic| topic.archived_at.is_none());
    if used().count() > MOST {
        return Err(Error::TooManyTopics { limit: MOST });
    }
    if topics.len() > MOST_EVER {
        return Err(Error::TooManyTopics { limit: MOST_EVER });
    }
    if used().filter(|topic| !topic.rule.is_empty()).count() > MOST_RULES {
        return Err(Error::TooManyRules { limit: MOST_RULES });
    }
    Ok(())
}

/// The tenant's topics as they are, or as they were in a version, archived ones too.
async fn topics(tx: &mut Tx, version: Option<i64>) -> Result<Topics, Error> {
    let own = match version {
        None => store::topic::all(tx).await?,
        Some(version) => {
            check_version(tx, version).await?;
            store::topic::as_of(tx, version).await?
        }
    };
    Ok(with_starter(own))
}

/// Refuses a version that there is not.
pub(super) async fn check_version(tx: &mut Tx, version: i64) -> Result<(), Error> {
    if version > store::topic::version(tx).await? {
        return Err(Error::NoTaxonomyVersion(version));
    }
    Ok(())
}

/// Reads a topic as it is, or as it was in a version.
pub(crate) async fn get(
    db: &Database,
    tenant: &TenantId,
    topic_id: &str,
    version: Option<i64>,
) -> Result<Topic, Error> {
    let mut tx = db.read(tenant).await?;
    let topic = topics(&mut tx, version).await?.remove(topic_id);
    tx.commit().await?;
    topic.ok_or_else(|| Error::NoTopic(topic_id.to_owned()))
}

/// Which topics a list holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Listing {
    /// None for the version that stands.
    pub(crate) version: Option<i64>,
    pub(crate) archived: bool,
}

/// Reads a page of the taxonomy by id, and the token of the next.
pub(crate) async fn list(
    db: &Database,
    tenant: &TenantId,
    listing: Listing,
    page: &Page<String>,
) -> Result<(Vec<Topic>, String), Error> {
    let mut tx = db.read(tenant).await?;
    let topics = topics(&mut tx, listing.version).await?;
    tx.commit().await?;
    let after = page.after().map_or("", String::as_str);
    let limit = usize::try_from(page.limit()).unwrap_or_default();
    let mut topics: Vec<Topic> = topics
        .into_values()
        .filter(|topic| listing.archived || topic.archived_at.is_none())
        .filter(|topic| topic.id() > after)
        .take(limit)
        .collect();
    let next = page.next(&mut topics, |topic| topic.id().to_owned())?;
    Ok((topics, next))
}

/// Reads a page of versions, newest first, and the token of the next.
pub(crate) async fn versions(
    db: &Database,
    tenant: &TenantId,
    page: &Page<i64>,
) -> Result<(Vec<TaxonomyVersion>, String), Error> {
    let mut tx = db.read(tenant).await?;
    let mut versions = store::taxonomy::page(&mut tx, page.after().copied(), page.limit()).await?;
    tx.commit().await?;
    let next = page.next(&mut versions, |version| version.version)?;
    Ok((versions, next))
}
