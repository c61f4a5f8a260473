use super::*;

fn template(body: &str) -> Template {
    let variant = |language: &str, subject: &str| Variant {
        language: LanguageTag::parse(language).unwrap(),
        subject: subject.into(),
        body: body.into(),
    };
    Template {
        template_id: Uuid::nil(),
        name: "n".into(),
        purpose: Purpose::FollowUp,
        variants: Json(vec![
            variant("en", "About {{ issue }}"),
            variant("ZH", "关于 {{ issue }}"),
        ]),
        created_at: DateTime::UNIX_EPOCH,
    }
}

fn render(body: &str) -> Result<Rendered, TemplateError> {
    let issue = ("issue".to_owned(), "late\r\nBcc: all@example.com".to_owned());
    let long = ("long".to_owned(), "x".repeat(5_000));
    template(body).render("zh-Hant", "Ana", &BTreeMap::from([issue, long]))
}

#[test]
fn a_person_is_written_to_in_their_main_language_else_the_first() {
    assert_eq!(template("").variant("zh-Hant").unwrap().language.as_str(), "zh");
    assert_eq!(template("").variant("EN").unwrap().language.as_str(), "en");
    assert_eq!(template("").variant("ru").unwrap().language.as_str(), "en");
}

#[test]
fn a_line_feed_in_a_value_does_not_become_a_header() {
    assert_eq!(render("Hi").unwrap().subject, "关于 late Bcc: all@example.com");
}

#[test]
fn a_missing_value_is_an_error_that_names_it_and_not_a_hole() {
    assert_eq!(
        render("Dear {{ nobody }}").unwrap_err().rule(),
        "has no value for nobody"
    );
    assert_eq!(
        render("Dear {{ nobody|default('friend') }}").unwrap().body,
        "Dear friend"
    );
}

#[test]
fn a_template_written_to_burn_time_or_memory_is_refused() {
    let nested = "{% if x %}".repeat(200) + &"{% endif %}".repeat(200);
    let doubled =
        "{% set a = 'xxxxxxxxxx' %}".to_owned() + &"{% set a %}{{ a }}{{ a }}{% endset %}".repeat(60);
    let flood = "{{ long }}".repeat(1_000);
    let bombs = [
        "{{ 'a' * 1000000000 }}",
        "{{ '}}' * 1000000000 }}",
        "{{ '\\'}}' * 1000000000 }}",
        "{{ ('}}', {'a': {'b': 1}} ) }}{{ 'a' ~ 'a' }}",
        "{{ {'a': {'b': 1}} ~ long }}",
        "{#-#}{{ long + long }}",
        "{%- for a in range(100000000) %}x{% endfor %}",
        "{% for a in long %}{% for b in long %}x{% endfor %}{% endfor %}",
        "{% macro m(x) %}{{ x }}{{ x }}{% endmacro %}{{ m(m(m(long))) }}",
        "{% filter upper %}x{% endfilter %}",
        "{% raw %}{% endraw %}",
        nested.as_str(),
        doubled.as_str(),
        flood.as_str(),
        "{{ '",
        "{{ (",
        "{% if",
        "{% ",
    ];
    for bomb in bombs {
        assert!(render(bomb).is_err(), "{bomb:.60}");
    }
}

#[test]
fn what_a_letter_needs_is_rendered() {
    let body = "{# a note #}{%- if issue is defined and display_name == 'Ana' -%} 5 * {{ '**' }} {{ 'a}}b'|upper }} \
                {{ display_name[:1] }}{% elif issue %}no{% else %}no{% endif %} ~ {{ display_name|default('friend') }}";
    assert_eq!(render(body).unwrap().body, "5 * ** A}}B A ~ Ana");
}
