//! From an event to its handler.

use crate::agent::{connection, containers, health, loss, memory, power, task};
use crate::api::hazard;
use crate::control::{interface, report, retention};
use crate::ledger::Event;
use crate::ledger::host::Power;

use super::Engine;

impl Engine {
    /// Lets the handler of an event decide, and commits.
    pub(super) fn dispatch(&mut self, event: Event) {
        let (ctx, out, _) = self.parts();
        match event {
            Event::Input(number) => return self.take_input(number, &event),
            Event::StateChangeDue(delivery) => return self.deliver(delivery, &event),
            Event::MessageResent(..) => return self.send_again(&event),
            Event::FaultDue(row, nth) => return self.take_planned(row, nth, &event),
            Event::ControllerWoken(..)
            | Event::CallArrived(..)
            | Event::CallAnswered(..)
            | Event::CallTimedOut(..) => return self.controller_event(&event),
            Event::PayloadDelivered(id) => task::payload_delivered(&ctx, id, out),
            Event::TaskActivated(id) => report::task_activated(&ctx, id, out),
            Event::StopSent(id) => report::stop_sent(&ctx, id, out),
            Event::TaskDeactivated(id) => report::task_deactivated(&ctx, id, out),
            Event::StopDelivered(id) => task::stop_delivered(&ctx, id, out),
            Event::InterfaceDue(id, to) => interface::due(&ctx, id, to, out),
            Event::PullEnded(id, container) => containers::pull_ended(&ctx, id, container, out),
            Event::ContainerCreated(id, container) => {
                containers::container_created(&ctx, id, container, out)
            }
            Event::StartTimedOut(id, container) => {
                containers::start_timed_out(&ctx, id, container, out)
            }
            Event::MemoryShort(id, container) => memory::short(&ctx, id, container, out),
            Event::HealthJudged(id, container) => health::judged(&ctx, id, container, out),
            Event::HealthReported(id, container) => {
                report::health_reported(&ctx, id, container, out)
            }
            Event::ContainerStarted(id, container) => {
                containers::container_started(&ctx, id, container, out)
            }
            Event::ContainerExited(id, container) => {
                containers::container_exited(&ctx, id, container, out)
            }
            Event::ContainerStopped(id, container) => {
                containers::container_stopped(&ctx, id, container, out)
            }
            Event::TaskReported(id, what) => report::task_reported(&ctx, id, what, out),
            Event::ContainerReported(id, _) => report::containers_reported(&ctx, id, out),
            Event::HostLost(id, halt) => loss::host_lost(&ctx, id, halt, out),
            Event::HostReclaimed(id) => power::halted(&ctx, id, Power::Terminated, out),
            Event::ContainerKilled(id, container) => {
                containers::container_killed(&ctx, id, container, out)
            }
            Event::HazardOver(number) | Event::CutOver(number) => hazard::over(&ctx, number, out),
            Event::SilenceNoticed(id, number) => hazard::silence_noticed(&ctx, id, number, out),
            Event::LinkRestored(id) => connection::link_restored(&ctx, id, out),
            Event::DrainAsked(id) => power::drain_asked(&ctx, id, out),
            Event::AgentBack(id) => connection::reconnected(&ctx, id, out),
            Event::TaskExpired(id) => retention::task_expired(&ctx, id, out),
            Event::ContainerInstanceExpired(id) => {
                retention::container_instance_expired(&ctx, id, out)
            }
        }
        self.commit_here(Some(&event));
    }
}
