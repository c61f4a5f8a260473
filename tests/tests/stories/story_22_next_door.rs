//! Story 22: a company's token can neither read, guess, page, stream nor write anything of another's, on any RPC.

use std::sync::LazyLock;

use attune_testkit::reflect;
use attune_testkit::{Failure, SCHEMAS, TestPlatform};
use attune_tests::matrix::{
    Caller, Findings, Path, Sample, Samples, Street, World, bytes, is_reading, method_named, rows,
};
use futures::{StreamExt as _, TryStreamExt as _};
use prost_reflect::{DynamicMessage, Value};
use tokio::runtime::Runtime;
use tonic::Code;

/// Calls in flight.
const AT_ONCE: usize = 16;

/// One street for all tests of this file: none of them changes what the others look at.
static STREET: LazyLock<Result<(Runtime, Street), String>> = LazyLock::new(|| {
    let runtime = Runtime::new().map_err(|error| error.to_string())?;
    let street = runtime
        .block_on(Street::build())
        .map_err(|error| error.to_string())?;
    Ok((runtime, street))
});

/// Runs `test` beside the platform that all tests of this file share.
fn in_the_street<F: Future<Output = Result<(), Failure>>>(
    test: impl FnOnce(&'static Street) -> F,
) -> Result<(), Failure> {
    let (runtime, street) = STREET.as_ref().map_err(String::as_str)?;
    runtime.block_on(test(street))
}

fn allowed(code: Code) -> bool {
    matches!(
        code,
        Code::Ok
            | Code::NotFound
            | Code::InvalidArgument
            | Code::PermissionDenied
            | Code::FailedPrecondition
            | Code::Aborted
    )
}

#[test]
fn a_neighbour_reaches_nothing_with_ids_and_tokens_of_a_company() -> Result<(), Failure> {
    in_the_street(trespass)
}

async fn trespass(street: &'static Street) -> Result<(), Failure> {
    let before = rows(&street.platform, "acme").await?;
    let told = Findings::read(&street.acme).await?;
    let mails = mails_to(&street.platform, &street.acme)?;

    let mut calls = Vec::new();
    for method in reflect::methods()? {
        let requests = street.trespasses(&method)?;
        calls.extend(requests.into_iter().map(|request| (method.clone(), request)));
    }
    let (reads, writes): (Vec<_>, Vec<_>) = calls.into_iter().partition(|(method, _)| is_reading(method));
    assert!(
        reads.len() > 40 && writes.len() > 20,
        "{} reads and {} writes",
        reads.len(),
        writes.len()
    );
    for (method, request) in [reads, writes].concat() {
        let own = &street.neighbour(&method).tenant;
        let answer = Caller::new(own.channel(), own.token())?
            .ask(&method, &request)
            .await;
        let path = reflect::path(&method);
        assert!(
            allowed(answer.status.code()),
            "{path} {request:?}: {:?}",
            answer.status
        );
        assert_eq!(
            street.leaks(&method, &request, &answer),
            Vec::<&String>::new(),
            "{path} {request:?}: {answer:?}"
        );
    }

    street.platform.settle().await?;
    assert_eq!(
        rows(&street.platform, "acme").await?,
        before,
        "acme's rows changed"
    );
    // Where the feed stands is no tenant's: a live stream begins there, and the neighbour's own events moved it.
    let now = Findings {
        cursors: told.cursors.clone(),
        ..Findings::read(&street.acme).await?
    };
    assert_eq!(now, told, "acme is told something else");
    assert_eq!(
        mails_to(&street.platform, &street.acme)?,
        mails,
        "a neighbour wrote to acme's customer"
    );
    Ok(())
}

fn mails_to(platform: &TestPlatform, world: &World) -> Result<usize, Failure> {
    let address = world.known("email")?;
    let to = |mail: &attune_mailbox::Mail| mail.to.iter().any(|to| to == address);
    Ok(platform
        .mailbox()
        .received()
        .iter()
        .filter(|mail| to(mail))
        .count())
}

#[test]
fn a_neighbour_finds_its_own_things_where_it_looks_for_a_companys() -> Result<(), Failure> {
    in_the_street(look_around)
}

async fn look_around(street: &'static Street) -> Result<(), Failure> {
    let umbra = Caller::new(street.umbra.tenant.channel(), street.umbra.tenant.token())?;
    let mut seen = 0;
    for method in reflect::methods()?.iter().filter(|method| is_reading(method)) {
        for request in Samples::of(&street.acme).requests(method)? {
            let answer = umbra.ask(method, &request).await;
            let path = reflect::path(method);
            assert!(
                matches!(answer.status.code(), Code::Ok | Code::NotFound),
                "{path}: {:?}",
                answer.status
            );
            assert_eq!(
                street.leaks(method, &request, &answer),
                Vec::<&String>::new(),
                "{path} {request:?}"
            );
            seen += usize::from(bytes(&answer).windows(9).any(|window| window == b"umbramark"));
        }
    }
    assert!(seen >= 4, "umbra sees its own things in {seen} answers only");
    Ok(())
}

#[test]
fn the_feeds_tell_a_neighbour_nothing() -> Result<(), Failure> {
    in_the_street(listen)
}

async fn listen(street: &'static Street) -> Result<(), Failure> {
    let subscribe = method_named("Subscribe")?;
    for schema in SCHEMAS {
        let mut events = [0, 0];
        for (place, world) in [&street.acme, &street.umbra].into_iter().enumerate() {
            let caller = Caller::new(world.tenant.channel(), world.tenant.token())?;
            let mut request = DynamicMessage::new(subscribe.input());
            request.set_field_by_name("source", Value::String(schema.name().to_owned()));
            loop {
                let answer = caller.ask(&subscribe, &request).await;
                let page = answer
                    .messages
                    .first()
                    .ok_or_else(|| format!("{:?}", answer.status))?;
                events[place] += list(page, "events").len();
                for event in list(page, "events") {
                    let tenant = event
                        .as_message()
                        .and_then(|event| event.get_field_by_name("tenant_id"));
                    let tenant = tenant.and_then(|tenant| tenant.as_str().map(str::to_owned));
                    assert_eq!(tenant.as_deref(), Some(world.name.as_str()), "{event:?}");
                }
                if place == 1 {
                    assert_eq!(street.leaks(&subscribe, &request, &answer), Vec::<&String>::new());
                }
                if page
                    .get_field_by_name("caught_up")
                    .is_some_and(|done| done.as_bool() == Some(true))
                {
                    break;
                }
                let through = page.get_field_by_name("through").ok_or("no cursor")?.into_owned();
                request.set_field_by_name("after", through);
            }
        }
        let [acme, umbra] = events;
        assert!(
            acme > 0 && umbra > 0,
            "{schema:?}: acme has {acme} events, umbra {umbra}"
        );
    }
    Ok(())
}

#[test]
fn a_company_sees_and_releases_its_own_parked_events_alone() -> Result<(), Failure> {
    in_the_street(release)
}

async fn release(street: &'static Street) -> Result<(), Failure> {
    let caller = |world: &World| Caller::new(world.tenant.channel(), world.tenant.token());
    let list_parked = method_named("ListParkedEvents")?;
    let mut pages = Vec::new();
    for world in [&street.acme, &street.umbra] {
        let request = Samples::of(world).request(&list_parked)?;
        let answer = caller(world)?.ask(&list_parked, &request).await;
        let page = answer
            .messages
            .first()
            .ok_or_else(|| format!("{:?}", answer.status))?;
        assert_eq!(list(page, "parked_events").len(), 1, "{}: {page:?}", world.name);
        pages.push((request, answer));
    }
    let (request, seen_by_umbra) = &pages[1];
    assert_eq!(
        street.leaks(&list_parked, request, seen_by_umbra),
        Vec::<&String>::new()
    );

    let release = method_named("ReleaseParkedEvents")?;
    let umbra = caller(&street.umbra)?;
    let of_acme = Samples::of(&street.acme).request(&release)?;
    assert_eq!(umbra.ask(&release, &of_acme).await.status.code(), Code::NotFound);
    let own = Samples::of(&street.umbra).request(&release)?;
    let answer = umbra.ask(&release, &own).await;
    let released = answer
        .messages
        .first()
        .ok_or_else(|| format!("{:?}", answer.status))?;
    let count = released
        .get_field_by_name("released")
        .and_then(|count| count.as_i32());
    assert_eq!(count, Some(1), "its own");
    Ok(())
}

fn list(message: &DynamicMessage, field: &str) -> Vec<Value> {
    message
        .get_field_by_name(field)
        .and_then(|list| list.as_list().map(<[Value]>::to_vec))
        .unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_only_reads_writes_nothing() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = World::make(&platform, "acme").await?;
    let before = rows(&platform, "acme").await?;
    let reading =
        SCHEMAS.map(|schema| format!("{}.read", schema.name())).join(" ") + " events.read employees.read";
    let reader = platform.user("acme", &reading)?;
    let caller = Caller::new(reader.channel(), reader.token())?;
    for method in reflect::methods()? {
        let answer = caller.ask(&method, &Samples::of(&acme).request(&method)?).await;
        let refused = (answer.status.code(), attune_testkit::reason(&answer.status));
        let path = reflect::path(&method);
        if is_reading(&method) {
            assert!(
                matches!(refused.0, Code::Ok | Code::NotFound),
                "{path}: {:?}",
                answer.status
            );
        } else {
            assert_eq!(
                refused,
                (Code::PermissionDenied, "MISSING_SCOPE".to_owned()),
                "{path}"
            );
        }
    }
    assert_eq!(rows(&platform, "acme").await?, before);
    platform.stop().await;
    Ok(())
}

/// An RPC whose name says that it changes something must not be among those that a reader may call.
#[test]
fn every_rpc_that_is_not_named_as_reading_asks_for_more_than_reading() -> Result<(), Failure> {
    let reading = [
        "Get",
        "BatchGet",
        "List",
        "ResolveProfile",
        "Query",
        "Compare",
        "Explain",
        "Preview",
        "Subscribe",
        "Watch",
    ];
    for method in reflect::methods()? {
        let named = reading.iter().any(|verb| method.name().starts_with(verb));
        let operates = attune_tests::matrix::scope(&method).ends_with(".operate");
        assert!(
            named == is_reading(&method) || operates,
            "{}",
            reflect::path(&method)
        );
    }
    Ok(())
}

#[test]
fn ids_of_a_company_lead_nowhere_in_any_field_of_a_read() -> Result<(), Failure> {
    in_the_street(guess)
}

async fn guess(street: &'static Street) -> Result<(), Failure> {
    let umbra = Caller::new(street.umbra.tenant.channel(), street.umbra.tenant.token())?;
    let mut calls = Vec::new();
    for method in reflect::methods()?.into_iter().filter(is_reading) {
        let own = Samples::of(&street.umbra).request(&method)?;
        for path in Path::all(&method.input()) {
            let Some(field) = path.field() else { continue };
            if !matches!(path.sample(method.input().name())?, Sample::Known(_)) {
                continue;
            }
            for id in street.acme.ids() {
                let mut request = own.clone();
                let id = Value::String(id);
                path.put(
                    &mut request,
                    if field.is_list() {
                        Value::List(vec![id])
                    } else {
                        id
                    },
                );
                calls.push((method.clone(), request));
            }
        }
    }
    assert!(calls.len() > 200, "{} calls", calls.len());
    let umbra = &umbra;
    let asked = calls.iter().map(|(method, request)| async move {
        let answer = umbra.ask(method, request).await;
        let path = reflect::path(method);
        assert!(
            allowed(answer.status.code()),
            "{path} {request:?}: {:?}",
            answer.status
        );
        assert_eq!(
            street.leaks(method, request, &answer),
            Vec::<&String>::new(),
            "{path} {request:?}"
        );
        Ok::<_, Failure>(())
    });
    futures::stream::iter(asked)
        .buffer_unordered(AT_ONCE)
        .try_collect::<Vec<_>>()
        .await?;
    Ok(())
}
