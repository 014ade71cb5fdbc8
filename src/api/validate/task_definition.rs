//! `RegisterTaskDefinition`: its rules in the order in which they are checked.
//!
//! Family, number of containers, names, images, essential, memory and CPU, settings and parts of
//! containers, networks and ports, relations of containers, parts of the task, placement, launch
//! types, tags, size of the whole.

use std::collections::BTreeSet;

use crate::digest::Digest;
use crate::model::{
    ApiError, ContainerDefinition, PlacementConstraintType, RegisterTaskDefinition,
};

use super::{
    containers, is_name, launch_types, parts, placement, ports, relations, settings, tags,
};

/// Containers of a task definition (service quotas of ECS).
const CONTAINERS_MAX: usize = 10;

/// Bytes of a task definition as JSON (service quotas of ECS).
const JSON_MAX: usize = 65_536;

/// Refuses a task definition that breaks a rule.
pub(crate) fn register_task_definition(
    request: &RegisterTaskDefinition,
) -> Result<Digest, ApiError> {
    family(&request.family)?;
    count(&request.container_definitions)?;
    names(&request.container_definitions)?;
    images(&request.container_definitions)?;
    essential(&request.container_definitions)?;
    containers::sizes(request)?;
    settings::settings(request)?;
    parts::of_containers(request)?;
    parts::resources(request)?;
    ports::network_mode(request)?;
    ports::ports(request)?;
    relations::relations(request)?;
    parts::of_task(request)?;
    constraints(request)?;
    launch_types::required(request)?;
    tags(&request.tags)?;
    fingerprint(request)
}

fn family(family: &str) -> Result<(), ApiError> {
    if is_name(family) {
        return Ok(());
    }
    let message = "A family must have 1 to 255 letters, digits, hyphens and underscores.";
    Err(ApiError::client("family", family, message))
}

fn count(containers: &[ContainerDefinition]) -> Result<(), ApiError> {
    match containers.len() {
        0 => Err(ApiError::client(
            "containerDefinitions",
            0,
            "Container list cannot be empty",
        )),
        1..=CONTAINERS_MAX => Ok(()),
        count => {
            let message =
                format!("A task definition can have at most {CONTAINERS_MAX} containers.");
            Err(ApiError::client("containerDefinitions", count, message))
        }
    }
}

fn names(containers: &[ContainerDefinition]) -> Result<(), ApiError> {
    const NAME: &str = "containerDefinitions.name";
    let mut seen = BTreeSet::new();
    for container in containers {
        let name = container.name.as_str();
        let message = if name.is_empty() {
            "Container.name should not be null or empty.".to_owned()
        } else if !is_name(name) {
            format!(
                "The container name {name} must have up to 255 letters, digits, hyphens and underscores."
            )
        } else if !seen.insert(name) {
            format!("The container name {name} is used more than once.")
        } else {
            continue;
        };
        return Err(ApiError::client(NAME, name, message));
    }
    Ok(())
}

fn images(containers: &[ContainerDefinition]) -> Result<(), ApiError> {
    match containers
        .iter()
        .find(|container| container.image.is_empty())
    {
        Some(container) => {
            let message = "Container.image should not be null or empty.";
            Err(ApiError::client(
                "containerDefinitions.image",
                &container.name,
                message,
            ))
        }
        None => containers.iter().try_for_each(parts::image),
    }
}

fn essential(containers: &[ContainerDefinition]) -> Result<(), ApiError> {
    if containers.iter().any(ContainerDefinition::is_essential) {
        return Ok(());
    }
    let message = "Task definition doesn't have any essential container.";
    Err(ApiError::client(
        "containerDefinitions.essential",
        false,
        message,
    ))
}

fn constraints(request: &RegisterTaskDefinition) -> Result<(), ApiError> {
    let constraints = &request.placement_constraints;
    super::items(
        "placementConstraints",
        constraints.len(),
        placement::CONSTRAINTS_MAX,
    )?;
    constraints
        .iter()
        .try_for_each(|constraint| match constraint.r#type {
            Some(PlacementConstraintType::MemberOf) => {
                placement::member_of(constraint.expression.as_deref())
            }
            other => {
                let value = other.map_or("", PlacementConstraintType::as_str);
                let message =
                    "A task definition can have placement constraints of type memberOf only.";
                Err(ApiError::client("placementConstraints", value, message))
            }
        })
}

/// The digest of the definition's JSON, which is written once to be measured and hashed.
fn fingerprint(request: &RegisterTaskDefinition) -> Result<Digest, ApiError> {
    let json = serde_json::to_vec(request).expect("a task definition is plain data with text keys");
    if json.len() > JSON_MAX {
        let message = format!("A task definition can have at most {JSON_MAX} bytes.");
        return Err(ApiError::client(
            "containerDefinitions",
            json.len(),
            message,
        ));
    }
    Ok(Digest::of(&json))
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::tests::{check_invalid, check_refused};
    use super::*;
    use crate::model::{PlacementConstraint, Tag};

    /// A container that breaks no rule.
    pub(in super::super) fn container(name: &str) -> ContainerDefinition {
        ContainerDefinition::new(name, "image").memory(128)
    }

    /// A task definition of such containers.
    pub(in super::super) fn task_of(
        containers: impl IntoIterator<Item = ContainerDefinition>,
    ) -> RegisterTaskDefinition {
        let empty = RegisterTaskDefinition::new("web");
        containers
            .into_iter()
            .fold(empty, RegisterTaskDefinition::container)
    }

    #[track_caller]
    pub(in super::super) fn check_accepted(request: &RegisterTaskDefinition) {
        assert_eq!(register_task_definition(request).map(drop), Ok(()));
    }

    /// Asserts that a text of ECS is given.
    #[track_caller]
    pub(in super::super) fn check_text(request: &RegisterTaskDefinition, text: &str) {
        check_refused(register_task_definition(request), "ClientException", text);
    }

    /// Asserts which member is refused, with a text of ours.
    #[track_caller]
    pub(in super::super) fn check_member(request: &RegisterTaskDefinition, parameter: &str) {
        let error =
            register_task_definition(request).expect_err("the task definition breaks a rule");
        assert_eq!(error.exception(), "ClientException");
        assert_eq!(
            error.problem().parameter.as_deref(),
            Some(parameter),
            "{error}"
        );
    }

    #[test]
    fn a_family_is_a_name() {
        for wrong in ["", "a b", &"a".repeat(256)] {
            check_member(
                &RegisterTaskDefinition {
                    family: wrong.to_owned(),
                    ..task_of([container("a")])
                },
                "family",
            );
        }
    }

    #[test]
    fn a_task_has_1_to_10_containers() {
        let many = |count: usize| task_of((0..count).map(|n| container(&format!("c{n}"))));
        check_accepted(&many(1));
        check_accepted(&many(10));
        check_text(&many(0), "Container list cannot be empty");
        check_member(&many(11), "containerDefinitions");
    }

    #[test]
    fn a_container_has_a_name() {
        check_text(
            &task_of([container("")]),
            "Container.name should not be null or empty.",
        );
    }

    #[test]
    fn container_names_are_well_formed_and_unique() {
        check_member(&task_of([container("a b")]), "containerDefinitions.name");
        check_member(
            &task_of([container("a"), container("a")]),
            "containerDefinitions.name",
        );
    }

    #[test]
    fn a_container_has_an_image() {
        let imageless = ContainerDefinition {
            image: String::new(),
            ..container("a")
        };
        check_text(
            &task_of([imageless]),
            "Container.image should not be null or empty.",
        );
    }

    #[test]
    fn one_container_is_essential() {
        let helper = || container("helper").essential(false);
        check_accepted(&task_of([helper(), container("main")]));
        check_text(
            &task_of([helper()]),
            "Task definition doesn't have any essential container.",
        );
    }

    #[test]
    fn a_task_definition_has_constraints_of_type_member_of_only() {
        let task = || task_of([container("a")]);
        check_accepted(&task().constraint(PlacementConstraint::member_of("attribute:a == b")));
        check_member(
            &task().constraint(PlacementConstraint::distinct_instance()),
            "placementConstraints",
        );
        check_member(
            &task().constraint(PlacementConstraint::default()),
            "placementConstraints",
        );
        let empty = task().constraint(PlacementConstraint::member_of(""));
        check_invalid(register_task_definition(&empty), "placementConstraints");
        let many = (0..11).fold(task(), |task, _| {
            task.constraint(PlacementConstraint::member_of("x"))
        });
        check_invalid(register_task_definition(&many), "placementConstraints");
    }

    #[test]
    fn labels_of_a_task_definition_are_checked() {
        let tags = vec![Tag::new("", "")];
        check_invalid(
            register_task_definition(&RegisterTaskDefinition {
                tags,
                ..task_of([container("a")])
            }),
            "tags.key",
        );
    }

    #[test]
    fn a_task_definition_has_up_to_64_kib_of_json() {
        let long = |length: usize| ContainerDefinition {
            command: vec!["x".repeat(length)],
            ..container("a")
        };
        check_accepted(&task_of([long(65_000)]));
        check_member(&task_of([long(65_536)]), "containerDefinitions");
    }

    #[test]
    fn rules_are_checked_in_the_documented_order() {
        let mut wrong = task_of([ContainerDefinition::new("", "").essential(false)]);
        wrong.family.clear();
        wrong.memory = Some("much".to_owned());
        check_member(&wrong, "family");
        wrong.family = "web".to_owned();
        check_member(&wrong, "containerDefinitions.name");
        wrong.container_definitions[0].name = "a".to_owned();
        check_member(&wrong, "containerDefinitions.image");
        wrong.container_definitions[0].image = "b".to_owned();
        check_member(&wrong, "containerDefinitions.essential");
        wrong.container_definitions[0].essential = None;
        check_member(&wrong, "memory");
    }
}
