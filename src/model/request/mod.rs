//! Requests of the ECS API and their answers.
//!
//! Each operation is a struct of its own that can be built in code or read from ECS's JSON;
//! [`Request`] and [`Output`] are any of them.

mod account_setting;
mod attribute;
mod cluster;
mod container_instance;
mod strict;
mod tag;
mod task;
mod task_definition;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::account_setting::*;
pub use self::attribute::*;
pub use self::cluster::*;
pub use self::container_instance::*;
use self::strict::Strict;
pub use self::tag::*;
pub use self::task::*;
pub use self::task_definition::*;
use super::error::{ApiError, Problem};

macro_rules! operations {
    ($($(#[$attribute:meta])* $name:ident -> $output:ident,)*) => {
        /// A call of the API.
        ///
        /// ```
        /// # use serde_json::json;
        /// # use wavetank::model::{Request, RunTask};
        /// let request = Request::from_json("RunTask", json!({"taskDefinition": "web", "count": 3}))?;
        /// assert_eq!(request, RunTask::new("web").count(3).into());
        /// # Ok::<(), wavetank::model::ApiError>(())
        /// ```
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum Request {
            $($(#[$attribute])* $name($name),)*
        }

        /// The answer to a call that was not refused.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
        #[serde(untagged)]
        #[non_exhaustive]
        pub enum Output {
            $(
                #[doc = concat!("The answer to [`", stringify!($name), "`].")]
                $name($output),
            )*
        }

        impl Request {
            /// The name of every operation, as in the ECS API reference.
            pub const OPERATIONS: &'static [&'static str] = &[$(stringify!($name)),*];

            /// The name of the operation.
            pub const fn operation(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => stringify!($name),)*
                }
            }

            /// Reads a call from the operation's name and its input in the JSON of ECS.
            ///
            /// # Errors
            ///
            /// `UnknownOperationException` for another operation; `InvalidParameterException`, which
            /// names the place, for an unknown member, a value of a wrong type and an unknown word.
            pub fn from_json(operation: &str, input: Value) -> Result<Self, ApiError> {
                match operation {
                    $(stringify!($name) => read::<$name>(&input).map(Self::$name),)*
                    _ => {
                        let message = format!("The operation {operation} is unknown or not simulated.");
                        Err(ApiError::UnknownOperation(Problem::about("call", operation, message)))
                    }
                }
            }
        }

        $(
            impl From<$name> for Request {
                fn from(request: $name) -> Self {
                    Self::$name(request)
                }
            }

            impl From<$output> for Output {
                fn from(output: $output) -> Self {
                    Self::$name(output)
                }
            }
        )*

        /// Reads and writes the JSON of an answer.
        #[cfg(test)]
        fn answer_round_trip(operation: &str, output: Value) -> serde_json::Result<Value> {
            match operation {
                $(stringify!($name) => {
                    serde_json::to_value(Output::from(serde_json::from_value::<$output>(output)?))
                })*
                _ => panic!("{operation} isn't an operation"),
            }
        }
    };
}

operations! {
    /// Creates a cluster.
    CreateCluster -> CreateClusterOutput,
    /// Deletes an empty cluster.
    DeleteCluster -> DeleteClusterOutput,
    /// Describes clusters.
    DescribeClusters -> DescribeClustersOutput,
    /// Lists clusters.
    ListClusters -> ListClustersOutput,
    /// Registers a container instance, as its agent does.
    RegisterContainerInstance -> RegisterContainerInstanceOutput,
    /// Deregisters a container instance.
    DeregisterContainerInstance -> DeregisterContainerInstanceOutput,
    /// Describes container instances.
    DescribeContainerInstances -> DescribeContainerInstancesOutput,
    /// Lists container instances.
    ListContainerInstances -> ListContainerInstancesOutput,
    /// Starts or ends the draining of container instances.
    UpdateContainerInstancesState -> UpdateContainerInstancesStateOutput,
    /// Registers a revision of a task definition.
    RegisterTaskDefinition -> RegisterTaskDefinitionOutput,
    /// Describes a task definition.
    DescribeTaskDefinition -> DescribeTaskDefinitionOutput,
    /// Makes a task definition INACTIVE.
    DeregisterTaskDefinition -> DeregisterTaskDefinitionOutput,
    /// Lets INACTIVE task definitions go.
    DeleteTaskDefinitions -> DeleteTaskDefinitionsOutput,
    /// Lists task definitions.
    ListTaskDefinitions -> ListTaskDefinitionsOutput,
    /// Lists families of task definitions.
    ListTaskDefinitionFamilies -> ListTaskDefinitionFamiliesOutput,
    /// Places and starts tasks.
    RunTask -> RunTaskOutput,
    /// Starts a task on each of some container instances.
    StartTask -> StartTaskOutput,
    /// Stops a task.
    StopTask -> StopTaskOutput,
    /// Describes tasks.
    DescribeTasks -> DescribeTasksOutput,
    /// Lists tasks.
    ListTasks -> ListTasksOutput,
    /// Sets attributes of container instances.
    PutAttributes -> PutAttributesOutput,
    /// Takes custom attributes from container instances.
    DeleteAttributes -> DeleteAttributesOutput,
    /// Lists attributes of container instances.
    ListAttributes -> ListAttributesOutput,
    /// Puts tags on a resource.
    TagResource -> TagResourceOutput,
    /// Takes tags from a resource.
    UntagResource -> UntagResourceOutput,
    /// Lists the tags of a resource.
    ListTagsForResource -> ListTagsForResourceOutput,
    /// Sets an account setting for one principal.
    PutAccountSetting -> PutAccountSettingOutput,
    /// Sets an account setting for all who did not set their own.
    PutAccountSettingDefault -> PutAccountSettingDefaultOutput,
    /// Forgets what a principal set.
    DeleteAccountSetting -> DeleteAccountSettingOutput,
    /// Lists account settings.
    ListAccountSettings -> ListAccountSettingsOutput,
}

/// Reads one input and says where it is wrong.
fn read<T: DeserializeOwned>(input: &Value) -> Result<T, ApiError> {
    let nothing = Value::Object(serde_json::Map::new());
    // `null` counts as absent here as everywhere.
    let input = if input.is_null() { &nothing } else { input };
    serde_path_to_error::deserialize(Strict(input)).map_err(|error| {
        let value = value_at(input, error.path()).map_or_else(String::new, ToString::to_string);
        match error.path().iter().len() {
            0 => ApiError::invalid("input", value, error.inner().to_string()),
            _ => {
                let path = error.path().to_string();
                let message = format!("{path}: {}", error.inner());
                ApiError::invalid(path, value, message)
            }
        }
    })
}

/// The value that a path leads to, if it leads to one.
fn value_at<'a>(input: &'a Value, path: &serde_path_to_error::Path) -> Option<&'a Value> {
    use serde_path_to_error::Segment;
    path.iter().try_fold(input, |value, segment| match segment {
        Segment::Seq { index } => value.get(index),
        Segment::Map { key } => value.get(key),
        Segment::Enum { .. } | Segment::Unknown => None,
    })
}

#[cfg(test)]
mod conformance;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check_refused(operation: &str, input: Value, parameter: &str, message: &str) {
        let error = Request::from_json(operation, input).expect_err("the input is wrong");
        assert_eq!(error.exception(), "InvalidParameterException");
        assert_eq!(
            error.problem().parameter.as_deref(),
            Some(parameter),
            "{error}"
        );
        assert!(error.message().contains(message), "{error}");
    }

    #[test]
    fn an_unknown_member_is_refused_with_its_place() {
        let input = json!({"family": "web", "containerDefinitions": [{"name": "a", "imag": "b"}]});
        check_refused(
            "RegisterTaskDefinition",
            input,
            "containerDefinitions[0].imag",
            "unknown field `imag`",
        );
        check_refused(
            "RunTask",
            json!({"taskDef": "web"}),
            "taskDef",
            "unknown field `taskDef`",
        );
    }

    #[test]
    fn a_wrong_type_is_refused_with_its_place() {
        check_refused(
            "RunTask",
            json!({"count": "3"}),
            "count",
            "invalid type: string \"3\"",
        );
        check_refused(
            "RunTask",
            json!({"count": 1.5}),
            "count",
            "invalid type: floating point",
        );
        check_refused("RunTask", json!([]), "input", "invalid type: sequence");
        check_refused(
            "RunTask",
            json!({"overrides": []}),
            "overrides",
            "invalid type: sequence",
        );
        check_refused(
            "RunTask",
            json!({"tags": [["a", "b"]]}),
            "tags[0]",
            "invalid type: sequence",
        );
        check_refused(
            "RunTask",
            json!({"tags": ["a"]}),
            "tags[0]",
            "invalid type: string",
        );
    }

    #[test]
    fn an_unknown_word_is_refused_with_its_place_and_value() {
        let input = json!({"placementStrategy": [{"type": "random"}, {"type": "spred"}]});
        check_refused(
            "RunTask",
            input,
            "placementStrategy[1].type",
            "unknown variant `spred`",
        );
    }

    #[test]
    fn a_number_out_of_range_reaches_validation() {
        let request = Request::from_json("RunTask", json!({"taskDefinition": "web", "count": -1}));
        assert_eq!(request, Ok(RunTask::new("web").count(-1).into()));
    }

    #[test]
    fn an_unknown_operation_is_named() {
        let error =
            Request::from_json("RunTsk", json!({})).expect_err("there is none of that name");
        assert_eq!(error.exception(), "UnknownOperationException");
        assert!(error.message().contains("RunTsk"));
    }

    #[test]
    fn any_protocol_but_udp_is_tcp() {
        let input = json!({"containerDefinitions": [{"portMappings": [{"protocol": "UDP"}, {"protocol": "udp"}]}]});
        let Ok(Request::RegisterTaskDefinition(request)) =
            Request::from_json("RegisterTaskDefinition", input)
        else {
            panic!("the input is well formed");
        };
        let ports = &request.container_definitions[0].port_mappings;
        assert_eq!(
            ports[0].protocol,
            Some(crate::model::TransportProtocol::Tcp)
        );
        assert_eq!(
            ports[1].protocol,
            Some(crate::model::TransportProtocol::Udp)
        );
    }

    #[test]
    fn an_answer_shows_empty_lists() {
        let written = serde_json::to_value(Output::from(RunTaskOutput::default()));
        assert_eq!(written.ok(), Some(json!({"tasks": [], "failures": []})));
        let task =
            serde_json::to_value(crate::model::Task::default()).expect("a task can be written");
        assert_eq!(
            task["overrides"],
            json!({"containerOverrides": [], "inferenceAcceleratorOverrides": []})
        );
        assert_eq!(task["containers"], json!([]));
    }
}
