//! Feedback about which nothing is changed, beside that about which something is.

use serde::{Deserialize, Serialize};

use super::{Issue, Slice};

/// Where a change is made and where it is not. No piece of feedback is in both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Comparison {
    pub(crate) changed: Slice,
    pub(crate) unchanged: Slice,
}

/// What is wrong with a field of a comparison.
pub(crate) type Refused = (&'static str, &'static str);

impl From<&Issue> for Slice {
    fn from(issue: &Issue) -> Self {
        Self {
            product: issue.product.clone(),
            topic_id: issue.topic_id.clone(),
            ..Self::default()
        }
    }
}

impl Comparison {
    /// Both slices in full: what was left empty is the issue's.
    ///
    /// # Errors
    /// Every field by which the two would not be parts of one issue's feedback, or not apart.
    pub(crate) fn resolve(&self, issue: &Issue) -> Result<Self, Vec<Refused>> {
        let mut refused = Vec::new();
        let either = |given: &str, issues: &str| if given.is_empty() { issues } else { given }.to_owned();
        let changed = Slice {
            product: either(&self.changed.product, &issue.product),
            topic_id: either(&self.changed.topic_id, &issue.topic_id),
            ..self.changed.clone()
        };
        let unchanged = Slice {
            topic_id: either(&self.unchanged.topic_id, &issue.topic_id),
            ..self.unchanged.clone()
        };
        if !issue.product.is_empty() && changed.product != issue.product {
            refused.push(("changed.product", "must be the issue's product, or empty"));
        }
        for (field, slice) in [("changed.topic_id", &changed), ("unchanged.topic_id", &unchanged)] {
            if slice.topic_id != issue.topic_id {
                refused.push((field, "must be the issue's topic, or empty"));
            }
        }
        if !apart(&changed, &unchanged) {
            refused.push((
                "unchanged",
                "must be apart from where the change is made: name another product, channel or touchpoint",
            ));
        }
        if refused.is_empty() {
            Ok(Self { changed, unchanged })
        } else {
            Err(refused)
        }
    }

    /// The unchanged part in words, such as `feedback of product bus`.
    pub(crate) fn in_words(&self) -> String {
        let Slice {
            product,
            channel,
            touchpoint,
            topic_id: _,
        } = &self.unchanged;
        let parts: Vec<String> = [
            ("product", product),
            ("channel", channel),
            ("touchpoint", touchpoint),
        ]
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(dimension, value)| format!("{dimension} {value}"))
        .collect();
        format!("feedback of {}", parts.join(", "))
    }
}

/// Whether no piece of feedback can be in both.
fn apart(one: &Slice, other: &Slice) -> bool {
    let differ = |one: &str, other: &str| !one.is_empty() && !other.is_empty() && one != other;
    differ(&one.product, &other.product)
        || differ(&one.channel, &other.channel)
        || differ(&one.touchpoint, &other.touchpoint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::issue_for_tests;

    fn product(product: &str) -> Slice {
        Slice {
            product: product.to_owned(),
            ..Slice::default()
        }
    }

    fn channel(channel: &str) -> Slice {
        Slice {
            channel: channel.to_owned(),
            ..Slice::default()
        }
    }

    fn between(changed: Slice, unchanged: Slice) -> Result<Comparison, Vec<Refused>> {
        Comparison { changed, unchanged }.resolve(&issue_for_tests())
    }

    #[test]
    fn what_is_left_empty_is_the_issues() {
        let issue = issue_for_tests();
        let found = between(Slice::default(), product("delta")).unwrap();
        assert_eq!(found.changed, Slice::from(&issue));
        assert_eq!(found.unchanged.topic_id, issue.topic_id);
        assert_eq!(found.in_words(), "feedback of product delta");
        let found = between(channel("app"), channel("web")).unwrap();
        assert_eq!(
            (found.changed.product.as_str(), found.changed.channel.as_str()),
            (issue.product.as_str(), "app")
        );
    }

    #[test]
    fn parts_that_could_hold_the_same_feedback_are_refused() {
        let own = issue_for_tests().product;
        for (changed, unchanged) in [
            (Slice::default(), Slice::default()),
            (Slice::default(), product(&own)),
            (Slice::default(), channel("web")),
            (channel("app"), Slice::default()),
            (channel("app"), channel("app")),
        ] {
            let refused = between(changed, unchanged).unwrap_err();
            assert_eq!(
                refused.iter().map(|(field, _)| *field).collect::<Vec<_>>(),
                ["unchanged"]
            );
        }
    }

    #[test]
    fn another_product_or_topic_than_the_issues_is_not_what_is_changed() {
        let other = Slice {
            topic_id: "weather".to_owned(),
            ..product("delta")
        };
        let refused = between(other.clone(), other).unwrap_err();
        let fields: Vec<_> = refused.iter().map(|(field, _)| *field).collect();
        assert_eq!(
            fields,
            [
                "changed.product",
                "changed.topic_id",
                "unchanged.topic_id",
                "unchanged"
            ]
        );
    }

    #[test]
    fn an_issue_of_all_products_may_be_changed_in_one() {
        let everywhere = Issue {
            product: String::new(),
            ..issue_for_tests()
        };
        let one = Comparison {
            changed: product("united"),
            unchanged: product("delta"),
        };
        assert!(one.resolve(&everywhere).is_ok());
        let all = Comparison {
            changed: Slice::default(),
            ..one
        };
        assert!(all.resolve(&everywhere).is_err());
    }
}
