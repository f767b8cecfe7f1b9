//! What of a day's history is worth a line: what people would call each other about.

use crate::ledger::{EventRow, Ledger};

/// Lines of history read in one go.
const READ: i64 = 2_000;

/// Reads on in the history from where it stood.
#[derive(Debug, Default)]
pub(super) struct News {
    seen: i64,
}

impl News {
    /// The news since the last call, each once, by customer.
    pub async fn since(&mut self, ledger: &Ledger) -> anyhow::Result<Vec<String>> {
        let mut told = Vec::new();
        loop {
            let events = ledger.events_after(self.seen, READ).await?;
            let Some(last) = events.last() else { return Ok(told) };
            self.seen = last.id;
            for news in events.iter().filter_map(tell) {
                if !told.contains(&news) {
                    told.push(news);
                }
            }
        }
    }
}

fn tell(event: &EventRow) -> Option<String> {
    let what = match (event.name.as_str(), event.to_state.as_deref()) {
        ("paused", _) => "integration paused",
        ("resumed", _) => "integration resumed",
        ("delay_delete_started", _) => "deletes wait from now on",
        ("delay_delete_ended", _) => "deletes no longer wait",
        ("import_run", Some("aborted")) => "the Filter stopped the import",
        ("import_run", Some("failed")) => "the roster could not be imported",
        ("job_failed", _) => "a job failed",
        _ => return None,
    };
    Some(format!("{}: {what}", event.customer_id.as_deref().unwrap_or("all")))
}
