//! Bodies that would take many times their size in memory when parsed. They are refused with a short response and use
//! little memory.

use crate::harness::{Account, Http, Process, TestDatabase, on_both_backends};

const MIB: u64 = 1024 * 1024;
/// The most that one body may add to the peak memory of the process. The largest body below has 2 MB.
const MAX_GROWTH: u64 = 48 * MIB;
/// The maximum length of an error response, in bytes.
const MAX_ANSWER: usize = 100_000;

on_both_backends!(
    body_with_many_invalid_members_uses_little_memory,
    array_with_many_elements_uses_little_memory,
);

async fn body_with_many_invalid_members_uses_little_memory(database: TestDatabase) {
    let process = Process::start(&database).await;
    let texts = vec![r#""\u0000""#; 17_000].join(",");
    let nul = format!(r#"{{"{}":[{texts}]}}"#, "k".repeat(8_000));
    let names: Vec<String> = (0..17_000).map(|n| format!(r#""n{n}":0"#)).collect();
    let unknown = format!("{{{}}}", names.join(","));
    let names: Vec<String> = (0..900)
        .map(|n| format!(r#""{}{n}":0"#, "k".repeat(250)))
        .collect();
    let long_names = format!("{{{}}}", names.join(","));
    for body in [
        nul,
        unknown,
        long_names,
        "[".repeat(200_000),
        r#"{"a":"#.repeat(40_000),
    ] {
        assert_refused_cheaply(&process, &process.http, "/v1/sessions", body).await;
    }
}

async fn array_with_many_elements_uses_little_memory(database: TestDatabase) {
    let process = Process::start(&database).await;
    let (_account, key) = Account::ready(&process.http).await;
    for element in ["0", "{}", "null", "[]", r#""""#] {
        let count = 2 * 1024 * 1024 / (element.len() + 1);
        let body = format!(r#"{{"placements":[{}]}}"#, vec![element; count].join(","));
        assert_refused_cheaply(&process, &key, "/v1/placements/batch", body).await;
    }
}

async fn assert_refused_cheaply(process: &Process, caller: &Http, path: &str, body: String) {
    let (length, before) = (body.len(), process.peak_memory());
    let begin: String = body.chars().take(24).collect();
    let bearer = format!("Bearer {}", caller.token().unwrap_or("none"));
    let headers = [
        ("content-type", "application/json"),
        ("authorization", bearer.as_str()),
    ];
    let answer = caller.post_raw(path, body, &headers).await;
    // The kernel sums the counts of the threads with a delay, so a later peak can read slightly lower.
    let grown = process.peak_memory().saturating_sub(before);
    let answered = answer.body.to_string().len();
    eprintln!(
        "{begin}…, {length} bytes: {}, {answered} bytes, peak memory +{} KiB",
        answer.status,
        grown / 1024
    );
    assert!(
        matches!(answer.status, 400 | 413 | 422),
        "{}",
        answer.status
    );
    assert!(answered < MAX_ANSWER, "{answered}");
    assert!(grown < MAX_GROWTH, "{grown}");
    assert_eq!(process.http.get("/health").await.status, 200);
}
