//! The counts of matters.

use attune_database::Tx;
use chrono::{DateTime, Utc};
use sqlx::{query, query_as};

use crate::domain::{Dimension, MatterCount, MatterKey, MatterSum, MatterTally, Slice, Spans};
use crate::store::coded_counts::VersionCount;

/// The columns of rows of counts.
#[derive(Default)]
struct Columns<'a> {
    grains: Vec<&'a str>,
    starts: Vec<DateTime<Utc>>,
    products: Vec<&'a str>,
    channels: Vec<&'a str>,
    touchpoints: Vec<&'a str>,
    matters: Vec<i64>,
    came_again: Vec<i64>,
}

impl<'a> Columns<'a> {
    fn of(rows: impl Iterator<Item = (&'a MatterKey, &'a MatterSum)>) -> Self {
        let mut columns = Self::default();
        for (key, sum) in rows {
            columns.grains.push(key.grain.as_str());
            columns.starts.push(key.start);
            columns.products.push(&key.product);
            columns.channels.push(&key.channel);
            columns.touchpoints.push(&key.touchpoint);
            columns.matters.push(sum.matters);
            columns.came_again.push(sum.came_again);
        }
        columns
    }
}

/// Adds a tally. Rows are written in one order in every transaction; their locks are held until the commit, so this
/// comes last.
pub(crate) async fn add(tx: &mut Tx, tally: &MatterTally) -> Result<(), sqlx::Error> {
    if !tally.rows.is_empty() {
        add_rows(tx, tally).await?;
    }
    if !tally.slices.is_empty() {
        add_slices(tx, tally).await?;
    }
    Ok(())
}

/// Subtracts what had been added.
pub(crate) async fn subtract(tx: &mut Tx, tally: &MatterTally) -> Result<(), sqlx::Error> {
    if !tally.rows.is_empty() {
        subtract_rows(tx, tally).await?;
    }
    if !tally.slices.is_empty() {
        subtract_slices(tx, tally).await?;
    }
    Ok(())
}

async fn add_rows(tx: &mut Tx, tally: &MatterTally) -> Result<(), sqlx::Error> {
    let columns = Columns::of(tally.rows.iter());
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "INSERT INTO feedback.matter_count AS kept (tenant_id, grain, start, product, channel, touchpoint, matters,
             came_again)
         SELECT $1, grain, start, product, channel, touchpoint, matters, came_again
         FROM unnest($2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[])
             WITH ORDINALITY AS new (grain, start, product, channel, touchpoint, matters, came_again, place)
         ORDER BY place
         ON CONFLICT ON CONSTRAINT matter_count_pkey DO UPDATE
             SET matters = kept.matters + excluded.matters, came_again = kept.came_again + excluded.came_again",
        tenant,
        &columns.grains as &[&str],
        &columns.starts,
        &columns.products as &[&str],
        &columns.channels as &[&str],
        &columns.touchpoints as &[&str],
        &columns.matters,
        &columns.came_again
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn subtract_rows(tx: &mut Tx, tally: &MatterTally) -> Result<(), sqlx::Error> {
    let columns = Columns::of(tally.rows.iter());
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "UPDATE feedback.matter_count AS kept
         SET matters = kept.matters - gone.matters, came_again = kept.came_again - gone.came_again
         FROM unnest($2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[])
              AS gone (grain, start, product, channel, touchpoint, matters, came_again)
         WHERE kept.tenant_id = $1 AND kept.grain = gone.grain AND kept.start = gone.start
           AND kept.product = gone.product AND kept.channel = gone.channel AND kept.touchpoint = gone.touchpoint",
        tenant,
        &columns.grains as &[&str],
        &columns.starts,
        &columns.products as &[&str],
        &columns.channels as &[&str],
        &columns.touchpoints as &[&str],
        &columns.matters,
        &columns.came_again
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What the rows are about, and the columns that all counts have.
fn slice_columns(tally: &MatterTally) -> (Vec<&str>, Vec<&str>, Columns<'_>) {
    let dimensions = tally.slices.keys().map(|key| key.dimension.as_str()).collect();
    let values = tally.slices.keys().map(|key| key.value.as_str()).collect();
    let columns = Columns::of(tally.slices.iter().map(|(key, sum)| (&key.row, sum)));
    (dimensions, values, columns)
}

async fn add_slices(tx: &mut Tx, tally: &MatterTally) -> Result<(), sqlx::Error> {
    let (dimensions, values, columns) = slice_columns(tally);
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "INSERT INTO feedback.matter_slice_count AS kept (tenant_id, dimension, value, grain, start, product, channel,
             touchpoint, matters, came_again)
         SELECT $1, dimension, value, grain, start, product, channel, touchpoint, matters, came_again
         FROM unnest($2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::text[], $8::text[],
                     $9::bigint[], $10::bigint[])
             WITH ORDINALITY AS new (dimension, value, grain, start, product, channel, touchpoint, matters, came_again,
                 place)
         ORDER BY place
         ON CONFLICT ON CONSTRAINT matter_slice_count_pkey DO UPDATE
             SET matters = kept.matters + excluded.matters, came_again = kept.came_again + excluded.came_again",
        tenant,
        &dimensions as &[&str],
        &values as &[&str],
        &columns.grains as &[&str],
        &columns.starts,
        &columns.products as &[&str],
        &columns.channels as &[&str],
        &columns.touchpoints as &[&str],
        &columns.matters,
        &columns.came_again
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn subtract_slices(tx: &mut Tx, tally: &MatterTally) -> Result<(), sqlx::Error> {
    let (dimensions, values, columns) = slice_columns(tally);
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "UPDATE feedback.matter_slice_count AS kept
         SET matters = kept.matters - gone.matters, came_again = kept.came_again - gone.came_again
         FROM unnest($2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::text[], $8::text[],
                     $9::bigint[], $10::bigint[])
              AS gone (dimension, value, grain, start, product, channel, touchpoint, matters, came_again)
         WHERE kept.tenant_id = $1 AND kept.dimension = gone.dimension AND kept.value = gone.value
           AND kept.grain = gone.grain AND kept.start = gone.start AND kept.product = gone.product
           AND kept.channel = gone.channel AND kept.touchpoint = gone.touchpoint",
        tenant,
        &dimensions as &[&str],
        &values as &[&str],
        &columns.grains as &[&str],
        &columns.starts,
        &columns.products as &[&str],
        &columns.channels as &[&str],
        &columns.touchpoints as &[&str],
        &columns.matters,
        &columns.came_again
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The counts of all matters of a slice's product, channel and touchpoint, row by row of time.
pub(crate) async fn counts(
    tx: &mut Tx,
    slice: &Slice,
    spans: Spans,
) -> Result<Vec<MatterCount>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        MatterCount,
        r#"SELECT start, sum(matters)::bigint AS "matters!", sum(came_again)::bigint AS "came_again!"
           FROM feedback.matter_count
           WHERE tenant_id = $1
             AND ((grain = 'day' AND start >= $2 AND start < $3)
                  OR (grain = 'hour' AND start >= $4 AND start < $2)
                  OR (grain = 'hour' AND start >= $3 AND start < $5))
             AND ($6 = '' OR product = $6) AND ($7 = '' OR channel = $7) AND ($8 = '' OR touchpoint = $8)
           GROUP BY start"#,
        tenant,
        spans.days_start,
        spans.days_end,
        spans.start,
        spans.end,
        slice.product,
        slice.channel,
        slice.touchpoint
    )
    .fetch_all(&mut **tx)
    .await
}

/// The counts of those of them that are of one value of a dimension, as far as they are counted in slices.
pub(crate) async fn slice_counts(
    tx: &mut Tx,
    (dimension, value): (Dimension, &str),
    slice: &Slice,
    spans: Spans,
) -> Result<Vec<MatterCount>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        MatterCount,
        r#"SELECT start, sum(matters)::bigint AS "matters!", sum(came_again)::bigint AS "came_again!"
           FROM feedback.matter_slice_count
           WHERE tenant_id = $1 AND dimension = $9 AND value = $10
             AND ((grain = 'day' AND start >= $2 AND start < $3)
                  OR (grain = 'hour' AND start >= $4 AND start < $2)
                  OR (grain = 'hour' AND start >= $3 AND start < $5))
             AND ($6 = '' OR product = $6) AND ($7 = '' OR channel = $7) AND ($8 = '' OR touchpoint = $8)
           GROUP BY start"#,
        tenant,
        spans.days_start,
        spans.days_end,
        spans.start,
        spans.end,
        slice.product,
        slice.channel,
        slice.touchpoint,
        dimension.as_str(),
        value
    )
    .fetch_all(&mut **tx)
    .await
}

/// By which versions of the taxonomy the matters of a slice stand whose texts were understood, whatever their topics.
pub(crate) async fn codings(
    tx: &mut Tx,
    slice: &Slice,
    spans: Spans,
) -> Result<Vec<VersionCount>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        VersionCount,
        r#"SELECT start, value::bigint AS "taxonomy_version!", sum(matters)::bigint AS "feedback!"
           FROM feedback.matter_slice_count
           WHERE tenant_id = $1 AND dimension = 'coding'
             AND ((grain = 'day' AND start >= $2 AND start < $3)
                  OR (grain = 'hour' AND start >= $4 AND start < $2)
                  OR (grain = 'hour' AND start >= $3 AND start < $5))
             AND ($6 = '' OR product = $6) AND ($7 = '' OR channel = $7) AND ($8 = '' OR touchpoint = $8)
           GROUP BY start, value
           HAVING sum(matters) > 0
           ORDER BY start"#,
        tenant,
        spans.days_start,
        spans.days_end,
        spans.start,
        spans.end,
        slice.product,
        slice.channel,
        slice.touchpoint
    )
    .fetch_all(&mut **tx)
    .await
}
