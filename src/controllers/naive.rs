//! The keeper that everybody writes first.

use std::time::Duration;

use crate::client::{CallError, Client, Controller};
use crate::ids::CallId;
use crate::model::{ListTasks, Output, RunTask};

use super::log::Log;

/// Keeps a number of tasks running by counting those it sees: *wrong* where reads lag.
///
/// Every so often it lists the tasks that it started and runs as many as are missing. ListTasks may not show yet what
/// RunTask has just launched; then it launches again. [`Keeper`](super::Keeper) does better.
#[derive(Clone, Debug)]
pub struct NaiveKeeper {
    name: String,
    request: RunTask,
    desired: usize,
    every: Duration,
    log: Log,
}

impl NaiveKeeper {
    /// One that keeps so many tasks of a request, which is made in its name, and looks every ten seconds.
    #[must_use]
    pub fn new(name: impl Into<String>, request: RunTask, desired: u32) -> Self {
        let name = name.into();
        Self {
            request: request.started_by(name.clone()),
            name,
            desired: desired as usize,
            every: Duration::from_secs(10),
            log: Log::default(),
        }
    }

    /// Sets how often it looks.
    #[must_use]
    pub fn every(mut self, every: Duration) -> Self {
        self.every = every;
        self
    }

    /// What it decided.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.log
    }
}

impl Controller for NaiveKeeper {
    fn name(&self) -> &str {
        &self.name
    }

    fn started(&mut self, client: &mut Client<'_>) {
        self.woken(0, client);
    }

    fn woken(&mut self, tag: u64, client: &mut Client<'_>) {
        let mut list = ListTasks::new().started_by(self.name.clone());
        list.cluster.clone_from(&self.request.cluster);
        client.call(list);
        client.look_after(self.every, tag);
    }

    fn answered(&mut self, _: CallId, answer: Result<Output, CallError>, client: &mut Client<'_>) {
        let Ok(Output::ListTasks(listed)) = answer else {
            return;
        };
        let seen = listed.task_arns.len();
        let missing = self.desired.saturating_sub(seen).min(10);
        if missing > 0 {
            let line = format!("sees {seen} of {}, runs {missing}", self.desired);
            self.log.write(client, line);
            let count = i32::try_from(missing).expect("it is at most ten");
            client.call(self.request.clone().count(count));
        }
    }
}
