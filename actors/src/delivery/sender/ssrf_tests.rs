//! The corpus of what must never be reached, against a listener on loopback that counts.

use std::collections::VecDeque;
use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures::future::BoxFuture;
use tokio::net::TcpListener;

use super::*;
use crate::domain::retry::Outcome;
use crate::domain::safe_address::{AddressPolicy, check_url, vet};
use crate::test_support::bench::settings;

const CORPUS: &str = include_str!("ssrf_corpus.txt");

/// A listener on loopback, on both protocols where there are two, that counts who comes.
async fn trap() -> (u16, Arc<AtomicUsize>) {
    let came = Arc::new(AtomicUsize::new(0));
    let v4 = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = v4.local_addr().unwrap().port();
    let v6 = TcpListener::bind(("::1", port)).await.ok();
    for listener in [Some(v4), v6].into_iter().flatten() {
        let came = Arc::clone(&came);
        tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                came.fetch_add(1, Ordering::SeqCst);
            }
        });
    }
    (port, came)
}

/// A name server that gives these answers, one after the other, and the last one for ever.
struct Answers(Mutex<VecDeque<Vec<IpAddr>>>);

impl resolver::Lookup for Arc<Answers> {
    fn addresses(&self, _name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
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
fn the_corpus_has_its_two_hundred_cases_and_none_twice() {
    let mut cases: Vec<_> = [cases("url"), cases("dns")].concat();
    assert!(cases.len() >= 200, "{}", cases.len());
    let all = cases.len();
    cases.sort_unstable();
    cases.dedup();
    assert_eq!(cases.len(), all);
}

/// Without production's ports and schemes, so that nothing but the address is in the way.
#[tokio::test]
async fn no_url_of_the_corpus_is_called_and_each_is_told_why() {
    let (port, came) = trap().await;
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
    assert_eq!(came.load(Ordering::SeqCst), 0);
}

/// What was good when the URL was saved is judged again when it is called.
#[tokio::test]
async fn no_answer_of_the_corpus_opens_a_connection() {
    let (port, came) = trap().await;
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
            "{case}: good when it was saved"
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
        // Whoever allows a network of its own in the sandbox does not get loopback as well.
        settings.webhook_allow = vec!["192.0.2.99/32".parse().unwrap()];
        let sender =
            Sender::with_lookup(&settings, &Clock::system(), Counter::default(), lookup).unwrap();
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
        let said = "the host name resolved to an address that is not public";
        assert_eq!(
            answer.error.as_deref(),
            Some(said),
            "{case}: what, and not where"
        );
    }
    assert_eq!(came.load(Ordering::SeqCst), 0);
}
