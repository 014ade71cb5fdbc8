//! Requests about clusters and container instances.

use std::collections::BTreeSet;

use crate::model::{
    ApiError, ContainerInstanceStatus, CreateCluster, DeleteCluster, DeregisterContainerInstance,
    DescribeClusters, DescribeContainerInstances, ListClusters, ListContainerInstances,
    RegisterContainerInstance, Resource, UpdateContainerInstancesState,
};

use super::run_task::capacity_provider_strategy;
use super::{attribute, is_name, items, max_results, present, tags};

/// Devices of a container instance: a limit of the simulator, not of ECS.
const DEVICES_MAX: usize = 64;

/// Refuses a name that a cluster can't have, and wrong labels and capacity providers.
pub(crate) fn create_cluster(request: &CreateCluster) -> Result<(), ApiError> {
    if let Some(name) = request
        .cluster_name
        .as_deref()
        .filter(|name| !is_name(name))
    {
        let message = "A cluster name must have 1 to 255 letters, digits, hyphens and underscores.";
        return Err(ApiError::invalid("clusterName", name, message));
    }
    tags(&request.tags)?;
    items("capacityProviders", request.capacity_providers.len(), 20)?;
    capacity_provider_strategy(&request.default_capacity_provider_strategy)
}

/// Refuses a `DeleteCluster` without a cluster.
pub(crate) fn delete_cluster(request: &DeleteCluster) -> Result<(), ApiError> {
    present("cluster", &request.cluster)
}

/// Refuses a `DescribeClusters` of more than 100.
pub(crate) fn describe_clusters(request: &DescribeClusters) -> Result<(), ApiError> {
    items("clusters", request.clusters.len(), 100)
}

/// Refuses a wrong page size.
pub(crate) fn list_clusters(request: &ListClusters) -> Result<(), ApiError> {
    max_results(request.max_results)
}

/// Refuses resources, attributes, devices and labels that a container instance can't have.
///
/// An absent resource is 0: a machine that offers nothing may register.
pub(crate) fn register_container_instance(
    request: &RegisterContainerInstance,
) -> Result<(), ApiError> {
    let mut names = BTreeSet::new();
    for resource in &request.total_resources {
        self::resource(resource)?;
        if !names.insert(resource.name.as_str()) {
            let message = format!("The resource {} is given more than once.", resource.name);
            return Err(ApiError::invalid("totalResources", &resource.name, message));
        }
    }
    request.attributes.iter().try_for_each(attribute)?;
    items(
        "platformDevices",
        request.platform_devices.len(),
        DEVICES_MAX,
    )?;
    let mut devices = BTreeSet::new();
    for device in &request.platform_devices {
        present("platformDevices.id", &device.id)?;
        if !devices.insert(device.id.as_str()) {
            let message = format!("The device {} is given more than once.", device.id);
            return Err(ApiError::invalid("platformDevices", &device.id, message));
        }
    }
    tags(&request.tags)
}

fn resource(resource: &Resource) -> Result<(), ApiError> {
    let wrong =
        |value: &str, message: &str| Err(ApiError::invalid("totalResources", value, message));
    match resource.name.as_str() {
        "CPU" | "MEMORY" => match resource.integer_value {
            Some(amount) if amount >= 0 => Ok(()),
            Some(amount) => wrong(&amount.to_string(), "CPU and MEMORY cannot be negative."),
            None => wrong(&resource.name, "CPU and MEMORY need an integerValue."),
        },
        "PORTS" | "PORTS_UDP" => {
            let ports = resource.string_set_value.as_deref().unwrap_or_default();
            match ports
                .iter()
                .find(|port| !port.parse::<u16>().is_ok_and(|port| port > 0))
            {
                Some(port) => wrong(
                    port,
                    "PORTS and PORTS_UDP are sets of numbers from 1 to 65535.",
                ),
                None => Ok(()),
            }
        }
        "" => wrong("", "A resource needs a name."),
        _ => Ok(()),
    }
}

/// Refuses a `DeregisterContainerInstance` without a container instance.
pub(crate) fn deregister_container_instance(
    request: &DeregisterContainerInstance,
) -> Result<(), ApiError> {
    present("containerInstance", &request.container_instance)
}

/// Refuses a `DescribeContainerInstances` of none or of more than 100.
pub(crate) fn describe_container_instances(
    request: &DescribeContainerInstances,
) -> Result<(), ApiError> {
    some_instances(&request.container_instances, 100)
}

/// Refuses a wrong page size, and a status that isn't listed.
pub(crate) fn list_container_instances(request: &ListContainerInstances) -> Result<(), ApiError> {
    max_results(request.max_results)?;
    match request.status {
        Some(ContainerInstanceStatus::Inactive) => {
            let message = "Container instances that are INACTIVE are not listed.";
            Err(ApiError::invalid(
                "status",
                ContainerInstanceStatus::Inactive,
                message,
            ))
        }
        _ => Ok(()),
    }
}

/// Refuses an `UpdateContainerInstancesState` of none or of more than 10, or to a status of ECS's own.
pub(crate) fn update_container_instances_state(
    request: &UpdateContainerInstancesState,
) -> Result<(), ApiError> {
    some_instances(&request.container_instances, 10)?;
    match request.status {
        Some(ContainerInstanceStatus::Active | ContainerInstanceStatus::Draining) => Ok(()),
        other => {
            let value = other.map_or("", ContainerInstanceStatus::as_str);
            let message = "Container instance status should be one of [ACTIVE, DRAINING]";
            Err(ApiError::invalid("status", value, message))
        }
    }
}

fn some_instances(ids: &[String], max: usize) -> Result<(), ApiError> {
    if ids.is_empty() {
        return Err(ApiError::invalid(
            "containerInstances",
            0,
            "Container instances cannot be empty.",
        ));
    }
    if ids.len() > max {
        let message = format!("instanceIds can have at most {max} items.");
        return Err(ApiError::invalid("containerInstances", ids.len(), message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check_invalid, check_refused};
    use super::*;
    use crate::model::PlatformDevice;

    #[test]
    fn a_cluster_name_is_a_name() {
        assert_eq!(create_cluster(&CreateCluster::default()), Ok(()));
        assert_eq!(create_cluster(&CreateCluster::new("a_B-9")), Ok(()));
        for wrong in ["", "a b", "a/b", &"a".repeat(256)] {
            check_invalid(create_cluster(&CreateCluster::new(wrong)), "clusterName");
        }
    }

    #[test]
    fn labels_and_capacity_providers_of_a_cluster_are_checked() {
        check_invalid(
            create_cluster(&CreateCluster::new("a").tag("", "")),
            "tags.key",
        );
        let capacity_providers = vec!["p".to_owned(); 21];
        check_invalid(
            create_cluster(&CreateCluster {
                capacity_providers,
                ..Default::default()
            }),
            "capacityProviders",
        );
        let default_capacity_provider_strategy = vec![Default::default()];
        let request = CreateCluster {
            default_capacity_provider_strategy,
            ..Default::default()
        };
        check_invalid(
            create_cluster(&request),
            "capacityProviderStrategy.capacityProvider",
        );
    }

    #[test]
    fn a_cluster_to_delete_is_named() {
        assert_eq!(delete_cluster(&DeleteCluster::new("a")), Ok(()));
        check_invalid(delete_cluster(&DeleteCluster::default()), "cluster");
    }

    #[test]
    fn up_to_100_clusters_are_described() {
        assert_eq!(describe_clusters(&DescribeClusters::default()), Ok(()));
        check_invalid(
            describe_clusters(&DescribeClusters::new(vec!["a"; 101])),
            "clusters",
        );
        check_invalid(
            list_clusters(&ListClusters::new().max_results(101)),
            "maxResults",
        );
    }

    #[test]
    fn resources_are_amounts_and_sets_of_ports_named_once() {
        let request = || RegisterContainerInstance::new("c");
        let ports = Resource::string_set("PORTS", ["22", "65535"]);
        let gpus = Resource::string_set("GPU", ["gpu-0"]);
        assert_eq!(
            register_container_instance(&request().cpu(0).memory(1).resource(ports).resource(gpus)),
            Ok(())
        );
        for wrong in [
            request().cpu(-1),
            request().resource(Resource {
                integer_value: None,
                ..Resource::integer("MEMORY", 1)
            }),
            request().cpu(1).cpu(1),
            request().resource(Resource::default()),
            request().resource(Resource::string_set("PORTS", ["0"])),
            request().resource(Resource::string_set("PORTS_UDP", ["http"])),
        ] {
            check_invalid(register_container_instance(&wrong), "totalResources");
        }
    }

    #[test]
    fn attributes_are_well_formed() {
        let check = |name: &str, value: &str| {
            register_container_instance(&RegisterContainerInstance::new("c").attribute(name, value))
        };
        assert_eq!(
            check("com.amazonaws.ecs.capability/a_b\\c-1", "a b:c@d"),
            Ok(())
        );
        for wrong in ["", "a b", "a:b", &"a".repeat(129)] {
            check_invalid(check(wrong, "x"), "attributes.name");
        }
        for wrong in ["", " a", "a ", "a,b", &"a".repeat(129)] {
            check_invalid(check("a", wrong), "attributes.value");
        }
    }

    #[test]
    fn devices_have_ids_of_their_own() {
        let request = || RegisterContainerInstance::new("c").gpu("0");
        assert_eq!(register_container_instance(&request().gpu("1")), Ok(()));
        check_invalid(
            register_container_instance(&request().gpu("0")),
            "platformDevices",
        );
        let mut nameless = request();
        nameless.platform_devices.push(PlatformDevice::default());
        check_invalid(register_container_instance(&nameless), "platformDevices.id");
        let many = (0..65).fold(RegisterContainerInstance::new("c"), |request, id| {
            request.gpu(id.to_string())
        });
        check_invalid(register_container_instance(&many), "platformDevices");
    }

    #[test]
    fn a_container_instance_to_deregister_is_named() {
        assert_eq!(
            deregister_container_instance(&DeregisterContainerInstance::new("i")),
            Ok(())
        );
        check_invalid(
            deregister_container_instance(&DeregisterContainerInstance::default()),
            "containerInstance",
        );
    }

    #[test]
    fn one_to_100_container_instances_are_described() {
        assert_eq!(
            describe_container_instances(&DescribeContainerInstances::new(vec!["i"; 100])),
            Ok(())
        );
        check_invalid(
            describe_container_instances(&DescribeContainerInstances::default()),
            "containerInstances",
        );
        let text = "instanceIds can have at most 100 items.";
        let many = DescribeContainerInstances::new(vec!["i"; 101]);
        check_refused(
            describe_container_instances(&many),
            "InvalidParameterException",
            text,
        );
    }

    #[test]
    fn inactive_container_instances_are_not_listed() {
        let request = ListContainerInstances::new();
        assert_eq!(
            list_container_instances(&request.clone().status(ContainerInstanceStatus::Draining)),
            Ok(())
        );
        check_invalid(
            list_container_instances(&request.clone().status(ContainerInstanceStatus::Inactive)),
            "status",
        );
        check_invalid(
            list_container_instances(&request.max_results(0)),
            "maxResults",
        );
    }

    #[test]
    fn callers_choose_between_active_and_draining() {
        let request = |status| UpdateContainerInstancesState::new(["i"], status);
        assert_eq!(
            update_container_instances_state(&request(ContainerInstanceStatus::Draining)),
            Ok(())
        );
        let text = "Container instance status should be one of [ACTIVE, DRAINING]";
        let wrong = request(ContainerInstanceStatus::Registering);
        check_refused(
            update_container_instances_state(&wrong),
            "InvalidParameterException",
            text,
        );
        let absent = UpdateContainerInstancesState {
            status: None,
            ..wrong
        };
        check_refused(
            update_container_instances_state(&absent),
            "InvalidParameterException",
            text,
        );
    }

    #[test]
    fn one_to_10_container_instances_change_state() {
        let request = |count| {
            UpdateContainerInstancesState::new(vec!["i"; count], ContainerInstanceStatus::Active)
        };
        assert_eq!(update_container_instances_state(&request(10)), Ok(()));
        check_invalid(
            update_container_instances_state(&request(0)),
            "containerInstances",
        );
        let text = "instanceIds can have at most 10 items.";
        check_refused(
            update_container_instances_state(&request(11)),
            "InvalidParameterException",
            text,
        );
    }
}
