//! What containers of a task definition say about each other, and about its volumes.

use std::collections::BTreeSet;

use crate::model::{
    ApiError, ContainerCondition, ContainerDefinition, ContainerDependency, NetworkMode,
    RegisterTaskDefinition, StartOrder,
};

use super::is_name;

/// Refuses relations to what doesn't exist, and conditions that can't come true.
pub(super) fn relations(request: &RegisterTaskDefinition) -> Result<(), ApiError> {
    let volumes = volumes(request)?;
    request
        .container_definitions
        .iter()
        .try_for_each(|container| {
            container
                .depends_on
                .iter()
                .try_for_each(|dependency| depends_on(dependency, request))?;
            links(container, request)?;
            volumes_from(container, request)?;
            mount_points(container, &volumes)
        })?;
    acyclic(&request.container_definitions)
}

/// Refuses containers that wait for each other; the text is ours.
fn acyclic(containers: &[ContainerDefinition]) -> Result<(), ApiError> {
    match StartOrder::of(containers) {
        Ok(_) => Ok(()),
        Err(cycle) => {
            let message = format!("Containers cannot wait for each other in a circle: {cycle}.");
            Err(ApiError::client(
                "containerDefinitions.dependsOn",
                cycle,
                message,
            ))
        }
    }
}

fn find<'a>(request: &'a RegisterTaskDefinition, name: &str) -> Option<&'a ContainerDefinition> {
    request
        .container_definitions
        .iter()
        .find(|container| container.name == name)
}

/// The names of the task's volumes, once each.
fn volumes(request: &RegisterTaskDefinition) -> Result<BTreeSet<&str>, ApiError> {
    let mut names = BTreeSet::new();
    for volume in &request.volumes {
        let name = volume.name.as_deref().unwrap_or_default();
        if !is_name(name) {
            let message =
                "A volume name must have 1 to 255 letters, digits, hyphens and underscores.";
            return Err(ApiError::client("volumes.name", name, message));
        }
        if !names.insert(name) {
            return Err(ApiError::client(
                "volumes.name",
                name,
                format!("The volume name {name} is used more than once."),
            ));
        }
    }
    Ok(names)
}

fn depends_on(
    dependency: &ContainerDependency,
    request: &RegisterTaskDefinition,
) -> Result<(), ApiError> {
    let name = dependency.container_name.as_str();
    let refused = |message: String| {
        Err(ApiError::client(
            "containerDefinitions.dependsOn",
            name,
            message,
        ))
    };
    let Some(target) = find(request, name) else {
        return refused(format!(
            "Cannot depend on container {name} because it does not exist"
        ));
    };
    match dependency.condition {
        None => refused(format!("A dependency on container {name} needs a condition.")),
        Some(ContainerCondition::Complete | ContainerCondition::Success) if target.is_essential() => refused(
            "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container".to_owned(),
        ),
        Some(ContainerCondition::Healthy) if target.health_check.is_none() => {
            refused("A dependency container with HEALTHY condition must have health check configured".to_owned())
        }
        Some(_) => Ok(()),
    }
}

/// Refuses links outside network mode `bridge`, to unknown containers, and under malformed aliases.
fn links(
    container: &ContainerDefinition,
    request: &RegisterTaskDefinition,
) -> Result<(), ApiError> {
    let mode = request.network_mode.unwrap_or(NetworkMode::Bridge);
    container.links.iter().try_for_each(|link| {
        let (name, alias) = link.split_once(':').unwrap_or((link, link));
        let message = if mode != NetworkMode::Bridge {
            format!("Links are not supported when networkMode={mode}.")
        } else if find(request, name).is_none() {
            format!("Container '{}' links to container {name}, which does not exist.", container.name)
        } else if !is_name(alias) {
            format!("The alias of the link {link} must have letters, digits, hyphens and underscores only.")
        } else {
            return Ok(());
        };
        Err(ApiError::client("containerDefinitions.links", link, message))
    })
}

fn volumes_from(
    container: &ContainerDefinition,
    request: &RegisterTaskDefinition,
) -> Result<(), ApiError> {
    let sources = container
        .volumes_from
        .iter()
        .map(|from| from.source_container.as_deref().unwrap_or_default());
    for source in sources {
        if find(request, source).is_none() {
            let message = format!(
                "Container '{}' mounts volumes from container {source}, which does not exist.",
                container.name
            );
            return Err(ApiError::client(
                "containerDefinitions.volumesFrom",
                source,
                message,
            ));
        }
    }
    Ok(())
}

fn mount_points(container: &ContainerDefinition, volumes: &BTreeSet<&str>) -> Result<(), ApiError> {
    let sources = container
        .mount_points
        .iter()
        .map(|point| point.source_volume.as_deref().unwrap_or("null"));
    for source in sources {
        if !volumes.contains(source) {
            let message = format!("Unknown volume '{source}'.");
            return Err(ApiError::client(
                "containerDefinitions.mountPoints",
                source,
                message,
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::task_definition::tests::{
        check_accepted, check_member, check_text, container, task_of,
    };
    use super::*;
    use crate::model::{HealthCheck, MountPoint, Volume, VolumeFrom};

    fn app(condition: ContainerCondition) -> ContainerDefinition {
        container("app").depends_on("db", condition)
    }

    #[test]
    fn a_dependency_exists() {
        check_accepted(&task_of([app(ContainerCondition::Start), container("db")]));
        check_text(
            &task_of([app(ContainerCondition::Start)]),
            "Cannot depend on container db because it does not exist",
        );
    }

    #[test]
    fn a_dependency_has_a_condition() {
        let mut wrong = app(ContainerCondition::Start);
        wrong.depends_on[0].condition = None;
        check_member(
            &task_of([wrong, container("db")]),
            "containerDefinitions.dependsOn",
        );
    }

    #[test]
    fn an_essential_container_is_not_waited_for_to_end() {
        let text = "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container";
        for condition in [ContainerCondition::Complete, ContainerCondition::Success] {
            check_accepted(&task_of([app(condition), container("db").essential(false)]));
            check_text(&task_of([app(condition), container("db")]), text);
        }
    }

    #[test]
    fn only_a_container_with_a_health_check_becomes_healthy() {
        let checked = container("db").health_check(HealthCheck::shell("true"));
        check_accepted(&task_of([app(ContainerCondition::Healthy), checked]));
        let text =
            "A dependency container with HEALTHY condition must have health check configured";
        check_text(
            &task_of([app(ContainerCondition::Healthy), container("db")]),
            text,
        );
    }

    fn linked(link: &str) -> RegisterTaskDefinition {
        let links = vec![link.to_owned()];
        task_of([
            ContainerDefinition {
                links,
                ..container("app")
            },
            container("db"),
        ])
    }

    #[test]
    fn a_link_leads_to_a_container_of_the_task() {
        check_accepted(&linked("db"));
        check_accepted(&linked("db:primary"));
        for wrong in ["cache", "", ":db", "db:", "db:a b"] {
            check_member(&linked(wrong), "containerDefinitions.links");
        }
    }

    #[test]
    fn links_are_for_bridge_only() {
        check_accepted(&linked("db").network_mode(NetworkMode::Bridge));
        let text = "Links are not supported when networkMode=awsvpc.";
        check_text(&linked("db").network_mode(NetworkMode::Awsvpc), text);
        check_member(
            &linked("db").network_mode(NetworkMode::Host),
            "containerDefinitions.links",
        );
    }

    #[test]
    fn volumes_come_from_a_container_of_the_task() {
        let from = |source: Option<&str>| {
            let volumes_from = vec![VolumeFrom {
                source_container: source.map(str::to_owned),
                read_only: None,
            }];
            task_of([
                ContainerDefinition {
                    volumes_from,
                    ..container("app")
                },
                container("db"),
            ])
        };
        check_accepted(&from(Some("db")));
        check_member(&from(Some("cache")), "containerDefinitions.volumesFrom");
        check_member(&from(None), "containerDefinitions.volumesFrom");
    }

    #[test]
    fn a_mount_point_names_a_volume_of_the_task() {
        let mounting = |source: &str| {
            let mount_points = vec![MountPoint {
                source_volume: Some(source.to_owned()),
                ..MountPoint::default()
            }];
            let volume = Volume {
                name: Some("data".to_owned()),
                ..Volume::default()
            };
            task_of([ContainerDefinition {
                mount_points,
                ..container("app")
            }])
            .volume(volume)
        };
        check_accepted(&mounting("data"));
        check_text(&mounting("logs"), "Unknown volume 'logs'.");
    }

    #[test]
    fn volumes_have_names_of_their_own() {
        let volume = |name: &str| Volume {
            name: Some(name.to_owned()),
            ..Volume::default()
        };
        let task = || task_of([container("app")]).volume(volume("a"));
        check_accepted(&task().volume(volume("b")));
        check_member(&task().volume(volume("a")), "volumes.name");
        check_member(&task().volume(volume("a b")), "volumes.name");
        check_member(&task().volume(Volume::default()), "volumes.name");
    }
}
