//! How things are called in a run, and which choice it makes where ECS is silent.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::arn::Naming;
use crate::time::SimTime;

use super::error::ApiError;
use super::timestamp::Timestamp;

/// How an equal choice among container instances is made; ECS does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum PlacementTies {
    /// By the luck of the task: each of them is as likely.
    #[default]
    Seeded,
    /// The container instance that registered first.
    OldestInstance,
}

/// How many failures RunTask tells of one task that has no place; ECS does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum FailureShape {
    /// One: of the container instance that came closest.
    #[default]
    Closest,
    /// One for each container instance of the cluster in order of registration, ten at most.
    EveryInstance,
}

/// What a run was built with that its handlers need to know.
#[derive(Clone, Debug, Serialize)]
pub struct Settings {
    /// Region, account, and the seed that ids are made from.
    pub naming: Naming,
    /// What the calendar says at simulated time zero.
    pub epoch: Timestamp,
    /// How an equal choice is made.
    pub placement_ties: PlacementTies,
    /// How many failures are told.
    pub failures: FailureShape,
    /// The availability zones of subnets, as far as the caller told them.
    pub subnets: BTreeMap<String, Arc<str>>,
    /// How long a stopped task is described and listed as STOPPED.
    pub stopped_task_retention: Duration,
    /// How long it is described as DELETED after that, and listed no more.
    pub deleted_task_window: Duration,
}

impl Settings {
    /// The principal that an ARN names: a user or a role of the account; `None` is its root user, and stands for whoever
    /// calls without naming one.
    ///
    /// # Errors
    ///
    /// `InvalidParameterException` for what is no ARN of a principal of this account.
    pub fn principal(&self, arn: Option<&str>) -> Result<Option<Arc<str>>, ApiError> {
        let Some(arn) = arn else {
            return Ok(None);
        };
        let within = arn
            .strip_prefix("arn:aws:iam::")
            .and_then(|rest| rest.strip_prefix(self.naming.account_id()))
            .and_then(|rest| rest.strip_prefix(':'));
        let is_named = |name: &str| !name.is_empty() && !name.ends_with('/');
        match within.map(|path| path.split_once('/').unwrap_or((path, ""))) {
            Some(("root", "")) if !arn.ends_with('/') => Ok(None),
            Some(("user" | "role", name)) if is_named(name) => Ok(Some(Arc::from(arn))),
            _ => {
                let message = "principalArn must be the ARN of the root user, a user or a role of the account.";
                Err(ApiError::invalid("principalArn", arn, message))
            }
        }
    }

    /// The ARN of a principal, `None` being the root user.
    #[must_use]
    pub fn principal_arn(&self, principal: Option<&str>) -> String {
        match principal {
            Some(arn) => arn.to_owned(),
            None => format!("arn:aws:iam::{}:root", self.naming.account_id()),
        }
    }

    /// A simulated time as the API shows it, in whole milliseconds.
    #[must_use]
    pub fn timestamp(&self, time: SimTime) -> Timestamp {
        let millis = time.as_nanos() / 1_000_000;
        Timestamp::from_millis(self.epoch.as_millis().saturating_add(millis))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_principal_is_the_root_user_or_a_user_or_a_role_of_the_account() {
        let naming = Naming::new(1, "eu-west-1", "123456789012").expect("the names are good");
        let settings = Settings {
            naming,
            epoch: Timestamp::from_millis(0),
            placement_ties: PlacementTies::Seeded,
            failures: FailureShape::Closest,
            subnets: BTreeMap::new(),
            stopped_task_retention: crate::model::presets::STOPPED_TASK_RETENTION,
            deleted_task_window: Duration::ZERO,
        };
        let root = settings.principal_arn(None);
        assert_eq!(settings.principal(Some(&root)), Ok(None));
        for good in ["user/ann", "role/path/to/ops"] {
            let arn = root.replace("root", good);
            assert_eq!(
                settings.principal(Some(&arn)),
                Ok(Some(arn.as_str().into()))
            );
        }
        for wrong in ["root/", "user/", "user", "group/ops", "role/a/", "rooted"] {
            let arn = root.replace("root", wrong);
            assert!(settings.principal(Some(&arn)).is_err(), "{arn}");
        }
        assert!(settings.principal(Some("ann")).is_err());
        assert!(settings.principal(Some("arn:aws:iam::1:root")).is_err());
    }
}
