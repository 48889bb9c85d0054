//! The command-line flags, made from the table of settings.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches, value_parser};

use super::table;

/// The id of the flag that names a TOML file.
const CONFIG: &str = "config";

/// The flags that every command takes.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// A TOML file with settings.
    pub(super) config: Option<PathBuf>,
    /// The values of the flags that are set, by the key of the setting.
    pub(super) values: BTreeMap<&'static str, String>,
}

impl Flags {
    /// The value of the flag for this settings key. `None` if the flag is not set.
    pub(crate) fn value(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str)
    }
}

impl Args for Flags {
    fn augment_args(command: Command) -> Command {
        let file = Arg::new(CONFIG)
            .long(CONFIG)
            .value_name("FILE")
            .help("A TOML file with settings; its keys are the flags' names with underscores")
            .value_parser(value_parser!(PathBuf));
        let settings = table::ALL.iter().filter_map(|setting| {
            let flag = setting.flag.as_ref()?;
            let arg = Arg::new(setting.key)
                .long(setting.key.replace('_', "-"))
                .value_name(flag.value_name)
                .help(format!("{} (env `{}`)", flag.help, setting.variable));
            Some(arg)
        });
        std::iter::once(file)
            .chain(settings)
            .fold(command, |command, arg| command.arg(arg.global(true)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Flags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = Self::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        if let Some(path) = matches.get_one::<PathBuf>(CONFIG) {
            self.config = Some(path.clone());
        }
        for setting in table::ALL.iter().filter(|setting| setting.flag.is_some()) {
            if let Some(value) = matches.get_one::<String>(setting.key) {
                self.values.insert(setting.key, value.clone());
            }
        }
        Ok(())
    }
}
