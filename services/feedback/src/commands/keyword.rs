//! The words that tell some feedback from the rest.

use attune_database::Database;
use attune_rpc::TenantId;
use attune_text::{DistinctivePhrase, PhraseCounts, distinctive_phrases};

use crate::domain::{Slice, Window};
use crate::error::Error;
use crate::store;

/// Texts that are read, the newest: of the slice, and of the others.
const MOST_TEXTS: i64 = 2000;
const MOST_BACKGROUND: i64 = 4000;
/// Characters of a text that are read.
const LONGEST: i32 = 4000;
/// Phrases counted at most; ten thousand take about a megabyte.
const MOST_PHRASES: usize = 50_000;

/// Which feedback, and how many words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) slice: Slice,
    pub(crate) window: Window,
    pub(crate) limit: usize,
}

/// The words, the most telling first, and how many texts were read.
#[derive(Clone, Debug)]
pub(crate) struct Keywords {
    pub(crate) phrases: Vec<DistinctivePhrase>,
    pub(crate) texts: u64,
    pub(crate) background_texts: u64,
}

/// Finds the words that distinguish a slice from the tenant's other feedback of the window and of the one before.
pub(crate) async fn list(db: &Database, tenant: &TenantId, question: Question) -> Result<Keywords, Error> {
    let Question { slice, window, limit } = question;
    let before = Window {
        start: window.start - (window.end - window.start),
        end: if slice == Slice::default() {
            window.start
        } else {
            window.end
        },
    };
    let mut tx = db.read(tenant).await?;
    let texts = store::text::of_slice(&mut tx, &slice, window, MOST_TEXTS, LONGEST).await?;
    let others = store::text::beside(&mut tx, &slice, before, MOST_BACKGROUND, LONGEST).await?;
    tx.commit().await?;
    let work = move || {
        let (set, background) = (counted(&texts), counted(&others));
        Keywords {
            phrases: distinctive_phrases(&set, &background, limit),
            texts: set.texts(),
            background_texts: background.texts(),
        }
    };
    Ok(tokio::task::spawn_blocking(work).await?)
}

fn counted(texts: &[String]) -> PhraseCounts {
    let mut counts = PhraseCounts::new(MOST_PHRASES);
    for text in texts {
        counts.add(text);
    }
    counts
}
