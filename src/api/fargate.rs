//! Tasks on Fargate: no container instance, no scheduler; each is put into a zone of its subnets.

use std::sync::Arc;
use std::time::Duration;

use crate::ids::{LaunchId, TaskId};
use crate::ledger::change::Change;
use crate::ledger::launch::FargatePlatform;
use crate::ledger::{Ctx, Effects, Event, GroupRecord};
use crate::model::presets::STORAGE_GIB;
use crate::model::{
    ApiError, AttachmentStatus, Compatibility, CpuArchitecture, LaunchType, OsFamily, Problem,
    TaskDefinition, TaskOverride,
};

use super::launch::Prepared;
use super::network;

/// Platform versions that can be asked for: on Linux, and on Windows; the first of each is `LATEST` (developer guide,
/// page *platform_versions*).
const ON_LINUX: [&str; 2] = ["1.4.0", "1.3.0"];
const ON_WINDOWS: [&str; 1] = ["1.0.0"];

/// What tasks of a definition run on, with these overrides.
pub(super) fn platform(
    definition: &TaskDefinition,
    overrides: Option<&TaskOverride>,
) -> FargatePlatform {
    let platform = definition.runtime_platform.as_ref();
    let processor = match platform.and_then(|platform| platform.cpu_architecture) {
        Some(CpuArchitecture::Arm64) => "arm64",
        Some(CpuArchitecture::X86_64) | None => "x86_64",
    };
    let storage = overrides.and_then(|overrides| overrides.ephemeral_storage.as_ref());
    let storage = storage.or(definition.ephemeral_storage.as_ref());
    FargatePlatform {
        family: family(definition),
        processor,
        storage_gib: storage.map_or(STORAGE_GIB, |storage| storage.size_in_gib),
    }
}

/// The operating system as `platformFamily` spells it: words with capitals, joined by underscores.
fn family(definition: &TaskDefinition) -> String {
    let platform = definition.runtime_platform.as_ref();
    let family = platform.and_then(|platform| platform.operating_system_family);
    let words = family.unwrap_or(OsFamily::Linux).as_str().split('_');
    let capital = |word: &str| {
        let (first, rest) = word.split_at(1);
        format!("{first}{}", rest.to_ascii_lowercase())
    };
    words.map(capital).collect::<Vec<_>>().join("_")
}

/// The platform version that a request means for a task definition.
///
/// # Errors
///
/// `InvalidParameterException` when the definition is not valid for Fargate, `PlatformUnknownException` for a version
/// that there isn't, `PlatformTaskDefinitionIncompatibilityException` for one that can't run the definition.
pub(super) fn platform_version(
    asked: Option<&str>,
    definition: &TaskDefinition,
) -> Result<String, ApiError> {
    if !definition.compatibilities.contains(&Compatibility::Fargate) {
        let message = "Task definition does not support launch_type FARGATE.";
        return Err(ApiError::invalid(
            "launchType",
            LaunchType::Fargate,
            message,
        ));
    }
    let platform = definition.runtime_platform.as_ref();
    let family = platform.and_then(|platform| platform.operating_system_family);
    let versions: &[&str] = match family {
        None | Some(OsFamily::Linux) => &ON_LINUX,
        Some(_) => &ON_WINDOWS,
    };
    let version = match asked {
        None | Some("LATEST") => versions[0],
        Some(asked) => asked,
    };
    if !versions.contains(&version) {
        let message = format!("The platform version {version} does not exist.");
        return Err(ApiError::PlatformUnknown(Problem::about(
            "platformVersion",
            version,
            message,
        )));
    }
    match needs_latest(definition) {
        Some(what) if version == "1.3.0" => {
            let message =
                format!("Platform version 1.3.0 does not support {what}: use 1.4.0 or LATEST.");
            Err(ApiError::PlatformTaskDefinitionIncompatibility(
                Problem::about("platformVersion", version, message),
            ))
        }
        _ => Ok(version.to_owned()),
    }
}

/// What of a definition came with platform version 1.4.0 on Linux (API reference of `RegisterTaskDefinition`).
fn needs_latest(definition: &TaskDefinition) -> Option<&'static str> {
    let cpu: Option<u32> = definition.cpu.as_deref().and_then(|cpu| cpu.parse().ok());
    if cpu >= Some(8_192) {
        return Some("8 vCPU or more");
    }
    if definition.pid_mode.is_some() {
        return Some("pidMode");
    }
    definition
        .ephemeral_storage
        .is_some()
        .then_some("ephemeralStorage")
}

/// Starts `count` tasks, spread over the zones of the subnets by the number of tasks of their group.
///
/// # Model
///
/// There is always room: neither the vCPU quota nor a zone's capacity is counted. (API reference of `RunTask`: placement
/// strategies and constraints do not apply; tasks are spread over zones as well as can be.)
pub(super) fn place_all(
    ctx: &Ctx<'_>,
    prepared: &Prepared,
    first: TaskId,
    count: u32,
    out: &mut Effects,
) {
    let mut opened = None;
    let group = prepared.known_group();
    let group = group.and_then(|group| ctx.ledger.groups().get(group));
    let mut placed: Vec<Arc<str>> = Vec::new();
    for number in first.number()..first.number().saturating_add(count) {
        let task = TaskId::new(number);
        let launch = prepared.launch_of(ctx, task, &mut opened, out);
        let zone = place(ctx, prepared, launch, task, (group, &placed), out);
        placed.push(zone);
    }
}

fn place(
    ctx: &Ctx<'_>,
    prepared: &Prepared,
    launch: LaunchId,
    task: TaskId,
    (group, placed): (Option<&GroupRecord>, &[Arc<str>]),
    out: &mut Effects,
) -> Arc<str> {
    let tasks_in = |zone: &str| {
        let before = placed.iter().filter(|known| ***known == *zone).count();
        let before = u32::try_from(before).expect("a request asks for few tasks");
        group.map_or(0, |group| group.in_zone(zone)) + before
    };
    let subnets = network::subnets(prepared.spec());
    let (subnet, zone) = network::subnet_on_fargate(ctx, subnets, task, tasks_in);
    out.change(Change::TaskPlaced {
        task,
        launch,
        on: None,
    });
    out.change(Change::InterfaceAsked {
        task,
        subnet,
        zone: Some(Arc::clone(&zone)),
    });
    let to = AttachmentStatus::Attaching;
    out.after(Duration::ZERO, Event::InterfaceDue(task, to));
    zone
}
