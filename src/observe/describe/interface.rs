//! The network interface of a task as ECS shows it: an attachment of the task, and an address of each container.

use std::sync::Arc;

use crate::arn::IdKind;
use crate::ids::TaskId;
use crate::ledger::LaunchSpec;
use crate::ledger::task::Interface;
use crate::model::{Attachment, AttachmentStatus, KeyValuePair, NetworkInterface, Settings};

/// What ECS calls the kind of attachment.
const KIND: &str = "ElasticNetworkInterface";

/// The attachment of a task.
///
/// # Model
///
/// Addresses are made up from the number of the task: `10.0.0.0/8` stands for every VPC.
pub(super) fn attachment(
    settings: &Settings,
    task: TaskId,
    interface: &Interface,
    launch: &LaunchSpec,
) -> Attachment {
    let mut details = Vec::new();
    let subnets = launch.echo.network_configuration.as_ref();
    let subnets = subnets.and_then(|network| network.awsvpc_configuration.as_ref());
    if let Some(subnet) =
        subnets.and_then(|awsvpc| awsvpc.subnets.get(usize::from(interface.subnet)))
    {
        details.push(KeyValuePair::new("subnetId", subnet.as_str()));
    }
    if has_address(interface) {
        let [_, a, b, c] = task.number().to_be_bytes();
        let address = address(task);
        details.extend([
            KeyValuePair::new("networkInterfaceId", settings.naming.interface_id(task)),
            KeyValuePair::new("macAddress", format!("0a:00:0a:{a:02x}:{b:02x}:{c:02x}")),
            KeyValuePair::new(
                "privateDnsName",
                format!("ip-{}.ec2.internal", address.replace('.', "-")),
            ),
            KeyValuePair::new("privateIPv4Address", address),
        ]);
    }
    Attachment {
        id: attachment_id(settings, task),
        r#type: Arc::from(KIND),
        status: Some(interface.status),
        details,
    }
}

/// The interface as each container of the task has it.
pub(super) fn of_container(
    settings: &Settings,
    task: TaskId,
    interface: &Interface,
) -> NetworkInterface {
    NetworkInterface {
        attachment_id: Some(attachment_id(settings, task)),
        private_ipv4_address: has_address(interface).then(|| address(task)),
        ipv6_address: None,
    }
}

fn attachment_id(settings: &Settings, task: TaskId) -> String {
    settings.naming.uuid(IdKind::Attachment, task.number(), 0)
}

/// An interface has addresses from its creation on; one that failed never got so far.
fn has_address(interface: &Interface) -> bool {
    !matches!(
        interface.status,
        AttachmentStatus::Precreated | AttachmentStatus::Failed
    )
}

fn address(task: TaskId) -> String {
    let [_, a, b, c] = task.number().to_be_bytes();
    format!("10.{a}.{b}.{c}")
}
