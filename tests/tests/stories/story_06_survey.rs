//! Story 6, the survey part: a contact ends, a survey goes out by itself, once; the answer is tied to the contact and
//! the agent; a 2 out of 5 opens a recovery case with a deadline, once.

use attune_api::feedback::v1 as fb;
use attune_testkit::{Failure, TestPlatform};
use attune_tests::survey::{Browser, Company, definition, timestamp};
use chrono::TimeDelta;

#[tokio::test(flavor = "multi_thread")]
async fn after_a_call_the_customer_is_asked_once_and_the_answer_is_tied_to_the_call() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let company = Company::new(&platform, "meadow-air").await?;
    let mut asked = definition(&company.template_id);
    asked.eligibility = Some(fb::Eligibility {
        cool_down_days: 30,
        ..Default::default()
    });
    company.publish("After a call", asked).await?;
    let zara = company.customer("Zara", "en", true).await?;

    // A call; the survey waits for its time.
    let call = company.call(&zara).await?;
    platform.settle().await?;
    assert_eq!(
        company.mails("Zara"),
        0,
        "nobody is asked before the delay is over"
    );
    platform.advance(TimeDelta::minutes(60)).await?;
    assert_eq!(company.mails("Zara"), 1);
    let [invitation] = company
        .invitations(&zara)
        .await?
        .try_into()
        .map_err(|_| "not one invitation")?;
    assert_eq!(invitation.state(), fb::InvitationState::Sent);
    assert_eq!((&invitation.occasion, &invitation.interaction_id), (&call, &call));

    she_answers_with_one_tap_and_a_sentence(&company).await?;
    the_answer_is_tied_to_the_call(&company, &zara, &call).await?;
    two_of_five_opens_one_recovery_case_with_a_deadline(&company, &zara, &call).await?;
    somebody_makes_it_good_and_her_next_words_tell_that_it_helped(&company, &zara).await?;
    a_second_call_leaves_her_alone_and_says_why(&company, &zara).await?;
    platform.stop().await;
    Ok(())
}

/// One tap in the mail, and the questions that follow from the answer.
async fn she_answers_with_one_tap_and_a_sentence(company: &Company<'_>) -> Result<(), Failure> {
    let browser = Browser::default();
    let link = company.link("Zara")?;
    let page = browser.open(&format!("{link}?score=2")).await?;
    assert!(
        page.status == 200 && page.html.contains(r#"value="2" checked"#),
        "the score is chosen: {page:?}"
    );
    let page = browser.send(&link, &[("place", "0"), ("q.score", "2")]).await?;
    assert!(page.html.contains("What went wrong?"), "{page:?}");
    let said = "I waited an hour on the phone, terrible";
    let page = browser
        .send(&link, &[("place", "1,2"), ("q.why", "wait"), ("q.text", said)])
        .await?;
    assert!(page.status == 200 && page.html.contains("Thank you"), "{page:?}");
    Ok(())
}

/// The answer is feedback like any other: about the call, the agent and what was bought.
async fn the_answer_is_tied_to_the_call(
    company: &Company<'_>,
    zara: &str,
    call: &str,
) -> Result<(), Failure> {
    let [answered] = company
        .invitations(zara)
        .await?
        .try_into()
        .map_err(|_| "not one invitation")?;
    assert_eq!(answered.state(), fb::InvitationState::Answered);
    let [feedback_id] = answered
        .feedback_ids
        .try_into()
        .map_err(|_| "not one piece of feedback")?;
    let request = fb::GetFeedbackRequest { feedback_id };
    let feedback = company
        .tenant
        .feedback()
        .get_feedback(request)
        .await?
        .into_inner();
    let feedback = feedback.feedback.ok_or("no feedback")?;
    assert_eq!(
        (feedback.interaction_id.as_str(), feedback.agent_id.as_str()),
        (call, "agent 7")
    );
    assert_eq!(
        (feedback.channel.as_str(), feedback.touchpoint.as_str()),
        ("survey", "support.call")
    );
    assert_eq!(feedback.rating.map(|rating| rating.value), Some(2));
    assert!(feedback.text.contains("an hour") && feedback.understanding.is_some());
    assert_eq!(csat_count(company).await?, 1);
    Ok(())
}

/// Somebody is to go back to her by tomorrow, and the platform says why. Answering once more opens no second case.
async fn two_of_five_opens_one_recovery_case_with_a_deadline(
    company: &Company<'_>,
    zara: &str,
    call: &str,
) -> Result<(), Failure> {
    let case = only_case(company, zara).await?;
    assert_eq!(case.state(), fb::RecoveryCaseState::Open);
    assert_eq!(
        (case.interaction_id.as_str(), case.agent_id.as_str()),
        (call, "agent 7")
    );
    let (opened, deadline) = (
        case.opened_at.ok_or("no time")?,
        case.deadline.ok_or("no deadline")?,
    );
    assert_eq!(deadline.seconds - opened.seconds, 24 * 3600);
    assert_eq!(case.owner, "customer care");

    let request = fb::ExplainRecoveryCaseRequest {
        recovery_case_id: case.recovery_case_id.clone(),
    };
    let mut cases = company.tenant.recovery_cases();
    let why = cases.explain_recovery_case(request).await?.into_inner();
    let score = why.reasons.first().ok_or("no reason")?;
    assert_eq!(score.signal(), fb::RecoverySignal::Csat);
    assert_eq!((score.value, score.threshold, why.policy_number), (2.0, 2.0, 0));

    let invitation = company.invitations(zara).await?.remove(0);
    let answer = fb::SurveyAnswer {
        question_id: "score".to_owned(),
        value: Some(fb::survey_answer::Value::Score(1)),
    };
    let request = fb::SubmitSurveyResponseRequest {
        invitation_id: invitation.invitation_id,
        answers: vec![answer],
        complete: true,
        ..Default::default()
    };
    company
        .tenant
        .invitations()
        .submit_survey_response(request)
        .await?;
    assert_eq!(
        only_case(company, zara).await?.recovery_case_id,
        case.recovery_case_id
    );
    Ok(())
}

/// The case is resolved in time; the first thing she says afterwards tells whether she was won back.
async fn somebody_makes_it_good_and_her_next_words_tell_that_it_helped(
    company: &Company<'_>,
    zara: &str,
) -> Result<(), Failure> {
    let platform = company.platform;
    platform.advance(TimeDelta::hours(3)).await?;
    let request = fb::ResolveRecoveryCaseRequest {
        recovery_case_id: only_case(company, zara).await?.recovery_case_id,
        outcome: fb::RecoveryOutcome::MadeGood.into(),
        done: "called back and refunded the hour".to_owned(),
        ..Default::default()
    };
    company
        .tenant
        .recovery_cases()
        .resolve_recovery_case(request)
        .await?;
    platform.advance(TimeDelta::hours(30)).await?;
    let said = fb::Feedback {
        profile_id: zara.to_owned(),
        channel: "social".to_owned(),
        text: "Thank you for calling me back, wonderful service!".to_owned(),
        occurred_at: Some(timestamp(platform.now())),
        ..Default::default()
    };
    let request = fb::SubmitFeedbackRequest {
        feedback: Some(said),
        ..Default::default()
    };
    let said = company
        .tenant
        .feedback()
        .submit_feedback(request)
        .await?
        .into_inner();
    let case = only_case(company, zara).await?;
    assert!(case.overdue_at.is_none(), "it was resolved in time");
    let measured = case.measurement.ok_or("not measured")?;
    assert_eq!(measured.result(), fb::RecoveryResult::Recovered);
    assert_eq!(
        measured.evidence_feedback_id,
        said.feedback.ok_or("no feedback")?.feedback_id
    );
    Ok(())
}

/// The one recovery case of a customer.
async fn only_case(company: &Company<'_>, profile_id: &str) -> Result<fb::RecoveryCase, Failure> {
    let request = fb::ListRecoveryCasesRequest {
        profile_id: profile_id.to_owned(),
        ..Default::default()
    };
    let mut cases = company.tenant.recovery_cases();
    let listed = cases.list_recovery_cases(request).await?.into_inner();
    let [case] = listed
        .recovery_cases
        .try_into()
        .map_err(|_| "not one recovery case")?;
    Ok(case)
}

/// A second call within the cool-down: she is left alone, and the platform says why.
async fn a_second_call_leaves_her_alone_and_says_why(
    company: &Company<'_>,
    zara: &str,
) -> Result<(), Failure> {
    let platform = company.platform;
    platform.advance(TimeDelta::days(2)).await?;
    company.call(zara).await?;
    platform.advance(TimeDelta::hours(2)).await?;
    assert_eq!(company.mails("Zara"), 1, "one survey in thirty days");
    let invitations = company.invitations(zara).await?;
    let second = invitations.first().ok_or("no invitation")?;
    assert_eq!(
        (second.state(), second.reason.as_str()),
        (fb::InvitationState::Declined, "cool_down")
    );
    let why = company.explain(&second.invitation_id).await?;
    let refused: Vec<_> = why.checks.iter().filter(|check| !check.passed).collect();
    assert_eq!(refused.len(), 1);
    assert!(refused[0].description.contains("30 days"), "{:?}", refused[0]);
    assert_eq!(why.rule, "eligibility-2");
    Ok(())
}

/// How many answers the CSAT of the touchpoint is made of.
async fn csat_count(company: &Company<'_>) -> Result<i64, Failure> {
    let now = company.platform.now();
    let request = fb::QueryMetricRequest {
        metric: "csat".to_owned(),
        slice: Some(fb::Slice {
            touchpoint: "support.call".to_owned(),
            product: "North".to_owned(),
            ..Default::default()
        }),
        start: Some(timestamp(now - TimeDelta::days(1))),
        end: Some(timestamp(now + TimeDelta::hours(1))),
        ..Default::default()
    };
    let answer = company.tenant.metrics().query_metric(request).await?.into_inner();
    Ok(answer.values.iter().map(|value| value.n).sum())
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_asked_against_their_consent() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let company = Company::new(&platform, "meadow-air").await?;
    let survey = company
        .publish("After a call", definition(&company.template_id))
        .await?;
    let silent = company.customer("Silent", "en", false).await?;
    company.call(&silent).await?;
    platform.advance(TimeDelta::hours(2)).await?;
    assert_eq!(company.mails("Silent"), 0);
    let invitations = company.invitations(&silent).await?;
    let declined = invitations.first().ok_or("the occasion is not on record")?;
    assert_eq!(declined.reason, "no_consent");
    // Asked once more about the same occasion, the decision stands.
    let again = company
        .invite(&survey.survey_id, &silent, &declined.occasion)
        .await?;
    assert_eq!(again.invitation_id, declined.invitation_id);
    platform.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_not_answered_is_reminded_and_what_they_began_counts_in_the_end() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let company = Company::new(&platform, "meadow-air").await?;
    let mut asked = definition(&company.template_id);
    asked.reminder_hours = vec![48, 96];
    asked.expiry_hours = 120;
    let survey = company.publish("After a call", asked).await?;
    let (zara, noor) = (
        company.customer("Zara", "en", true).await?,
        company.customer("Noor", "ar", true).await?,
    );
    for person in [&zara, &noor] {
        company.invite(&survey.survey_id, person, "order 7").await?;
    }
    platform.settle().await?;
    let browser = Browser::default();
    let link = company.link("Zara")?;
    assert_eq!(
        browser
            .send(&link, &[("place", "0"), ("q.score", "5")])
            .await?
            .status,
        200
    );
    platform.advance(TimeDelta::hours(49)).await?;
    assert_eq!((company.mails("Zara"), company.mails("Noor")), (2, 2));
    platform.advance(TimeDelta::hours(48)).await?;
    assert_eq!(company.mails("Noor"), 3);
    assert_eq!(company.link("Zara")?, link, "a reminder leads to the same page");
    platform.advance(TimeDelta::hours(24)).await?;

    let zara = company.invitations(&zara).await?.remove(0);
    assert_eq!(
        (zara.state(), zara.feedback_ids.len()),
        (fb::InvitationState::Expired, 1)
    );
    let noor = company.invitations(&noor).await?.remove(0);
    assert_eq!(
        (noor.state(), noor.feedback_ids.len()),
        (fb::InvitationState::Expired, 0)
    );
    assert_eq!(browser.open(&link).await?.status, 410);
    platform.stop().await;
    Ok(())
}
