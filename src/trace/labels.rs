//! What is told of attributes, tags and account settings: how it is written into records, and how they read.

use std::fmt::{self, Display};

use crate::ids::{ClusterId, ContainerInstanceId, TaskDefinitionId, TaskId};
use crate::ledger::{Change, TaggedResource};
use crate::model::SettingName;

use super::code::{Code, word};
use super::content::json;
use super::kind::Kind;
use super::record::{Record, Told};

/// In `detail` of changed tags: what carries them.
const CLUSTER: u8 = 1;
const CONTAINER_INSTANCE: u8 = 2;
const TASK_DEFINITION: u8 = 3;
const TASK: u8 = 4;

/// The record of a change of this kind.
pub(super) fn change(change: &Change) -> Told {
    let blank = |kind| Told::of(kind);
    let count = |told: Told, count: usize| told.with_b(u32::try_from(count).unwrap_or(u32::MAX));
    match change {
        Change::AttributesPut {
            instance,
            attributes,
        } => count(
            blank(Kind::AttributesPut).with_a(instance.number()),
            attributes.len(),
        ),
        Change::AttributesDeleted { instance, names } => count(
            blank(Kind::AttributesDeleted).with_a(instance.number()),
            names.len(),
        ),
        Change::TagsSet { resource, tags } => {
            let (kind, number) = match resource {
                TaggedResource::Cluster(cluster) => (CLUSTER, cluster.number()),
                TaggedResource::ContainerInstance(instance) => {
                    (CONTAINER_INSTANCE, instance.number())
                }
                TaggedResource::TaskDefinition(definition) => {
                    (TASK_DEFINITION, definition.number())
                }
                TaggedResource::Task(task) => (TASK, task.number()),
            };
            let record = blank(Kind::TagsSet).with_detail(kind).with_a(number);
            count(record, tags.len())
        }
        Change::AccountSettingPut {
            principal, name, ..
        } => setting(blank(Kind::AccountSettingPut), principal.is_some(), *name),
        Change::AccountSettingDeleted { principal, name } => setting(
            blank(Kind::AccountSettingDeleted),
            principal.is_some(),
            *name,
        ),
        other => unreachable!("{other:?} is no change of attributes, tags or settings"),
    }
}

/// In `a` of a setting: 1 when it is of one user or role, 0 when it is the account's.
fn setting(told: Told, is_personal: bool, name: SettingName) -> Told {
    told.with_detail(name.code()).with_a(u32::from(is_personal))
}

/// Appends what does not fit into the record; `false` when all of it does.
pub(super) fn content(change: &Change, bytes: &mut Vec<u8>) -> bool {
    match change {
        Change::AttributesPut { attributes, .. } => json(attributes, bytes),
        Change::AttributesDeleted { names, .. } => json(names, bytes),
        Change::TagsSet { tags, .. } => json(tags, bytes),
        Change::AccountSettingPut {
            principal, value, ..
        } => json(&(principal, value), bytes),
        Change::AccountSettingDeleted {
            principal: Some(principal),
            ..
        } => json(principal, bytes),
        _ => return false,
    }
    true
}

/// Writes what a record of this kind is about.
pub(super) fn subject(f: &mut fmt::Formatter<'_>, record: &Record) -> fmt::Result {
    let number = record.a();
    match (record.kind(), record.detail()) {
        (Kind::AttributesPut | Kind::AttributesDeleted, _)
        | (Kind::TagsSet, CONTAINER_INSTANCE) => ContainerInstanceId::new(number).fmt(f),
        (Kind::TagsSet, CLUSTER) => ClusterId::new(number).fmt(f),
        (Kind::TagsSet, TASK_DEFINITION) => TaskDefinitionId::new(number).fmt(f),
        (Kind::TagsSet, _) => TaskId::new(number).fmt(f),
        _ if number == 0 => f.write_str("account"),
        _ => f.write_str("principal"),
    }
}

/// Writes what a record of this kind says of it.
pub(super) fn what(f: &mut fmt::Formatter<'_>, record: &Record) -> fmt::Result {
    match record.kind() {
        Kind::AttributesPut => write!(f, "attributes put: {}", record.b()),
        Kind::AttributesDeleted => write!(f, "attributes deleted: {}", record.b()),
        Kind::TagsSet => write!(f, "tags set: {}", record.b()),
        Kind::AccountSettingPut => write!(f, "{} set", word::<SettingName>(record.detail())),
        _ => write!(f, "{} deleted", word::<SettingName>(record.detail())),
    }
}
