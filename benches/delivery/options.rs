//! Options of the form `name=value` on the command line.

use std::collections::BTreeMap;
use std::str::FromStr;

/// The options after the name of the bench.
#[derive(Debug)]
pub(crate) struct Options(BTreeMap<String, String>);

impl Options {
    pub(crate) fn read(arguments: impl Iterator<Item = String>) -> Self {
        Self(
            arguments
                .map(|argument| {
                    let (name, value) = argument.split_once('=').expect("options are name=value");
                    (name.to_owned(), value.to_owned())
                })
                .collect(),
        )
    }

    /// The value of `name`, if it is given.
    pub(crate) fn given<T: FromStr>(&self, name: &str) -> Option<T> {
        let text = self.0.get(name)?;
        let value = text.parse().ok();
        Some(value.expect("the value of an option is a number"))
    }

    /// The value of `name`, or `default`.
    pub(crate) fn get<T: FromStr>(&self, name: &str, default: T) -> T {
        self.given(name).unwrap_or(default)
    }
}
