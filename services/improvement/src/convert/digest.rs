//! Subscriptions and their digests.

use attune_api::improvement::v1 as pb;
use attune_rpc::{Error, Page, RequestKey, Violations, timestamp};
use jiff::tz::TimeZone;
use uuid::Uuid;

use super::team;
use crate::commands::digest::{Create, Delete};
use crate::domain::{Digest, DigestItem, DigestSchedule, DigestScope, DigestSubscription, NewsKind};

/// Digests are long: a page holds fewer than others do.
const DEFAULT_DIGESTS: i32 = 10;
const MOST_DIGESTS: i32 = 20;

pub(crate) fn create(request: &pb::CreateDigestSubscriptionRequest) -> Result<Create, Error> {
    let mut violations = Violations::default();
    let method = "CreateDigestSubscription";
    let key = RequestKey::of(method, &request.request_id, request, &mut violations);
    let given = violations.required("subscription", request.subscription.as_ref());
    let parts = given.map(|given| {
        let member_id = team::member_id("subscription.member_id", &given.member_id, &mut violations);
        (
            member_id,
            scope(given, &mut violations),
            schedule(given, &mut violations),
        )
    });
    let create = || {
        let (member_id, scope, schedule) = parts?;
        Some(Create {
            member_id: member_id?,
            scope: scope?,
            schedule: schedule?,
            key: key?,
        })
    };
    violations.finish(create())
}

fn scope(given: &pb::DigestSubscription, violations: &mut Violations) -> Option<DigestScope> {
    let department = violations.text("subscription.department", &given.department, 0..=100);
    let topic_id = violations.optional_slug("subscription.topic_id", &given.topic_id, 64);
    let product = violations.text("subscription.product", &given.product, 0..=100);
    Some(DigestScope {
        department: department?,
        topic_id: topic_id?.unwrap_or_default(),
        product: product?,
    })
}

fn schedule(given: &pb::DigestSubscription, violations: &mut Violations) -> Option<DigestSchedule> {
    let mut within = |field: &str, value: i32, most: i8| {
        let parsed = i8::try_from(value)
            .ok()
            .filter(|value| (0..=most).contains(value));
        if parsed.is_none() {
            violations.add(format!("subscription.{field}"), format!("must be 0 to {most}"));
        }
        parsed
    };
    let (weekday, hour) = (
        within("weekday", given.weekday, 7),
        within("hour", given.hour, 23),
    );
    // Of a zone without a name nothing could be stored.
    let time_zone = TimeZone::get(&given.time_zone)
        .ok()
        .filter(|zone| zone.iana_name().is_some());
    if time_zone.is_none() {
        violations.add(
            "subscription.time_zone",
            "must be an IANA time zone such as Europe/Berlin",
        );
    }
    Some(DigestSchedule {
        weekday: weekday?,
        hour: hour?,
        time_zone: time_zone?,
    })
}

pub(crate) fn delete(request: &pb::DeleteDigestSubscriptionRequest) -> Result<Delete, Error> {
    let mut violations = Violations::default();
    let method = "DeleteDigestSubscription";
    let key = RequestKey::of(method, &request.request_id, request, &mut violations);
    let id = violations.id("digest_subscription_id", &request.digest_subscription_id);
    violations.finish(id.zip(key).map(|(digest_subscription_id, key)| Delete {
        digest_subscription_id,
        key,
    }))
}

pub(crate) fn list(
    request: &pb::ListDigestSubscriptionsRequest,
) -> Result<(Option<String>, Page<Uuid>), Error> {
    let mut violations = Violations::default();
    let member_id = violations.text("member_id", &request.member_id, 0..=200);
    let page = Page::parse(
        request.page_size,
        &request.page_token,
        &("digest_subscriptions", &request.member_id),
        &mut violations,
    )?;
    let member_id = member_id.map(|member_id| Some(member_id).filter(|id| !id.is_empty()));
    violations.finish(member_id.map(|member_id| (member_id, page)))
}

pub(crate) fn digests(request: &pb::ListDigestsRequest) -> Result<(Uuid, Page<i32>), Error> {
    let mut violations = Violations::default();
    let id = violations.id("digest_subscription_id", &request.digest_subscription_id);
    let size = match request.page_size {
        0 => DEFAULT_DIGESTS,
        size => size.min(MOST_DIGESTS),
    };
    let page = Page::parse(
        size,
        &request.page_token,
        &("digests", &request.digest_subscription_id),
        &mut violations,
    )?;
    violations.finish(id.map(|id| (id, page)))
}

pub(crate) fn subscription_to_proto(subscription: DigestSubscription) -> pb::DigestSubscription {
    let DigestSubscription {
        digest_subscription_id,
        member_id,
        scope,
        schedule,
        digests: _,
        period_start: _,
        next_at,
        created_at,
    } = subscription;
    let DigestScope {
        department,
        topic_id,
        product,
    } = scope;
    pb::DigestSubscription {
        digest_subscription_id: digest_subscription_id.to_string(),
        member_id,
        department,
        topic_id,
        product,
        weekday: schedule.weekday.into(),
        hour: schedule.hour.into(),
        time_zone: schedule.time_zone.iana_name().unwrap_or("UTC").to_owned(),
        next_at: Some(timestamp(next_at)),
        create_time: Some(timestamp(created_at)),
    }
}

pub(crate) fn to_proto(digest: Digest) -> pb::Digest {
    let Digest {
        digest_subscription_id,
        number,
        period_start,
        period_end,
        letter,
        items,
    } = digest;
    let state = match letter {
        Some(_) => pb::DigestState::Sent,
        None => pb::DigestState::NothingToSay,
    };
    pb::Digest {
        digest_subscription_id: digest_subscription_id.to_string(),
        number,
        period_start: Some(timestamp(period_start)),
        period_end: Some(timestamp(period_end)),
        state: state.into(),
        subject: letter.map(|letter| letter.subject).unwrap_or_default(),
        items: items.into_iter().map(item_to_proto).collect(),
    }
}

fn item_to_proto(item: DigestItem) -> pb::DigestItem {
    let DigestItem {
        news_id: _,
        kind,
        issue_id,
        initiative_id,
        iteration,
        people,
        sentence,
        because,
        happened_at,
    } = item;
    pb::DigestItem {
        kind: kind_to_proto(kind).into(),
        text: sentence,
        because,
        issue_id: issue_id.to_string(),
        initiative_id: initiative_id.map(|id| id.to_string()).unwrap_or_default(),
        iteration,
        people,
        happened_at: Some(timestamp(happened_at)),
    }
}

const fn kind_to_proto(kind: NewsKind) -> pb::DigestItemKind {
    match kind {
        NewsKind::IssueOpened => pb::DigestItemKind::IssueOpened,
        NewsKind::InitiativePlanned => pb::DigestItemKind::InitiativePlanned,
        NewsKind::InitiativeRolledOut => pb::DigestItemKind::InitiativeRolledOut,
        NewsKind::InitiativeStopped => pb::DigestItemKind::InitiativeStopped,
        NewsKind::ActionOverdue => pb::DigestItemKind::ActionOverdue,
        NewsKind::VerdictStated => pb::DigestItemKind::VerdictStated,
        NewsKind::VerdictRestated => pb::DigestItemKind::VerdictRestated,
        NewsKind::PeopleTold => pb::DigestItemKind::PeopleTold,
        NewsKind::Recognised => pb::DigestItemKind::Recognised,
    }
}
