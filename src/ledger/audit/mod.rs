//! Every running total, counted again from scratch and compared.

mod index;
mod indexed;
mod placement;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ids::{ClusterId, ContainerInstanceId, GroupId, LaunchId};
use crate::model::{Capabilities, LastStatus};

use super::cluster::Capacity;
use super::demand::Demand;
use super::host::HostPhase;
use super::{InstanceRecord, Ledger};

/// What the tasks wanted on one container instance add up to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Held {
    cpu: u64,
    memory: u64,
    gpus: u64,
    tcp: Vec<u16>,
    udp: Vec<u16>,
}

impl Held {
    fn add(&mut self, demand: &Demand) {
        self.cpu += u64::from(demand.cpu);
        self.memory += u64::from(demand.memory);
        self.gpus += u64::from(demand.gpus);
        self.tcp.extend(&demand.tcp);
        self.udp.extend(&demand.udp);
    }

    fn sorted(mut self) -> Self {
        self.tcp.sort_unstable();
        self.udp.sort_unstable();
        self
    }
}

/// Counts every running total of a ledger again.
///
/// # Errors
///
/// The first total that does not agree: what it is of, what was kept and what was counted.
pub fn audit(ledger: &Ledger) -> Result<(), String> {
    instances(ledger)?;
    hosts(ledger)?;
    clusters(ledger)?;
    groups(ledger)?;
    launches(ledger)?;
    index::definitions(ledger)?;
    index::listings(ledger)
}

/// Compares the indexes of every cluster's rows with a scan of what they follow from.
///
/// # Errors
///
/// The first that does not agree, and in what.
pub fn indexes(ledger: &Ledger) -> Result<(), String> {
    let mut clusters = ledger.clusters().iter();
    clusters.try_for_each(|(id, record)| placement::of_cluster(ledger, id, record))
}

fn compare<T: PartialEq + std::fmt::Debug>(
    what: impl FnOnce() -> String,
    kept: T,
    counted: T,
) -> Result<(), String> {
    if kept == counted {
        Ok(())
    } else {
        Err(format!("{}: kept {kept:?}, counted {counted:?}", what()))
    }
}

fn instances(ledger: &Ledger) -> Result<(), String> {
    let mut held: BTreeMap<ContainerInstanceId, Held> = BTreeMap::new();
    let mut counts: BTreeMap<ContainerInstanceId, (u32, u32)> = BTreeMap::new();
    let mut listed: BTreeMap<ContainerInstanceId, Vec<_>> = BTreeMap::new();
    let mut interfaces: BTreeMap<ContainerInstanceId, u64> = BTreeMap::new();
    for (task, record) in ledger.tasks() {
        let Some(on) = record.on else { continue };
        let (running, pending) = counts.entry(on).or_default();
        if record.is_wanted() {
            held.entry(on)
                .or_default()
                .add(&ledger.launch_of(record).demand);
            *running += 1;
        }
        *pending += u32::from(record.last_status == LastStatus::Pending);
        if !record.is_stopped() {
            listed.entry(on).or_default().push(task);
            let enis = ledger.launch_of(record).demand.enis;
            *interfaces.entry(on).or_default() += u64::from(enis);
        }
    }
    for (id, record) in ledger.instances().iter() {
        let held = held.remove(&id).unwrap_or_default().sorted();
        let (running, pending) = counts.remove(&id).unwrap_or_default();
        compare(
            || format!("tasks listed on {id}"),
            &record.tasks,
            &listed.remove(&id).unwrap_or_default(),
        )?;
        if !record.is_registered() {
            continue;
        }
        let enis = interfaces.remove(&id).unwrap_or_default();
        resources(ledger, (id, record), &held, enis)?;
        compare(|| format!("running tasks of {id}"), record.running, running)?;
        compare(|| format!("pending tasks of {id}"), record.pending, pending)?;
    }
    Ok(())
}

/// What is left on a registered container instance, given what its wanted tasks hold and the interfaces in use.
fn resources(
    ledger: &Ledger,
    (id, record): (ContainerInstanceId, &InstanceRecord),
    held: &Held,
    enis: u64,
) -> Result<(), String> {
    let (cpu, memory, gpus) = ledger.left_on(id, record);
    compare(
        || format!("cpu left on {id}"),
        u64::from(cpu) + held.cpu,
        u64::from(record.spec.cpu),
    )?;
    compare(
        || format!("memory left on {id}"),
        u64::from(memory) + held.memory,
        u64::from(record.spec.memory),
    )?;
    compare(
        || format!("gpus left on {id}"),
        u64::from(gpus) + held.gpus,
        record.spec.gpu_ids.len() as u64,
    )?;
    compare(
        || format!("network interfaces left on {id}"),
        u64::from(ledger.enis_left_on(id, record)) + enis,
        u64::from(record.spec.eni_slots),
    )?;
    compare(
        || format!("gpus given on {id}"),
        u64::from(record.gpus.count_ones()),
        held.gpus,
    )?;
    compare(
        || format!("tcp ports taken on {id}"),
        &record.tcp,
        &held.tcp,
    )?;
    compare(
        || format!("udp ports taken on {id}"),
        &record.udp,
        &held.udp,
    )?;
    Ok(())
}

fn hosts(ledger: &Ledger) -> Result<(), String> {
    let mut held: BTreeMap<ContainerInstanceId, Held> = BTreeMap::new();
    let mut queued: BTreeMap<ContainerInstanceId, usize> = BTreeMap::new();
    for (task, record) in ledger.hosts().tasks() {
        let Some(on) = record.on else { continue };
        match record.phase {
            HostPhase::Queued => *queued.entry(on).or_default() += 1,
            HostPhase::Active => {
                let launch = ledger.launch(record.launch);
                let launch =
                    launch.ok_or_else(|| format!("{task} is on a host without its launch"))?;
                held.entry(on).or_default().add(&launch.spec.demand);
            }
            HostPhase::Stopped => {}
        }
    }
    for (id, record) in ledger
        .instances()
        .iter()
        .filter(|(_, record)| record.is_registered())
    {
        let Some(host) = ledger.hosts().host(id) else {
            return Err(format!("{id} has no host"));
        };
        let held = held.remove(&id).unwrap_or_default().sorted();
        compare(
            || format!("cpu left on the host of {id}"),
            u64::from(host.cpu) + held.cpu,
            u64::from(record.spec.cpu),
        )?;
        compare(
            || format!("memory left on the host of {id}"),
            u64::from(host.memory) + held.memory,
            u64::from(record.spec.memory),
        )?;
        compare(
            || format!("tcp ports on the host of {id}"),
            &host.tcp,
            &held.tcp,
        )?;
        compare(
            || format!("udp ports on the host of {id}"),
            &host.udp,
            &held.udp,
        )?;
        compare(
            || format!("gpus held on the host of {id}"),
            u64::from(host.gpus.count_ones()),
            held.gpus,
        )?;
        compare(
            || format!("queue of {id}"),
            host.queue.len(),
            queued.remove(&id).unwrap_or_default(),
        )?;
    }
    Ok(())
}

fn clusters(ledger: &Ledger) -> Result<(), String> {
    let mut counts: BTreeMap<ClusterId, (u32, u32, u32)> = BTreeMap::new();
    let mut on_fargate: BTreeMap<ClusterId, (u32, u32)> = BTreeMap::new();
    for (_, record) in ledger.tasks() {
        let cluster = ledger.launch_of(record).cluster;
        if record.on.is_none() {
            let (running, pending) = on_fargate.entry(cluster).or_default();
            *running += u32::from(record.last_status == LastStatus::Running);
            *pending += u32::from(record.last_status == LastStatus::Pending);
        }
        let (running, pending, live) = counts.entry(cluster).or_default();
        *running += u32::from(record.last_status == LastStatus::Running);
        *pending += u32::from(record.last_status == LastStatus::Pending);
        *live += u32::from(!record.is_stopped());
    }
    for (id, record) in ledger.clusters().iter() {
        let counted = counts.remove(&id).unwrap_or_default();
        compare(
            || format!("running, pending and live tasks of {id}"),
            (record.running, record.pending, record.live),
            counted,
        )?;
        compare(
            || format!("running and pending tasks of {id} on Fargate"),
            (record.running_on_fargate, record.pending_on_fargate),
            on_fargate.remove(&id).unwrap_or_default(),
        )?;
        let registered: Vec<_> = ledger
            .instances()
            .iter()
            .filter(|(_, instance)| instance.spec.cluster == id && instance.is_registered())
            .map(|(instance, _)| instance)
            .collect();
        compare(
            || format!("rows of {id}"),
            &record.capacity.instances,
            &registered,
        )?;
        let capabilities = registered.iter().map(|instance| {
            let known = ledger.instance(*instance);
            known.map_or(Capabilities::NONE, |known| known.spec.capabilities)
        });
        let capabilities: Vec<_> = capabilities.collect();
        let limited = capabilities
            .iter()
            .filter(|capabilities| **capabilities != Capabilities::ALL);
        compare(
            || format!("rows of {id} that lack some capability"),
            record.capacity.limited as usize,
            limited.count(),
        )?;
        compare(
            || format!("capabilities in {id}"),
            &record.capacity.capabilities,
            &capabilities,
        )?;
        placement::of_cluster(ledger, id, record)?;
        for (row, instance) in registered.iter().enumerate() {
            let open = ledger
                .instance(*instance)
                .map_or(0, super::InstanceRecord::open_as);
            compare(
                || format!("open flag of {instance}"),
                record.capacity.open[row],
                open,
            )?;
            attributes(ledger, &record.capacity, row, *instance)?;
        }
    }
    Ok(())
}

/// The attribute values in a row, against those of the record.
fn attributes(
    ledger: &Ledger,
    capacity: &Capacity,
    row: usize,
    instance: ContainerInstanceId,
) -> Result<(), String> {
    let spec = ledger.instance(instance).map(|record| &record.spec);
    let known = spec.map_or(&[][..], |spec| &spec.attribute_values);
    let kept: BTreeMap<&str, &str> = capacity
        .attributes
        .iter()
        .filter_map(|(name, column)| Some((&**name, column.value(row)?)))
        .collect();
    let counted = known.iter().map(|(name, value)| (&**name, &**value));
    compare(
        || format!("attribute values of {instance}"),
        kept,
        counted.collect(),
    )
}

fn groups(ledger: &Ledger) -> Result<(), String> {
    let mut wanted: BTreeMap<GroupId, BTreeMap<ContainerInstanceId, u32>> = BTreeMap::new();
    let mut zones: BTreeMap<GroupId, BTreeMap<Arc<str>, u32>> = BTreeMap::new();
    for (task, record) in ledger.tasks().filter(|(_, record)| record.is_wanted()) {
        let group = ledger.launch_of(record).group;
        let interface = ledger
            .extras(task)
            .and_then(|extras| extras.interface.as_ref());
        if let Some(on) = record.on {
            *wanted.entry(group).or_default().entry(on).or_default() += 1;
        } else if let Some(zone) = interface.and_then(|interface| interface.zone.clone()) {
            *zones.entry(group).or_default().entry(zone).or_default() += 1;
        }
    }
    let mut launches: BTreeMap<GroupId, u32> = BTreeMap::new();
    for (_, launch) in ledger.launches() {
        *launches.entry(launch.spec.group).or_default() += 1;
    }
    for (id, record) in ledger.groups().iter() {
        compare(
            || format!("wanted tasks of {id}"),
            record.wanted.iter().collect::<Vec<_>>(),
            wanted.remove(&id).unwrap_or_default().into_iter().collect(),
        )?;
        let in_zones = record.zones.iter().filter(|(_, count)| *count > 0);
        compare(
            || format!("wanted tasks of {id} by zone"),
            in_zones.cloned().collect::<BTreeMap<_, _>>(),
            zones.remove(&id).unwrap_or_default(),
        )?;
        compare(
            || format!("launches of {id}"),
            record.launches,
            launches.remove(&id).unwrap_or_default(),
        )?;
    }
    compare(
        || "groups with wanted tasks but no record".to_owned(),
        wanted.len(),
        0,
    )
}

fn launches(ledger: &Ledger) -> Result<(), String> {
    let mut tasks: BTreeMap<LaunchId, u32> = BTreeMap::new();
    for (_, record) in ledger.tasks() {
        *tasks.entry(record.launch).or_default() += 1;
    }
    for (id, launch) in ledger.launches() {
        compare(
            || format!("tasks of {id}"),
            launch.tasks,
            tasks.remove(&id).unwrap_or_default(),
        )?;
    }
    Ok(())
}
