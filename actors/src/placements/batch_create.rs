//! Creates many placements in one command and one transaction. Each row is placed or refused individually.

use super::command::{BatchEntry, Command, CommandOutcome};
use super::executor::{CommandExecutor, CommandResult, refused};
use crate::contract::{ApiError, BatchPlaced, BatchRow, BatchRowError};
use crate::domain::placement::draft::NewPlacement;
use crate::domain::placement::transition::may_place;

impl CommandExecutor<'_> {
    /// Places every row that can be placed. Only the account's status rejects the whole command.
    pub(super) fn batch_create(
        &mut self,
        command: &Command,
        rows: &[BatchEntry<NewPlacement>],
    ) -> CommandResult<CommandOutcome> {
        let account = self.set.accounts.get(&command.creditor);
        let status = account.ok_or(ApiError::Internal)?.status;
        may_place(status).map_err(|refusal| refused(refusal, "placing an invoice"))?;
        let mut results = Vec::with_capacity(rows.len());
        for (index, row) in rows.iter().enumerate() {
            let placed = match row {
                BatchEntry::Place(new) => self.place_row(command, new)?,
                BatchEntry::Refuse(error) => Err(error.clone()),
            };
            results.push(result(index, placed));
        }
        let created = results.iter().filter(|row| row.ok).count();
        Ok(CommandOutcome::Batch(BatchPlaced {
            created,
            refused: results.len() - created,
            results,
        }))
    }

    /// Places one row. A duplicate invoice is the row's own error; any other error rejects the whole command.
    fn place_row(
        &mut self,
        command: &Command,
        new: &NewPlacement,
    ) -> CommandResult<Result<(uuid::Uuid, String), BatchRowError>> {
        match self.place(command, new) {
            Ok((id, outcome)) => {
                let status = outcome.into_placement()?.status;
                Ok(Ok((id.0, status)))
            }
            Err(error @ ApiError::DuplicateInvoice { placement_id, .. }) => {
                Ok(Err(BatchRowError {
                    code: "duplicate_invoice".to_owned(),
                    detail: error.to_string(),
                    placement_id: Some(placement_id),
                    errors: Vec::new(),
                }))
            }
            Err(other) => Err(other),
        }
    }
}

fn result(index: usize, placed: Result<(uuid::Uuid, String), BatchRowError>) -> BatchRow {
    let (placed, error) = match placed {
        Ok(placed) => (Some(placed), None),
        Err(error) => (None, Some(error)),
    };
    let (placement_id, status) = placed.unzip();
    BatchRow {
        index,
        ok: error.is_none(),
        placement_id,
        status,
        error,
    }
}
