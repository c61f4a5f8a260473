//! What employees report.

use attune_api::feedback::v1 as pb;
use attune_rpc::{Error, Page, RequestKey, Violations, timestamp};
use uuid::Uuid;

use crate::commands::employee::{Agree, Submit};
use crate::domain::employee::{GroupedReport, ReportGroup, ReportKind, TeamShare};

pub(crate) fn submit(request: &pb::SubmitEmployeeReportRequest) -> Result<Submit, Error> {
    let mut violations = Violations::default();
    // The hash of a request is kept, and a few employees are soon tried: it is taken of what does not name them.
    let unsigned = pb::SubmitEmployeeReportRequest {
        employee_id: String::new(),
        team: String::new(),
        ..request.clone()
    };
    let method = "SubmitEmployeeReport";
    let key = RequestKey::of(method, &request.request_id, &unsigned, &mut violations);
    let kind = violations.choice("kind", request.kind).and_then(kind);
    let text = violations.text("text", &request.text, 1..=5000);
    let team = violations.text("team", &request.team, 0..=100);
    let employee_id = violations.text("employee_id", &request.employee_id, 1..=100);
    let submit = || {
        Some(Submit {
            kind: kind?,
            text: text?,
            team: team?,
            employee_id: employee_id?,
            key: key?,
        })
    };
    violations.finish(submit())
}

fn kind(kind: pb::EmployeeReportKind) -> Option<ReportKind> {
    match kind {
        pb::EmployeeReportKind::Unspecified => None,
        pb::EmployeeReportKind::Idea => Some(ReportKind::Idea),
        pb::EmployeeReportKind::Complaint => Some(ReportKind::Complaint),
    }
}

pub(crate) fn agree(request: &pb::AgreeWithReportGroupRequest) -> Result<Agree, Error> {
    let mut violations = Violations::default();
    // Who agreed is kept, pseudonymously, as long as the group; the hash of the request tells no more than that.
    let method = "AgreeWithReportGroup";
    let key = RequestKey::of(method, &request.request_id, request, &mut violations);
    let report_group_id = violations.id("report_group_id", &request.report_group_id);
    let employee_id = violations.text("employee_id", &request.employee_id, 1..=100);
    let agree = || {
        Some(Agree {
            report_group_id: report_group_id?,
            employee_id: employee_id?,
            key: key?,
        })
    };
    violations.finish(agree())
}

pub(crate) fn groups(request: &pb::ListReportGroupsRequest) -> Result<(Option<String>, Page<Uuid>), Error> {
    let mut violations = Violations::default();
    let topic_id = violations.optional_slug("topic_id", &request.topic_id, 64);
    let page = Page::parse(
        request.page_size,
        &request.page_token,
        &request.topic_id,
        &mut violations,
    );
    let topic_id = violations.finish(topic_id)?;
    Ok((topic_id, page?))
}

pub(crate) fn reports(request: &pb::ListGroupedReportsRequest) -> Result<(Uuid, Page<Uuid>), Error> {
    let mut violations = Violations::default();
    let id = violations.id("report_group_id", &request.report_group_id);
    let page = Page::parse(
        request.page_size,
        &request.page_token,
        &request.report_group_id,
        &mut violations,
    );
    let id = violations.finish(id)?;
    Ok((id, page?))
}

pub(crate) fn group_to_proto(group: &ReportGroup) -> pb::ReportGroup {
    let share = |TeamShare { team, reporters }: &TeamShare| pb::TeamShare {
        team: team.clone(),
        reporters: *reporters,
    };
    pb::ReportGroup {
        report_group_id: group.report_group_id.to_string(),
        topic_id: group.topic_id.clone(),
        reporters: group.reporters,
        teams: group.teams.iter().map(share).collect(),
        agreements: group.agreements,
        released_at: Some(timestamp(group.released_at)),
    }
}

pub(crate) fn report_to_proto(report: GroupedReport) -> pb::GroupedReport {
    let GroupedReport {
        employee_report_id,
        kind,
        text,
    } = report;
    let kind = match kind {
        ReportKind::Idea => pb::EmployeeReportKind::Idea,
        ReportKind::Complaint => pb::EmployeeReportKind::Complaint,
    };
    pb::GroupedReport {
        employee_report_id: employee_report_id.to_string(),
        kind: kind.into(),
        text,
    }
}
