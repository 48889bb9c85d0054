//! Checks that `actors/src/domain` uses no framework, no clock and no randomness.

use std::path::{Path, PathBuf};

/// Words that would make a domain function depend on more than its arguments.
const BANNED: &[&str] = &[
    "ractor",
    "sea_orm",
    "entities",
    "reqwest",
    "axum",
    "tokio",
    "hyper",
    "rand::",
    "getrandom",
    "SystemTime",
    "Instant::now",
    "Utc::now",
    "Local::now",
    "Uuid::now_v7",
    "Uuid::new_v4",
    "std::env",
    "std::fs",
    "std::net::Tcp",
    "thread::sleep",
];

#[test]
fn domain_imports_no_framework_clock_or_randomness() {
    let domain = Path::new(env!("CARGO_MANIFEST_DIR")).join("actors/src/domain");
    let mut files = Vec::new();
    collect(&domain, &mut files);
    assert!(
        files.len() > 15,
        "actors/src/domain has as many files as expected: {files:?}"
    );
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let code = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        for (number, line) in code.enumerate() {
            for word in BANNED {
                assert!(
                    !line.contains(word),
                    "{}: code line {}: {word} is not allowed in the domain: {line}",
                    file.display(),
                    number + 1
                );
            }
        }
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
