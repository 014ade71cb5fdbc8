//! What a request must satisfy whatever exists: checks that read no state.
//!
//! Each function takes a request as it came and reports the first violation only, as ECS does.
//! The order in which rules are checked is ours, and fixed; ECS documents none. Texts are those
//! of ECS where they are public, and ours where they are not.
//!
//! | file | checks |
//! | --- | --- |
//! | [`mod@run_task`] | `RunTask`, `StartTask` |
//! | [`against_definition`] | both again, once their task definition is known |
//! | [`overrides`], [`placement`] | what both change about the task definition; constraints and strategies |
//! | [`tasks`] | `StopTask`, `DescribeTasks`, `ListTasks` |
//! | [`definitions`] | what is asked of task definitions that are registered |
//! | [`registration`] | clusters and container instances |
//! | [`labels`] | attributes, tags and account settings, wherever requests have them |
//! | [`task_definition`] | `RegisterTaskDefinition`: the order of its rules |
//! | [`containers`], [`settings`], [`ports`], [`relations`] | its containers: sizes, settings, ports, and each other |
//! | [`parts`] | what its smaller parts can't do without; images, files, GPUs, scratch space |
//! | [`launch_types`], [`fargate`] | for which launch types it will do |
//! | [`sizes`] | sizes of tasks, as text |

mod against_definition;
mod containers;
mod definitions;
mod fargate;
mod labels;
mod launch_types;
mod overrides;
mod parts;
mod placement;
mod ports;
mod registration;
mod relations;
pub(crate) mod run_task;
mod settings;
pub(crate) mod sizes;
mod task_definition;
mod tasks;

use std::io;

use serde::Serialize;

use crate::model::ApiError;

pub(crate) use definitions::{
    delete_task_definitions, deregister_task_definition, describe_task_definition,
    list_task_definition_families, list_task_definitions,
};
use labels::{attribute, tags};
pub(crate) use labels::{
    delete_account_setting, delete_attributes, list_account_settings, list_attributes,
    list_tags_for_resource, put_account_setting, put_account_setting_default, put_attributes,
    tag_resource, untag_resource,
};
pub(crate) use launch_types::compatibilities;
pub(crate) use ports::parse_range;
pub(crate) use registration::{
    create_cluster, delete_cluster, deregister_container_instance, describe_clusters,
    describe_container_instances, list_clusters, list_container_instances,
    register_container_instance, update_container_instances_state,
};
pub(crate) use run_task::{run_task, start_task};
pub(crate) use task_definition::register_task_definition;
pub(crate) use tasks::{describe_tasks, list_tasks, stop_task};

/// Whether a text can be the name of a cluster, family, container or volume (API reference): 1 to
/// 255 letters, digits, hyphens and underscores.
fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=255).contains(&text.len()) && text.bytes().all(allowed)
}

/// Refuses a text that is longer than so many characters.
fn length(parameter: &str, text: Option<&str>, max: usize) -> Result<(), ApiError> {
    match text {
        Some(text) if text.chars().count() > max => Err(ApiError::invalid(
            parameter,
            text,
            format!("{parameter} can have at most {max} characters."),
        )),
        _ => Ok(()),
    }
}

/// Refuses a list that is longer than so many items.
fn items(parameter: &str, count: usize, max: usize) -> Result<(), ApiError> {
    if count > max {
        let message = format!("{parameter} can have at most {max} items.");
        return Err(ApiError::invalid(parameter, count, message));
    }
    Ok(())
}

/// Refuses a required text that is missing or empty.
fn present(parameter: &str, text: &str) -> Result<(), ApiError> {
    if text.is_empty() {
        return Err(ApiError::invalid(
            parameter,
            text,
            format!("{parameter} cannot be empty."),
        ));
    }
    Ok(())
}

/// How long something is as JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct JsonLength {
    bytes: usize,
    characters: usize,
}

impl JsonLength {
    /// Measures plain data without writing it anywhere.
    fn of(data: &impl Serialize) -> Self {
        let mut length = Self::default();
        serde_json::to_writer(&mut length, data).expect("requests are plain data with text keys");
        length
    }
}

impl io::Write for JsonLength {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        self.bytes += part.len();
        // The later bytes of a character have 10 as their upper bits.
        self.characters += part.iter().filter(|byte| **byte & 0xC0 != 0x80).count();
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Refuses a page size outside 1 to 100.
fn max_results(count: Option<i32>) -> Result<(), ApiError> {
    match count {
        Some(count) if !(1..=100).contains(&count) => Err(ApiError::invalid(
            "maxResults",
            count,
            "maxResults must be between 1 and 100.",
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asserts which exception and text a check gives.
    #[track_caller]
    pub(super) fn check_refused<T: std::fmt::Debug>(
        answer: Result<T, ApiError>,
        exception: &str,
        text: &str,
    ) {
        let error = answer.expect_err("the request breaks a rule");
        assert_eq!((error.exception(), error.message()), (exception, text));
    }

    /// Asserts that a parameter is refused as invalid.
    #[track_caller]
    pub(super) fn check_invalid<T: std::fmt::Debug>(answer: Result<T, ApiError>, parameter: &str) {
        let error = answer.expect_err("the request breaks a rule");
        assert_eq!(error.exception(), "InvalidParameterException");
        assert_eq!(
            error.problem().parameter.as_deref(),
            Some(parameter),
            "{error}"
        );
    }

    #[test]
    fn a_name_has_up_to_255_letters_digits_hyphens_and_underscores() {
        assert!(is_name("a-Z_09") && is_name(&"a".repeat(255)));
        for wrong in ["", "a b", "a.b", "ä", &"a".repeat(256)] {
            assert!(!is_name(wrong), "{wrong:?}");
        }
    }

    #[test]
    fn json_is_measured_in_bytes_and_characters() {
        let data = ["äöü", "\u{1F40B}", "\n\"x"];
        let json = serde_json::to_string(&data).expect("text can be written");
        let length = JsonLength::of(&data);
        assert_eq!(
            (length.bytes, length.characters),
            (json.len(), json.chars().count())
        );
    }

    #[test]
    fn a_page_holds_1_to_100() {
        assert_eq!(
            max_results(None)
                .and(max_results(Some(1)))
                .and(max_results(Some(100))),
            Ok(())
        );
        for wrong in [0, 101, -1] {
            check_invalid(max_results(Some(wrong)), "maxResults");
        }
    }
}
