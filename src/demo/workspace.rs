//! The temporary directory of one run.
//!
//! Only the owner can read it. Dropping [`Workspace`] removes it.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::random;

/// A temporary directory. Dropping it removes the directory and its contents.
pub(super) struct Workspace {
    path: PathBuf,
}

impl Workspace {
    /// Creates a directory that only its owner can access.
    pub(super) fn create() -> Result<Self, Failure> {
        let path = std::env::temp_dir().join(format!("partner-api-demo-{}", random::hex(6)));
        private_directory()
            .create(&path)
            .map_err(|error| Failure::broken("create a temporary directory", error))?;
        Ok(Self { path })
    }

    /// The path of the directory.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a new file that only its owner can read, and returns its path.
    pub(super) fn write_private(&self, name: &str, text: &str) -> io::Result<PathBuf> {
        let path = self.path.join(name);
        private_file().open(&path)?.write_all(text.as_bytes())?;
        Ok(path)
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn private_directory() -> DirBuilder {
    #[cfg_attr(
        not(unix),
        expect(unused_mut, reason = "permissions are set on Unix only")
    )]
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
