//! How what callers stick to things moves: attributes, tags and account settings.

use std::sync::Arc;

use crate::ids::ContainerInstanceId;
use crate::model::{Attribute, Tag};

use super::Ledger;
use super::change::Change;
use super::instance::merged;
use super::tags::TaggedResource;

impl Ledger {
    /// Moves the ledger by a change of this kind, which is what is left after the others.
    pub(super) fn apply_labels(&mut self, change: &Change) {
        match change {
            Change::AttributesPut {
                instance,
                attributes,
            } => self.attributes_put(*instance, attributes),
            Change::AttributesDeleted { instance, names } => {
                self.attributes_deleted(*instance, names)
            }
            Change::TagsSet { resource, tags } => self.tags_set(*resource, tags),
            Change::AccountSettingPut {
                principal,
                name,
                value,
            } => self.account_settings.put(principal, *name, value),
            Change::AccountSettingDeleted { principal, name } => {
                self.account_settings.delete(principal, *name);
            }
            other => unreachable!("{other:?} is no change of attributes, tags or settings"),
        }
    }

    fn attributes_put(&mut self, instance: ContainerInstanceId, put: &[Attribute]) {
        let known = &self.instance_mut(instance).spec.attributes;
        let attributes = merged(known, put.iter().cloned());
        self.set_attributes(instance, attributes);
    }

    fn attributes_deleted(&mut self, instance: ContainerInstanceId, names: &[Arc<str>]) {
        let mut attributes = self.instance_mut(instance).spec.attributes.clone();
        let before = attributes.len();
        attributes.retain(|attribute| !names.contains(&attribute.name));
        assert_eq!(
            attributes.len() + names.len(),
            before,
            "only attributes that are there are deleted"
        );
        self.set_attributes(instance, attributes);
        let cluster = self.instance_mut(instance).spec.cluster;
        let capacity = &mut self.clusters.records[cluster.index()].capacity;
        names.iter().for_each(|name| capacity.drop_unused(name));
    }

    /// Gives a registered container instance attributes, in its record and in the columns that placement reads.
    fn set_attributes(&mut self, instance: ContainerInstanceId, attributes: Vec<Attribute>) {
        let record = self.instance_mut(instance);
        assert!(record.is_registered(), "an INACTIVE instance is no target");
        Arc::make_mut(&mut record.spec).set_attributes(attributes);
        let spec = Arc::clone(&record.spec);
        self.describe_row(instance, &spec);
    }

    fn tags_set(&mut self, resource: TaggedResource, tags: &Arc<[Tag]>) {
        match resource {
            TaggedResource::Cluster(cluster) => {
                let record = &mut self.clusters.records[cluster.index()];
                Arc::make_mut(&mut record.spec).request.tags = tags.to_vec();
            }
            TaggedResource::ContainerInstance(instance) => {
                let record = self.instance_mut(instance);
                Arc::make_mut(&mut record.spec).request.tags = tags.to_vec();
            }
            TaggedResource::TaskDefinition(definition) => {
                self.definitions.tagged(definition, tags);
            }
            TaggedResource::Task(task) => {
                assert!(self.task(task).is_some(), "changes are about known tasks");
                self.extras.entry(task).or_default().tags = Some(Arc::clone(tags));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::ClusterId;
    use crate::ledger::audit::audit;
    use crate::ledger::cluster::ClusterSpec;
    use crate::ledger::instance::InstanceSpec;
    use crate::model::CreateCluster;
    use crate::time::SimTime;

    const INSTANCE: ContainerInstanceId = ContainerInstanceId::new(0);

    /// A cluster with one container instance, after some changes.
    fn ledger_after(changes: &[Change]) -> Ledger {
        let cluster = ClusterSpec {
            name: "demo".into(),
            arn: "arn:cluster".into(),
            request: CreateCluster::default(),
            task_naming: Arc::default(),
        };
        let mut ledger = Ledger::default();
        let begin = [
            Change::ClusterCreated {
                cluster: ClusterId::new(0),
                spec: Arc::new(cluster),
            },
            Change::InstanceRegistered {
                instance: INSTANCE,
                spec: Arc::new(InstanceSpec::example()),
            },
        ];
        for change in begin.iter().chain(changes) {
            ledger.apply(SimTime::ZERO, change);
        }
        ledger
    }

    fn put(attributes: impl Into<Arc<[Attribute]>>) -> Change {
        Change::AttributesPut {
            instance: INSTANCE,
            attributes: attributes.into(),
        }
    }

    #[test]
    fn columns_follow_the_attributes_of_the_record() {
        let deleted = Change::AttributesDeleted {
            instance: INSTANCE,
            names: Arc::from([Arc::from("b"), Arc::from("c")]),
        };
        let all = [
            put([Attribute::new("a", "1"), Attribute::new("b", "2")]),
            put([Attribute::new("a", "3"), Attribute::named("c")]),
            deleted,
        ];
        for count in 0..=all.len() {
            assert_eq!(audit(&ledger_after(&all[..count])), Ok(()), "{count}");
        }
        let ledger = ledger_after(&all);
        let columns = &ledger.cluster(ClusterId::new(0)).capacity.attributes;
        assert_eq!(columns.len(), 1);
        assert_eq!(columns["a"].value(0), Some("3"));
    }

    #[test]
    fn the_audit_finds_a_column_that_tells_another_value() {
        let mut ledger = ledger_after(&[put([Attribute::new("a", "1")])]);
        ledger.clusters.records[0].capacity.attributes["a"].rows[0] = 0;
        let found = audit(&ledger).expect_err("the column was emptied");
        assert!(
            found.contains("attribute values of container-instance-0"),
            "{found}"
        );
    }

    #[test]
    #[should_panic(expected = "only attributes that are there are deleted")]
    fn an_attribute_that_is_not_there_is_not_deleted() {
        let names = Arc::from([Arc::from("a")]);
        ledger_after(&[Change::AttributesDeleted {
            instance: INSTANCE,
            names,
        }]);
    }
}
