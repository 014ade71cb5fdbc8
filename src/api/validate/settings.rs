//! Settings of the containers of a task definition: times, checks, restarts and swap.

use crate::model::{ApiError, ContainerDefinition, HealthCheck, RegisterTaskDefinition};

/// Refuses settings out of their documented range, and secrets without a role to read them.
pub(super) fn settings(request: &RegisterTaskDefinition) -> Result<(), ApiError> {
    request.container_definitions.iter().try_for_each(|container| {
        timeouts(container)?;
        container.health_check.as_ref().map_or(Ok(()), |check| health_check(container, check))?;
        restart_policy(container)?;
        swap(container)?;
        if !container.secrets.is_empty() && request.execution_role_arn.is_none() {
            let message =
                "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.";
            return Err(ApiError::client("executionRoleArn", "", message));
        }
        Ok(())
    })
}

/// Refuses a number of a container that is outside its range.
pub(super) fn range(
    container: &ContainerDefinition,
    member: &str,
    value: Option<i32>,
    min: i32,
    max: i32,
) -> Result<(), ApiError> {
    match value {
        Some(value) if !(min..=max).contains(&value) => {
            let message = format!(
                "The '{member}' setting for container '{}' must be between {min} and {max}.",
                container.name
            );
            Err(ApiError::client(
                format!("containerDefinitions.{member}"),
                value,
                message,
            ))
        }
        _ => Ok(()),
    }
}

fn timeouts(container: &ContainerDefinition) -> Result<(), ApiError> {
    range(
        container,
        "startTimeout",
        container.start_timeout,
        0,
        i32::MAX,
    )?;
    range(
        container,
        "stopTimeout",
        container.stop_timeout,
        0,
        i32::MAX,
    )
}

/// The ranges of the API reference of `HealthCheck`.
fn health_check(container: &ContainerDefinition, check: &HealthCheck) -> Result<(), ApiError> {
    if check.command.is_empty() {
        let message = format!(
            "The health check of container '{}' needs a command.",
            container.name
        );
        return Err(ApiError::client(
            "containerDefinitions.healthCheck.command",
            "",
            message,
        ));
    }
    range(container, "healthCheck.interval", check.interval, 5, 300)?;
    range(container, "healthCheck.timeout", check.timeout, 2, 60)?;
    range(container, "healthCheck.retries", check.retries, 1, 10)?;
    range(
        container,
        "healthCheck.startPeriod",
        check.start_period,
        0,
        300,
    )
}

/// The ranges of the API reference of `ContainerRestartPolicy`.
fn restart_policy(container: &ContainerDefinition) -> Result<(), ApiError> {
    let Some(policy) = &container.restart_policy else {
        return Ok(());
    };
    let refused = |member: &str, value: usize, message: &str| {
        Err(ApiError::client(
            format!("containerDefinitions.restartPolicy.{member}"),
            value,
            message,
        ))
    };
    if policy.enabled.is_none() {
        return refused(
            "enabled",
            0,
            "A restart policy must say whether it is enabled.",
        );
    }
    if policy.ignored_exit_codes.len() > 50 {
        let count = policy.ignored_exit_codes.len();
        return refused(
            "ignoredExitCodes",
            count,
            "A restart policy can ignore at most 50 exit codes.",
        );
    }
    range(
        container,
        "restartPolicy.restartAttemptPeriod",
        policy.restart_attempt_period,
        60,
        1_800,
    )
}

fn swap(container: &ContainerDefinition) -> Result<(), ApiError> {
    match &container.linux_parameters {
        Some(linux) => {
            range(
                container,
                "linuxParameters.swappiness",
                linux.swappiness,
                0,
                100,
            )?;
            range(
                container,
                "linuxParameters.maxSwap",
                linux.max_swap,
                0,
                i32::MAX,
            )
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::task_definition::tests::{
        check_accepted, check_member, check_text, container, task_of,
    };
    use super::*;
    use crate::model::{
        ContainerRestartPolicy, EnvironmentFile, EnvironmentFileType, LinuxParameters,
        ResourceRequirement, Secret,
    };

    #[test]
    fn timeouts_are_not_negative() {
        check_accepted(&task_of([container("a").stop_timeout(0)]));
        check_member(
            &task_of([container("a").stop_timeout(-1)]),
            "containerDefinitions.stopTimeout",
        );
        let start_timeout = Some(-1);
        check_member(
            &task_of([ContainerDefinition {
                start_timeout,
                ..container("a")
            }]),
            "containerDefinitions.startTimeout",
        );
    }

    #[test]
    fn a_health_check_has_a_command_and_times_in_range() {
        let with = |check: HealthCheck| task_of([container("a").health_check(check)]);
        let check = || HealthCheck::shell("true");
        check_accepted(&with(HealthCheck {
            interval: Some(5),
            timeout: Some(2),
            retries: Some(10),
            start_period: Some(0),
            ..check()
        }));
        check_member(
            &with(HealthCheck::default()),
            "containerDefinitions.healthCheck.command",
        );
        check_member(
            &with(HealthCheck {
                interval: Some(4),
                ..check()
            }),
            "containerDefinitions.healthCheck.interval",
        );
        check_member(
            &with(HealthCheck {
                timeout: Some(61),
                ..check()
            }),
            "containerDefinitions.healthCheck.timeout",
        );
        check_member(
            &with(HealthCheck {
                retries: Some(0),
                ..check()
            }),
            "containerDefinitions.healthCheck.retries",
        );
        check_member(
            &with(HealthCheck {
                start_period: Some(301),
                ..check()
            }),
            "containerDefinitions.healthCheck.startPeriod",
        );
    }

    #[test]
    fn a_restart_policy_says_whether_it_is_on_and_stays_in_range() {
        let with = |policy| {
            task_of([ContainerDefinition {
                restart_policy: Some(policy),
                ..container("a")
            }])
        };
        let on = || ContainerRestartPolicy {
            enabled: Some(true),
            ..Default::default()
        };
        check_accepted(&with(on()));
        check_member(
            &with(Default::default()),
            "containerDefinitions.restartPolicy.enabled",
        );
        let ignored_exit_codes = vec![0; 51];
        check_member(
            &with(ContainerRestartPolicy {
                ignored_exit_codes,
                ..on()
            }),
            "containerDefinitions.restartPolicy.ignoredExitCodes",
        );
        check_member(
            &with(ContainerRestartPolicy {
                restart_attempt_period: Some(59),
                ..on()
            }),
            "containerDefinitions.restartPolicy.restartAttemptPeriod",
        );
    }

    #[test]
    fn up_to_10_environment_files_end_in_env() {
        let with = |value: &str, count| {
            let file = EnvironmentFile {
                value: value.to_owned(),
                r#type: Some(EnvironmentFileType::S3),
            };
            task_of([ContainerDefinition {
                environment_files: vec![file; count],
                ..container("a")
            }])
        };
        check_accepted(&with("arn:aws:s3:::b/a.env", 10));
        check_member(
            &with("arn:aws:s3:::b/a.env", 11),
            "containerDefinitions.environmentFiles",
        );
        check_member(
            &with("arn:aws:s3:::b/a.txt", 1),
            "containerDefinitions.environmentFiles",
        );
    }

    #[test]
    fn swap_is_in_range() {
        let with = |linux| {
            task_of([ContainerDefinition {
                linux_parameters: Some(linux),
                ..container("a")
            }])
        };
        check_accepted(&with(LinuxParameters {
            swappiness: Some(100),
            max_swap: Some(0),
            ..Default::default()
        }));
        let swappiness = LinuxParameters {
            swappiness: Some(101),
            ..Default::default()
        };
        check_member(
            &with(swappiness),
            "containerDefinitions.linuxParameters.swappiness",
        );
        let max_swap = LinuxParameters {
            max_swap: Some(-1),
            ..Default::default()
        };
        check_member(
            &with(max_swap),
            "containerDefinitions.linuxParameters.maxSwap",
        );
    }

    #[test]
    fn gpus_are_asked_for_by_number() {
        let with = |value: &str| {
            let requirement = ResourceRequirement {
                value: Some(value.to_owned()),
                ..ResourceRequirement::gpu(1)
            };
            task_of([ContainerDefinition {
                resource_requirements: vec![requirement],
                ..container("a")
            }])
        };
        check_accepted(&with("2"));
        for wrong in ["0", "ALL", "-1", ""] {
            check_member(&with(wrong), "containerDefinitions.resourceRequirements");
        }
    }

    #[test]
    fn secrets_need_an_execution_role() {
        let secrets = vec![Secret {
            name: "A".to_owned(),
            value_from: "arn".to_owned(),
        }];
        let mut request = task_of([ContainerDefinition {
            secrets,
            ..container("a")
        }]);
        let text = "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.";
        check_text(&request, text);
        request.execution_role_arn = Some("arn:aws:iam::123456789012:role/r".to_owned());
        check_accepted(&request);
    }
}
