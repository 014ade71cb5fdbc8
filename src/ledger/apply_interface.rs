//! Network interfaces of tasks come and go.

use std::sync::Arc;

use crate::ids::TaskId;
use crate::model::AttachmentStatus;
use crate::time::SimTime;

use super::Ledger;
use super::task::{Interface, Moment};

impl Ledger {
    pub(super) fn interface_asked(&mut self, task: TaskId, subnet: u16, zone: Option<&Arc<str>>) {
        if let Some(zone) = zone {
            let record = self.task(task).expect("changes are about known tasks");
            let group = self.launch_of(record).group;
            let group = self.groups.records.get_mut(group.number());
            let group = group.expect("a group stays while a launch belongs to it");
            group.enter_zone(zone);
        }
        let interface = &mut self.extras.entry(task).or_default().interface;
        assert!(interface.is_none(), "a task has one network interface");
        *interface = Some(Interface {
            status: AttachmentStatus::Precreated,
            subnet,
            zone: zone.cloned(),
            connected_at: Moment::NEVER,
        });
    }

    pub(super) fn interface_moved(&mut self, now: SimTime, task: TaskId, to: AttachmentStatus) {
        self.touched(task);
        let extras = self.extras.get_mut(&task);
        let interface = extras.and_then(|extras| extras.interface.as_mut());
        let interface = interface.expect("an interface is asked for before it moves");
        assert!(interface.status < to, "an interface never goes back");
        interface.status = to;
        if to == AttachmentStatus::Attached {
            interface.connected_at = now.into();
        }
    }
}
