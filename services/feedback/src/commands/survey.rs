//! Making, changing, publishing and reading surveys.

use attune_database::{Database, OnConstraint, Tx, Write};
use attune_rpc::{Etag, Page, RequestKey, TenantId};
use sqlx::types::Json;
use uuid::Uuid;

use crate::domain::survey::{Definition, Survey, SurveyState};
use crate::error::Error;
use crate::neighbours::{Fitness, Neighbours};
use crate::store;

/// The most surveys a tenant asks at a time: each recorded interaction is held against all of them.
const MOST_PUBLISHED: i32 = 200;
/// The most versions of one survey.
const MOST_VERSIONS: i32 = 1000;

/// A survey to be made.
#[derive(Debug)]
pub(crate) struct Create {
    pub(crate) name: String,
    pub(crate) definition: Definition,
    pub(crate) key: RequestKey,
}

/// A survey to be changed.
#[derive(Debug)]
pub(crate) struct Update {
    pub(crate) survey_id: Uuid,
    pub(crate) name: String,
    pub(crate) definition: Definition,
    pub(crate) etag: String,
    pub(crate) key: RequestKey,
}

/// A survey to be published or archived.
#[derive(Debug)]
pub(crate) struct Transition {
    pub(crate) survey_id: Uuid,
    pub(crate) etag: String,
    pub(crate) key: RequestKey,
}

/// Makes a survey with its version 1.
pub(crate) async fn create(db: &Database, tenant: &TenantId, create: Create) -> Result<Survey, Error> {
    let survey_id = Uuid::now_v7();
    let mut tx = match db.write(tenant, &create.key, survey_id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return get(db, tenant, id, None).await,
    };
    let survey = Survey {
        survey_id,
        name: create.name,
        state: SurveyState::Draft,
        number: 1,
        published: None,
        definition: Json(create.definition),
        version: 1,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    store::survey::insert(&mut tx, &survey)
        .await
        .on_constraint("survey_name_key", || Error::SurveyNameTaken)?;
    tx.commit().await?;
    Ok(survey)
}

/// Adds a version.
pub(crate) async fn update(db: &Database, tenant: &TenantId, update: Update) -> Result<Survey, Error> {
    let Update {
        survey_id,
        name,
        definition,
        etag,
        key,
    } = update;
    let mut tx = match db.write(tenant, &key, survey_id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return get(db, tenant, id, None).await,
    };
    let mut survey = lock(&mut tx, survey_id, &etag).await?;
    if survey.number >= MOST_VERSIONS {
        return Err(Error::TooMany {
            resource: "survey version",
            limit: MOST_VERSIONS,
        });
    }
    survey.name = name;
    survey.definition = Json(definition);
    survey.number += 1;
    store::survey::insert_version(&mut tx, &survey).await?;
    save(tx, survey).await
}

/// Asks the newest version from now on.
pub(crate) async fn publish(
    db: &Database,
    neighbours: &Neighbours,
    tenant: &TenantId,
    publish: Transition,
) -> Result<Survey, Error> {
    let Transition { survey_id, etag, key } = publish;
    // Outside the transaction; what it found is looked at once it is known that the request is a new one.
    let checked = check_template(db, neighbours, tenant, survey_id).await;
    let mut tx = match db.write(tenant, &key, survey_id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return get(db, tenant, id, None).await,
    };
    let mut survey = lock(&mut tx, survey_id, &etag).await?;
    if checked? != survey.number {
        return Err(Error::Overtaken);
    }
    if survey.state != SurveyState::Published
        && store::survey::count_asked(&mut tx).await? >= i64::from(MOST_PUBLISHED)
    {
        return Err(Error::TooMany {
            resource: "published survey",
            limit: MOST_PUBLISHED,
        });
    }
    survey.state = SurveyState::Published;
    survey.published = Some(survey.number);
    save(tx, survey).await
}

/// Asks nobody any more.
pub(crate) async fn archive(db: &Database, tenant: &TenantId, archive: Transition) -> Result<Survey, Error> {
    let Transition { survey_id, etag, key } = archive;
    let mut tx = match db.write(tenant, &key, survey_id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return get(db, tenant, id, None).await,
    };
    let mut survey = lock(&mut tx, survey_id, &etag).await?;
    survey.state = SurveyState::Archived;
    save(tx, survey).await
}

/// Whether the newest version can be sent; answers its number.
async fn check_template(
    db: &Database,
    neighbours: &Neighbours,
    tenant: &TenantId,
    survey_id: Uuid,
) -> Result<i32, Error> {
    let survey = get(db, tenant, survey_id, None).await?;
    let template_id = survey.definition.template_id;
    let fault = match neighbours.template(tenant, template_id).await? {
        Fitness::Fits => return Ok(survey.number),
        Fitness::Missing => "is not there",
        Fitness::OtherPurpose => "has another purpose than PURPOSE_SURVEY",
    };
    Err(Error::Template { template_id, fault })
}

async fn lock(tx: &mut Tx, survey_id: Uuid, etag: &str) -> Result<Survey, Error> {
    let survey = store::survey::lock(tx, survey_id).await?;
    let survey = survey.ok_or(Error::NoSurvey(survey_id))?;
    Etag::of(survey.version).check(etag)?;
    Ok(survey)
}

async fn save(mut tx: Tx, mut survey: Survey) -> Result<Survey, Error> {
    survey.version += 1;
    survey.updated_at = tx.now();
    store::survey::update(&mut tx, &survey)
        .await
        .on_constraint("survey_name_key", || Error::SurveyNameTaken)?;
    tx.commit().await?;
    Ok(survey)
}

/// Reads a survey with its newest version, or the one of that number.
pub(crate) async fn get(
    db: &Database,
    tenant: &TenantId,
    survey_id: Uuid,
    number: Option<i32>,
) -> Result<Survey, Error> {
    let mut tx = db.read(tenant).await?;
    let survey = store::survey::find(&mut tx, survey_id, number).await?;
    tx.commit().await?;
    survey.ok_or(Error::NoSurvey(survey_id))
}

/// Reads a page of surveys, oldest first, and the token of the next.
pub(crate) async fn list(
    db: &Database,
    tenant: &TenantId,
    page: &Page<Uuid>,
) -> Result<(Vec<Survey>, String), Error> {
    let mut tx = db.read(tenant).await?;
    let mut surveys = store::survey::page(&mut tx, page.after().copied(), page.limit()).await?;
    tx.commit().await?;
    let next = page.next(&mut surveys, |survey| survey.survey_id)?;
    Ok((surveys, next))
}
