//! The methods of placements. Changes go through a Writer. Reads go directly to the database.

use entities::ids::{CreditorId, PlacementId};
use entities::placement;
use entities::queries::placements::{OrderBy, PlacementQuery};
use entities::queries::{creditors, onboarding as gates, placements};

use super::partner_api::PartnerApi;
use crate::auth::AuthenticatedTenant;
use crate::contract::{
    ApiError, ApiResult, BatchPlaced, BatchRowError, DbResultExt as _, IdempotencyKey, OffsetPage,
    Page, PaymentRecorded, PlacementFilter, PlacementOrder, PlacementView, Replayable,
    TransitionRequest,
};
use crate::creditor::account_status_of;
use crate::domain::account::AccountStatus;
use crate::domain::money::Cents;
use crate::domain::placement::creditor_action::CreditorAction;
use crate::domain::placement::draft::NewPlacement;
use crate::infra::{Mode, trace};
use crate::placements::{BatchEntry, Command, CommandOutcome, Operation, placement_view};

impl PartnerApi {
    /// Creates a placement for an invoice.
    ///
    /// # Errors
    /// [`ApiError::DuplicateInvoice`], [`ApiError::AccountSuspended`], [`ApiError::AccountRejected`],
    /// [`ApiError::IdempotencyKeyReused`], [`ApiError::IdempotencyInProgress`].
    pub async fn create_placement(
        &self,
        tenant: &AuthenticatedTenant,
        new: NewPlacement,
        key: Option<IdempotencyKey>,
    ) -> ApiResult<Replayable<PlacementView>> {
        self.change_placement(tenant, Operation::Place { new: Box::new(new) }, key)
            .await
    }

    /// Creates placements for several invoices in one commit. Each row is accepted or rejected independently. A row
    /// that failed validation is passed as the rejection to return for it.
    ///
    /// # Errors
    /// [`ApiError::AccountSuspended`], [`ApiError::AccountRejected`]. No placement is created then.
    pub async fn create_placements(
        &self,
        tenant: &AuthenticatedTenant,
        rows: Vec<Result<NewPlacement, BatchRowError>>,
        key: Option<IdempotencyKey>,
    ) -> ApiResult<Replayable<BatchPlaced>> {
        let row = |row| match row {
            Ok(new) => BatchEntry::Place(new),
            Err(error) => BatchEntry::Refuse(error),
        };
        let rows = rows.into_iter().map(row).collect();
        let operation = Operation::BatchCreate { rows };
        let outcome = self.submit(self.command(tenant, operation, key)).await?;
        Ok(Replayable {
            value: outcome.value.into_batch()?,
            replayed: outcome.replayed,
        })
    }

    /// Performs an action of the creditor that needs no input.
    ///
    /// # Errors
    /// [`ApiError::NotFound`], [`ApiError::Transition`], [`ApiError::AccountSuspended`], [`ApiError::AccountRejected`].
    pub async fn act_on_placement(
        &self,
        tenant: &AuthenticatedTenant,
        id: PlacementId,
        action: CreditorAction,
        key: Option<IdempotencyKey>,
    ) -> ApiResult<Replayable<PlacementView>> {
        let operation = Operation::Act {
            placement: id,
            action,
        };
        self.change_placement(tenant, operation, key).await
    }

    /// Records a payment that the creditor received. The `key` is mandatory, because a retry without one could record
    /// the payment twice.
    ///
    /// # Errors
    /// [`ApiError::NotFound`], [`ApiError::Transition`], e.g. if the amount exceeds the balance.
    pub async fn record_payment(
        &self,
        tenant: &AuthenticatedTenant,
        id: PlacementId,
        amount: Cents,
        key: IdempotencyKey,
    ) -> ApiResult<Replayable<PaymentRecorded>> {
        let operation = Operation::RecordPayment {
            placement: id,
            amount,
        };
        let outcome = self
            .submit(self.command(tenant, operation, Some(key)))
            .await?;
        Ok(Replayable {
            value: outcome.value.into_payment()?,
            replayed: outcome.replayed,
        })
    }

    /// Applies a transition as if the operations team had reported it. Sandbox only.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] in production, [`ApiError::Transition`].
    pub async fn advance_placement(
        &self,
        tenant: &AuthenticatedTenant,
        request: TransitionRequest,
    ) -> ApiResult<PlacementView> {
        if self.0.modules.env.settings.mode == Mode::Production {
            return Err(ApiError::not_found("route; it exists in the sandbox only"));
        }
        let operation = Operation::Move {
            placement: request.placement_id,
            to: request.to,
            reason: request.reason,
        };
        let mut command = self.command(tenant, operation, None);
        command.actor = "sandbox".to_owned();
        self.submit(command).await?.value.into_placement()
    }

    /// Returns one placement.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] if it does not exist or belongs to another creditor.
    pub async fn placement(
        &self,
        tenant: &AuthenticatedTenant,
        id: PlacementId,
    ) -> ApiResult<PlacementView> {
        let row = self.placement_row(tenant.creditor(), id).await?;
        let account = self.account_status(tenant.creditor()).await?;
        Ok(placement_view(&row, account, self.now_ms()))
    }

    /// Returns a page of the creditor's placements.
    pub async fn placements(
        &self,
        tenant: &AuthenticatedTenant,
        filter: PlacementFilter,
        slice: OffsetPage,
    ) -> ApiResult<Page<PlacementView>> {
        let (order, descending) = match filter.order {
            PlacementOrder::PlacedAt => (OrderBy::PlacedAt, filter.descending),
            PlacementOrder::InvoiceAmount => (OrderBy::InvoiceAmount, filter.descending),
            // More days past due means an earlier due date.
            PlacementOrder::DaysPastDue => (OrderBy::DueDate, !filter.descending),
            PlacementOrder::Status => (OrderBy::Status, filter.descending),
            PlacementOrder::UpdatedAt => (OrderBy::UpdatedAt, filter.descending),
        };
        let query = PlacementQuery {
            statuses: filter.statuses.into_iter().map(Into::into).collect(),
            q: filter.q,
            after: filter
                .updated_since_ms
                .map(|since| (since, filter.after_id)),
            order,
            descending,
            limit: slice.limit,
            offset: slice.offset,
        };
        let (rows, total) =
            placements::list(self.0.modules.env.db.reader(), tenant.creditor(), &query)
                .await
                .map_db_error()?;
        let account = self.account_status(tenant.creditor()).await?;
        let now_ms = self.now_ms();
        let items = rows
            .iter()
            .map(|row| placement_view(row, account, now_ms))
            .collect();
        Ok(Page {
            items,
            limit: slice.limit,
            offset: slice.offset,
            total,
        })
    }

    async fn change_placement(
        &self,
        tenant: &AuthenticatedTenant,
        operation: Operation,
        key: Option<IdempotencyKey>,
    ) -> ApiResult<Replayable<PlacementView>> {
        let outcome = self.submit(self.command(tenant, operation, key)).await?;
        Ok(Replayable {
            value: outcome.value.into_placement()?,
            replayed: outcome.replayed,
        })
    }

    fn command(
        &self,
        tenant: &AuthenticatedTenant,
        operation: Operation,
        key: Option<IdempotencyKey>,
    ) -> Command {
        let idempotency = key.map(|key| operation.idempotent(key));
        Command {
            creditor: tenant.creditor(),
            actor: tenant.actor().to_owned(),
            operation,
            idempotency,
            trace: trace::current(),
        }
    }

    pub(super) async fn placement_row(
        &self,
        creditor: CreditorId,
        id: PlacementId,
    ) -> ApiResult<placement::Model> {
        let found = placements::find(self.0.modules.env.db.reader(), creditor, id)
            .await
            .map_db_error()?;
        found.ok_or(ApiError::not_found("placement"))
    }

    async fn account_status(&self, creditor: CreditorId) -> ApiResult<AccountStatus> {
        let db = self.0.modules.env.db.reader();
        let row = creditors::by_id(db, creditor)
            .await
            .map_db_error()?
            .ok_or(ApiError::not_found("creditor"))?;
        let rows = gates::gates(db, creditor).await.map_db_error()?;
        Ok(account_status_of(&row, rows.iter()))
    }

    /// Submits a command to its creditor's Writer and waits for the commit.
    pub(super) async fn submit(&self, command: Command) -> ApiResult<Replayable<CommandOutcome>> {
        self.refuse_while_draining()?;
        self.0.modules.writers.submit(command).await
    }
}
