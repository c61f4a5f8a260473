//! Story 6, the other side of it: whom the company wrote to often enough is not asked as well, and what they are owed
//! comes later.

use attune_api::feedback::v1 as fb;
use attune_api::notifications::v1 as not;
use attune_api::profiles::v1 as pro;
use attune_testkit::{Failure, TestPlatform};
use attune_tests::survey::{Company, definition};
use chrono::TimeDelta;

#[tokio::test(flavor = "multi_thread")]
async fn who_was_told_what_changed_is_not_asked_in_the_same_week_and_who_was_asked_is_told_later()
-> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let company = Company::new(&platform, "meadow-air").await?;
    let budget = not::SetContactBudgetRequest {
        budget: Some(not::ContactBudget {
            most_contacts: 1,
            window_days: 7,
            ..Default::default()
        }),
        ..Default::default()
    };
    company.tenant.contacts().set_contact_budget(budget).await?;
    let mut asked = definition(&company.template_id);
    asked.reminder_hours = vec![24, 10 * 24];
    company.publish("After a call", asked).await?;
    let letter = you_said_we_did(&company).await?;
    let (zara, bo) = (customer(&company, "Zara").await?, customer(&company, "Bo").await?);

    // Zara is told; her call the next day brings no survey, and the reason is on record.
    tell(&company, &zara, &letter).await?;
    platform.settle().await?;
    assert_eq!(company.mails("Zara"), 1);
    platform.advance(TimeDelta::days(1)).await?;
    company.call(&zara).await?;
    platform.advance(TimeDelta::hours(2)).await?;
    assert_eq!(company.mails("Zara"), 1);
    let declined = only_invitation(&company, &zara).await?;
    assert_eq!(
        (declined.state(), declined.reason.as_str()),
        (fb::InvitationState::Declined, "contact_budget_used")
    );
    let why = company.explain(&declined.invitation_id).await?;
    let refused: Vec<_> = why.checks.iter().filter(|check| !check.passed).collect();
    let [refused] = refused.as_slice() else {
        return Err(format!("not one refusal: {refused:?}").into());
    };
    assert_eq!(refused.name, "company_contact_budget");
    assert_eq!(
        refused.description,
        "the company wrote 1 times in 7 days; its budget is 1"
    );

    // Bo is asked; what he is to be told waits until a week after that, and so does no reminder.
    company.call(&bo).await?;
    platform.advance(TimeDelta::hours(2)).await?;
    assert_eq!(company.mails("Bo"), 1);
    let invited = only_invitation(&company, &bo).await?;
    assert_eq!(invited.state(), fb::InvitationState::Sent);
    tell(&company, &bo, &letter).await?;
    platform.advance(TimeDelta::days(2)).await?;
    assert_eq!(company.mails("Bo"), 1, "neither reminded nor told");
    assert_eq!(only_invitation(&company, &bo).await?.reminders, 1);
    platform.advance(TimeDelta::days(5)).await?;
    assert_eq!(company.mails("Bo"), 2, "told, a week after he was asked");
    // The second reminder is due on the tenth day, three days after that: it is left out as well.
    platform.advance(TimeDelta::days(4)).await?;
    assert_eq!((company.mails("Bo"), company.mails("Zara")), (2, 1));
    platform.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn surveys_that_ask_at_the_same_moment_share_one_contact_and_what_they_do_not_use_they_give_back()
-> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let company = Company::new(&platform, "meadow-air").await?;
    let budget = not::SetContactBudgetRequest {
        budget: Some(not::ContactBudget {
            most_contacts: 1,
            window_days: 7,
            ..Default::default()
        }),
        ..Default::default()
    };
    company.tenant.contacts().set_contact_budget(budget).await?;
    for name in ["one", "two", "three"] {
        company.publish(name, definition(&company.template_id)).await?;
    }
    let zara = customer(&company, "Zara").await?;
    company.call(&zara).await?;
    platform.advance(TimeDelta::hours(2)).await?;
    let mut states: Vec<_> = company
        .invitations(&zara)
        .await?
        .iter()
        .map(|invitation| (invitation.state(), invitation.reason.clone()))
        .collect();
    states.sort_unstable();
    let declined = (fb::InvitationState::Declined, "contact_budget_used".to_owned());
    let sent = (fb::InvitationState::Sent, String::new());
    assert_eq!(states, [declined.clone(), declined, sent]);
    assert_eq!(company.mails("Zara"), 1);
    let request = not::GetContactAllowanceRequest { profile_id: zara };
    let got = company.tenant.contacts().get_contact_allowance(request).await?;
    assert_eq!(
        got.into_inner().contacts.len(),
        1,
        "nothing is held for the others"
    );
    platform.stop().await;
    Ok(())
}

/// A template of what is told to those who are owed an answer.
async fn you_said_we_did(company: &Company<'_>) -> Result<String, Failure> {
    let template = not::Template {
        name: "You said, we did".to_owned(),
        purpose: pro::Purpose::FollowUp.into(),
        variants: vec![not::TemplateVariant {
            language: "en".to_owned(),
            subject: "You said, we did".to_owned(),
            body: "Dear {{ display_name }}, bags come in ten minutes now.".to_owned(),
        }],
        ..Default::default()
    };
    let request = not::CreateTemplateRequest {
        template: Some(template),
        ..Default::default()
    };
    let made = company.tenant.templates().create_template(request).await?;
    Ok(made.into_inner().template.ok_or("no template")?.template_id)
}

async fn tell(company: &Company<'_>, profile_id: &str, template_id: &str) -> Result<(), Failure> {
    let request = not::SendMessageRequest {
        profile_id: profile_id.to_owned(),
        template_id: template_id.to_owned(),
        ..Default::default()
    };
    company.tenant.messages().send_message(request).await?;
    Ok(())
}

/// A customer who allows to be asked, and to be told.
async fn customer(company: &Company<'_>, name: &str) -> Result<String, Failure> {
    let profile_id = company.customer(name, "en", true).await?;
    let request = pro::SetConsentRequest {
        profile_id: profile_id.clone(),
        consent: Some(pro::Consent {
            channel: pro::MessageChannel::Email.into(),
            purpose: pro::Purpose::FollowUp.into(),
            state: pro::ConsentState::Granted.into(),
            source: "web.preferences".to_owned(),
            ..Default::default()
        }),
        ..Default::default()
    };
    company.tenant.profiles().set_consent(request).await?;
    Ok(profile_id)
}

async fn only_invitation(company: &Company<'_>, profile_id: &str) -> Result<fb::Invitation, Failure> {
    let [invitation] = company
        .invitations(profile_id)
        .await?
        .try_into()
        .map_err(|_| "not one invitation")?;
    Ok(invitation)
}
