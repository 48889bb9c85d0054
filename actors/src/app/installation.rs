//! The checks that the settings belong to the database: its mode, and the master key of its secrets.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use entities::Database;
use entities::queries::{installation, webhooks};
use secrecy::ExposeSecret as _;

use super::start_error::StartError;
use crate::endpoints::secret_purpose;
use crate::infra::{Mode, Vault};

/// What the sealed text is bound to, and the text itself.
const PURPOSE: &str = "installation:master_key";
const TEXT: &str = "this is the master key of the installation";

/// Stores mode and master key at the first start. At every later start, refuses others.
///
/// With another mode, test routes would reach real debts. With another master key, no webhook could be signed.
pub(super) async fn check(db: &Database, mode: Mode, vault: &Vault) -> Result<(), StartError> {
    let stored = installation::fact(db, "mode", mode.as_str()).await?;
    if stored != mode.as_str() {
        return Err(StartError::OtherMode { stored });
    }
    if installation::find(db, "master_key_check").await?.is_none() {
        // The first start after an update finds secrets that an older version sealed.
        if let Some(secret) = webhooks::newest_secret(db.writer()).await? {
            vault
                .open(&secret_purpose(secret.endpoint_id), &secret.sealed)
                .map_err(|_| StartError::OtherMasterKey)?;
        }
    }
    let sealed = STANDARD.encode(vault.seal(PURPOSE, TEXT)?);
    let stored = installation::fact(db, "master_key_check", &sealed).await?;
    let stored = STANDARD.decode(stored).unwrap_or_default();
    match vault.open(PURPOSE, &stored) {
        Ok(text) if text.expose_secret() == TEXT => Ok(()),
        _ => Err(StartError::OtherMasterKey),
    }
}
