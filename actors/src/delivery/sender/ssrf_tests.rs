//! Runs the corpus of forbidden destinations against a loopback listener that counts connections.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures::future::BoxFuture;
use tokio::net::TcpListener;

use super::*;
use crate::domain::retry::Outcome;
use crate::domain::safe_address::{AddressPolicy, check_url, vet};
use crate::infra::LookupError;
use crate::test_support::database::settings;

const CORPUS: &str = include_str!("ssrf_corpus.txt");

/// Starts a loopback listener that counts connections, on IPv4 and, if available, on IPv6.
async fn counting_listener() -> (u16, Arc<AtomicUsize>) {
    let connections = Arc::new(AtomicUsize::new(0));
    let v4 = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = v4.local_addr().unwrap().port();
    let v6 = TcpListener::bind(("::1", port)).await.ok();
    for listener in [Some(v4), v6].into_iter().flatten() {
        let connections = Arc::clone(&connections);
        tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                connections.fetch_add(1, Ordering::SeqCst);
            }
        });
    }
    (port, connections)
}

/// A name server that returns these responses in turn and then repeats the last one.
struct Answers(Mutex<VecDeque<Vec<IpAddr>>>);

impl resolver::Lookup for Arc<Answers> {
    fn addresses(&self, _name: String) -> BoxFuture<'static, Result<Vec<IpAddr>, LookupError>> {
        let mut answers = self.0.lock().unwrap();
        let answer = match answers.len() {
            1 => answers[0].clone(),
            _ => answers.pop_front().unwrap(),
        };
        Box::pin(async move { Ok(answer) })
    }
}

fn cases(kind: &str) -> Vec<&'static str> {
    let marker = format!("{kind} ");
    let cases = CORPUS.lines().filter_map(|line| line.strip_prefix(&marker));
    cases.collect()
}

fn post(url: &str) -> Post {
    Post {
        url: url.parse().unwrap(),
        id: "msg_1".to_owned(),
        timestamp_s: 1,
        signature: "v1,x".to_owned(),
        traceparent: String::new(),
        headers: HeaderMap::new(),
        body: Bytes::from_static(b"{}"),
    }
}

#[test]
fn corpus_has_at_least_200_distinct_cases() {
    let mut cases: Vec<_> = [cases("url"), cases("dns")].concat();
    assert!(cases.len() >= 200, "{}", cases.len());
    let all = cases.len();
    cases.sort_unstable();
    cases.dedup();
    assert_eq!(cases.len(), all);
}

/// Uses the sandbox policy. The production limits on scheme and port would hide a missing address check.
#[tokio::test]
async fn no_corpus_url_is_called_and_each_refusal_has_a_reason() {
    let (port, connections) = counting_listener().await;
    let policy = AddressPolicy::default();
    for case in cases("url") {
        let url = case.replace("{port}", &port.to_string());
        let refused = check_url(&url, &policy).expect_err(&url);
        let words = refused.to_string();
        assert!(words.len() > 20, "{url}: {words}");
        let production = AddressPolicy {
            production: true,
            ..AddressPolicy::default()
        };
        assert!(check_url(&url, &production).is_err(), "{url}");
    }
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

/// Addresses that were safe when the URL was saved are checked again when it is called.
#[tokio::test]
async fn no_corpus_dns_response_opens_a_connection() {
    let (port, connections) = counting_listener().await;
    for case in cases("dns") {
        let answers: VecDeque<Vec<IpAddr>> = case
            .split(';')
            .map(|answer| {
                answer
                    .split(',')
                    .map(|text| text.parse().unwrap())
                    .collect()
            })
            .collect();
        let policy = AddressPolicy::default();
        let (last, before) = {
            let mut all: Vec<_> = answers.iter().cloned().collect();
            (all.pop().unwrap(), all)
        };
        assert!(
            before.iter().all(|answer| vet(answer, &policy).is_ok()),
            "{case}: safe when the URL was saved"
        );
        assert!(vet(&last, &policy).is_err(), "{case}");
        let lookup = Arc::new(Answers(Mutex::new(answers)));
        for saved in &before {
            assert_eq!(
                &resolver::Lookup::addresses(&lookup, String::new())
                    .await
                    .unwrap(),
                saved
            );
        }
        let mut settings = settings("sqlite::memory:");
        // Allowing another network in the sandbox does not allow loopback.
        settings.webhook_allow = vec!["192.0.2.99/32".parse().unwrap()];
        let sender =
            Sender::with_lookup(&settings, &Clock::system(), &Counter::default(), lookup).unwrap();
        let answer = sender
            .post(post(&format!("http://hooks.example.com:{port}/")))
            .await
            .unwrap();
        assert_eq!(
            answer.outcome,
            Outcome::Failed {
                cause: FailureCause::UnsafeAddress
            },
            "{case}: {answer:?}"
        );
        let expected = "the host name resolved to an address that is not public";
        assert_eq!(
            answer.error.as_deref(),
            Some(expected),
            "{case}: the error does not reveal the address"
        );
    }
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}
