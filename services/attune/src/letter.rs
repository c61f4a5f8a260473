//! The letter to the people whom an issue hit, in three languages.

use attune_api::notifications::v1::{CreateTemplateRequest, Template, TemplateVariant};
use attune_api::profiles::v1::Purpose;
use uuid::Uuid;

use crate::platform::{Platform, ask};

/// Makes the template, and answers its id.
pub(crate) async fn create(platform: &Platform) -> anyhow::Result<String> {
    let variant = |(language, subject, body): (&str, &str, &str)| TemplateVariant {
        language: language.to_owned(),
        subject: subject.to_owned(),
        body: body.to_owned(),
    };
    let request = CreateTemplateRequest {
        template: Some(Template {
            name: "You said, we did".to_owned(),
            purpose: Purpose::FollowUp.into(),
            variants: LETTERS.map(variant).into(),
            ..Template::default()
        }),
        request_id: Uuid::now_v7().to_string(),
    };
    let client = platform.templates();
    let created = ask("CreateTemplate", || {
        let (mut client, request) = (client.clone(), request.clone());
        async move { client.create_template(request).await }
    });
    Ok(created.await?.template.unwrap_or_default().template_id)
}

const LETTERS: [(&str, &str, &str); 3] = [
    (
        "en",
        "You said, we did: {{ issue_title }}",
        "Hello{% if display_name %} {{ display_name }}{% endif %},\n\nyou told us about: {{ issue_title }}. This is what \
         we have done{% if iteration != \"1\" %} since our last letter{% endif %}:\n\n{{ change }}\n\nIf it is not \
         better, tell us again.\n",
    ),
    (
        "ru",
        "Вы сказали — мы сделали: {{ issue_title }}",
        "Здравствуйте{% if display_name %}, {{ display_name }}{% endif %}!\n\nВы писали нам: {{ issue_title }}. Вот что \
         мы сделали:\n\n{{ change }}\n\nЕсли лучше не стало, напишите нам ещё раз.\n",
    ),
    (
        "zh",
        "您的意见，我们的行动：{{ issue_title }}",
        "您好{% if display_name %}，{{ display_name }}{% endif %}！\n\n您曾向我们反映：{{ issue_title }}。我们做了以下改进：\n\n\
         {{ change }}\n\n如果情况没有好转，请再次告诉我们。\n",
    ),
];
