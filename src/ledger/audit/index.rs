//! What leads from a name or an instance to tasks and definitions, found again by walking all of them.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::{TaskDefinitionId, TaskId};
use crate::ledger::listing::ListedBy;
use crate::ledger::{Ledger, TaskRecord};
use crate::model::{
    DesiredStatus, LastStatus, SortOrder, TaskDefinitionFamilyStatus,
    TaskDefinitionStatus as DefinitionStatus,
};

use super::compare;

pub(super) fn definitions(ledger: &Ledger) -> Result<(), String> {
    let mut live: BTreeMap<TaskDefinitionId, u32> = BTreeMap::new();
    for (_, record) in ledger.tasks().filter(|(_, record)| !record.is_stopped()) {
        *live.entry(ledger.launch_of(record).definition).or_default() += 1;
    }
    let mut revisions: BTreeMap<DefinitionStatus, BTreeMap<(&str, u32), TaskDefinitionId>> =
        BTreeMap::new();
    for (id, record) in ledger.definitions().iter() {
        let counted = live.remove(&id).unwrap_or_default();
        compare(|| format!("live tasks of {id}"), record.live, counted)?;
        if record.status == DefinitionStatus::DeleteInProgress && counted == 0 {
            return Err(format!("{id} is to be deleted and nothing keeps it"));
        }
        let name = (&*record.spec.family, record.spec.revision);
        revisions.entry(record.status).or_default().insert(name, id);
    }
    compare(
        || "definitions with live tasks but no record".to_owned(),
        live.len(),
        0,
    )?;
    let families = ledger.definitions().families();
    let mut without_active: BTreeSet<&str> = BTreeSet::new();
    for status in DefinitionStatus::ALL {
        let counted = revisions.remove(status).unwrap_or_default();
        without_active.extend(counted.keys().map(|(family, _)| family));
        let listed = families.revisions(*status, None, SortOrder::Asc, None);
        compare(
            || format!("{status} revisions"),
            listed
                .map(|listed| ((listed.family, listed.revision), listed.definition))
                .collect::<Vec<_>>(),
            counted.into_iter().collect(),
        )?;
    }
    let active = families.names(TaskDefinitionFamilyStatus::Active, "", "");
    for family in active {
        without_active.remove(family);
    }
    compare(
        || "families without an ACTIVE revision".to_owned(),
        families
            .names(TaskDefinitionFamilyStatus::Inactive, "", "")
            .collect::<Vec<_>>(),
        without_active.into_iter().collect(),
    )
}

pub(super) fn listings(ledger: &Ledger) -> Result<(), String> {
    let mut listed: BTreeMap<(ListedBy<'_>, DesiredStatus), Vec<TaskId>> = BTreeMap::new();
    let is_listed = |record: &TaskRecord| record.last_status != LastStatus::Deleted;
    for (task, record) in ledger.tasks().filter(|(_, record)| is_listed(record)) {
        let launch = &**ledger.launch_of(record);
        let family = &*launch.family;
        let started_by = launch.echo.started_by.as_deref();
        let instance = record.on.filter(|on| ledger.instance(*on).is_some());
        let lists = [
            Some(ListedBy::Cluster(launch.cluster)),
            Some(ListedBy::Family(launch.cluster, family)),
            started_by.map(|name| ListedBy::StartedBy(launch.cluster, name)),
            instance.map(ListedBy::Instance),
        ];
        for by in lists.into_iter().flatten() {
            let tasks = listed.entry((by, record.desired_status)).or_default();
            tasks.push(task);
        }
    }
    for by in ledger.listing.every() {
        for desired in [DesiredStatus::Running, DesiredStatus::Stopped] {
            let kept = ledger.listed(by, desired).into_iter();
            let walk = kept.flat_map(|listed| listed.walk(TaskId::new(0)));
            compare(
                || format!("tasks wanted {desired} listed by {by:?}"),
                walk.filter(|(_, is_met)| *is_met)
                    .map(|(task, _)| task)
                    .collect(),
                listed.remove(&(by, desired)).unwrap_or_default(),
            )?;
        }
    }
    compare(
        || "tasks that no listing shows".to_owned(),
        listed,
        BTreeMap::new(),
    )
}

#[cfg(test)]
mod tests {
    use super::super::audit;
    use super::*;
    use crate::ledger::Change;
    use crate::ledger::definition::DefinitionSpec;
    use crate::time::SimTime;

    const DEFINITION: TaskDefinitionId = TaskDefinitionId::new(0);

    fn with_definition() -> Ledger {
        let mut ledger = Ledger::default();
        let registered = Change::DefinitionRegistered {
            definition: DEFINITION,
            spec: DefinitionSpec::example().into(),
        };
        ledger.apply(SimTime::ZERO, &registered);
        assert_eq!(audit(&ledger), Ok(()));
        ledger
    }

    #[test]
    fn a_wrong_count_of_the_tasks_of_a_definition_is_found() {
        let mut ledger = with_definition();
        ledger.definitions.task_placed(DEFINITION);
        let wrong = "live tasks of task-definition-0: kept 1, counted 0";
        assert_eq!(audit(&ledger), Err(wrong.to_owned()));
    }

    #[test]
    fn a_definition_that_should_be_gone_is_found() {
        let mut ledger = with_definition();
        let (now, definition) = (SimTime::ZERO, DEFINITION);
        ledger.definitions.deregistered(now, definition, now);
        assert_eq!(audit(&ledger), Ok(()));
        ledger.definitions.delete_requested(now, definition);
        let wrong = "task-definition-0 is to be deleted and nothing keeps it";
        assert_eq!(audit(&ledger), Err(wrong.to_owned()));
    }
}
