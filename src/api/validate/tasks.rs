//! `StopTask`, `DescribeTasks` and `ListTasks`.

use crate::model::{ApiError, DescribeTasks, ListTasks, StopTask};

use super::run_task::started_by;
use super::{length, max_results, present};

/// Refuses a `StopTask` without a task, or with a reason of more than 1024 characters.
pub(crate) fn stop_task(request: &StopTask) -> Result<(), ApiError> {
    present("task", &request.task)?;
    length("reason", request.reason.as_deref(), 1_024)
}

/// Refuses a `DescribeTasks` of no task or of more than 100.
pub(crate) fn describe_tasks(request: &DescribeTasks) -> Result<(), ApiError> {
    match request.tasks.len() {
        0 => Err(ApiError::invalid("tasks", 0, "Tasks cannot be empty.")),
        1..=100 => Ok(()),
        count => Err(ApiError::invalid(
            "tasks",
            count,
            "taskIds can have at most 100 items.",
        )),
    }
}

/// Refuses a `ListTasks` with a wrong page size, or with a filter beside `startedBy`.
pub(crate) fn list_tasks(request: &ListTasks) -> Result<(), ApiError> {
    max_results(request.max_results)?;
    started_by(request.started_by.as_deref())?;
    let others = [
        ("containerInstance", request.container_instance.is_some()),
        ("family", request.family.is_some()),
        ("serviceName", request.service_name.is_some()),
        ("desiredStatus", request.desired_status.is_some()),
        ("launchType", request.launch_type.is_some()),
        ("daemonName", request.daemon_name.is_some()),
    ];
    match (&request.started_by, others.iter().find(|(_, given)| *given)) {
        (Some(started_by), Some((other, _))) => {
            let message = format!("startedBy must be the only filter: {other} cannot go with it.");
            Err(ApiError::invalid("startedBy", started_by, message))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check_invalid, check_refused};
    use super::*;
    use crate::model::{DesiredStatus, LaunchType};

    #[test]
    fn a_stop_needs_a_task() {
        assert_eq!(stop_task(&StopTask::new("id")), Ok(()));
        check_invalid(stop_task(&StopTask::default()), "task");
    }

    #[test]
    fn a_stop_has_a_reason_of_up_to_1024_characters() {
        assert_eq!(
            stop_task(&StopTask::new("id").reason("x".repeat(1_024))),
            Ok(())
        );
        check_invalid(
            stop_task(&StopTask::new("id").reason("x".repeat(1_025))),
            "reason",
        );
    }

    #[test]
    fn one_to_100_tasks_are_described() {
        assert_eq!(describe_tasks(&DescribeTasks::new(vec!["id"; 100])), Ok(()));
        let none = DescribeTasks::default();
        check_refused(
            describe_tasks(&none),
            "InvalidParameterException",
            "Tasks cannot be empty.",
        );
        let text = "taskIds can have at most 100 items.";
        check_refused(
            describe_tasks(&DescribeTasks::new(vec!["id"; 101])),
            "InvalidParameterException",
            text,
        );
    }

    #[test]
    fn started_by_is_the_only_filter_beside_the_cluster() {
        let request = || ListTasks::new().started_by("me");
        assert_eq!(
            list_tasks(&request().cluster("c").max_results(5).next_token("t")),
            Ok(())
        );
        let launch_type = Some(LaunchType::Ec2);
        let service_name = Some("s".to_owned());
        let daemon_name = Some("d".to_owned());
        for wrong in [
            request().family("web"),
            request().container_instance("i"),
            request().desired_status(DesiredStatus::Running),
            ListTasks {
                launch_type,
                ..request()
            },
            ListTasks {
                service_name,
                ..request()
            },
            ListTasks {
                daemon_name,
                ..request()
            },
        ] {
            check_invalid(list_tasks(&wrong), "startedBy");
            assert_eq!(
                list_tasks(&ListTasks {
                    started_by: None,
                    ..wrong
                }),
                Ok(())
            );
        }
    }

    #[test]
    fn a_page_of_tasks_has_a_possible_size() {
        check_invalid(list_tasks(&ListTasks::new().max_results(0)), "maxResults");
    }
}
