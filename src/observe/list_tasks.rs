//! ListTasks.

use crate::ids::{ClusterId, ContainerInstanceId, TaskId};
use crate::ledger::{LaunchSpec, Ledger, Listed, ListedBy, TaskRecord, filter_hash};
use crate::model::{
    ApiError, DesiredStatus, LaunchType, ListTasks, ListTasksOutput, Problem, Settings,
};

use super::page::Page;
use super::view::View;

/// Lists tasks in order of creation.
///
/// # Model
///
/// The tasks that pass one filter are kept at hand, so a page costs the same however many tasks there are. Of filters that
/// hold together the one that the fewest tasks pass is walked and the others are checked; when few tasks pass them,
/// a page may end early. A reader that lags looks besides at every task that changed of late.
pub(crate) fn list_tasks(
    settings: &Settings,
    view: &View<'_>,
    request: &ListTasks,
) -> Result<ListTasksOutput, ApiError> {
    let ledger = view.ledger();
    let filter = Filter::read(settings, ledger, request)?;
    let page = Page::read(
        filter.hash(ledger, request),
        request.next_token.as_deref(),
        request.max_results,
    )?;
    let first = TaskId::new(page.first);
    let name = &*ledger.cluster(filter.cluster).spec.name;
    let arn = |task: TaskId| settings.naming.task_arn(name, task);
    let (task_arns, next_token) = if request.daemon_name.is_some() {
        (Vec::new(), None)
    } else if view.lags() {
        let candidates = filter.candidates(ledger).into_iter();
        let walk = candidates.flat_map(|listed| listed.walk(first));
        let is_met = walk.filter_map(|(task, is_met)| is_met.then_some(task));
        let listed = view.listed_tasks(first, is_met).filter(|task| {
            view.task(*task)
                .is_some_and(|seen| filter.passes(seen.record, seen.launch))
        });
        page.cut(listed.map(|task| (task.number(), arn(task))))
    } else {
        let candidates = filter.candidates(ledger);
        let walk = candidates.into_iter().flat_map(|listed| listed.walk(first));
        page.sift(walk.map(|(task, is_met)| {
            let is_listed = is_met && filter.passes_now(ledger, task);
            (task.number(), is_listed.then(|| arn(task)))
        }))
    };
    Ok(ListTasksOutput {
        next_token,
        task_arns,
    })
}

/// What a task must be to be listed.
struct Filter<'a> {
    cluster: ClusterId,
    desired: DesiredStatus,
    on: Option<ContainerInstanceId>,
    family: Option<&'a str>,
    started_by: Option<&'a str>,
    launch_type: Option<LaunchType>,
}

impl<'a> Filter<'a> {
    fn read(
        settings: &Settings,
        ledger: &Ledger,
        request: &'a ListTasks,
    ) -> Result<Self, ApiError> {
        let cluster = ledger.resolve_cluster(request.cluster.as_deref())?;
        if let Some(service) = &request.service_name {
            return Err(ApiError::ServiceNotFound(Problem::about(
                "serviceName",
                service,
                "Service not found.",
            )));
        }
        let on = match &request.container_instance {
            None => None,
            Some(text) => {
                let instance = ledger.resolve_instance(&settings.naming, cluster, text);
                let message = "The referenced container instance was not found.";
                Some(
                    instance
                        .ok_or_else(|| ApiError::invalid("containerInstance", text, message))?,
                )
            }
        };
        Ok(Self {
            cluster,
            desired: request.desired_status.unwrap_or(DesiredStatus::Running),
            on,
            family: request.family.as_deref(),
            started_by: request.started_by.as_deref(),
            launch_type: request.launch_type,
        })
    }

    /// The number that binds page tokens to this filter, as it was written.
    fn hash(&self, ledger: &Ledger, request: &ListTasks) -> u64 {
        filter_hash(&[
            Some("tasks"),
            Some(&ledger.cluster(self.cluster).spec.name),
            request.container_instance.as_deref(),
            self.family,
            self.started_by,
            self.launch_type.map(LaunchType::as_str),
            request.daemon_name.as_deref(),
            Some(self.desired.as_str()),
        ])
    }

    fn passes(&self, record: &TaskRecord, launch: &LaunchSpec) -> bool {
        let is_of = |family: &str| *launch.family == *family;
        launch.cluster == self.cluster
            && record.desired_status == self.desired
            && self.on.is_none_or(|on| record.on == Some(on))
            && self.family.is_none_or(is_of)
            && self
                .started_by
                .is_none_or(|by| launch.echo.started_by.as_deref() == Some(by))
            && self
                .launch_type
                .is_none_or(|kind| launch.echo.launch_type == Some(kind))
    }

    fn passes_now(&self, ledger: &Ledger, task: TaskId) -> bool {
        ledger
            .task(task)
            .is_some_and(|record| self.passes(record, ledger.launch_of(record)))
    }

    /// The tasks among which all that pass are, by the filter that is walked soonest.
    fn candidates<'l>(&self, ledger: &'l Ledger) -> Option<Listed<'l>> {
        let named = [
            self.on.map(ListedBy::Instance),
            self.started_by
                .map(|name| ListedBy::StartedBy(self.cluster, name)),
            self.family.map(|name| ListedBy::Family(self.cluster, name)),
        ];
        let mut best = ledger.listed(ListedBy::Cluster(self.cluster), self.desired)?;
        for by in named.into_iter().flatten() {
            let listed = ledger.listed(by, self.desired)?;
            if listed.cost() <= best.cost() {
                best = listed;
            }
        }
        Some(best)
    }
}
