//! The methods of placements. Changes go through a Writer. Reads go directly to the database.

use entities::ids::PlacementId;
use entities::placement;
use entities::queries::placements::{OrderBy, PlacementQuery};
use entities::queries::{creditors, onboarding as gates, placements};

use super::{CreditorApi, PartnerApi};
use crate::contract::{
    ApiError, ApiResult, BatchPlaced, BatchRowError, IdempotencyKey, OffsetPage, Page,
    PaymentRecorded, PlacementFilter, PlacementOrder, PlacementView, Replayable, TransitionRequest,
};
use crate::creditor::account_status_of;
use crate::domain::account::AccountStatus;
use crate::domain::money::Cents;
use crate::domain::placement::creditor_action::CreditorAction;
use crate::domain::placement::draft::NewPlacement;
use crate::infra::{Mode, trace};
use crate::placements::{BatchEntry, Command, CommandOutcome, Operation, placement_view};

impl PartnerApi {
    /// Submits a command to its creditor's Writer and waits for the commit.
    pub(super) async fn submit(&self, command: Command) -> ApiResult<Replayable<CommandOutcome>> {
        self.refuse_while_draining()?;
        self.modules().writers.submit(command).await
    }
}

impl CreditorApi {
    /// Creates a placement for an invoice.
    ///
    /// # Errors
    /// [`ApiError::DuplicateInvoice`], [`ApiError::AccountSuspended`], [`ApiError::AccountRejected`],
    /// [`ApiError::IdempotencyKeyReused`], [`ApiError::IdempotencyInProgress`].
    pub async fn create_placement(
        &self,
        new: NewPlacement,
        key: Option<IdempotencyKey>,
    ) -> ApiResult<Replayable<PlacementView>> {
        let operation = Operation::Place { new: Box::new(new) };
        self.perform(operation, key, CommandOutcome::into_placement)
            .await
    }

    /// Creates placements for several invoices in one commit. Each row is accepted or rejected independently. A row
    /// that failed validation is passed as the rejection to return for it.
    ///
    /// # Errors
    /// [`ApiError::AccountSuspended`], [`ApiError::AccountRejected`]. No placement is created then.
    pub async fn create_placements(
        &self,
        rows: Vec<Result<NewPlacement, BatchRowError>>,
        key: Option<IdempotencyKey>,
    ) -> ApiResult<Replayable<BatchPlaced>> {
        let row = |row| match row {
            Ok(new) => BatchEntry::Place(new),
            Err(error) => BatchEntry::Refuse(error),
        };
        let rows = rows.into_iter().map(row).collect();
        let operation = Operation::BatchCreate { rows };
        self.perform(operation, key, CommandOutcome::into_batch)
            .await
    }

    /// Performs an action of the creditor that needs no input.
    ///
    /// # Errors
    /// [`ApiError::NotFound`], [`ApiError::Transition`], [`ApiError::AccountSuspended`], [`ApiError::AccountRejected`].
    pub async fn act_on_placement(
        &self,
        id: PlacementId,
        action: CreditorAction,
        key: Option<IdempotencyKey>,
    ) -> ApiResult<Replayable<PlacementView>> {
        let operation = Operation::Act {
            placement: id,
            action,
        };
        self.perform(operation, key, CommandOutcome::into_placement)
            .await
    }

    /// Records a payment that the creditor received. The `key` is mandatory, because a retry without one could record
    /// the payment twice.
    ///
    /// # Errors
    /// [`ApiError::NotFound`], [`ApiError::Transition`], e.g. if the amount exceeds the balance.
    pub async fn record_payment(
        &self,
        id: PlacementId,
        amount: Cents,
        key: IdempotencyKey,
    ) -> ApiResult<Replayable<PaymentRecorded>> {
        let operation = Operation::RecordPayment {
            placement: id,
            amount,
        };
        self.perform(operation, Some(key), CommandOutcome::into_payment)
            .await
    }

    /// Applies a transition as if the operations team had reported it. Sandbox only.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] in production, [`ApiError::Transition`].
    pub async fn advance_placement(&self, request: TransitionRequest) -> ApiResult<PlacementView> {
        if self.env().settings.mode == Mode::Production {
            return Err(ApiError::not_found("route; it exists in the sandbox only"));
        }
        let operation = Operation::Move {
            placement: request.placement_id,
            to: request.to,
            reason: request.reason,
        };
        let mut command = self.command(operation, None);
        command.actor = "sandbox".to_owned();
        self.submit(command).await?.value.into_placement()
    }

    /// Returns one placement.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] if it does not exist or belongs to another creditor.
    pub async fn placement(&self, id: PlacementId) -> ApiResult<PlacementView> {
        let row = self.placement_row(id).await?;
        let account = self.account_status().await?;
        Ok(placement_view(&row, account, self.now_ms()))
    }

    /// Returns a page of the creditor's placements.
    pub async fn placements(
        &self,
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
        self.read_list(|this| async move {
            let (rows, total) =
                placements::list(this.env().db.reader(), this.tenant.creditor(), &query).await?;
            let account = this.account_status().await?;
            let now_ms = this.now_ms();
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
        })
        .await
    }

    /// Performs an operation. `read` reads its result.
    async fn perform<T>(
        &self,
        operation: Operation,
        key: Option<IdempotencyKey>,
        read: impl FnOnce(CommandOutcome) -> ApiResult<T>,
    ) -> ApiResult<Replayable<T>> {
        let outcome = self.submit(self.command(operation, key)).await?;
        Ok(Replayable {
            value: read(outcome.value)?,
            replayed: outcome.replayed,
        })
    }

    fn command(&self, operation: Operation, key: Option<IdempotencyKey>) -> Command {
        let idempotency = key.map(|key| operation.idempotent(key));
        Command {
            creditor: self.tenant.creditor(),
            actor: self.tenant.actor().to_owned(),
            operation,
            idempotency,
            trace: trace::current(),
        }
    }

    pub(super) async fn placement_row(&self, id: PlacementId) -> ApiResult<placement::Model> {
        let found = placements::find(self.env().db.reader(), self.tenant.creditor(), id).await?;
        found.ok_or(ApiError::not_found("placement"))
    }

    async fn account_status(&self) -> ApiResult<AccountStatus> {
        let db = self.env().db.reader();
        let row = creditors::by_id(db, self.tenant.creditor())
            .await?
            .ok_or(ApiError::not_found("creditor"))?;
        let rows = gates::gates(db, self.tenant.creditor()).await?;
        Ok(account_status_of(&row, rows.iter()))
    }
}
