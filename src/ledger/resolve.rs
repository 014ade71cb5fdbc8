//! From the names, ids and ARNs that callers use to the numbers used inside.

use crate::arn::{IdKind, Naming, split_reference};
use crate::ids::{ClusterId, ContainerInstanceId, TaskDefinitionId, TaskId};
use crate::model::ApiError;

use super::{ClusterRecord, Ledger};

/// The cluster that a call means when it names none.
pub(crate) const DEFAULT_CLUSTER: &str = "default";

/// What a caller may write for a task definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DefinitionReference<'a> {
    /// The family.
    pub family: &'a str,
    /// The revision; `None` means the latest ACTIVE one.
    pub revision: Option<u32>,
}

impl<'a> DefinitionReference<'a> {
    /// Reads `family`, `family:revision` or an ARN.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let (family, revision) = Self::split(text)?;
        let revision = match revision {
            None => None,
            Some(digits) => Some(Self::revision_number(digits)?),
        };
        Some(Self { family, revision })
    }

    /// The family, and what stands where the number of a revision does.
    pub(crate) fn split(text: &'a str) -> Option<(&'a str, Option<&'a str>)> {
        let name = if text.starts_with("arn:") {
            text.split_once(":task-definition/")?.1
        } else {
            text
        };
        Some(match name.split_once(':') {
            None => (name, None),
            Some((family, revision)) => (family, Some(revision)),
        })
    }

    /// The number of a revision in digits and nothing else, the first of which is not zero.
    pub(crate) fn revision_number(digits: &str) -> Option<u32> {
        let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
        digits.parse().ok().filter(|_| is_plain)
    }
}

/// The id in an ARN, or the whole of what is no ARN.
fn last_part(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or(reference)
}

impl Ledger {
    /// The active cluster that a name, an ARN or nothing at all means.
    ///
    /// # Errors
    ///
    /// `ClusterNotFoundException` when there is none, or it was deleted.
    pub fn resolve_cluster(&self, reference: Option<&str>) -> Result<ClusterId, ApiError> {
        let text = reference.unwrap_or(DEFAULT_CLUSTER);
        match self.find_cluster(text) {
            None => Err(ApiError::cluster_not_found(text)),
            Some((_, record)) if !record.active => Err(ApiError::cluster_inactive(text)),
            Some((id, _)) => Ok(id),
        }
    }

    /// The newest cluster, active or not, that a name or an ARN means.
    #[must_use]
    pub fn find_cluster(&self, text: &str) -> Option<(ClusterId, &ClusterRecord)> {
        let found = self.clusters.named(cluster_name(text));
        found.filter(|(_, record)| !text.starts_with("arn:") || *record.spec.arn == *text)
    }

    /// The known task of a cluster that an id or ARN means.
    #[must_use]
    pub fn resolve_task(&self, naming: &Naming, cluster: ClusterId, text: &str) -> Option<TaskId> {
        let task = self.task_number(naming, cluster, text)?;
        let record = self.task(task)?;
        (self.launch_of(record).cluster == cluster).then_some(task)
    }

    /// The known task of any cluster that an id or ARN means.
    #[must_use]
    pub fn task_named(&self, naming: &Naming, text: &str) -> Option<TaskId> {
        let task = TaskId::new(naming.decode(IdKind::Task, last_part(text))?);
        let cluster = self.launch_of(self.task(task)?).cluster;
        let found = self.resolve_task(naming, cluster, text);
        found.filter(|found| *found == task)
    }

    /// The registered container instance of any cluster that an id or ARN means.
    #[must_use]
    pub fn registered_named(&self, naming: &Naming, text: &str) -> Option<ContainerInstanceId> {
        let number = naming.decode(IdKind::ContainerInstance, last_part(text))?;
        let instance = ContainerInstanceId::new(number);
        let record = self.instance(instance)?;
        let found = self.resolve_instance(naming, record.spec.cluster, text);
        found.filter(|found| record.is_registered() && *found == instance)
    }

    /// The number that an id or ARN of a task of this cluster stands for, known or not.
    #[must_use]
    pub fn task_number(&self, naming: &Naming, cluster: ClusterId, text: &str) -> Option<TaskId> {
        let id = self.id_within(naming, cluster, "task", text)?;
        naming.decode(IdKind::Task, id).map(TaskId::new)
    }

    /// The describable container instance of a cluster that an id or ARN means.
    #[must_use]
    pub fn resolve_instance(
        &self,
        naming: &Naming,
        cluster: ClusterId,
        text: &str,
    ) -> Option<ContainerInstanceId> {
        let id = self.id_within(naming, cluster, "container-instance", text)?;
        let instance = ContainerInstanceId::new(naming.decode(IdKind::ContainerInstance, id)?);
        let record = self.instance(instance)?;
        (record.spec.cluster == cluster).then_some(instance)
    }

    /// The id in a reference, unless the reference names another cluster, region or account.
    fn id_within<'a>(
        &self,
        naming: &Naming,
        cluster: ClusterId,
        kind: &str,
        text: &'a str,
    ) -> Option<&'a str> {
        let name = &*self.cluster(cluster).spec.name;
        if let Some(path) = naming.path_of(text) {
            // The usual ARN, read without searching: everything but the id is known.
            let id = path.strip_prefix(kind)?.strip_prefix('/')?;
            let long = id
                .strip_prefix(name)
                .and_then(|rest| rest.strip_prefix('/'));
            return match long {
                Some(id) => Some(id),
                None => (!id.contains('/')).then_some(id),
            };
        }
        if text.starts_with("arn:") {
            return None;
        }
        let reference = split_reference(kind, text)?;
        reference.cluster.is_none().then_some(reference.name)
    }

    /// The task definition that a reference means: the latest ACTIVE revision, or the one it names whatever its status.
    #[must_use]
    pub fn resolve_definition(&self, text: &str) -> Option<TaskDefinitionId> {
        let reference = DefinitionReference::parse(text)?;
        let families = self.definitions.families();
        let found = match reference.revision {
            Some(revision) => families.revision(reference.family, revision),
            None => families.latest_active(reference.family),
        };
        if !text.starts_with("arn:") {
            return found;
        }
        found.filter(|id| account(&self.definition(*id).spec.arn) == account(text))
    }
}

/// What comes before the resource in the ARN of a task definition: partition, region and account.
fn account(arn: &str) -> Option<&str> {
    arn.split_once(":task-definition/")
        .map(|(account, _)| account)
}

/// The name in `name` or `arn:aws:ecs:region:account:cluster/name`.
fn cluster_name(text: &str) -> &str {
    if text.starts_with("arn:") {
        text.split_once(":cluster/").map_or(text, |(_, name)| name)
    } else {
        text
    }
}
