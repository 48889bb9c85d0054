//! A directory of this run alone, gone when the run is over.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::random;

/// The directory; dropping it removes it with everything inside.
pub(super) struct Workspace {
    path: PathBuf,
}

impl Workspace {
    /// Makes one that nobody else may look into.
    pub(super) fn create() -> Result<Self, Failure> {
        let path = std::env::temp_dir().join(format!("partner-api-demo-{}", random::hex(6)));
        private_directory()
            .create(&path)
            .map_err(|error| Failure::broken("a temporary directory is made", error))?;
        Ok(Self { path })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file that only its owner may read.
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
