//! PutAccountSetting, PutAccountSettingDefault and DeleteAccountSetting.

use std::sync::Arc;

use crate::ledger::account_settings::Principal;
use crate::ledger::change::Change;
use crate::ledger::{Ctx, Effects};
use crate::model::{ApiError, SettingName};

/// Whose setting it is and which: what the answer shows once the change is committed.
pub(crate) type Subject = (Principal, SettingName);

/// Sets a setting; the root user's, or that of no principal, is the account's.
///
/// # Model
///
/// Whoever calls is the root user: there is no access control here. So a call that names no principal sets what
/// PutAccountSettingDefault sets.
pub(crate) fn put(
    ctx: &Ctx<'_>,
    principal: Option<&str>,
    name: SettingName,
    value: &str,
    out: &mut Effects,
) -> Result<Subject, ApiError> {
    let principal = ctx.settings.principal(principal)?;
    if name == SettingName::FargateTaskRetirementWaitPeriod && principal.is_some() {
        let arn = principal.as_deref().unwrap_or_default();
        let message = "fargateTaskRetirementWaitPeriod can be set for the root user only.";
        return Err(ApiError::invalid("principalArn", arn, message));
    }
    let known = ctx.ledger.account_settings();
    if known.explicit(principal.as_deref(), name) != Some(value) {
        out.change(Change::AccountSettingPut {
            principal: principal.clone(),
            name,
            value: Arc::from(value),
        });
    }
    Ok((principal, name))
}

/// Forgets what a principal set; what it did not set is no error.
pub(crate) fn delete(
    ctx: &Ctx<'_>,
    principal: Option<&str>,
    name: SettingName,
    out: &mut Effects,
) -> Result<Subject, ApiError> {
    let principal = ctx.settings.principal(principal)?;
    let known = ctx.ledger.account_settings();
    if known.explicit(principal.as_deref(), name).is_some() {
        out.change(Change::AccountSettingDeleted {
            principal: principal.clone(),
            name,
        });
    }
    Ok((principal, name))
}
