//! RegisterContainerInstance, DeregisterContainerInstance and UpdateContainerInstancesState.

use std::sync::Arc;

use serde::Deserialize;

use crate::agent;
use crate::ids::{ClusterId, ContainerInstanceId};
use crate::ledger::change::Change;
use crate::ledger::instance::{InstanceKind, InstanceSpec, ZONE, are_too_many, merged};
use crate::ledger::tags;
use crate::ledger::{Ctx, Effects, StoppedReason};
use crate::model::presets::{RESERVED_TCP, RESERVED_TCP_ON_WINDOWS};
use crate::model::{
    ApiError, Attribute, Capabilities, ContainerInstanceStatus, CreateCluster,
    DeregisterContainerInstance, EXTERNAL, Failure, FailureReason, PlatformDeviceType,
    RegisterContainerInstance, Resource, StopCode, UpdateContainerInstancesState, eni,
};

/// What is read of an instance identity document.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct IdentityDocument {
    instance_id: Option<String>,
    instance_type: Option<String>,
    availability_zone: Option<String>,
    image_id: Option<String>,
}

/// An agent registers its container instance, or comes back under its ARN.
///
/// The cluster `default` comes to be with its first container instance, as an account's does.
pub(crate) fn register(
    ctx: &Ctx<'_>,
    request: &RegisterContainerInstance,
    out: &mut Effects,
) -> Result<ContainerInstanceId, ApiError> {
    let is_default = request
        .cluster
        .as_deref()
        .is_none_or(|name| name == super::cluster::DEFAULT);
    let found = match ctx.ledger.resolve_cluster(request.cluster.as_deref()) {
        Err(_) if is_default => None,
        found => Some(found?),
    };
    if let Some(arn) = &request.container_instance_arn {
        return reregister(ctx, request, found, arn, out);
    }
    let (cluster, name) = match found {
        Some(cluster) => (cluster, Arc::clone(&ctx.ledger.cluster(cluster).spec.name)),
        None => {
            let cluster = super::cluster::create(ctx, &CreateCluster::default(), out);
            (cluster, Arc::from(super::cluster::DEFAULT))
        }
    };
    let instance = ctx.ledger.next_instance();
    let naming = &ctx.settings.naming;
    let arn = naming.container_instance_arn(&name, instance);
    let ec2 = naming.ec2_instance_id(instance);
    let mut spec = read_spec(request, cluster, arn.into(), ec2.into());
    within_quotas(&spec)?;
    spec.awsvpc_trunking = ctx.ledger.account_settings().awsvpc_trunking();
    spec.eni_slots = eni::awsvpc_slots(spec.attribute("ecs.instance-type"), spec.awsvpc_trunking);
    let spec = Arc::new(spec);
    super::hazard::described_anew(ctx, instance, &spec, out);
    out.change(Change::InstanceRegistered { instance, spec });
    Ok(instance)
}

/// Attributes of any kind that a container instance may register with: a limit of the simulator, not of ECS.
const ATTRIBUTES_MAX: usize = 240;

/// Refuses more attributes and more tags than an instance may have, those it had before counted.
fn within_quotas(spec: &InstanceSpec) -> Result<(), ApiError> {
    if spec.attributes.len() > ATTRIBUTES_MAX {
        let message = format!("attributes can have at most {ATTRIBUTES_MAX} items.");
        let count = spec.attributes.len();
        return Err(ApiError::invalid("attributes", count, message));
    }
    if are_too_many(&spec.attributes) {
        let message = "A container instance can have at most 10 custom attributes.";
        let count = spec.attributes.len();
        return Err(ApiError::invalid("attributes", count, message));
    }
    if tags::are_too_many(&spec.request.tags) {
        let message = "A resource can have at most 50 tags.";
        let count = spec.request.tags.len();
        return Err(ApiError::invalid("tags", count, message));
    }
    Ok(())
}

fn reregister(
    ctx: &Ctx<'_>,
    request: &RegisterContainerInstance,
    cluster: Option<ClusterId>,
    arn: &str,
    out: &mut Effects,
) -> Result<ContainerInstanceId, ApiError> {
    let naming = &ctx.settings.naming;
    let instance = cluster.and_then(|cluster| ctx.ledger.resolve_instance(naming, cluster, arn));
    let known = instance.and_then(|id| Some((id, ctx.ledger.instance(id)?)));
    let Some((instance, record)) = known.filter(|(_, record)| record.is_registered()) else {
        let message = "The referenced container instance was not found.";
        return Err(ApiError::client("containerInstanceArn", arn, message));
    };
    let mut spec = read_spec(
        request,
        record.spec.cluster,
        Arc::clone(&record.spec.arn),
        Arc::clone(&record.spec.ec2_instance_id),
    );
    let fixed = |spec: &InstanceSpec| (spec.cpu, spec.memory, spec.gpu_ids.clone());
    if fixed(&spec) != fixed(&record.spec) {
        let message = "Container instance type changes are not supported.";
        return Err(ApiError::client("totalResources", arn, message));
    }
    spec.set_attributes(merged(&record.spec.attributes, spec.attributes.clone()));
    spec.request.tags = tags::merged(&record.spec.request.tags, &request.tags);
    within_quotas(&spec)?;
    // Ports that running tasks hold must not become reserved under them.
    spec.reserved_tcp.clone_from(&record.spec.reserved_tcp);
    spec.reserved_udp.clone_from(&record.spec.reserved_udp);
    // The machine stays what it is, and so does what tasks use of it.
    spec.kind = record.spec.kind;
    spec.eni_slots = record.spec.eni_slots;
    spec.awsvpc_trunking = record.spec.awsvpc_trunking;
    super::hazard::described_anew(ctx, instance, &spec, out);
    out.change(Change::InstanceReregistered {
        instance,
        spec: Arc::new(spec),
    });
    super::fault::started(ctx, instance, out);
    agent::connection::reconnected(ctx, instance, out);
    Ok(instance)
}

fn read_spec(
    request: &RegisterContainerInstance,
    cluster: ClusterId,
    arn: Arc<str>,
    ec2_instance_id: Arc<str>,
) -> InstanceSpec {
    let document = request
        .instance_identity_document
        .as_deref()
        .unwrap_or("{}");
    let document: IdentityDocument = serde_json::from_str(document).unwrap_or_default();
    let attributes = attributes(request, &document);
    let windows = attributes
        .iter()
        .any(|known| *known.name == *"ecs.os-type" && known.value.as_deref() == Some("windows"));
    let reserved: &[u16] = if windows {
        &RESERVED_TCP_ON_WINDOWS
    } else {
        &RESERVED_TCP
    };
    let gpus = request
        .platform_devices
        .iter()
        .filter(|device| device.r#type == Some(PlatformDeviceType::Gpu));
    let mut spec = InstanceSpec {
        cluster,
        arn,
        ec2_instance_id: document.instance_id.map_or(ec2_instance_id, Arc::from),
        cpu: amount(request, "CPU"),
        memory: amount(request, "MEMORY"),
        gpu_ids: gpus.map(|device| Arc::from(device.id.as_str())).collect(),
        reserved_tcp: ports(request, "PORTS").unwrap_or_else(|| reserved.to_vec()),
        reserved_udp: ports(request, "PORTS_UDP").unwrap_or_default(),
        attributes: Vec::new(),
        attribute_values: Vec::new(),
        zone: None,
        kind: InstanceKind::Ec2,
        eni_slots: eni::UNLIMITED,
        capabilities: Capabilities::ALL,
        awsvpc_trunking: false,
        request: request.clone(),
    };
    spec.set_attributes(attributes);
    if spec.attributes.iter().any(|known| *known.name == *EXTERNAL) {
        spec.kind = InstanceKind::External;
    }
    spec
}

/// The caller's attributes and what the identity document tells; of two of one name the later counts.
fn attributes(request: &RegisterContainerInstance, document: &IdentityDocument) -> Vec<Attribute> {
    let told = [
        ("ecs.ami-id", &document.image_id),
        (ZONE, &document.availability_zone),
        ("ecs.instance-type", &document.instance_type),
    ];
    let told = told
        .into_iter()
        .filter_map(|(name, value)| Some(Attribute::new(name, value.as_deref()?)));
    merged(&[], told.chain(request.attributes.iter().cloned()))
}

fn resource<'a>(request: &'a RegisterContainerInstance, name: &str) -> Option<&'a Resource> {
    request
        .total_resources
        .iter()
        .find(|resource| resource.name == name)
}

fn amount(request: &RegisterContainerInstance, name: &str) -> u32 {
    let value = resource(request, name).and_then(|resource| resource.integer_value);
    value
        .and_then(|value| u32::try_from(value).ok())
        .unwrap_or(0)
}

fn ports(request: &RegisterContainerInstance, name: &str) -> Option<Vec<u16>> {
    let listed = resource(request, name)?.string_set_value.as_ref()?;
    let mut ports: Vec<u16> = listed.iter().filter_map(|port| port.parse().ok()).collect();
    ports.sort_unstable();
    ports.dedup();
    Some(ports)
}

/// Deregisters a container instance; with `force` its tasks are given up.
///
/// # Model
///
/// The containers of the tasks given up go on as orphans and keep what they hold of the host, until they end by themselves
/// or their task or their container instance is no longer described. The host gets no new tasks: an agent that comes back
/// registers as a new container instance.
pub(crate) fn deregister(
    ctx: &Ctx<'_>,
    request: &DeregisterContainerInstance,
    out: &mut Effects,
) -> Result<ContainerInstanceId, ApiError> {
    let cluster = ctx.ledger.resolve_cluster(request.cluster.as_deref())?;
    let text = &request.container_instance;
    let instance = ctx
        .ledger
        .resolve_instance(&ctx.settings.naming, cluster, text);
    let known = instance.and_then(|id| Some((id, ctx.ledger.instance(id)?)));
    let Some((instance, record)) = known.filter(|(_, record)| record.is_registered()) else {
        let message = "The referenced container instance was not found.";
        return Err(ApiError::invalid("containerInstance", text, message));
    };
    if !record.tasks.is_empty() && request.force != Some(true) {
        return Err(ApiError::invalid(
            "containerInstance",
            text,
            "Found running tasks on the instance.",
        ));
    }
    let why = (StopCode::UserInitiated, StoppedReason::DeregistrationForced);
    agent::loss::give_up_tasks(ctx, record, why, out);
    agent::loss::deregistered(instance, out);
    Ok(instance)
}

/// Starts or ends draining, instance by instance; what can't be done is told as failures.
pub(crate) fn update_state(
    ctx: &Ctx<'_>,
    request: &UpdateContainerInstancesState,
    out: &mut Effects,
) -> Result<(Vec<ContainerInstanceId>, Vec<Failure>), ApiError> {
    let cluster = ctx.ledger.resolve_cluster(request.cluster.as_deref())?;
    let to = match request.status {
        Some(status @ (ContainerInstanceStatus::Active | ContainerInstanceStatus::Draining)) => {
            status
        }
        other => {
            let value = other.map_or("", ContainerInstanceStatus::as_str);
            let message = "Container instance status should be one of [ACTIVE, DRAINING]";
            return Err(ApiError::invalid("status", value, message));
        }
    };
    let mut changed: Vec<ContainerInstanceId> = Vec::new();
    let mut failures = Vec::new();
    for text in &request.container_instances {
        let instance = ctx
            .ledger
            .resolve_instance(&ctx.settings.naming, cluster, text);
        match instance.and_then(|id| Some((id, ctx.ledger.instance(id)?))) {
            None => failures.push(Failure::new(
                missing_arn(ctx, cluster, text),
                FailureReason::Missing,
            )),
            Some((_, record)) if !record.is_registered() => {
                failures.push(Failure::new(
                    Arc::clone(&record.spec.arn),
                    FailureReason::Inactive,
                ));
            }
            Some((instance, record)) => {
                if record.status != to && !changed.contains(&instance) {
                    out.change(Change::InstanceStatusChanged { instance, to });
                }
                changed.push(instance);
            }
        }
    }
    Ok((changed, failures))
}

/// The ARN under which a failure names a container instance that is not known.
pub(crate) fn missing_arn(ctx: &Ctx<'_>, cluster: ClusterId, text: &str) -> Arc<str> {
    if text.starts_with("arn:") {
        return Arc::from(text);
    }
    let naming = &ctx.settings.naming;
    let name = &ctx.ledger.cluster(cluster).spec.name;
    Arc::from(format!(
        "arn:aws:ecs:{}:{}:container-instance/{name}/{text}",
        naming.region(),
        naming.account_id()
    ))
}
