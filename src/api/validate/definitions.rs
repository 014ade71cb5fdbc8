//! `DescribeTaskDefinition`, `DeregisterTaskDefinition`, `DeleteTaskDefinitions`, and the lists of task definitions.

use crate::model::{
    ApiError, DeleteTaskDefinitions, DeregisterTaskDefinition, DescribeTaskDefinition,
    ListTaskDefinitionFamilies, ListTaskDefinitions,
};

use super::{max_results, present};

/// Refuses a `DescribeTaskDefinition` of nothing.
pub(crate) fn describe_task_definition(request: &DescribeTaskDefinition) -> Result<(), ApiError> {
    present("taskDefinition", &request.task_definition)
}

/// Refuses a `DeregisterTaskDefinition` of nothing.
pub(crate) fn deregister_task_definition(
    request: &DeregisterTaskDefinition,
) -> Result<(), ApiError> {
    present("taskDefinition", &request.task_definition)
}

/// Refuses a `DeleteTaskDefinitions` of none or of more than 10.
pub(crate) fn delete_task_definitions(request: &DeleteTaskDefinitions) -> Result<(), ApiError> {
    let count = request.task_definitions.len();
    let message = match count {
        0 => "size of TaskDefinition references list must be greater than 0",
        1..=10 => return Ok(()),
        _ => "Size of TaskDefinition references list cannot exceed 10",
    };
    Err(ApiError::invalid("taskDefinitions", count, message))
}

/// Refuses a `ListTaskDefinitions` with a wrong page size.
pub(crate) fn list_task_definitions(request: &ListTaskDefinitions) -> Result<(), ApiError> {
    max_results(request.max_results)
}

/// Refuses a `ListTaskDefinitionFamilies` with a wrong page size.
pub(crate) fn list_task_definition_families(
    request: &ListTaskDefinitionFamilies,
) -> Result<(), ApiError> {
    max_results(request.max_results)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check_invalid, check_refused};
    use super::*;

    #[test]
    fn a_task_definition_has_to_be_named() {
        let described = describe_task_definition(&DescribeTaskDefinition::default());
        check_invalid(described, "taskDefinition");
        let deregistered = deregister_task_definition(&DeregisterTaskDefinition::default());
        check_invalid(deregistered, "taskDefinition");
        let request = DescribeTaskDefinition::new("web");
        assert_eq!(describe_task_definition(&request), Ok(()));
    }

    #[test]
    fn one_to_ten_task_definitions_are_deleted() {
        let of = |count| delete_task_definitions(&DeleteTaskDefinitions::new(vec!["web:1"; count]));
        assert_eq!(of(1).and(of(10)), Ok(()));
        check_refused(
            of(0),
            "InvalidParameterException",
            "size of TaskDefinition references list must be greater than 0",
        );
        check_refused(
            of(11),
            "InvalidParameterException",
            "Size of TaskDefinition references list cannot exceed 10",
        );
    }

    #[test]
    fn a_page_of_task_definitions_has_a_possible_size() {
        let listed = list_task_definitions(&ListTaskDefinitions::new().max_results(101));
        check_invalid(listed, "maxResults");
        let request = ListTaskDefinitionFamilies::new().max_results(0);
        check_invalid(list_task_definition_families(&request), "maxResults");
    }
}
