//! The rules stay pure: no framework, no clock, no randomness in `actors/src/domain`.

use std::path::{Path, PathBuf};

/// What would make a rule depend on anything but its arguments.
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
fn the_domain_imports_no_framework_no_clock_and_no_randomness() {
    let domain = Path::new(env!("CARGO_MANIFEST_DIR")).join("actors/src/domain");
    let mut files = Vec::new();
    collect(&domain, &mut files);
    assert!(files.len() > 15, "the domain is where it was: {files:?}");
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let code = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        for (number, line) in code.enumerate() {
            for word in BANNED {
                assert!(
                    !line.contains(word),
                    "{}: code line {}: {word} has no place in a rule: {line}",
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
