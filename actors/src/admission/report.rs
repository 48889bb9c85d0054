//! Where a creditor's limits stand, for callers that take nothing from them: people.
//!
//! A person has to reach the settings also while a key that ran wild uses the limits up.

use entities::DbErr;
use entities::ids::CreditorId;
use entities::queries::creditors;

use super::cells::Cells;
use super::decision::LimitReport;
use super::tenant_load::limits_of;
use crate::house::House;

/// What a request with a key would be told now, had its key not been used for a while.
pub(crate) async fn report_limits(
    house: &House,
    creditor: CreditorId,
) -> Result<LimitReport, DbErr> {
    let row = creditors::by_id(house.db.reader(), creditor).await?;
    let (limits, now_us) = (limits_of(house, row.as_ref()), house.clock.now_us());
    let slot = house.tenants.get(creditor);
    Ok(slot.map_or_else(
        || Cells::default().report(None, &limits, now_us),
        |slot| slot.at_desk(|desk| desk.report(&limits, now_us)),
    ))
}
