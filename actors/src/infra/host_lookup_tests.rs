use futures::future::join_all;
use test_support::NameServer;

use super::{HostLookup, LookupError};

async fn lookup() -> (NameServer, HostLookup) {
    let server = NameServer::start().await;
    let lookup = HostLookup::new(&[server.address()]).unwrap();
    (server, lookup)
}

#[tokio::test]
async fn answer_says_whether_the_name_exists() {
    let (_server, lookup) = lookup().await;
    let found = lookup.addresses("receiver.example").await.unwrap();
    assert_eq!(found, ["127.0.0.1".parse::<std::net::IpAddr>().unwrap()]);
    lookup.addresses("my_hooks.example").await.unwrap();
    let missing = lookup.addresses("missing-1.example").await;
    assert_eq!(missing, Err(LookupError::NotFound));
    let address = lookup.addresses("192.0.2.7").await.unwrap();
    assert_eq!(address, ["192.0.2.7".parse::<std::net::IpAddr>().unwrap()]);
}

#[tokio::test]
async fn silent_name_servers_delay_no_other_name_and_take_no_thread() {
    let (_server, lookup) = lookup().await;
    let threads = || std::fs::read_dir("/proc/self/task").unwrap().count();
    let before = threads();
    let dead: Vec<_> = (0..300).map(|n| format!("dead-{n}.example")).collect();
    let dead = tokio::spawn({
        let lookup = lookup.clone();
        async move { join_all(dead.iter().map(|name| lookup.addresses(name))).await }
    });
    for n in 0..50 {
        lookup
            .addresses(&format!("good-{n}.example"))
            .await
            .unwrap();
    }
    assert!(!dead.is_finished(), "the others waited");
    // Other tests of this binary start threads meanwhile.
    assert!(threads() < before + 200, "{} threads", threads());
    let dead = dead.await.unwrap();
    assert!(
        dead.iter()
            .all(|found| *found == Err(LookupError::Unavailable))
    );
}

#[tokio::test]
async fn name_is_looked_up_once_for_all_who_ask() {
    let (server, lookup) = lookup().await;
    let asked = (0..100).map(|_| lookup.addresses("receiver.example"));
    let found = join_all(asked).await;
    assert!(found.iter().all(Result::is_ok));
    assert!(server.questions() <= 4, "{} questions", server.questions());
}
