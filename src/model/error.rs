//! What the API answers when it refuses: errors of a call, and failures within one that succeeded.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

use super::placement::FailureReason;

/// One part of a request that could not be done while the call as a whole succeeded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Failure {
    /// The ARN it is about: of a container instance for run and start, otherwise of what was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<Arc<str>>,
    /// Why.
    pub reason: FailureReason,
    /// More about why, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl Failure {
    /// A failure about an ARN.
    pub fn new(arn: impl Into<Arc<str>>, reason: FailureReason) -> Self {
        Self {
            arn: Some(arn.into()),
            reason,
            detail: None,
        }
    }

    /// Adds words to it.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }
}

/// What an [`ApiError`] says: the text ECS gives, and what of the request it is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problem {
    /// The text of the exception.
    pub message: String,
    /// The member of the request at fault, such as `count` or `overrides.containerOverrides`.
    pub parameter: Option<String>,
    /// The value it had.
    pub value: Option<String>,
    /// ARNs of what stands in the way: of a `ConflictException`, the tasks of the first call with the token.
    pub resource_ids: Vec<String>,
}

impl Problem {
    /// A text that isn't about one member of the request.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            parameter: None,
            value: None,
            resource_ids: Vec::new(),
        }
    }

    /// A text about one member of the request.
    pub fn about(
        parameter: impl Into<String>,
        value: impl fmt::Display,
        message: impl Into<String>,
    ) -> Self {
        Self {
            message: message.into(),
            parameter: Some(parameter.into()),
            value: Some(value.to_string()),
            resource_ids: Vec::new(),
        }
    }

    /// Adds the ARNs of what stands in the way.
    #[must_use]
    pub fn resources(mut self, arns: Vec<String>) -> Self {
        self.resource_ids = arns;
        self
    }
}

macro_rules! exceptions {
    ($($(#[$attribute:meta])* $variant:ident = $exception:literal,)*) => {
        /// A call refused as a whole: one variant for each exception of ECS.
        ///
        /// ```
        /// # use wavetank::model::ApiError;
        /// let error = ApiError::invalid("count", 11, "Count must be between 1 and 10.");
        /// assert_eq!(error.exception(), "InvalidParameterException");
        /// assert_eq!(error.problem().parameter.as_deref(), Some("count"));
        /// assert_eq!(error.to_string(), "InvalidParameterException: Count must be between 1 and 10.");
        /// ```
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum ApiError {
            $($(#[$attribute])* $variant(Problem),)*
        }

        impl ApiError {
            /// The name of the exception, as on the wire.
            pub const fn exception(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $exception,)*
                }
            }

            /// What it says.
            pub const fn problem(&self) -> &Problem {
                match self {
                    $(Self::$variant(problem))|* => problem,
                }
            }
        }
    };
}

exceptions! {
    /// The caller may not do this.
    AccessDenied = "AccessDeniedException",
    /// A container instance has as many custom attributes as it can have.
    AttributeLimitExceeded = "AttributeLimitExceededException",
    /// The account may not run tasks.
    Blocked = "BlockedException",
    /// The request is wrong in a way that depends on what exists.
    Client = "ClientException",
    /// The cluster still has capacity providers.
    ClusterContainsCapacityProvider = "ClusterContainsCapacityProviderException",
    /// The cluster still has container instances.
    ClusterContainsContainerInstances = "ClusterContainsContainerInstancesException",
    /// The cluster still has services.
    ClusterContainsServices = "ClusterContainsServicesException",
    /// The cluster still has tasks.
    ClusterContainsTasks = "ClusterContainsTasksException",
    /// There is no such cluster, or it is inactive.
    ClusterNotFound = "ClusterNotFoundException",
    /// The client token was used with other parameters.
    Conflict = "ConflictException",
    /// A member of the request is missing, unknown, or has a value it can't have.
    InvalidParameter = "InvalidParameterException",
    /// A quota is used up.
    LimitExceeded = "LimitExceededException",
    /// There is no such namespace.
    NamespaceNotFound = "NamespaceNotFoundException",
    /// The platform version can't run the task definition.
    PlatformTaskDefinitionIncompatibility = "PlatformTaskDefinitionIncompatibilityException",
    /// There is no such platform version.
    PlatformUnknown = "PlatformUnknownException",
    /// There is no such resource.
    ResourceNotFound = "ResourceNotFoundException",
    /// ECS failed; whether the request took effect is open.
    Server = "ServerException",
    /// There is no such service.
    ServiceNotFound = "ServiceNotFoundException",
    /// There is no such container instance to carry an attribute.
    TargetNotFound = "TargetNotFoundException",
    /// Too many calls; this one had no effect.
    Throttling = "ThrottlingException",
    /// There is no such operation.
    UnknownOperation = "UnknownOperationException",
    /// What was asked for isn't available here.
    UnsupportedFeature = "UnsupportedFeatureException",
    /// Another change is still under way.
    UpdateInProgress = "UpdateInProgressException",
}

impl ApiError {
    /// A member of the request that is wrong in itself.
    pub fn invalid(
        parameter: impl Into<String>,
        value: impl fmt::Display,
        message: impl Into<String>,
    ) -> Self {
        Self::InvalidParameter(Problem::about(parameter, value, message))
    }

    /// A member of the request that is wrong given what exists, or by the rules of task definitions.
    pub fn client(
        parameter: impl Into<String>,
        value: impl fmt::Display,
        message: impl Into<String>,
    ) -> Self {
        Self::Client(Problem::about(parameter, value, message))
    }

    /// A cluster nobody created.
    pub fn cluster_not_found(cluster: impl fmt::Display) -> Self {
        Self::ClusterNotFound(Problem::about("cluster", cluster, "Cluster not found."))
    }

    /// A cluster that was deleted.
    pub fn cluster_inactive(cluster: impl fmt::Display) -> Self {
        let message = "The referenced cluster was inactive.";
        Self::ClusterNotFound(Problem::about("cluster", cluster, message))
    }

    /// The text of the exception.
    pub fn message(&self) -> &str {
        &self.problem().message
    }
}

/// Writes the body of ECS's answer in its protocol, AWS JSON 1.1: `__type` and `message`, and `resourceIds` where there are any.
///
/// ```
/// # use wavetank::model::ApiError;
/// let error = ApiError::invalid("count", 11, "Count must be between 1 and 10.");
/// let body = r#"{"__type":"InvalidParameterException","message":"Count must be between 1 and 10."}"#;
/// assert_eq!(serde_json::to_string(&error)?, body);
/// # Ok::<(), serde_json::Error>(())
/// ```
impl Serialize for ApiError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Body<'a> {
            #[serde(rename = "__type")]
            exception: &'static str,
            message: &'a str,
            #[serde(skip_serializing_if = "<[String]>::is_empty")]
            resource_ids: &'a [String],
        }
        let body = Body {
            exception: self.exception(),
            message: self.message(),
            resource_ids: &self.problem().resource_ids,
        };
        body.serialize(serializer)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.exception(), self.message())
    }
}

impl Error for ApiError {}
