//! Templates.

use std::collections::BTreeMap;

use attune_api::notifications::v1 as pb;
use attune_api::profiles::v1 as profiles;
use attune_rpc::{Error, Page, RequestKey, Violations, timestamp};
use uuid::Uuid;

use crate::commands::template::{Create, Preview};
use crate::domain::{Draft, Purpose, Rendered, Template, Variant};

const MOST_VARIANTS: usize = 50;
const MOST_VARIABLES: usize = 50;

pub(crate) fn create(request: &pb::CreateTemplateRequest) -> Result<Create, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("CreateTemplate", &request.request_id, request, &mut violations);
    let given = violations.required("template", request.template.as_ref());
    let draft = given.and_then(|given| draft(given, &mut violations));
    let create = || {
        Some(Create {
            draft: draft?,
            key: key?,
        })
    };
    violations.finish(create())
}

fn draft(template: &pb::Template, violations: &mut Violations) -> Option<Draft> {
    let name = violations.text("template.name", &template.name, 1..=100);
    let purpose = violations.choice::<profiles::Purpose>("template.purpose", template.purpose);
    let variants = variants(&template.variants, violations);
    Some(Draft {
        name: name?,
        purpose: purpose_from(purpose?)?,
        variants: variants?,
    })
}

fn variants(list: &[pb::TemplateVariant], violations: &mut Violations) -> Option<Vec<Variant>> {
    violations.at_most("template.variants", list.len(), MOST_VARIANTS)?;
    if list.is_empty() {
        violations.add("template.variants", "must hold at least one variant");
        return None;
    }
    let mut parsed: Vec<Variant> = Vec::new();
    for (place, given) in list.iter().enumerate() {
        let field = format!("template.variants[{place}]");
        let Some(variant) = variant(given, &field, violations) else {
            continue;
        };
        if parsed.iter().any(|other| other.language == variant.language) {
            violations.add(format!("{field}.language"), "must not be given twice");
        }
        parsed.push(variant);
    }
    (parsed.len() == list.len()).then_some(parsed)
}

fn variant(given: &pb::TemplateVariant, field: &str, violations: &mut Violations) -> Option<Variant> {
    let language = violations.language(&format!("{field}.language"), &given.language);
    let subject = violations.text(&format!("{field}.subject"), &given.subject, 1..=300);
    let body = violations.text(&format!("{field}.body"), &given.body, 1..=20_000);
    let variant = Variant {
        language: language?,
        subject: subject?,
        body: body?,
    };
    let [subject, body] = variant.check();
    let subject = violations.check(&format!("{field}.subject"), subject);
    let body = violations.check(&format!("{field}.body"), body);
    (subject.is_some() && body.is_some()).then_some(variant)
}

pub(crate) fn get(request: &pb::GetTemplateRequest) -> Result<Uuid, Error> {
    let mut violations = Violations::default();
    let id = violations.id("template_id", &request.template_id);
    violations.finish(id)
}

pub(crate) fn list(request: &pb::ListTemplatesRequest) -> Result<Page<Uuid>, Error> {
    let mut violations = Violations::default();
    let page = Page::parse(
        request.page_size,
        &request.page_token,
        &"templates",
        &mut violations,
    )?;
    violations.finish(Some(page))
}

pub(crate) fn preview(request: &pb::PreviewTemplateRequest) -> Result<Preview, Error> {
    let mut violations = Violations::default();
    let template_id = violations.id("template_id", &request.template_id);
    let language = violations.text("language", &request.language, 0..=35);
    let display_name = violations.text("display_name", &request.display_name, 0..=200);
    let variables = variables(&request.variables, &mut violations);
    let preview = || {
        let (language, display_name) = (language?, display_name?);
        Some(Preview {
            template_id: template_id?,
            language,
            display_name,
            variables: variables?,
        })
    };
    violations.finish(preview())
}

/// The values a template is filled in with.
pub(crate) fn variables(
    map: &BTreeMap<String, String>,
    violations: &mut Violations,
) -> Option<BTreeMap<String, String>> {
    violations.at_most("variables", map.len(), MOST_VARIABLES)?;
    let mut parsed = BTreeMap::new();
    for (place, (key, value)) in map.iter().enumerate() {
        let key = violations.slug(&format!("variables[{place}].key"), key, 64);
        let value = violations.text(&format!("variables[{place}].value"), value, 0..=5000);
        if let (Some(key), Some(value)) = (key, value) {
            parsed.insert(key, value);
        }
    }
    (parsed.len() == map.len()).then_some(parsed)
}

pub(crate) fn to_proto(template: Template) -> pb::Template {
    let Template {
        template_id,
        name,
        purpose,
        variants,
        created_at,
    } = template;
    let variants = variants.0.into_iter().map(|variant| {
        let Variant {
            language,
            subject,
            body,
        } = variant;
        pb::TemplateVariant {
            language: language.into(),
            subject,
            body,
        }
    });
    pb::Template {
        template_id: template_id.to_string(),
        name,
        purpose: purpose_to_proto(purpose).into(),
        variants: variants.collect(),
        create_time: Some(timestamp(created_at)),
    }
}

pub(crate) fn rendered_to_proto(rendered: Rendered) -> pb::PreviewTemplateResponse {
    let Rendered {
        language,
        subject,
        body,
    } = rendered;
    pb::PreviewTemplateResponse {
        language: language.into(),
        subject,
        body,
    }
}

pub(crate) fn purpose_to_proto(purpose: Purpose) -> profiles::Purpose {
    match purpose {
        Purpose::Service => profiles::Purpose::Service,
        Purpose::FollowUp => profiles::Purpose::FollowUp,
        Purpose::Survey => profiles::Purpose::Survey,
        Purpose::Marketing => profiles::Purpose::Marketing,
    }
}

pub(super) fn purpose_from(purpose: profiles::Purpose) -> Option<Purpose> {
    match purpose {
        profiles::Purpose::Unspecified => None,
        profiles::Purpose::Service => Some(Purpose::Service),
        profiles::Purpose::FollowUp => Some(Purpose::FollowUp),
        profiles::Purpose::Survey => Some(Purpose::Survey),
        profiles::Purpose::Marketing => Some(Purpose::Marketing),
    }
}
