//! Controllers that live inside the simulation.

use crate::client::{ClientOptions, Controller};
use crate::ids::ControllerId;
use crate::model::ProfileError;

use super::Simulation;

impl Simulation {
    /// Brings a controller in and starts it, with a client as the profile and [`ClientOptions::default`] have it.
    ///
    /// # Panics
    ///
    /// When there are 65,536 already.
    pub fn add_controller(&mut self, controller: impl Controller + 'static) -> ControllerId {
        self.add_controller_with(controller, ClientOptions::default())
            .expect("the default options set no latency")
    }

    /// Likewise, with a client of its own.
    ///
    /// # Errors
    ///
    /// When a latency of the options can't be drawn; nothing has changed then.
    ///
    /// # Panics
    ///
    /// When there are 65,536 already.
    pub fn add_controller_with(
        &mut self,
        controller: impl Controller + 'static,
        options: ClientOptions,
    ) -> Result<ControllerId, ProfileError> {
        self.engine.add_controller(Box::new(controller), options)
    }

    /// A controller with what it remembers; `None` while it is crashed.
    #[must_use]
    pub fn controller(&self, controller: ControllerId) -> Option<&(dyn Controller + 'static)> {
        self.engine.controller(controller)
    }

    /// Has a controller crash: its memory, its timers and its subscriptions are gone, and nobody waits for its answers. A
    /// call that has left reaches ECS all the same; one that was to be made again is not. Whether the controller ran.
    pub fn crash_controller(&mut self, controller: ControllerId) -> bool {
        self.engine.crash_controller(controller, None)
    }

    /// Has a crashed controller begin again, with the memory it was added with. Whether it was crashed.
    pub fn restart_controller(&mut self, controller: ControllerId) -> bool {
        self.engine.restart_controller(controller, None)
    }
}
