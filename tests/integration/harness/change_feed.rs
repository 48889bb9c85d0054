//! A warehouse that follows the change feed by its cursor.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::Http;
use super::wait::TIMEOUT;

/// Resumes with the `updated_at` and `id` of the last row it holds.
pub(crate) struct FeedReader {
    key: Http,
    since: String,
    after: Option<String>,
    deadline: Instant,
    /// The last status seen of each placement.
    pub(crate) seen: HashMap<String, String>,
    /// Rows read, repeats of a placement included.
    pub(crate) rows: usize,
}

impl FeedReader {
    pub(crate) fn new(key: &Http) -> Self {
        Self {
            key: key.clone(),
            since: "2020-01-01T00:00:00Z".to_owned(),
            after: None,
            deadline: Instant::now() + 4 * TIMEOUT,
            seen: HashMap::new(),
            rows: 0,
        }
    }

    /// Reads one more page; waits a moment if it was empty.
    pub(crate) async fn read_on(&mut self) {
        assert!(
            Instant::now() < self.deadline,
            "the reader has not seen everything: {}",
            self.seen.len()
        );
        let cursor = self
            .after
            .as_ref()
            .map_or(String::new(), |id| format!("&after_id={id}"));
        let path = format!(
            "/v1/placements?limit=7&updated_since={}{cursor}",
            self.since
        );
        let page = self.key.get(&path).await.expect(200);
        let items = page["items"].as_array().unwrap();
        for item in items {
            self.rows += 1;
            let text = |field: &str| item[field].as_str().unwrap().to_owned();
            self.seen.insert(text("id"), text("status"));
            (self.since, self.after) = (text("updated_at"), Some(text("id")));
        }
        if items.is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
