//! One request: validate, act, commit, answer from the truth as it is then.

use std::sync::Arc;

use crate::api::{self, run_task::Answer, validate};
use crate::ids::{ClusterId, ContainerInstanceId, TaskId};
use crate::ledger::InstanceRecord;
use crate::ledger::token::Token;
use crate::model::constraint::Constraint;
use crate::model::*;
use crate::observe::list_tasks::list_tasks;
use crate::observe::read::{self, WRITTEN_CLUSTER};
use crate::observe::{View, describe};
use crate::placement::Explanation;

use super::Engine;

impl Engine {
    /// Answers a request that was let through; when it is refused, nothing has changed.
    pub(super) fn answer(&mut self, request: &Request) -> Result<Output, ApiError> {
        Ok(match request {
            Request::CreateCluster(r) => self.create_cluster(r)?.into(),
            Request::DeleteCluster(r) => self.delete_cluster(r)?.into(),
            Request::DescribeClusters(r) => self.describe_clusters(r)?.into(),
            Request::ListClusters(r) => self.list_clusters(r)?.into(),
            Request::RegisterContainerInstance(r) => self.register_container_instance(r)?.into(),
            Request::DeregisterContainerInstance(r) => {
                self.deregister_container_instance(r)?.into()
            }
            Request::DescribeContainerInstances(r) => self.describe_container_instances(r)?.into(),
            Request::ListContainerInstances(r) => self.list_container_instances(r)?.into(),
            Request::UpdateContainerInstancesState(r) => {
                self.update_container_instances_state(r)?.into()
            }
            Request::RegisterTaskDefinition(r) => self.register_task_definition(r.clone())?.into(),
            Request::DescribeTaskDefinition(r) => self.describe_task_definition(r)?.into(),
            Request::DeregisterTaskDefinition(r) => self.deregister_task_definition(r)?.into(),
            Request::DeleteTaskDefinitions(r) => self.delete_task_definitions(r)?.into(),
            Request::ListTaskDefinitions(r) => self.list_task_definitions(r)?.into(),
            Request::ListTaskDefinitionFamilies(r) => self.list_task_definition_families(r)?.into(),
            Request::RunTask(r) => self.run_task(r)?.into(),
            Request::StartTask(r) => self.start_task(r)?.into(),
            Request::StopTask(r) => self.stop_task(r)?.into(),
            Request::DescribeTasks(r) => self.describe_tasks(r)?.into(),
            Request::ListTasks(r) => self.list_tasks(r)?.into(),
            Request::PutAttributes(r) => self.put_attributes(r)?.into(),
            Request::DeleteAttributes(r) => self.delete_attributes(r)?.into(),
            Request::ListAttributes(r) => self.list_attributes(r)?.into(),
            Request::TagResource(r) => self.tag_resource(r)?.into(),
            Request::UntagResource(r) => self.untag_resource(r)?.into(),
            Request::ListTagsForResource(r) => self.list_tags_for_resource(r)?.into(),
            Request::PutAccountSetting(r) => self.put_account_setting(r)?.into(),
            Request::PutAccountSettingDefault(r) => self.put_account_setting_default(r)?.into(),
            Request::DeleteAccountSetting(r) => self.delete_account_setting(r)?.into(),
            Request::ListAccountSettings(r) => self.list_account_settings(r)?.into(),
        })
    }

    pub(crate) fn create_cluster(
        &mut self,
        request: &CreateCluster,
    ) -> Result<CreateClusterOutput, ApiError> {
        validate::create_cluster(request)?;
        let (ctx, out, _) = self.parts();
        let cluster = api::cluster::create(&ctx, request, out);
        self.commit(None);
        Ok(CreateClusterOutput {
            cluster: self.shown_cluster(cluster),
        })
    }

    pub(crate) fn delete_cluster(
        &mut self,
        request: &DeleteCluster,
    ) -> Result<DeleteClusterOutput, ApiError> {
        validate::delete_cluster(request)?;
        let cluster = self.act(|ctx, out| api::cluster::delete(ctx, request, out))?;
        Ok(DeleteClusterOutput {
            cluster: self.shown_cluster(cluster),
        })
    }

    pub(crate) fn describe_clusters(
        &mut self,
        request: &DescribeClusters,
    ) -> Result<DescribeClustersOutput, ApiError> {
        validate::describe_clusters(request)?;
        self.read(|settings, view| Ok(read::describe_clusters(settings, view, request)))
    }

    pub(crate) fn list_clusters(
        &mut self,
        request: &ListClusters,
    ) -> Result<ListClustersOutput, ApiError> {
        validate::list_clusters(request)?;
        self.read(|_, view| read::list_clusters(view, request))
    }

    pub(crate) fn register_container_instance(
        &mut self,
        request: &RegisterContainerInstance,
    ) -> Result<RegisterContainerInstanceOutput, ApiError> {
        validate::register_container_instance(request)?;
        let instance = self.act(|ctx, out| api::container_instance::register(ctx, request, out))?;
        Ok(RegisterContainerInstanceOutput {
            container_instance: self.shown_instance(instance),
        })
    }

    pub(crate) fn deregister_container_instance(
        &mut self,
        request: &DeregisterContainerInstance,
    ) -> Result<DeregisterContainerInstanceOutput, ApiError> {
        validate::deregister_container_instance(request)?;
        let instance =
            self.act(|ctx, out| api::container_instance::deregister(ctx, request, out))?;
        Ok(DeregisterContainerInstanceOutput {
            container_instance: self.shown_instance(instance),
        })
    }

    pub(crate) fn describe_container_instances(
        &mut self,
        request: &DescribeContainerInstances,
    ) -> Result<DescribeContainerInstancesOutput, ApiError> {
        validate::describe_container_instances(request)?;
        self.read(|settings, view| read::describe_container_instances(settings, view, request))
    }

    pub(crate) fn list_container_instances(
        &mut self,
        request: &ListContainerInstances,
    ) -> Result<ListContainerInstancesOutput, ApiError> {
        validate::list_container_instances(request)?;
        let filter = request.filter.as_deref();
        let filter = filter
            .map(|text| self.constraints.of_filter(text))
            .transpose()?;
        self.read(|_, view| {
            let passes = |instance, record: &InstanceRecord| {
                let holds = |filter: &Arc<Constraint>| {
                    filter.holds_as_seen(view.ledger(), instance, record)
                };
                filter.as_ref().is_none_or(holds)
            };
            read::list_container_instances(view, request, passes)
        })
    }

    pub(crate) fn update_container_instances_state(
        &mut self,
        request: &UpdateContainerInstancesState,
    ) -> Result<UpdateContainerInstancesStateOutput, ApiError> {
        validate::update_container_instances_state(request)?;
        let (changed, failures) =
            self.act(|ctx, out| api::container_instance::update_state(ctx, request, out))?;
        Ok(UpdateContainerInstancesStateOutput {
            container_instances: changed
                .into_iter()
                .map(|instance| self.shown_instance(instance))
                .collect(),
            failures,
        })
    }

    pub(crate) fn run_task(&mut self, request: &RunTask) -> Result<RunTaskOutput, ApiError> {
        validate::run_task(request)?;
        let constraints = self
            .constraints
            .of_request(&request.placement_constraints)?;
        self.prepare_placement(request, &constraints);
        let views = self.late_scheduling();
        let (ctx, out, scheduler) = self.parts();
        let mut look = views.as_ref().and_then(|views| views.look(&ctx));
        let is_late = look.is_some();
        let late = look.as_mut();
        let answer = api::run_task::run_task(&ctx, request, constraints, scheduler, late, out);
        let hindsight = look.map(|look| look.hindsight);
        let answer = match answer {
            Ok(answer) => answer,
            Err(refused) => {
                self.effects.clear();
                return Err(refused);
            }
        };
        self.hindsight = hindsight.unwrap_or_default();
        if !self.hindsight.is_empty() {
            self.remember_misled();
        }
        match answer {
            Answer::Placed(failures) => {
                let first = self.ledger.next_task();
                self.packed_by = self.packing_of(request, is_late);
                self.commit(None);
                self.packed_by = None;
                Ok(RunTaskOutput {
                    tasks: self.shown_tasks(first),
                    failures,
                })
            }
            Answer::Repeated(token) => Ok(self.repeated(&token)),
        }
    }

    pub(crate) fn start_task(&mut self, request: &StartTask) -> Result<StartTaskOutput, ApiError> {
        validate::start_task(request)?;
        let (ctx, out, _) = self.parts();
        let failures = match api::start_task::start_task(&ctx, request, out) {
            Ok(failures) => failures,
            Err(refused) => {
                self.effects.clear();
                return Err(refused);
            }
        };
        let first = self.ledger.next_task();
        self.commit(None);
        Ok(StartTaskOutput {
            tasks: self.shown_tasks(first),
            failures,
        })
    }

    /// What StartTask would make of each container instance it names; nothing changes.
    pub(crate) fn explain_start(
        &mut self,
        request: &StartTask,
    ) -> Result<Vec<Explanation>, ApiError> {
        validate::start_task(request)?;
        let (ctx, ..) = self.parts();
        api::start_task::explain(&ctx, request)
    }

    pub(crate) fn stop_task(&mut self, request: &StopTask) -> Result<StopTaskOutput, ApiError> {
        validate::stop_task(request)?;
        let task = self.act(|ctx, out| api::stop_task::stop_task(ctx, request, out))?;
        Ok(StopTaskOutput {
            task: self.shown_task(task),
        })
    }

    pub(crate) fn describe_tasks(
        &mut self,
        request: &DescribeTasks,
    ) -> Result<DescribeTasksOutput, ApiError> {
        validate::describe_tasks(request)?;
        self.read(|settings, view| read::describe_tasks(settings, view, request))
    }

    pub(crate) fn list_tasks(&mut self, request: &ListTasks) -> Result<ListTasksOutput, ApiError> {
        validate::list_tasks(request)?;
        self.read(|settings, view| list_tasks(settings, view, request))
    }

    /// Lets a verb decide and commits, or leaves everything as it was.
    pub(super) fn act<T>(
        &mut self,
        verb: impl FnOnce(&crate::ledger::Ctx<'_>, &mut crate::ledger::Effects) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let (ctx, out, _) = self.parts();
        let acted = verb(&ctx, out);
        match acted {
            Ok(_) => self.commit(None),
            Err(_) => self.effects.clear(),
        }
        acted
    }

    /// Answers a read from what its replica sees; one that is refused was none.
    pub(super) fn read<T>(
        &mut self,
        verb: impl FnOnce(&Settings, &View<'_>) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let view = View::new(&self.ledger, self.reading());
        let answer = verb(&self.settings, &view)?;
        self.reads_answered += u64::from(self.caller == ReadAs::AnyReplica);
        Ok(answer)
    }

    fn repeated(&self, token: &Token) -> RunTaskOutput {
        let naming = &self.ledger.cluster(token.cluster).spec.task_naming;
        let shown = |task: &TaskId| match self.ledger.task(*task) {
            Some(record) if !record.is_stopped() => self.shown_task(*task),
            _ => describe::stopped_task(naming, *task),
        };
        RunTaskOutput {
            tasks: token.tasks.iter().map(shown).collect(),
            failures: token.failures.clone(),
        }
    }

    /// A task as its caller sees it at once: a write is answered from the truth.
    fn shown_task(&self, task: TaskId) -> Task {
        let seen = self.ledger.glance(task);
        let seen = seen.expect("the task was just changed");
        describe::task(&self.settings, &self.ledger, task, &seen, true)
    }

    /// The tasks numbered from `first` on, as their caller sees them: those of a request just committed.
    fn shown_tasks(&self, first: TaskId) -> Vec<Task> {
        let end = self.ledger.next_task().number();
        let mut tasks = Vec::new();
        for number in first.number()..end {
            let task = TaskId::new(number);
            // One that was refused has its number too.
            let Some(seen) = self.ledger.glance(task) else {
                continue;
            };
            if tasks.is_empty() {
                tasks.reserve_exact((end - number) as usize);
            }
            let seen = (task, &seen, true);
            describe::push_task(&mut tasks, &self.settings, &self.ledger, seen);
        }
        tasks
    }

    fn shown_instance(&self, instance: ContainerInstanceId) -> ContainerInstance {
        let seen = self
            .ledger
            .instance_glance(instance)
            .expect("the instance was just changed");
        describe::instance(&self.settings, seen, true)
    }

    fn shown_cluster(&self, cluster: ClusterId) -> Cluster {
        describe::cluster(self.ledger.cluster(cluster), WRITTEN_CLUSTER)
    }
}
