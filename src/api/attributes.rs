//! PutAttributes and DeleteAttributes.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ids::{ClusterId, ContainerInstanceId};
use crate::ledger::change::Change;
use crate::ledger::instance::{InstanceRecord, are_too_many, merged};
use crate::ledger::{Ctx, Effects};
use crate::model::{ApiError, Attribute, DeleteAttributes, Problem, PutAttributes};

/// Attributes by the container instance that they are put on or taken from, in order of registration.
type Targets<'a> = BTreeMap<ContainerInstanceId, Vec<&'a Attribute>>;

/// Sets attributes and answers with them; one that is there is replaced.
///
/// # Model
///
/// Of two of one name on one instance the later counts. The `version` of an instance stays: attributes are not among
/// what ECS lists as causes of an event.
pub(crate) fn put(
    ctx: &Ctx<'_>,
    request: &PutAttributes,
    out: &mut Effects,
) -> Result<Vec<Attribute>, ApiError> {
    let cluster = ctx.ledger.resolve_cluster(request.cluster.as_deref())?;
    let mut applied = Vec::with_capacity(request.attributes.len());
    for (instance, given) in targets(ctx, cluster, &request.attributes)? {
        let record = known(ctx, instance);
        let put = merged(&[], given.iter().map(|attribute| bare(attribute)));
        let together = merged(&record.spec.attributes, put.iter().cloned());
        if are_too_many(&together) {
            let message = "A container instance can have at most 10 custom attributes.";
            let arn = &record.spec.arn;
            return Err(ApiError::AttributeLimitExceeded(Problem::about(
                "attributes",
                arn,
                message,
            )));
        }
        applied.extend(put.iter().map(|attribute| shown(attribute, record)));
        if together != record.spec.attributes {
            super::hazard::labelled_anew(ctx, instance, || together, out);
            out.change(Change::AttributesPut {
                instance,
                attributes: put.into(),
            });
        }
    }
    Ok(applied)
}

/// Takes custom attributes away and answers with those that were there.
///
/// # Model
///
/// One that is not there is no error: ECS documents none.
pub(crate) fn delete(
    ctx: &Ctx<'_>,
    request: &DeleteAttributes,
    out: &mut Effects,
) -> Result<Vec<Attribute>, ApiError> {
    let cluster = ctx.ledger.resolve_cluster(request.cluster.as_deref())?;
    let mut deleted = Vec::new();
    for (instance, given) in targets(ctx, cluster, &request.attributes)? {
        let record = known(ctx, instance);
        let is_given = |known: &&Attribute| given.iter().any(|given| given.name == known.name);
        let (gone, kept): (Vec<&Attribute>, Vec<&Attribute>) =
            record.spec.attributes.iter().partition(is_given);
        if gone.is_empty() {
            continue;
        }
        let kept = || kept.into_iter().cloned().collect();
        super::hazard::labelled_anew(ctx, instance, kept, out);
        deleted.extend(gone.iter().map(|attribute| shown(attribute, record)));
        out.change(Change::AttributesDeleted {
            instance,
            names: gone.iter().map(|known| Arc::clone(&known.name)).collect(),
        });
    }
    Ok(deleted)
}

/// Finds the registered container instance that each attribute names.
fn targets<'a>(
    ctx: &Ctx<'_>,
    cluster: ClusterId,
    attributes: &'a [Attribute],
) -> Result<Targets<'a>, ApiError> {
    let mut targets = Targets::new();
    for attribute in attributes {
        let text = attribute.target_id.as_deref().unwrap_or_default();
        let found = ctx
            .ledger
            .resolve_instance(&ctx.settings.naming, cluster, text);
        let found = found.filter(|instance| known(ctx, *instance).is_registered());
        let refused = || {
            let message = "The target was not found: it is no container instance of the cluster.";
            ApiError::TargetNotFound(Problem::about("attributes.targetId", text, message))
        };
        let instance = found.ok_or_else(refused)?;
        targets.entry(instance).or_default().push(attribute);
    }
    Ok(targets)
}

fn known<'a>(ctx: &Ctx<'a>, instance: ContainerInstanceId) -> &'a InstanceRecord {
    let record = ctx.ledger.instance(instance);
    record.expect("a resolved container instance is known")
}

/// An attribute as a container instance carries it: a name and perhaps a value.
fn bare(attribute: &Attribute) -> Attribute {
    Attribute {
        name: Arc::clone(&attribute.name),
        value: attribute.value.clone(),
        ..Attribute::default()
    }
}

/// An attribute as answers show it: with the ARN of what carries it.
fn shown(attribute: &Attribute, record: &InstanceRecord) -> Attribute {
    Attribute {
        target_id: Some(record.spec.arn.to_string()),
        ..bare(attribute)
    }
}
