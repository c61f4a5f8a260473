//! The end of story 5: what employees reported is mended, and proven to have helped. Whoever suggested it is credited if
//! they chose to be named, the employees are thanked as a number, and those who follow it read so in a letter.

use attune_api::feedback::v1 as fb;
use attune_api::improvement::v1 as imp;
use attune_mailbox::Mail;
use attune_testkit::{Failure, Tenant, TestPlatform};
use attune_tests::metro::Metro;
use chrono::{NaiveTime, TimeDelta};

#[tokio::test(flavor = "multi_thread")]
async fn whoever_suggested_what_worked_is_credited_if_they_chose_to_be_named() -> Result<(), Failure> {
    let platform = TestPlatform::start_at("2026-03-02T00:00:00Z".parse()?).await?;
    let metro = Metro::open(&platform).await?;
    let company = Company {
        tenant: metro.company(),
        platform: &platform,
    };
    company.introduces_its_team().await?;
    let digest = company.lets_grace_follow_everything().await?;

    // Five employees say that the machines break; three more say so while customers complain. Five are told of.
    company.employees_report(0..5).await?;
    let issue = company.issue_of_the_employees().await?;
    metro.live(5, Metro::BROKEN).await?;
    company.employees_report(5..8).await?;
    metro.live(5, Metro::BROKEN).await?;

    // Joan had the idea, and Mary. Both chose to be named; Mary thinks better of it.
    let initiative = company.plans_new_machines(&issue).await?;
    company.credit(&initiative, "joan").await?;
    company.credit(&initiative, "mary").await?;
    company.takes_its_time(&metro, &initiative).await?;
    company.withdraw(&initiative, "mary").await?;
    metro.roll_out(&initiative).await?;
    assert!(company.recognitions().await?.is_empty(), "nothing is proven yet");
    metro.live_until_the_verdict(&initiative).await?;

    let [thanks] = company.recognitions().await?.try_into().map_err(|_| "not one")?;
    assert_eq!(thanks.initiative_id, initiative);
    assert_eq!(
        (thanks.state(), thanks.employees),
        (imp::RecognitionState::Stands, 5)
    );
    let named: Vec<_> = thanks
        .members
        .iter()
        .map(|member| member.display_name.as_str())
        .collect();
    assert_eq!(named, ["Joan Holm"]);
    let decision = thanks.verdict.as_ref().map(imp::Verdict::decision);
    assert_eq!(decision, Some(imp::VerdictDecision::Effective));
    assert_eq!(company.on_the_board().await?, std::slice::from_ref(&thanks));

    // Whoever reports now, alone or in fives, changes nothing about it.
    for more in [8..9, 9..13, 13..18] {
        company.employees_report(more).await?;
        assert_eq!(company.recognitions().await?, std::slice::from_ref(&thanks));
    }

    platform.advance(TimeDelta::days(7)).await?;
    company.grace_understands_what_she_reads(&digest).await?;
    platform.stop().await;
    Ok(())
}

/// The company, as somebody of it who may do everything.
struct Company<'p> {
    tenant: &'p Tenant,
    platform: &'p TestPlatform,
}

impl Company<'_> {
    async fn introduces_its_team(&self) -> Result<(), Failure> {
        let people = [
            ("grace", "Grace Adler", imp::TeamRole::ExecutiveSponsor),
            ("joan", "Joan Holm", imp::TeamRole::Contributor),
            ("mary", "Mary Stein", imp::TeamRole::Contributor),
        ];
        for (id, name, role) in people {
            let member = imp::TeamMember {
                member_id: id.to_owned(),
                display_name: name.to_owned(),
                email: format!("{id}@metro.example"),
                role: role.into(),
                ..imp::TeamMember::default()
            };
            let request = imp::SetTeamMemberRequest {
                member: Some(member),
                ..imp::SetTeamMemberRequest::default()
            };
            self.tenant.team().set_team_member(request).await?;
        }
        Ok(())
    }

    /// Each Wednesday at eight in Berlin.
    async fn lets_grace_follow_everything(&self) -> Result<String, Failure> {
        let subscription = imp::DigestSubscription {
            member_id: "grace".to_owned(),
            weekday: 3,
            hour: 8,
            time_zone: "Europe/Berlin".to_owned(),
            ..imp::DigestSubscription::default()
        };
        let request = imp::CreateDigestSubscriptionRequest {
            subscription: Some(subscription),
            ..imp::CreateDigestSubscriptionRequest::default()
        };
        let made = self
            .tenant
            .digests()
            .create_digest_subscription(request)
            .await?
            .into_inner();
        Ok(made.subscription.ok_or("no subscription")?.digest_subscription_id)
    }

    /// Some report the same, and the night passes.
    async fn employees_report(&self, who: std::ops::Range<u32>) -> Result<(), Failure> {
        for number in who {
            let request = fb::SubmitEmployeeReportRequest {
                kind: fb::EmployeeReportKind::Complaint.into(),
                text: "The ticket machine is broken again, and travellers are angry".to_owned(),
                team: "station staff".to_owned(),
                employee_id: format!("employee-{number}"),
                ..fb::SubmitEmployeeReportRequest::default()
            };
            self.tenant
                .employee_reports()
                .submit_employee_report(request)
                .await?;
        }
        let tomorrow = self
            .platform
            .now()
            .date_naive()
            .succ_opt()
            .ok_or("the last day")?;
        let midnight = tomorrow.and_time(NaiveTime::MIN).and_utc();
        self.platform.advance_to(midnight).await
    }

    async fn issue_of_the_employees(&self) -> Result<String, Failure> {
        let listed = self
            .tenant
            .issues()
            .list_issues(imp::ListIssuesRequest::default())
            .await?
            .into_inner();
        let found = listed
            .issues
            .into_iter()
            .find(|issue| issue.employee_reporters == 5);
        Ok(found.ok_or("five employees opened no issue")?.issue_id)
    }

    async fn plans_new_machines(&self, issue_id: &str) -> Result<String, Failure> {
        let initiative = imp::Initiative {
            issue_id: issue_id.to_owned(),
            title: "New machines".to_owned(),
            hypothesis: "If we replace the machines, then fewer will complain".to_owned(),
            owner: "Ines Marte".to_owned(),
            target: Some(imp::Target {
                metric: "topic_share".to_owned(),
                smallest_relative_effect: 0.3,
                deadline_days: 14,
            }),
            ..imp::Initiative::default()
        };
        let request = imp::CreateInitiativeRequest {
            initiative: Some(initiative),
            change: "New machines at every station".to_owned(),
            ..imp::CreateInitiativeRequest::default()
        };
        let planned = self
            .tenant
            .initiatives()
            .create_initiative(request)
            .await?
            .into_inner();
        Ok(planned.initiative.ok_or("no initiative")?.initiative_id)
    }

    /// An action is due tomorrow, and done the day after.
    async fn takes_its_time(&self, metro: &Metro<'_>, initiative_id: &str) -> Result<(), Failure> {
        let due = self.platform.now() + TimeDelta::days(1);
        let request = imp::AddActionRequest {
            initiative_id: initiative_id.to_owned(),
            action: Some(imp::Action {
                title: "Order the machines".to_owned(),
                owner: "Ben Okafor".to_owned(),
                due_at: Some(attune_rpc::timestamp(due)),
                ..imp::Action::default()
            }),
            ..imp::AddActionRequest::default()
        };
        let added = self.tenant.initiatives().add_action(request).await?.into_inner();
        metro.live(2, Metro::BROKEN).await?;
        let request = imp::CompleteActionRequest {
            initiative_id: initiative_id.to_owned(),
            action_id: added.action_id,
            evidence: "order 4711".to_owned(),
            ..imp::CompleteActionRequest::default()
        };
        self.tenant.initiatives().complete_action(request).await?;
        Ok(())
    }

    async fn credit(&self, initiative_id: &str, member_id: &str) -> Result<(), Failure> {
        let request = imp::CreditMemberRequest {
            initiative_id: initiative_id.to_owned(),
            member_id: member_id.to_owned(),
            ..imp::CreditMemberRequest::default()
        };
        self.tenant.recognitions().credit_member(request).await?;
        Ok(())
    }

    async fn withdraw(&self, initiative_id: &str, member_id: &str) -> Result<(), Failure> {
        let request = imp::WithdrawCreditRequest {
            initiative_id: initiative_id.to_owned(),
            member_id: member_id.to_owned(),
            ..imp::WithdrawCreditRequest::default()
        };
        let left = self
            .tenant
            .recognitions()
            .withdraw_credit(request)
            .await?
            .into_inner();
        assert!(left.members.iter().all(|member| member.member_id != member_id));
        Ok(())
    }

    async fn recognitions(&self) -> Result<Vec<imp::Recognition>, Failure> {
        let request = imp::ListRecognitionsRequest::default();
        let listed = self.tenant.recognitions().list_recognitions(request).await?;
        Ok(listed.into_inner().recognitions)
    }

    async fn on_the_board(&self) -> Result<Vec<imp::Recognition>, Failure> {
        let board = self
            .tenant
            .boards()
            .get_board(imp::GetBoardRequest::default())
            .await?;
        Ok(board.into_inner().recognitions)
    }

    /// The letters say in whole sentences what happened, each thing in one of them; and what the platform recorded of them
    /// names nobody who could think better of it.
    async fn grace_understands_what_she_reads(&self, subscription: &str) -> Result<(), Failure> {
        let request = imp::ListDigestsRequest {
            digest_subscription_id: subscription.to_owned(),
            page_size: 20,
            ..imp::ListDigestsRequest::default()
        };
        let listed = self.tenant.digests().list_digests(request).await?.into_inner();
        let sent: Vec<_> = listed
            .digests
            .iter()
            .filter(|digest| digest.state() == imp::DigestState::Sent)
            .collect();
        let letters: Vec<Mail> = self
            .platform
            .mailbox()
            .received()
            .into_iter()
            .filter(|mail| mail.to == ["grace@metro.example"])
            .collect();
        let mut subjects: Vec<_> = letters.iter().map(|mail| mail.subject.clone()).collect();
        subjects.reverse();
        assert_eq!(
            subjects,
            sent.iter()
                .map(|digest| digest.subject.clone())
                .collect::<Vec<_>>()
        );
        let all: String = letters
            .iter()
            .map(|mail| mail.text.replace("\r\n", "\n"))
            .collect();
        for line in [
            "Dear Grace Adler,",
            "- \"Employees report: ticket_machine\" was reported by employees.",
            "- Ines Marte planned \"New machines\" for \"Employees report: ticket_machine\".",
            "- \"Order the machines\", which Ben Okafor does for \"New machines\", was due on 15 March 2026 and is not \
             done; Ben Okafor was reminded.",
            "- \"New machines\" reached the customers.",
            "- \"New machines\" helped: thanks go to those whose idea it was, and to 5 employees who reported the \
             problem. It was the idea of Joan Holm.",
            "You get this each Wednesday at 08:00, because you follow everything.",
        ] {
            assert!(all.contains(line), "{line} is not in\n{all}");
        }
        let said = all.matches("- \"New machines\": it helped; the share of feedback about it fell by ");
        assert_eq!(said.count(), 1, "{all}");
        assert_eq!(
            all.matches("- \"New machines\" reached the customers.").count(),
            1
        );
        assert!(!all.contains("Mary"), "{all}");
        let recorded = format!("{:?}", listed.digests);
        assert!(recorded.contains("thanks go to") && !recorded.contains("Joan"));
        Ok(())
    }
}
