//! TagResource and UntagResource.

use crate::ledger::change::Change;
use crate::ledger::tags::{TaggedResource, are_too_many, instance_inactive, merged, task_stopped};
use crate::ledger::{Ctx, Effects};
use crate::model::{ApiError, Problem, Tag, TagResource, UntagResource};

/// Puts tags on a resource; one whose key is there is replaced, the others stay.
pub(crate) fn tag(ctx: &Ctx<'_>, request: &TagResource, out: &mut Effects) -> Result<(), ApiError> {
    let (resource, tags) = tags_of(ctx, &request.resource_arn)?;
    let together = merged(tags, &request.tags);
    if are_too_many(&together) {
        let message = "A resource can have at most 50 tags.";
        return Err(ApiError::LimitExceeded(Problem::about(
            "tags",
            &request.resource_arn,
            message,
        )));
    }
    set(resource, tags, together, out);
    Ok(())
}

/// Takes tags from a resource; a key that is not there is no error.
pub(crate) fn untag(
    ctx: &Ctx<'_>,
    request: &UntagResource,
    out: &mut Effects,
) -> Result<(), ApiError> {
    let (resource, tags) = tags_of(ctx, &request.resource_arn)?;
    let stays = |tag: &&Tag| !request.tag_keys.contains(&tag.key);
    let left = tags.iter().filter(stays).cloned().collect();
    set(resource, tags, left, out);
    Ok(())
}

fn set(resource: TaggedResource, before: &[Tag], tags: Vec<Tag>, out: &mut Effects) {
    if tags != before {
        out.change(Change::TagsSet {
            resource,
            tags: tags.into(),
        });
    }
}

/// The resource that an ARN means, and its tags as they stand.
fn tags_of<'a>(ctx: &Ctx<'a>, arn: &str) -> Result<(TaggedResource, &'a [Tag]), ApiError> {
    let found = ctx.ledger.resolve_resource(&ctx.settings.naming, arn)?;
    let tags = found.and_then(|resource| Some((resource, ctx.ledger.tags(resource)?)));
    let Some((resource, tags)) = tags else {
        return Err(ApiError::ResourceNotFound(Problem::about(
            "resourceArn",
            arn,
            "The specified resource was not found.",
        )));
    };
    match resource {
        TaggedResource::Task(task)
            if ctx.ledger.task(task).is_some_and(|task| task.is_stopped()) =>
        {
            Err(task_stopped(arn))
        }
        TaggedResource::ContainerInstance(instance)
            if !ctx
                .ledger
                .instance(instance)
                .is_some_and(|record| record.is_registered()) =>
        {
            Err(instance_inactive(arn))
        }
        _ => Ok((resource, tags)),
    }
}
