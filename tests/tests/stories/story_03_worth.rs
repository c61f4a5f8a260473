//! Story 3: what was it worth? Costs of actions are booked; retention uplift times customer value gives a range, not a
//! point; late data restates it, and both statements remain visible.

use attune_api::improvement::v1::worth_service_client::WorthServiceClient;
use attune_api::improvement::v1::{self as imp, CostKind, VerdictDecision, WorthBasis, WorthCause};
use attune_testkit::{Authorised, Failure, TestPlatform, reason};
use attune_tests::metro::Metro;
use chrono::{DateTime, TimeDelta};
use uuid::Uuid;

/// What the new machines cost, in cents.
const MACHINES: i64 = 2_500_000;
const TRAINING: i64 = 180_000;

#[tokio::test(flavor = "multi_thread")]
async fn an_improvement_is_worth_a_range_that_is_restated_and_never_overwritten() -> Result<(), Failure> {
    let platform = TestPlatform::start_at("2026-03-02T00:00:00Z".parse()?).await?;
    let metro = Metro::open(&platform).await?;
    let books = Books { metro: &metro };

    // Ticket machines break. What is to be done about it has a cost, and a case that somebody answers for.
    let initiative = metro.plan_new_machines().await?;
    books
        .book(&initiative, CostKind::Material, MACHINES, "EUR")
        .await?;
    books.nobody_says_what_a_customer_is_worth(&initiative).await?;
    books.say_what_a_customer_is_worth().await?;
    let case = books.estimate(&initiative).await?;
    let effect = case.effect.as_ref().ok_or("no effect")?;
    assert_eq!((case.number, case.cause()), (1, WorthCause::Asked));
    assert_eq!((effect.basis(), effect.effect), (WorthBasis::Assumed, None));
    books.adds_up(&case, MACHINES);

    // The machines come. The verdict restates the worth by itself: what was assumed is measured now.
    metro.roll_out(&initiative).await?;
    metro.live_until_the_verdict(&initiative).await?;
    let measured = books.latest(&initiative).await?;
    let effect = measured.effect.as_ref().ok_or("no effect")?;
    assert_eq!(measured.cause(), WorthCause::Verdict);
    assert_eq!(effect.basis(), WorthBasis::Verdict);
    assert_eq!(effect.decision(), VerdictDecision::Effective);
    books.adds_up(&measured, MACHINES);
    // Fewer contacts are a benefit of their own. Of twenty a day eighteen need not be made any more.
    let avoided = measured.avoided_contacts.ok_or("no contacts")?;
    let truth = (Metro::BROKEN - Metro::MENDED) as f64 * 365.0;
    assert!(
        avoided.low < truth && truth < avoided.high,
        "{avoided:?} around {truth}"
    );
    assert!(
        avoided.low > truth / 2.0,
        "a verdict that is sure of the effect: {avoided:?}"
    );

    let [dearer, cheaper] = books
        .a_late_invoice_is_booked_and_taken_back(&initiative, &measured)
        .await?;

    // Complaints of the days that were measured arrive a week later: the effect was smaller than it seemed.
    books.complain_late(&measured).await?;
    platform.advance(TimeDelta::days(8)).await?;
    let restated = books.latest(&initiative).await?;
    assert_eq!(restated.cause(), WorthCause::LateFeedback);
    let now = restated.avoided_contacts.ok_or("no contacts")?;
    assert!(
        now.high < avoided.high && now.low < avoided.low,
        "{now:?} after {avoided:?}"
    );

    let all = books
        .all_of_them_remain(&initiative, &[&case, &measured, &dearer, &cheaper, &restated])
        .await?;
    // Nothing changes any more, so nothing is said any more.
    platform.advance(TimeDelta::days(30)).await?;
    assert_eq!(books.statements(&initiative).await?.len(), all.len());
    platform.stop().await;
    Ok(())
}

/// Hundreds of thousands of travellers; what one of them is worth is known roughly.
fn parameters() -> imp::WorthParameters {
    let bounds = |low, likely, high, source: &str| imp::MoneyBounds {
        low,
        likely,
        high,
        source: source.to_owned(),
    };
    imp::WorthParameters {
        currency: "EUR".to_owned(),
        customer_value: Some(bounds(20_000, 35_000, 60_000, "controlling, annual report 2025")),
        cost_per_contact: Some(bounds(450, 600, 900, "service centre, March 2026")),
        ..imp::WorthParameters::default()
    }
}

/// What the company knows of an initiative's worth.
struct Books<'m> {
    metro: &'m Metro<'m>,
}

impl Books<'_> {
    fn worth(&self) -> WorthServiceClient<Authorised> {
        self.metro.company().worth()
    }

    async fn settle(&self) -> Result<(), Failure> {
        self.metro.platform().settle().await
    }

    async fn book(
        &self,
        initiative_id: &str,
        kind: CostKind,
        minor_units: i64,
        currency: &str,
    ) -> Result<imp::Cost, Failure> {
        let cost = imp::Cost {
            initiative_id: initiative_id.to_owned(),
            amount: Some(imp::Money {
                currency: currency.to_owned(),
                minor_units,
            }),
            kind: kind.into(),
            source: "invoice 2026-117".to_owned(),
            ..imp::Cost::default()
        };
        let request = imp::BookCostRequest {
            cost: Some(cost),
            request_id: Uuid::now_v7().to_string(),
        };
        let booked = self.worth().book_cost(request.clone()).await?.into_inner();
        let again = self.worth().book_cost(request).await?.into_inner();
        assert_eq!(again, booked, "an invoice that is sent twice is booked once");
        self.settle().await?;
        Ok(booked.cost.ok_or("no booking")?)
    }

    async fn take_back(&self, cost: &imp::Cost) -> Result<(), Failure> {
        let request = || imp::ReverseCostRequest {
            cost_id: cost.cost_id.clone(),
            reason: "booked on the wrong initiative".to_owned(),
            request_id: String::new(),
        };
        self.worth().reverse_cost(request()).await?;
        let twice = self.worth().reverse_cost(request()).await;
        assert_eq!(
            reason(&twice.err().ok_or("it was taken back twice")?),
            "WRONG_STATE"
        );
        self.settle().await
    }

    /// Without that nothing can be said, and nothing is.
    async fn nobody_says_what_a_customer_is_worth(&self, initiative_id: &str) -> Result<(), Failure> {
        let refused = self.worth().estimate_worth(case(initiative_id)).await;
        let refused = refused.err().ok_or("a worth came of nothing")?;
        assert!(
            refused.message().contains("SetWorthParameters"),
            "{}",
            refused.message()
        );
        assert!(self.statements(initiative_id).await?.is_empty());
        Ok(())
    }

    async fn say_what_a_customer_is_worth(&self) -> Result<(), Failure> {
        let request = imp::SetWorthParametersRequest {
            parameters: Some(parameters()),
            request_id: String::new(),
        };
        let set = self.worth().set_worth_parameters(request).await?.into_inner();
        assert_eq!(set.parameters.ok_or("no parameters")?.version, 1);
        Ok(())
    }

    async fn estimate(&self, initiative_id: &str) -> Result<imp::WorthStatement, Failure> {
        let stated = self.worth().estimate_worth(case(initiative_id)).await?;
        Ok(stated.into_inner().statement.ok_or("no statement")?)
    }

    /// Three a day of the measured days were held back.
    async fn complain_late(&self, measured: &imp::WorthStatement) -> Result<(), Failure> {
        let effect = measured.effect.as_ref().ok_or("no effect")?;
        let from = effect.counted_from.as_ref().ok_or("no beginning")?.seconds;
        let until = effect.counted_to.as_ref().ok_or("no end")?.seconds;
        for day in (from..until).step_by(86_400) {
            let day = DateTime::from_timestamp(day, 0).ok_or("no instant")?;
            self.metro.say(day, 3, 0).await?;
        }
        self.settle().await
    }

    async fn statements(&self, initiative_id: &str) -> Result<Vec<imp::WorthStatement>, Failure> {
        let request = imp::ListWorthStatementsRequest {
            initiative_id: initiative_id.to_owned(),
            page_size: 200,
            page_token: String::new(),
        };
        let listed = self.worth().list_worth_statements(request).await?;
        Ok(listed.into_inner().statements)
    }

    async fn latest(&self, initiative_id: &str) -> Result<imp::WorthStatement, Failure> {
        Ok(self
            .statements(initiative_id)
            .await?
            .pop()
            .ok_or("nothing was stated")?)
    }

    /// A range, each part of which is a range, with where it is known from; the costs are exact.
    fn adds_up(&self, statement: &imp::WorthStatement, cost: i64) {
        let range =
            |range: Option<imp::MoneyRange>| range.map(|range| (range.low, range.high)).unwrap_or_default();
        let (retention, contacts) = (
            range(statement.retention_benefit),
            range(statement.contact_benefit),
        );
        let (benefit, net) = (range(statement.benefit), range(statement.net));
        assert!(0 < retention.0 && retention.0 < retention.1, "{statement:?}");
        assert!(0 < contacts.0 && contacts.0 < contacts.1, "{statement:?}");
        assert!(retention.0 + contacts.0 <= benefit.0 + 2, "{statement:?}");
        assert!(benefit.1 <= retention.1 + contacts.1 + 2, "{statement:?}");
        assert_eq!(net, (benefit.0 - cost, benefit.1 - cost));
        let booked = statement
            .cost
            .as_ref()
            .map(|money| (money.minor_units, money.currency.as_str()));
        assert_eq!(booked, Some((cost, "EUR")));
        assert!(
            (statement.customers_per_contact - 0.5).abs() < 1e-12,
            "three travellers complained six times"
        );
        let parameters = statement.parameters.as_ref().map(|parameters| parameters.version);
        assert_eq!((parameters, statement.level), (Some(1), 0.95));
        assert!(
            statement.assumptions.iter().any(|one| one.contains("365 days")),
            "{statement:?}"
        );
        assert!(
            self.metro.platform().now().timestamp()
                >= statement.made_at.as_ref().map_or(i64::MAX, |at| at.seconds)
        );
    }

    /// It makes the worth less by exactly what it is about, and not for ever.
    async fn a_late_invoice_is_booked_and_taken_back(
        &self,
        initiative_id: &str,
        before: &imp::WorthStatement,
    ) -> Result<[imp::WorthStatement; 2], Failure> {
        let late = self
            .book(initiative_id, CostKind::Training, TRAINING, "EUR")
            .await?;
        let dearer = self.latest(initiative_id).await?;
        assert_eq!(
            (dearer.cause(), dearer.benefit),
            (WorthCause::Cost, before.benefit)
        );
        self.adds_up(&dearer, MACHINES + TRAINING);
        self.take_back(&late).await?;
        let cheaper = self.latest(initiative_id).await?;
        assert_eq!((cheaper.net, cheaper.bookings), (before.net, 3));
        self.the_ledger_shows_everything(initiative_id, &late).await?;
        Ok([dearer, cheaper])
    }

    /// Both statements remain visible, and so do all others.
    async fn all_of_them_remain(
        &self,
        initiative_id: &str,
        earlier: &[&imp::WorthStatement],
    ) -> Result<Vec<imp::WorthStatement>, Failure> {
        let all = self.statements(initiative_id).await?;
        let numbers = all.iter().map(|statement| statement.number);
        assert!(numbers.eq(1..=i32::try_from(all.len())?), "{all:?}");
        for statement in earlier {
            assert!(all.contains(statement), "statement {} is gone", statement.number);
        }
        Ok(all)
    }

    /// The counter-booking stands beside what it takes back; another currency is not added to it.
    async fn the_ledger_shows_everything(
        &self,
        initiative_id: &str,
        late: &imp::Cost,
    ) -> Result<(), Failure> {
        let request = imp::ListCostsRequest {
            initiative_id: initiative_id.to_owned(),
            ..imp::ListCostsRequest::default()
        };
        let ledger = self.worth().list_costs(request).await?.into_inner();
        assert_eq!(ledger.total.map(|total| total.minor_units), Some(MACHINES));
        let [back, taken_back, first] = ledger.costs.as_slice() else {
            return Err(format!("{:?}", ledger.costs).into());
        };
        assert_eq!(
            first.amount.as_ref().map(|money| money.minor_units),
            Some(MACHINES)
        );
        assert_eq!(back.reverses_cost_id, late.cost_id);
        assert_eq!(taken_back.reversed_by_cost_id, back.cost_id);
        assert_eq!(
            back.amount.as_ref().map(|money| money.minor_units),
            Some(-TRAINING)
        );
        let refused = self.book(initiative_id, CostKind::Other, 100, "USD").await;
        let refused = refused.err().ok_or("dollars were added to euros")?;
        assert!(refused.to_string().contains("booked in EUR"), "{refused}");
        Ok(())
    }
}

/// Two in a hundred of those who are spared will stay, and contacts will fall by something between a tenth and two thirds:
/// so says who answers for it.
fn case(initiative_id: &str) -> imp::EstimateWorthRequest {
    let bounds = |low, likely, high, source: &str| imp::ShareBounds {
        low,
        likely,
        high,
        source: source.to_owned(),
    };
    imp::EstimateWorthRequest {
        initiative_id: initiative_id.to_owned(),
        horizon_days: 365,
        retention_uplift: Some(bounds(
            0.005,
            0.02,
            0.03,
            "cancellations 2025 with and without a complaint",
        )),
        assumed_fall: Some(bounds(0.1, 0.4, 0.65, "the neighbouring city's machines")),
        request_id: String::new(),
    }
}
