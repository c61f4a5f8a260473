//! Who takes part in improving.

use attune_api::improvement::v1 as pb;
use attune_rpc::{Error, Page, RequestKey, Violations, timestamp};

use crate::commands::team::{Remove, Set};
use crate::domain::{TeamMember, TeamRole, email};

/// One department or all, one role or all, and which page.
type List = ((Option<String>, Option<TeamRole>), Page<String>);

/// The name of a member: what owners are called elsewhere.
pub(super) fn member_id(field: &str, id: &str, violations: &mut Violations) -> Option<String> {
    violations.text(field, id, 1..=200)
}

pub(crate) fn set(request: &pb::SetTeamMemberRequest) -> Result<Set, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("SetTeamMember", &request.request_id, request, &mut violations);
    let member = violations.required("member", request.member.as_ref());
    let parts = member.map(|member| {
        let member_id = member_id("member.member_id", &member.member_id, &mut violations);
        let display_name = violations.text("member.display_name", &member.display_name, 1..=200);
        let address = violations.check("member.email", email(&member.email));
        let role = violations.choice("member.role", member.role).and_then(role_from);
        let department = violations.text("member.department", &member.department, 0..=100);
        let owns = role == Some(TeamRole::DepartmentOwner);
        if owns && department.as_ref().is_some_and(String::is_empty) {
            violations.add("member.department", "must be given for the owner of a department");
        }
        (member_id, display_name, address, role, department)
    });
    let set = || {
        let (member_id, display_name, email, role, department) = parts?;
        Some(Set {
            member_id: member_id?,
            display_name: display_name?,
            email: email?,
            role: role?,
            department: department?,
            key: key?,
        })
    };
    violations.finish(set())
}

pub(crate) fn get(request: &pb::GetTeamMemberRequest) -> Result<String, Error> {
    let mut violations = Violations::default();
    let id = member_id("member_id", &request.member_id, &mut violations);
    violations.finish(id)
}

pub(crate) fn list(request: &pb::ListTeamMembersRequest) -> Result<List, Error> {
    let mut violations = Violations::default();
    let department = violations.text("department", &request.department, 0..=100);
    let role = match request.role {
        0 => Some(None),
        role => violations.choice("role", role).map(role_from),
    };
    let page = Page::parse(
        request.page_size,
        &request.page_token,
        &("team_members", &request.department, request.role),
        &mut violations,
    )?;
    let department = department.map(|department| Some(department).filter(|name| !name.is_empty()));
    violations.finish(department.zip(role).map(|which| (which, page)))
}

pub(crate) fn remove(request: &pb::RemoveTeamMemberRequest) -> Result<Remove, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("RemoveTeamMember", &request.request_id, request, &mut violations);
    let id = member_id("member_id", &request.member_id, &mut violations);
    violations.finish(id.zip(key).map(|(member_id, key)| Remove { member_id, key }))
}

const fn role_from(role: pb::TeamRole) -> Option<TeamRole> {
    match role {
        pb::TeamRole::Unspecified => None,
        pb::TeamRole::ExperienceLead => Some(TeamRole::ExperienceLead),
        pb::TeamRole::Analyst => Some(TeamRole::Analyst),
        pb::TeamRole::DepartmentOwner => Some(TeamRole::DepartmentOwner),
        pb::TeamRole::ExecutiveSponsor => Some(TeamRole::ExecutiveSponsor),
        pb::TeamRole::Contributor => Some(TeamRole::Contributor),
    }
}

pub(crate) fn to_proto(member: TeamMember) -> pb::TeamMember {
    let TeamMember {
        member_id,
        display_name,
        email,
        role,
        department,
        updated_at,
    } = member;
    let role = match role {
        TeamRole::ExperienceLead => pb::TeamRole::ExperienceLead,
        TeamRole::Analyst => pb::TeamRole::Analyst,
        TeamRole::DepartmentOwner => pb::TeamRole::DepartmentOwner,
        TeamRole::ExecutiveSponsor => pb::TeamRole::ExecutiveSponsor,
        TeamRole::Contributor => pb::TeamRole::Contributor,
    };
    pb::TeamMember {
        member_id,
        display_name,
        email,
        role: role.into(),
        department,
        update_time: Some(timestamp(updated_at)),
    }
}
