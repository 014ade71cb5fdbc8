//! How faults end: after a time of their own, or by another fault.

use std::time::Duration;

use crate::model::Fault;

/// For how long a fault says that it lasts, to be changed; `None` when it says nothing of that.
pub(crate) fn lasting_mut(fault: &mut Fault) -> Option<&mut Duration> {
    match fault {
        Fault::AgentRestart { lasting, .. }
        | Fault::PullFail { lasting, .. }
        | Fault::Throttle { lasting, .. }
        | Fault::ServerError { lasting, .. }
        | Fault::ReadLag { lasting, .. }
        | Fault::Slow { lasting, .. }
        | Fault::Partition { lasting, .. }
        | Fault::MessageLoss { lasting, .. }
        | Fault::MessageRepeat { lasting, .. }
        | Fault::MessageReorder { lasting, .. }
        | Fault::EventLoss { lasting, .. }
        | Fault::EventRepeat { lasting, .. }
        | Fault::EventReorder { lasting, .. }
        | Fault::ClockSkew { lasting, .. }
        | Fault::RegistryOutage { lasting, .. }
        | Fault::EniAttachFail { lasting, .. } => Some(lasting),
        _ => None,
    }
}

/// The fault that undoes another; `None` when there is none.
pub(crate) fn undoing(fault: &Fault) -> Option<Fault> {
    Some(match fault.clone() {
        Fault::AgentDisconnect { container_instance } => {
            Fault::AgentReconnect { container_instance }
        }
        Fault::InstanceHealthFail {
            container_instance, ..
        } => Fault::InstanceHealthRecover { container_instance },
        Fault::InstanceStop { container_instance } => Fault::InstanceStart { container_instance },
        Fault::ZoneOutage { zone } => Fault::ZoneRecovery { zone },
        Fault::Outage { on } => Fault::Recovery { on },
        Fault::HealthFail { task, container } => Fault::HealthRecover { task, container },
        Fault::ControllerCrash { controller } => Fault::ControllerRestart { controller },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_impaired_container_instance_is_found_well_again() {
        let container_instance = "i".to_owned();
        let impaired = Fault::InstanceHealthFail {
            container_instance: container_instance.clone(),
            repair: true,
        };
        let well = Fault::InstanceHealthRecover { container_instance };
        assert_eq!(undoing(&impaired), Some(well.clone()));
        assert_eq!(undoing(&well), None);
    }
}
