//! The read operations about attributes, tags and account settings.

use std::sync::Arc;

use crate::ledger::filter_hash;
use crate::ledger::tags::{TaggedResource, instance_inactive, task_stopped};
use crate::model::{
    ApiError, Attribute, ListAccountSettings, ListAccountSettingsOutput, ListAttributes,
    ListAttributesOutput, ListTagsForResource, ListTagsForResourceOutput, SettingName, Settings,
    Tag,
};

use super::describe;
use super::page::Page;
use super::view::View;

/// Attributes of one container instance that page tokens tell apart; none has as many: it registers with at most 240.
const ATTRIBUTES: u32 = 256;

/// Settings on a page (API reference of `ListAccountSettings`).
const SETTINGS_PAGE: usize = 10;

/// Lists attributes by container instance, and of one instance in the order in which they came.
pub(crate) fn list_attributes(
    view: &View<'_>,
    request: &ListAttributes,
) -> Result<ListAttributesOutput, ApiError> {
    let cluster = view.ledger().resolve_cluster(request.cluster.as_deref())?;
    let cluster_name = view.ledger().cluster(cluster).spec.name.as_ref();
    let (name, value) = (
        request.attribute_name.as_deref(),
        request.attribute_value.as_deref(),
    );
    let filter = filter_hash(&[Some("attributes"), Some(cluster_name), name, value]);
    let page = Page::read(filter, request.next_token.as_deref(), request.max_results)?;
    let is_wanted = |attribute: &Attribute| {
        name.is_none_or(|name| *attribute.name == *name)
            && value.is_none_or(|value| attribute.value.as_deref() == Some(value))
    };
    let first = page.first / ATTRIBUTES;
    let instances = view
        .instance_numbers()
        .skip_while(|instance| instance.number() < first)
        .filter_map(|instance| Some((instance, view.instance(instance)?)))
        .filter(|(_, seen)| seen.record.spec.cluster == cluster && seen.record.is_registered());
    let attributes = instances.flat_map(|(instance, seen)| {
        let spec = Arc::clone(&seen.record.spec);
        let numbers = instance
            .number()
            .checked_mul(ATTRIBUTES)
            .expect("a run registers fewer than 2^24 container instances")..;
        let shown = |attribute: &Attribute| Attribute {
            target_id: Some(spec.arn.to_string()),
            target_type: None,
            ..attribute.clone()
        };
        let listed: Vec<(u32, Attribute)> = numbers
            .zip(&spec.attributes)
            .filter(|(number, attribute)| *number >= page.first && is_wanted(attribute))
            .map(|(number, attribute)| (number, shown(attribute)))
            .collect();
        listed
    });
    let (attributes, next_token) = page.cut(attributes);
    Ok(ListAttributesOutput {
        next_token,
        attributes,
    })
}

/// Lists the tags of a resource, tasks and container instances as this read sees them.
pub(crate) fn list_tags(
    settings: &Settings,
    view: &View<'_>,
    request: &ListTagsForResource,
) -> Result<ListTagsForResourceOutput, ApiError> {
    let arn = &request.resource_arn;
    let found = view.ledger().resolve_resource(&settings.naming, arn)?;
    let tags = match found {
        Some(resource) => seen_tags(view, arn, resource)?,
        None => None,
    };
    // ECS declares no ResourceNotFoundException for this operation.
    let missing = || {
        let message = "The specified resource was not found.";
        ApiError::invalid("resourceArn", arn, message)
    };
    Ok(ListTagsForResourceOutput {
        tags: tags.ok_or_else(missing)?,
    })
}

fn seen_tags(
    view: &View<'_>,
    arn: &str,
    resource: TaggedResource,
) -> Result<Option<Vec<Tag>>, ApiError> {
    match resource {
        TaggedResource::Task(task) => match view.task(task) {
            Some(seen) if seen.record.is_stopped() => Err(task_stopped(arn)),
            seen => Ok(seen.map(|seen| seen.tags().to_vec())),
        },
        TaggedResource::ContainerInstance(instance) => match view.instance(instance) {
            Some(seen) if !seen.record.is_registered() => Err(instance_inactive(arn)),
            seen => Ok(seen.map(|seen| seen.record.spec.request.tags.clone())),
        },
        other => Ok(view.ledger().tags(other).map(<[Tag]>::to_vec)),
    }
}

/// Lists what a principal set or, when asked for what is effective, every setting as it holds for the principal.
pub(crate) fn list_account_settings(
    settings: &Settings,
    view: &View<'_>,
    request: &ListAccountSettings,
) -> Result<ListAccountSettingsOutput, ApiError> {
    let principal = settings.principal(request.principal_arn.as_deref())?;
    let principal = principal.as_deref();
    let is_effective = request.effective_settings == Some(true);
    let filter = filter_hash(&[
        Some("account-settings"),
        request.name.map(SettingName::as_str),
        request.value.as_deref(),
        principal,
        is_effective.then_some("effective"),
    ]);
    let page = Page::read(filter, request.next_token.as_deref(), request.max_results)?;
    let page = page.of_at_most(SETTINGS_PAGE);
    let known = view.ledger().account_settings();
    let value_of = |name: SettingName| {
        if is_effective {
            Some(known.effective(principal, name))
        } else {
            known.explicit(principal, name)
        }
    };
    let listed = (0_u32..)
        .zip(SettingName::ALL.iter().copied())
        .filter(|(number, name)| {
            *number >= page.first && request.name.is_none_or(|wanted| wanted == *name)
        })
        .filter_map(|(number, name)| Some((number, name, value_of(name)?)))
        .filter(|(_, _, value)| {
            request
                .value
                .as_deref()
                .is_none_or(|wanted| wanted == *value)
        })
        .map(|(number, name, value)| (number, describe::setting(settings, principal, name, value)));
    let (settings, next_token) = page.cut(listed);
    Ok(ListAccountSettingsOutput {
        next_token,
        settings,
    })
}
