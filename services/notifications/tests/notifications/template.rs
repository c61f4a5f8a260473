use attune_api::notifications::v1::{
    CreateTemplateRequest, ListTemplatesRequest, PreviewTemplateRequest, Template,
};
use attune_api::profiles::v1::Purpose;
use attune_testkit::{Failure, TestPlatform, reason, violated_fields};
use tonic::Code;
use uuid::Uuid;

use crate::fixture::{letter, template, variables, variant};

#[tokio::test]
async fn a_person_reads_their_language_else_its_main_language_else_the_first() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let variants = vec![
        variant("en", "About {{ issue }}", "Dear {{ display_name }}"),
        variant("ZH-hant", "關於 {{ issue }}", "{{ display_name }} 您好"),
        variant("zh", "关于 {{ issue }}", "{{ display_name }} 您好"),
    ];
    let template_id = template(&acme, variants).await?;
    for (language, taken) in [
        ("zh-Hant", "zh-Hant"),
        ("zh-TW", "zh"),
        ("zh", "zh"),
        ("EN-gb", "en"),
        ("ru", "en"),
        ("", "en"),
    ] {
        let request = PreviewTemplateRequest {
            template_id: template_id.clone(),
            language: language.into(),
            variables: variables(&[("issue", "late bags")]),
            display_name: "Ana".into(),
        };
        let rendered = acme.templates().preview_template(request).await?.into_inner();
        assert_eq!(rendered.language, taken, "{language}");
        assert!(rendered.subject.ends_with(" late bags") && rendered.body.contains("Ana"));
    }
    Ok(())
}

#[tokio::test]
async fn what_is_wrong_with_a_template_shows_when_it_is_made() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let wrong = vec![
        variant("en", "{{ open", "{% for a in 'xx' %}{% endfor %}"),
        variant("EN", "Hi", "{{ '}}' * 1000000000 }}"),
        variant("english", "Hi", "{{ name|reverse }}"),
        variant("de", "Hi", "{% include 'secrets' %}"),
    ];
    let refused = template(&acme, wrong).await.unwrap_err();
    assert_eq!(
        violated_fields(&refused),
        [
            "template.variants[0].subject",
            "template.variants[0].body",
            "template.variants[1].body",
            "template.variants[2].language",
            "template.variants[3].body",
        ]
    );
    let twice = vec![variant("en", "Hi", "Hi"), variant("EN", "Hi", "Hi")];
    assert_eq!(
        violated_fields(&template(&acme, twice).await.unwrap_err()),
        ["template.variants[1].language"]
    );
    let none = template(&acme, vec![]).await.unwrap_err();
    assert_eq!(violated_fields(&none), ["template.variants"]);
    Ok(())
}

#[tokio::test]
async fn a_preview_with_a_value_missing_says_which() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let template_id = template(&acme, vec![variant("en", "Hi", "{{ what }} by {{ who }}")]).await?;
    let request = PreviewTemplateRequest {
        template_id,
        variables: variables(&[("what", "done")]),
        ..Default::default()
    };
    let refused = acme.templates().preview_template(request).await.unwrap_err();
    assert_eq!(
        (refused.code(), violated_fields(&refused)),
        (Code::InvalidArgument, vec!["variables".into()])
    );
    assert!(refused.message().contains("no value for who"), "{refused}");
    Ok(())
}

#[tokio::test]
async fn a_name_is_given_once_and_a_repeated_request_makes_one_template() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let wished = Template {
        name: "thanks".into(),
        purpose: Purpose::Service.into(),
        variants: vec![variant("en", "Hi", "Thanks")],
        ..Default::default()
    };
    let request = CreateTemplateRequest {
        template: Some(wished.clone()),
        request_id: Uuid::new_v4().to_string(),
    };
    let made = acme
        .templates()
        .create_template(request.clone())
        .await?
        .into_inner();
    assert_eq!(
        acme.templates().create_template(request).await?.into_inner(),
        made
    );
    let again = CreateTemplateRequest {
        template: Some(wished.clone()),
        request_id: String::new(),
    };
    let refused = acme.templates().create_template(again.clone()).await.unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::AlreadyExists, "ALREADY_EXISTS")
    );
    platform
        .tenant("globex")
        .templates()
        .create_template(again)
        .await?;

    letter(&acme).await?;
    let first = ListTemplatesRequest {
        page_size: 1,
        page_token: String::new(),
    };
    let page = acme.templates().list_templates(first).await?.into_inner();
    assert_eq!(page.templates, [made.template.unwrap()]);
    let rest = ListTemplatesRequest {
        page_size: 1,
        page_token: page.next_page_token,
    };
    let page = acme.templates().list_templates(rest).await?.into_inner();
    assert_eq!((page.templates.len(), page.next_page_token.as_str()), (1, ""));
    Ok(())
}
