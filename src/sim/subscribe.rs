//! Being told of state changes.

use crate::engine::announce::ToldEvent;
use crate::ids::SubscriptionId;
use crate::model::{Delivery, EventPattern, ProfileError};

use super::Simulation;

impl Simulation {
    /// Has changes of tasks and container instances told as EventBridge would, from now on: see
    /// [`StateChangeEvent`](crate::model::StateChangeEvent).
    ///
    /// An event reaches its subscriber when the simulation is driven, and waits there until it
    /// [is taken](Self::take_state_changes). While one is on its way the simulation is not at rest.
    ///
    /// ```
    /// use std::time::Duration;
    /// use wavetank::Simulation;
    /// use wavetank::model::{Delivery, EventPattern, RegisterContainerInstance};
    ///
    /// let mut sim = Simulation::builder().build()?;
    /// let machines = sim.subscribe(EventPattern::container_instances(), Delivery::ideal())?;
    /// sim.register_container_instance(RegisterContainerInstance::default().cpu(1024).memory(1024))?;
    /// assert!(sim.take_state_changes(machines).is_empty());
    /// sim.settle(Duration::from_secs(1))?;
    /// let told = sim.take_state_changes(machines);
    /// assert_eq!(told[0].event.detail_type(), "ECS Container Instance State Change");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When no draw can follow the delay; nothing has changed then.
    pub fn subscribe(
        &mut self,
        pattern: EventPattern,
        delivery: Delivery,
    ) -> Result<SubscriptionId, ProfileError> {
        self.engine.subscribe(pattern, delivery)
    }

    /// Ends a subscription; what was on its way and what was not taken is lost. Whether there was one.
    pub fn unsubscribe(&mut self, subscription: SubscriptionId) -> bool {
        self.engine.unsubscribe(subscription)
    }

    /// What reached a subscriber since this was last asked, in the order in which it did; nothing for one that is gone.
    pub fn take_state_changes(&mut self, subscription: SubscriptionId) -> Vec<ToldEvent> {
        self.engine.take_state_changes(subscription)
    }
}
