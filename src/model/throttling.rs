//! How many calls of the API an account may make: token buckets, as data.

use serde::Serialize;

/// Whether calls are counted against the account's request rates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum RequestRates {
    /// Any number of calls is answered.
    #[default]
    Unlimited,
    /// Calls take tokens from the [buckets](RequestBucket::ALL) that ECS documents; one without a token is answered by
    /// `ThrottlingException` and has no effect.
    Documented,
}

/// A token bucket that some operations share: an account has one of each in a region.
///
/// A call takes one token, whatever it asks for: to describe a hundred tasks costs as much as to describe one. A bucket
/// starts full.
///
/// ```
/// use wavetank::model::RequestBucket;
///
/// let bucket = RequestBucket::of("RunTask").ok_or("every operation has one")?;
/// assert_eq!((bucket.name, bucket.burst, bucket.per_second), ("cluster resource modify", 100, 40));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RequestBucket {
    /// What the API reference calls it, in lower case.
    pub name: &'static str,
    /// Tokens that it holds at most.
    pub burst: u32,
    /// Tokens that come back in a second.
    pub per_second: u32,
    /// The operations that take from it; those that are not simulated are left out.
    pub operations: &'static [&'static str],
}

/// One row of the table.
const fn bucket(
    name: &'static str,
    burst: u32,
    per_second: u32,
    operations: &'static [&'static str],
) -> RequestBucket {
    RequestBucket {
        name,
        burst,
        per_second,
        operations,
    }
}

impl RequestBucket {
    /// Every bucket from which a simulated operation takes (API reference, Request throttling for the Amazon ECS API;
    /// developer guide, service quotas).
    #[rustfmt::skip]
    pub const ALL: &'static [Self] = &[
        bucket("cluster modify", 20, 1, &["CreateCluster", "DeleteCluster"]),
        bucket("cluster read", 50, 20, &["DescribeClusters", "ListClusters"]),
        bucket("task definition modify", 20, 1, &["RegisterTaskDefinition", "DeregisterTaskDefinition"]),
        bucket("task definition delete", 5, 1, &["DeleteTaskDefinitions"]),
        bucket("task definition read", 50, 20, &["DescribeTaskDefinition", "ListTaskDefinitions", "ListTaskDefinitionFamilies"]),
        bucket("tag modify", 20, 10, &["TagResource", "UntagResource"]),
        bucket("tag read", 50, 20, &["ListTagsForResource"]),
        bucket("setting modify", 10, 1, &["PutAccountSetting", "PutAccountSettingDefault", "DeleteAccountSetting"]),
        bucket("setting read", 50, 20, &["ListAccountSettings"]),
        bucket("cluster resource modify", 100, 40, &[
            "RunTask", "StartTask", "StopTask", "PutAttributes", "DeleteAttributes",
            "DeregisterContainerInstance", "UpdateContainerInstancesState",
        ]),
        bucket("cluster resource read", 100, 20, &[
            "DescribeTasks", "ListTasks", "DescribeContainerInstances", "ListContainerInstances", "ListAttributes",
        ]),
        bucket("agent modify", 200, 120, &["RegisterContainerInstance"]),
    ];

    /// The bucket from which calls of an operation take; `None` for one that is not simulated.
    #[must_use]
    pub fn of(operation: &str) -> Option<&'static Self> {
        Self::ALL
            .iter()
            .find(|bucket| bucket.operations.contains(&operation))
    }
}

#[cfg(test)]
mod tests {
    use crate::model::Request;

    use super::*;

    #[test]
    fn every_operation_takes_from_one_bucket() {
        for operation in Request::OPERATIONS {
            let takes = |bucket: &&RequestBucket| bucket.operations.contains(operation);
            let buckets = RequestBucket::ALL.iter().filter(takes).count();
            assert_eq!(buckets, 1, "{operation}");
        }
        let named = RequestBucket::ALL
            .iter()
            .map(|bucket| bucket.operations.len());
        assert_eq!(named.sum::<usize>(), Request::OPERATIONS.len());
    }

    #[test]
    fn every_bucket_holds_tokens_and_fills_again() {
        for bucket in RequestBucket::ALL {
            assert!(bucket.burst > 0 && bucket.per_second > 0, "{bucket:?}");
        }
    }
}
