//! Reads of task definitions and their families. They see the truth: only tasks and container instances lag.

use crate::ledger::filter_hash;
use crate::model::{
    ApiError, DescribeTaskDefinition, DescribeTaskDefinitionOutput, ListTaskDefinitionFamilies,
    ListTaskDefinitionFamiliesOutput, ListTaskDefinitions, ListTaskDefinitionsOutput, Settings,
    TaskDefinitionField, TaskDefinitionStatus,
};

use super::describe;
use super::name_page::NamePage;
use super::view::View;

pub(crate) fn describe_task_definition(
    settings: &Settings,
    view: &View<'_>,
    request: &DescribeTaskDefinition,
) -> Result<DescribeTaskDefinitionOutput, ApiError> {
    let text = &request.task_definition;
    let found = view.ledger().resolve_definition(text);
    let refused = || {
        ApiError::client(
            "taskDefinition",
            text,
            "Unable to describe task definition.",
        )
    };
    let record = view.ledger().definition(found.ok_or_else(refused)?);
    let with_tags = request.include.contains(&TaskDefinitionField::Tags);
    Ok(DescribeTaskDefinitionOutput {
        tags: if with_tags {
            record.spec.tags.clone()
        } else {
            Vec::new()
        },
        task_definition: describe::definition(settings, record),
    })
}

pub(crate) fn list_task_definitions(
    view: &View<'_>,
    request: &ListTaskDefinitions,
) -> Result<ListTaskDefinitionsOutput, ApiError> {
    let family = request.family_prefix.as_deref();
    let status = request.status.unwrap_or(TaskDefinitionStatus::Active);
    let order = request.sort.unwrap_or_default();
    let filter = filter_hash(&[
        Some("task-definitions"),
        family,
        Some(status.as_str()),
        Some(order.as_str()),
    ]);
    let page = NamePage::read(filter, request.next_token.as_deref(), request.max_results)?;
    let definitions = view.ledger().definitions();
    let listed = definitions
        .families()
        .revisions(status, family, order, page.from);
    let (task_definition_arns, next_token) = page.cut(listed.map(|listed| {
        let arn = &view.ledger().definition(listed.definition).spec.arn;
        ((listed.family, listed.revision), arn.to_string())
    }));
    Ok(ListTaskDefinitionsOutput {
        next_token,
        task_definition_arns,
    })
}

pub(crate) fn list_task_definition_families(
    view: &View<'_>,
    request: &ListTaskDefinitionFamilies,
) -> Result<ListTaskDefinitionFamiliesOutput, ApiError> {
    let prefix = request.family_prefix.as_deref();
    let status = request.status.unwrap_or_default();
    let filter = filter_hash(&[
        Some("task-definition-families"),
        prefix,
        Some(status.as_str()),
    ]);
    let page = NamePage::read(filter, request.next_token.as_deref(), request.max_results)?;
    let first = page.from.map_or("", |(name, _)| name);
    let families = view.ledger().definitions().families();
    let names = families.names(status, prefix.unwrap_or_default(), first);
    let (families, next_token) = page.cut(names.map(|name| ((name, 0), name.to_owned())));
    Ok(ListTaskDefinitionFamiliesOutput {
        next_token,
        families,
    })
}
