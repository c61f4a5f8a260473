//! Why a hot issue was opened, in sentences.

use attune_stats::hot::Level;

use super::{HotIssue, UNRECORDED};

impl HotIssue {
    /// Why it was opened, with the numbers of the record.
    pub(crate) fn explanation(&self) -> String {
        let mut sentences = vec![
            self.what_was_seen(),
            self.why_it_is_no_chance(),
            self.who_was_hit(),
        ];
        let record = &self.record.0;
        let elevated = &record.finding.elevated_products;
        if !elevated.is_empty() {
            sentences.push(format!("Elevated in {}.", elevated.join(", ")));
        }
        if record.finding.level == Level::Overall && !record.left_out.is_empty() {
            let left_out = record.left_out.join(", ");
            sentences.push(format!(
                "Left out, because their volume had just started: {left_out}."
            ));
        }
        match record.skipped_hours {
            ..=0 => {}
            1 => sentences.push("The full hour before was not looked at.".to_owned()),
            hours => sentences.push(format!(
                "The {hours} full hours before were not looked at one by one."
            )),
        }
        sentences.extend(self.what_it_was_coded_with());
        sentences.extend(self.why_it_was_widened());
        sentences.join(" ")
    }

    /// Why it is about all products now, where it was opened for one.
    pub(crate) fn why_it_was_widened(&self) -> Option<String> {
        let widening = self.record.widening.as_ref()?;
        let finding = &widening.finding;
        let place = match &finding.level {
            Level::Product(product) => format!("in feedback about {product}"),
            Level::Overall => format!(
                "over all products (elevated in {})",
                finding.elevated_products.join(", ")
            ),
        };
        Some(format!(
            "Opened for {from}, it was widened to all products at {at} by rule {rule}: in the {hours} hours before, the \
             topic was mentioned {observed} times {place} where {expected:.1} were expected. Its cohort was extended \
             once, by {joined} persons who had said it since {since} in any of its products, and its evidence by \
             {evidence} mentions.",
            from = widening.from,
            at = widening.at.format("%Y-%m-%d %H:%M UTC"),
            rule = widening.rule,
            hours = finding.baseline.window_hours,
            observed = finding.observed,
            expected = finding.expected,
            joined = widening.joined,
            since = self.window_start.format("%Y-%m-%d %H:%M UTC"),
            evidence = widening.evidence,
        ))
    }

    /// Which version of the taxonomy the counts are of, where it was recorded, and where they are not of one alone.
    fn what_it_was_coded_with(&self) -> Option<String> {
        let record = &self.record.0;
        if record.taxonomy_version == UNRECORDED {
            return None;
        }
        let version = record.taxonomy_version;
        let history = match record.coded_since {
            None => ", throughout the history that was compared".to_owned(),
            Some(since) => format!(
                "; what was said before {} was coded otherwise and is not compared",
                since.format("%Y-%m-%d %H:%M UTC")
            ),
        };
        let again: Vec<String> = record.learnt_again.iter().map(i64::to_string).collect();
        let examples = if again.is_empty() {
            String::new()
        } else {
            format!(
                "; in that history the examples of other topics changed, with which its own are learnt (version {}), \
                 which may have moved the count a little",
                again.join(", ")
            )
        };
        Some(format!(
            "Coded as version {version} of the taxonomy does{history}{examples}."
        ))
    }

    fn what_was_seen(&self) -> String {
        let finding = &self.record.finding;
        let of = match self.opened_product() {
            "" => "all products",
            product => product,
        };
        let season = if finding.baseline.day_of_week {
            " and on such a day of the week"
        } else {
            ""
        };
        format!(
            "In the {hours} hours up to {end}, \"{name}\" was mentioned {observed} times in feedback about {of} that \
             was not positive; {expected:.1} were expected from {windows} earlier windows at the same hours of \
             day{season} ({mentions} mentions in them), a ratio of {ratio:.1}.",
            hours = finding.baseline.window_hours,
            end = self.opened_at.format("%Y-%m-%d %H:%M UTC"),
            name = self.topic_name,
            observed = self.observed,
            expected = self.expected,
            windows = finding.baseline.windows,
            mentions = finding.baseline.mentions,
            ratio = finding.ratio,
        )
    }

    fn why_it_is_no_chance(&self) -> String {
        let record = &self.record.0;
        format!(
            "Its share of the feedback rose from {before:.1} % to {share:.1} %, so a busy day alone does not explain \
             it. Were all as usual, so many or more would come with probability {p:.2e}; adjusted for the {tested} \
             cells tested in that run it is {q:.2e}, within the promised false discovery rate of {promised}. The \
             windows vary {spread:.1} times as much as a Poisson process, which is accounted for.",
            before = 100.0 * record.finding.baseline_share,
            share = 100.0 * record.finding.share,
            p = self.p_value,
            tested = record.tested,
            q = self.q_value,
            promised = record.settings.false_discovery_rate,
            spread = self.variance_over_mean(),
        )
    }

    fn who_was_hit(&self) -> String {
        let record = &self.record.0;
        format!(
            "It was found from {evidence} mentions: those of {cohort} known persons, who are the frozen cohort, and \
             {anonymous} of persons who are not known. A person counts once an hour and product in what is tested.",
            evidence = record.evidence,
            cohort = record.cohort,
            anonymous = record.anonymous,
        )
    }
}
