//! Words that the project does not use: names of its first version that mean nothing to a newcomer, and turns of phrase
//! that need reading twice.
//!
//! The search is case-sensitive for names and case-insensitive for phrases, over every tracked kind of text file.

use std::path::{Path, PathBuf};

/// Old names. A trailing `*` stands for any ending, a leading one for any beginning.
const NAMES: &[&str] = &[
    "House",
    "Desk",
    "Knock",
    "Crowd",
    "Strangers",
    "Standing",
    "Guesses",
    "Bell",
    "Rung",
    "Untold",
    "Nobodys",
    "AccountFile",
    "FilePermit",
    "TenantSlot",
    "TenantBook",
    "TenantCells",
    "AuditLine",
    "Refusable",
    "place_many",
    "take_in_turn",
    "lay_out",
    "at_desk",
    "bury_old",
    "give_back",
    "switch_off",
    "to_its_end",
    "or_fault",
    "no_such",
    "spawn_reporting*",
    "RouteNeeds",
    "Surroundings",
    "born_deliveries",
    "ledger_batch",
    "message_untold",
    "*_PATIENCE",
    "PATIENCE",
    "MOST_*",
];

/// Phrases that plain English replaces.
const PHRASES: &[&str] = &[
    "whoever",
    "anew",
    "is told",
    "so many",
    "for ever",
    "worked off",
    "all the same",
    "by turns",
    "should that happen",
    "nobody's",
    "whatever the database says",
];

/// Endings of the files that are read.
const ENDINGS: &[&str] = &["rs", "md", "py", "toml", "sh", "yml", "html", "css"];

#[test]
fn retired_words_are_gone() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    collect(root, &mut files);
    assert!(
        files.len() > 400,
        "the files are where they were: {}",
        files.len()
    );
    let mut hits = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        for (number, line) in (1..).zip(text.lines()) {
            if let Some(word) = retired(line) {
                hits.push(format!(
                    "{}:{number}: {word}: {}",
                    file.display(),
                    line.trim()
                ));
            }
        }
    }
    assert!(hits.is_empty(), "{} hits\n{}", hits.len(), hits.join("\n"));
}

/// The first retired word in a line.
fn retired(line: &str) -> Option<&'static str> {
    let is_of_name = |c: char| c.is_alphanumeric() || c == '_';
    let mut words = line.split(|c| !is_of_name(c));
    let name = words.find_map(|word| NAMES.iter().find(|name| matches(name, word)));
    let lower = line.to_lowercase();
    let phrase = || PHRASES.iter().find(|phrase| contains_words(&lower, phrase));
    name.or_else(phrase).copied()
}

fn matches(name: &str, word: &str) -> bool {
    match (name.strip_prefix('*'), name.strip_suffix('*')) {
        (Some(ending), _) => word.ends_with(ending),
        (_, Some(beginning)) => word.starts_with(beginning),
        (None, None) => word == name,
    }
}

/// Whether the phrase stands in the text as whole words.
fn contains_words(text: &str, phrase: &str) -> bool {
    text.match_indices(phrase).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + phrase.len()..].chars().next();
        ![before, after]
            .iter()
            .flatten()
            .any(|c| c.is_alphanumeric())
    })
}

/// Every text file of the project but this one, which lists the words.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if path.is_dir() {
            if !matches!(
                name,
                "target" | ".git" | ".venv" | "__pycache__" | "node_modules"
            ) {
                collect(&path, files);
            }
        } else if name != "vocabulary.rs" {
            let ending = path.extension().and_then(|ending| ending.to_str());
            if ending.is_some_and(|ending| ENDINGS.contains(&ending)) {
                files.push(path);
            }
        }
    }
}
