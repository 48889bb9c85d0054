//! A client that follows the change feed of placements by its cursor.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::Http;
use super::wait::TIMEOUT;

/// Reads the feed page by page. It resumes with the `updated_at` and `id` of the last row that it read.
pub(crate) struct FeedReader {
    key: Http,
    since: String,
    after: Option<String>,
    deadline: Instant,
    /// The latest status of each placement, by id.
    pub(crate) seen: HashMap<String, String>,
    /// Rows read so far, including repeated rows of one placement.
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

    /// Reads the next page. Sleeps for 5 ms if the page is empty.
    pub(crate) async fn read_page(&mut self) {
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
