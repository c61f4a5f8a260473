//! Quotes of what is there no more.

use attune_database::Tx;
use sqlx::{query, query_scalar};

use crate::domain::QuoteDigest;

/// Takes quotes out of hot issues and themes.
pub(crate) async fn forget(tx: &mut Tx, digests: &[QuoteDigest]) -> Result<(), sqlx::Error> {
    if digests.is_empty() {
        return Ok(());
    }
    let tenant = tx.tenant().as_str().to_owned();
    let digests: Vec<Vec<u8>> = digests.iter().map(|digest| digest.to_vec()).collect();
    query!(
        "UPDATE feedback.hot_issue AS kept
         SET quotes = ARRAY(SELECT quote FROM unnest(kept.quotes) WITH ORDINALITY AS quoted (quote, place)
                            WHERE NOT sha256(convert_to(quote, 'UTF8')) = ANY($2) ORDER BY place)
         WHERE kept.tenant_id = $1
           AND EXISTS (SELECT FROM unnest(kept.quotes) AS quoted (quote)
                       WHERE sha256(convert_to(quote, 'UTF8')) = ANY($2))",
        tenant,
        &digests
    )
    .execute(&mut **tx)
    .await?;
    query!(
        "UPDATE feedback.theme AS kept
         SET quotes = ARRAY(SELECT quote FROM unnest(kept.quotes) WITH ORDINALITY AS quoted (quote, place)
                            WHERE NOT sha256(convert_to(quote, 'UTF8')) = ANY($2) ORDER BY place)
         WHERE kept.tenant_id = $1
           AND EXISTS (SELECT FROM unnest(kept.quotes) AS quoted (quote)
                       WHERE sha256(convert_to(quote, 'UTF8')) = ANY($2))",
        tenant,
        &digests
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Notes quotes that what the themes have learnt may still hold.
pub(crate) async fn note(tx: &mut Tx, digests: &[QuoteDigest]) -> Result<(), sqlx::Error> {
    if digests.is_empty() {
        return Ok(());
    }
    let tenant = tx.tenant().as_str().to_owned();
    let digests: Vec<Vec<u8>> = digests.iter().map(|digest| digest.to_vec()).collect();
    query!(
        "INSERT INTO feedback.forgotten_quote (tenant_id, digest)
         SELECT DISTINCT $1, digest FROM unnest($2::bytea[]) AS new (digest) ORDER BY digest
         ON CONFLICT ON CONSTRAINT forgotten_quote_pkey DO NOTHING",
        tenant,
        &digests
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// At most `limit` quotes that are noted.
pub(crate) async fn noted(tx: &mut Tx, limit: i64) -> Result<Vec<QuoteDigest>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let digests = query_scalar!(
        "SELECT digest FROM feedback.forgotten_quote WHERE tenant_id = $1 ORDER BY digest LIMIT $2",
        tenant,
        limit
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(digests
        .into_iter()
        .filter_map(|digest| digest.try_into().ok())
        .collect())
}

/// Nothing holds these quotes any more.
pub(crate) async fn strike(tx: &mut Tx, digests: &[QuoteDigest]) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let digests: Vec<Vec<u8>> = digests.iter().map(|digest| digest.to_vec()).collect();
    query!(
        "DELETE FROM feedback.forgotten_quote WHERE tenant_id = $1 AND digest = ANY($2)",
        tenant,
        &digests
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
