//! DeregisterTaskDefinition and DeleteTaskDefinitions: how a task definition ends.

use std::sync::Arc;

use crate::draw::Purpose;
use crate::ids::TaskDefinitionId;
use crate::ledger::change::Change;
use crate::ledger::{Ctx, DefinitionReference, Effects};
use crate::model::{
    ApiError, DeleteTaskDefinitions, DeleteTaskDefinitionsOutput, DeregisterTaskDefinition,
    Failure, TaskDefinitionStatus, Undeletable,
};
use crate::observe::describe;

/// Why what a caller wrote means no revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unresolved<'a> {
    /// It names a family alone.
    NoRevision,
    /// What stands where the number does is none.
    NotANumber(&'a str),
    /// There is no such revision, or none any more.
    Unknown,
}

/// The revision that a caller means, who has to say which.
fn explicit<'a>(ctx: &Ctx<'_>, text: &'a str) -> Result<TaskDefinitionId, Unresolved<'a>> {
    let (_, revision) = DefinitionReference::split(text).ok_or(Unresolved::Unknown)?;
    let digits = revision.ok_or(Unresolved::NoRevision)?;
    DefinitionReference::revision_number(digits).ok_or(Unresolved::NotANumber(digits))?;
    let found = ctx.ledger.resolve_definition(text);
    found.ok_or(Unresolved::Unknown)
}

/// Makes a revision INACTIVE; one that is so already stays as it is.
///
/// # Model
///
/// For some time after that it can still be launched by those who name it: see
/// [`can_be_launched`](crate::ledger::DefinitionRecord::can_be_launched). When that ends is decided here, by the luck of
/// the task definition and the latency `deregistrationWindow` of the profile.
pub(crate) fn deregister(
    ctx: &Ctx<'_>,
    request: &DeregisterTaskDefinition,
    out: &mut Effects,
) -> Result<TaskDefinitionId, ApiError> {
    let text = &request.task_definition;
    let definition = explicit(ctx, text).map_err(|why| {
        let message = match why {
            Unresolved::NoRevision => "Revision is missing.".to_owned(),
            Unresolved::NotANumber(digits) => {
                format!("Invalid revision number. Number: {digits}")
            }
            Unresolved::Unknown => "The specified task definition does not exist.".to_owned(),
        };
        ApiError::client("taskDefinition", text, message)
    })?;
    if ctx.ledger.definition(definition).status == TaskDefinitionStatus::Active {
        let window = ctx.draws.duration(
            &ctx.profile.latencies.deregistration_window,
            Purpose::DeregistrationWindow,
            definition.number().into(),
            0,
        );
        out.change(Change::DefinitionDeregistered {
            definition,
            refused_from: ctx.now.saturating_add(window),
        });
    }
    Ok(definition)
}

/// Lets INACTIVE revisions go; what can't be done is told as failures. Both are in the order of the request.
///
/// The answer is made here because a revision without tasks is gone when the request has been committed.
pub(crate) fn delete(
    ctx: &Ctx<'_>,
    request: &DeleteTaskDefinitions,
    out: &mut Effects,
) -> DeleteTaskDefinitionsOutput {
    let mut output = DeleteTaskDefinitionsOutput::default();
    let mut asked = Vec::new();
    for text in &request.task_definitions {
        let definition = match explicit(ctx, text) {
            Ok(definition) => definition,
            Err(why) => {
                let reason = match why {
                    Unresolved::Unknown => Undeletable::Unknown,
                    Unresolved::NoRevision | Unresolved::NotANumber(_) => Undeletable::Malformed,
                };
                let failure = Failure::new(text.as_str(), reason.into());
                output.failures.push(failure);
                continue;
            }
        };
        let record = ctx.ledger.definition(definition);
        let mut shown = describe::definition(ctx.settings, record);
        match record.status {
            TaskDefinitionStatus::Active => {
                let arn = Arc::clone(&shown.task_definition_arn);
                let failure = Failure::new(arn, Undeletable::Active.into());
                output.failures.push(failure);
                continue;
            }
            TaskDefinitionStatus::Inactive => {
                if !asked.contains(&definition) {
                    out.change(Change::DefinitionDeleteRequested { definition });
                    asked.push(definition);
                }
                let shown = Arc::make_mut(&mut shown);
                shown.status = TaskDefinitionStatus::DeleteInProgress;
                shown.delete_requested_at = Some(ctx.settings.timestamp(ctx.now));
            }
            TaskDefinitionStatus::DeleteInProgress => {}
        }
        output.task_definitions.push(shown);
    }
    output
}
