//! How events are written: one JSON line each for machines, colours for a person.

use std::fmt;
use std::io::IsTerminal;

use opentelemetry::trace::TraceContextExt;
use tracing::span::Record;
use tracing::{Event, Subscriber};
use tracing_opentelemetry::get_otel_context;
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::{Format, Json, JsonFields, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, fmt as subscriber_fmt};

use crate::init::LogFilter;

/// The form of the log on standard error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Pretty when standard error is a terminal, else JSON.
    #[default]
    Auto,
    /// One JSON object a line, with `trace_id` and `span_id` where the event stands in a span.
    Json,
    /// For reading.
    Pretty,
}

/// A layer that writes the events passing `filter` to standard error.
pub(crate) fn layer<S>(format: LogFormat, filter: LogFilter<S>) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
{
    let pretty = match format {
        LogFormat::Auto => std::io::stderr().is_terminal(),
        LogFormat::Json => false,
        LogFormat::Pretty => true,
    };
    if pretty {
        subscriber_fmt::layer()
            .with_writer(std::io::stderr)
            .with_filter(filter)
            .boxed()
    } else {
        json(std::io::stderr).with_filter(filter).boxed()
    }
}

fn json<S, W>(writer: W) -> impl Layer<S> + Send + Sync
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'w> subscriber_fmt::MakeWriter<'w> + Send + Sync + 'static,
{
    let format = Format::default().json().flatten_event(true).with_span_list(false);
    subscriber_fmt::layer()
        .event_format(Traced(format))
        .fmt_fields(SpanFields(JsonFields::new()))
        .with_writer(writer)
}

/// The fields of spans as JSON. What a call's end adds to its span is put behind what stands there:
/// [`JsonFields`] would read all of it and write it again, at every call, whether or not anything is logged.
struct SpanFields(JsonFields);

impl<'writer> FormatFields<'writer> for SpanFields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'writer>, fields: R) -> fmt::Result {
        self.0.format_fields(writer, fields)
    }

    fn add_fields(&self, current: &'writer mut FormattedFields<Self>, fields: &Record<'_>) -> fmt::Result {
        if fields.is_empty() {
            return Ok(());
        }
        let mut added = String::with_capacity(64);
        self.0.format_fields(Writer::new(&mut added), fields)?;
        let stands = current.fields.strip_suffix('}').map(str::len);
        match (stands, added.strip_prefix('{')) {
            (Some(stands), Some(added)) => {
                current.fields.truncate(stands);
                if stands > 1 {
                    current.fields.push(',');
                }
                current.fields.push_str(added);
            }
            // The span had no fields.
            _ => current.fields = added,
        }
        Ok(())
    }
}

/// The JSON format with the ids of the current span put first.
struct Traced(Format<Json>);

impl<S, N> FormatEvent<S, N> for Traced
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let ids = context.lookup_current().and_then(|span| {
            tracing::dispatcher::get_default(|dispatch| get_otel_context(&span.id(), dispatch))
        });
        let Some(ids) = ids else {
            return self.0.format_event(context, writer, event);
        };
        let mut line = String::with_capacity(256);
        self.0.format_event(context, Writer::new(&mut line), event)?;
        let span = ids.span();
        let span = span.span_context();
        write!(
            writer,
            r#"{{"trace_id":"{}","span_id":"{}","#,
            span.trace_id(),
            span.span_id()
        )?;
        writer.write_str(line.strip_prefix('{').unwrap_or(&line))
    }
}
