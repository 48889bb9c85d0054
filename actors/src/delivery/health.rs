//! Since when an endpoint has failed everything. The database remembers it, so that neither a
//! restart nor another process's luck is forgotten; this only spares it most of the writing.

use std::collections::HashMap;

use entities::ids::EndpointId;
use entities::queries::delivery::Ending;

use super::attempt::Ended;

/// What has not changed is said again after so long: another process may have said otherwise.
const SAY_AGAIN_MS: i64 = 60_000;
/// Endpoints remembered; beyond it everything is said once more.
const MOST: usize = 10_000;

/// What this process last said of each endpoint.
#[derive(Debug, Default)]
pub(super) struct Health {
    said: HashMap<EndpointId, Said>,
}

#[derive(Debug, Clone, Copy)]
struct Said {
    failing: bool,
    at_ms: i64,
}

/// What there is to say.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct News {
    pub(super) healthy: Vec<EndpointId>,
    pub(super) failing: Vec<EndpointId>,
}

impl Health {
    /// What a batch of outcomes tells: one success makes an endpoint healthy.
    pub(super) fn news(&mut self, batch: &[Ended], now_ms: i64) -> News {
        let mut failing: HashMap<EndpointId, bool> = HashMap::new();
        for ended in batch {
            if ended.completion.attempt.is_some() {
                let failed = ended.completion.ending != Ending::Delivered;
                let known = failing.entry(ended.endpoint()).or_insert(true);
                *known &= failed;
            }
        }
        let mut news = News::default();
        for (endpoint, failing) in failing {
            if self.is_news(endpoint, failing, now_ms) {
                let list = match failing {
                    true => &mut news.failing,
                    false => &mut news.healthy,
                };
                list.push(endpoint);
            }
        }
        news
    }

    fn is_news(&mut self, endpoint: EndpointId, failing: bool, now_ms: i64) -> bool {
        let said = self.said.get(&endpoint);
        if said.is_some_and(|said| said.failing == failing && now_ms - said.at_ms < SAY_AGAIN_MS) {
            return false;
        }
        if self.said.len() >= MOST {
            self.said.clear();
        }
        let at_ms = now_ms;
        self.said.insert(endpoint, Said { failing, at_ms });
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn only_changes_are_said_and_the_rest_once_a_minute() {
        let (mut health, endpoint) = (Health::default(), EndpointId(Uuid::from_u128(1)));
        assert!(health.is_news(endpoint, false, 0));
        assert!(!health.is_news(endpoint, false, SAY_AGAIN_MS - 1));
        assert!(health.is_news(endpoint, true, SAY_AGAIN_MS - 1));
        assert!(health.is_news(endpoint, false, SAY_AGAIN_MS - 1));
        assert!(health.is_news(endpoint, false, 2 * SAY_AGAIN_MS));
    }
}
