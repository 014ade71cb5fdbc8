//! Calls made as somebody.

use crate::model::{ApiError, Output, ReadAs, Request, Session};

use super::Simulation;

impl Simulation {
    /// A session that nobody has had: its reads stick to one replica and never go backwards.
    ///
    /// Without lag there is nothing to stick to, and it costs nothing.
    ///
    /// ```
    /// use std::time::Duration;
    /// use wavetank::model::{Lateness, ReadAs, ViewModel};
    /// # use wavetank::{ContainerDefinition, DescribeTasks, RegisterContainerInstance, RegisterTaskDefinition, RunTask, Simulation};
    ///
    /// let late = Lateness::fixed(Duration::from_secs(5));
    /// let mut sim = Simulation::builder().reads(ViewModel::ReadYourWrites(late)).build()?;
    /// # sim.register_container_instance(RegisterContainerInstance::default().cpu(2048).memory(4096))?;
    /// # let nginx = ContainerDefinition::new("nginx", "nginx:1.27").cpu(512).memory(512);
    /// # sim.register_task_definition(RegisterTaskDefinition::new("web").container(nginx))?;
    /// let (writer, other) = (sim.session(), sim.session());
    /// let task = sim.as_caller(writer, |sim| sim.run_task(RunTask::new("web")))?.tasks[0].task_arn.clone();
    /// let mut missing = |reader: ReadAs| {
    ///     sim.as_caller(reader, |sim| sim.describe_tasks(DescribeTasks::new([&task]))).map(|out| out.failures.len())
    /// };
    /// assert_eq!((missing(writer.into())?, missing(other.into())?), (0, 1));
    /// assert_eq!(missing(ReadAs::AnyReplica)?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn session(&mut self) -> Session {
        self.engine.session()
    }

    /// Makes calls as a caller: its reads are answered by its replica, and what it writes is its own.
    ///
    /// That is so of what is called inside, and of nothing that happens meanwhile: a scheduled request is nobody's, whoever lets
    /// time pass, and a controller calls as itself. Afterwards calls are made as before, also when a panic is caught.
    pub fn as_caller<T>(
        &mut self,
        caller: impl Into<ReadAs>,
        calls: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let before = self.engine.set_caller(caller.into());
        let during = During { sim: self, before };
        calls(during.sim)
    }

    /// Answers any request as a caller; see [`as_caller`](Self::as_caller).
    ///
    /// # Errors
    ///
    /// What ECS answers to the request; nothing has changed then.
    pub fn call_as(
        &mut self,
        caller: impl Into<ReadAs>,
        request: impl Into<Request>,
    ) -> Result<Output, ApiError> {
        self.engine.request_as(caller.into(), &request.into())
    }
}

/// The time while calls are made as somebody else than before.
struct During<'a> {
    sim: &'a mut Simulation,
    before: ReadAs,
}

impl Drop for During<'_> {
    fn drop(&mut self) {
        self.sim.engine.set_caller(self.before);
    }
}
