//! Which controllers live inside the simulation, as far as others may know.

use std::sync::Arc;

use serde::Serialize;

use crate::ids::{CallId, ControllerId};

/// A controller came, went, or made a call.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum ControllerChange {
    /// It begins to live in the simulation.
    Added {
        /// Which controller.
        controller: ControllerId,
        /// Its name.
        name: Arc<str>,
    },
    /// It lost its memory and no longer runs.
    Crashed(ControllerId),
    /// It begins again.
    Restarted(ControllerId),
    /// It made a call.
    CallSent {
        /// Which call.
        call: CallId,
        /// Who made it.
        controller: ControllerId,
        /// What of.
        operation: &'static str,
    },
}

/// What is known of a controller; its memory is its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ControllerRecord {
    /// Its name.
    pub name: Arc<str>,
    /// Whether it runs: it does not between a crash and a restart.
    pub is_running: bool,
    /// How often it crashed.
    pub crashes: u32,
    /// How many calls it made; attempts of one count once.
    pub calls: u64,
}

/// Every controller that was brought in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ControllerRecords {
    records: Vec<ControllerRecord>,
}

impl ControllerRecords {
    /// Whether there never was one.
    #[must_use]
    pub fn is_untouched(&self) -> bool {
        self.records.is_empty()
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, controller: ControllerId) -> Option<&ControllerRecord> {
        self.records.get(controller.index())
    }

    /// All of them, in the order in which they were brought in.
    pub fn iter(&self) -> impl Iterator<Item = &ControllerRecord> {
        self.records.iter()
    }

    /// Moves by a change that is about a controller.
    pub(super) fn apply(&mut self, change: &ControllerChange) {
        match change {
            ControllerChange::Added { controller, name } => {
                assert_eq!(
                    controller.index(),
                    self.records.len(),
                    "controllers are dense"
                );
                self.records.push(ControllerRecord {
                    name: Arc::clone(name),
                    is_running: true,
                    crashes: 0,
                    calls: 0,
                });
            }
            ControllerChange::Crashed(controller) => {
                let record = &mut self.records[controller.index()];
                assert!(record.is_running, "only what runs can crash");
                record.is_running = false;
                record.crashes += 1;
            }
            ControllerChange::Restarted(controller) => {
                let record = &mut self.records[controller.index()];
                assert!(!record.is_running, "what runs is not restarted");
                record.is_running = true;
            }
            ControllerChange::CallSent { controller, .. } => {
                self.records[controller.index()].calls += 1
            }
        }
    }
}
