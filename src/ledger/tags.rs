//! What can carry tags, and which tags it carries.

use serde::Serialize;

use crate::arn::{IdKind, Naming};
use crate::ids::{ClusterId, ContainerInstanceId, TaskDefinitionId, TaskId};
use crate::model::{ApiError, StopCode, Tag};

use super::versions::TaskGlance;
use super::{DefinitionReference, Ledger};

/// Tags a resource may have, those of AWS itself not counted (service quotas of ECS).
pub const TAG_QUOTA: usize = 50;

/// Something that carries tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum TaggedResource {
    /// A cluster.
    Cluster(ClusterId),
    /// A container instance.
    ContainerInstance(ContainerInstanceId),
    /// A revision of a task definition.
    TaskDefinition(TaskDefinitionId),
    /// A task.
    Task(TaskId),
}

/// Whether a list has more tags than a resource may have, those of AWS itself not counted.
#[must_use]
pub fn are_too_many(tags: &[Tag]) -> bool {
    let own = tags.iter().filter(|tag| !Tag::is_reserved(&tag.key));
    own.count() > TAG_QUOTA
}

/// Tags as they are once others are put to them: of two with one key the later counts, in the place of the first.
#[must_use]
pub fn merged(tags: &[Tag], with: &[Tag]) -> Vec<Tag> {
    let mut merged = tags.to_vec();
    for tag in with {
        match merged.iter_mut().find(|known| known.key == tag.key) {
            Some(known) => known.clone_from(tag),
            None => merged.push(tag.clone()),
        }
    }
    merged
}

impl<'a> TaskGlance<'a> {
    /// The tags of a task: its own since somebody changed them, else those that all tasks of its request began with.
    ///
    /// StopTask deletes them (API reference of `StopTask`).
    #[must_use]
    pub fn tags(&self) -> &'a [Tag] {
        match self.extras.and_then(|extras| extras.tags.as_deref()) {
            Some(own) => own,
            None if self.record.stop_code == Some(StopCode::UserInitiated) => &[],
            None => &self.launch.echo.tags,
        }
    }
}

impl Ledger {
    /// The tags of a resource; `None` when it has been forgotten.
    #[must_use]
    pub fn tags(&self, resource: TaggedResource) -> Option<&[Tag]> {
        Some(match resource {
            TaggedResource::Cluster(cluster) => &self.cluster(cluster).spec.request.tags,
            TaggedResource::ContainerInstance(instance) => {
                &self.instance(instance)?.spec.request.tags
            }
            TaggedResource::TaskDefinition(definition) => {
                &self.definitions().get(definition)?.spec.tags
            }
            TaggedResource::Task(task) => self.glance(task)?.tags(),
        })
    }

    /// The resource that an ARN means, long or short; `None` when there is none.
    ///
    /// # Errors
    ///
    /// `InvalidParameterException` for what is no ARN of something that carries tags, for the short ARN of a service and
    /// for a deleted cluster; `ClusterNotFoundException` for an unknown one.
    pub fn resolve_resource(
        &self,
        naming: &Naming,
        arn: &str,
    ) -> Result<Option<TaggedResource>, ApiError> {
        let Some(path) = naming.path_of(arn) else {
            return if is_of_ecs(arn) {
                Ok(None)
            } else {
                Err(malformed(arn))
            };
        };
        let (kind, name) = path.split_once('/').ok_or_else(|| malformed(arn))?;
        match kind {
            "cluster" => {
                let (cluster, record) = self.cluster_of_arn(arn, name)?;
                if !record.active {
                    let message = "The specified cluster is inactive. Specify an active cluster and try again.";
                    return Err(ApiError::invalid("resourceArn", arn, message));
                }
                Ok(Some(TaggedResource::Cluster(cluster)))
            }
            "task-definition" => self.definition_of_arn(arn),
            "task" | "container-instance" => self.member_of_cluster(naming, arn, kind, name),
            "service" if !name.contains('/') => Err(ApiError::invalid(
                "resourceArn",
                arn,
                "A service with a short ARN cannot be tagged: name the cluster in its ARN.",
            )),
            "service" | "capacity-provider" => Ok(None),
            _ => Err(malformed(arn)),
        }
    }

    fn cluster_of_arn(
        &self,
        arn: &str,
        name: &str,
    ) -> Result<(ClusterId, &super::ClusterRecord), ApiError> {
        let found = self.clusters.named(name);
        found.ok_or_else(|| ApiError::cluster_not_found(arn))
    }

    fn definition_of_arn(&self, arn: &str) -> Result<Option<TaggedResource>, ApiError> {
        let reference = DefinitionReference::parse(arn).ok_or_else(|| malformed(arn))?;
        let revision = reference.revision.ok_or_else(|| malformed(arn))?;
        let found = self
            .definitions
            .families()
            .revision(reference.family, revision);
        Ok(found.map(TaggedResource::TaskDefinition))
    }

    /// The task or container instance that `cluster/id` or, in a short ARN, an id alone means.
    fn member_of_cluster(
        &self,
        naming: &Naming,
        arn: &str,
        kind: &str,
        name: &str,
    ) -> Result<Option<TaggedResource>, ApiError> {
        let (cluster, id) = match name.split_once('/') {
            Some((cluster, id)) => (Some(cluster), id),
            None => (None, name),
        };
        if id.is_empty() || id.contains('/') {
            return Err(malformed(arn));
        }
        if let Some(cluster) = cluster {
            self.cluster_of_arn(arn, cluster)?;
        }
        let found = if kind == "task" {
            let task = naming.decode(IdKind::Task, id).map(TaskId::new);
            task.and_then(|task| {
                let of = self.launch_of(self.task(task)?).cluster;
                Some((TaggedResource::Task(task), of))
            })
        } else {
            let instance = naming.decode(IdKind::ContainerInstance, id);
            instance.map(ContainerInstanceId::new).and_then(|instance| {
                let of = self.instance(instance)?.spec.cluster;
                Some((TaggedResource::ContainerInstance(instance), of))
            })
        };
        let is_there =
            |of: ClusterId| cluster.is_none_or(|name| *self.cluster(of).spec.name == *name);
        Ok(found
            .filter(|(_, of)| is_there(*of))
            .map(|(resource, _)| resource))
    }
}

/// A task that has stopped carries no tags any more that could be looked at or changed.
#[must_use]
pub fn task_stopped(arn: &str) -> ApiError {
    let message = "The specified task is stopped. Specify a running task and try again.";
    ApiError::invalid("resourceArn", arn, message)
}

/// Nor does a container instance that was deregistered.
#[must_use]
pub fn instance_inactive(arn: &str) -> ApiError {
    let message = "The specified container instance is inactive. Specify an active container instance and try again.";
    ApiError::invalid("resourceArn", arn, message)
}

fn malformed(arn: &str) -> ApiError {
    let message = "resourceArn must be the ARN of a task, a container instance, a cluster or a task definition.";
    ApiError::invalid("resourceArn", arn, message)
}

/// Whether a text is an ARN of the service, of whatever region and account.
fn is_of_ecs(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    parts.len() == 6 && parts[0] == "arn" && parts[2] == "ecs" && parts[5].contains('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_put_to_others_replaces_the_one_of_its_key() {
        let tags = [Tag::new("a", "1"), Tag::new("b", "2")];
        let with = [Tag::new("c", "3"), Tag::new("a", "4"), Tag::new("c", "5")];
        let expected = [Tag::new("a", "4"), Tag::new("b", "2"), Tag::new("c", "5")];
        assert_eq!(merged(&tags, &with), expected);
    }

    #[test]
    fn tags_of_aws_itself_do_not_count() {
        let mut tags: Vec<Tag> = (0..50).map(|n| Tag::new(n.to_string(), "")).collect();
        tags.push(Tag::new("aws:ecs:clusterName", "demo"));
        assert!(!are_too_many(&tags));
        tags.push(Tag::new("one-more", ""));
        assert!(are_too_many(&tags));
    }

    #[test]
    fn only_arns_of_the_service_are_arns_of_it() {
        assert!(is_of_ecs("arn:aws-cn:ecs:cn-north-1:1:task/a/b"));
        for wrong in [
            "",
            "demo",
            "arn:aws:ec2:eu-west-1:1:instance/i-1",
            "arn:aws:ecs:eu-west-1:1:x",
        ] {
            assert!(!is_of_ecs(wrong), "{wrong}");
        }
    }
}
