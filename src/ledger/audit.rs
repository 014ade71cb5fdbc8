//! Every running total, counted again from scratch and compared.

use std::collections::BTreeMap;

use crate::ids::{ClusterId, ContainerInstanceId, GroupId, LaunchId, TaskId};
use crate::model::{DesiredStatus, LastStatus};

use super::Ledger;
use super::demand::Demand;
use super::host::HostPhase;
use super::listing::ListedBy;

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
    listings(ledger)
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
    for (task, record) in ledger.tasks() {
        let (running, pending) = counts.entry(record.on).or_default();
        if record.is_wanted() {
            held.entry(record.on)
                .or_default()
                .add(&ledger.launch_of(record).demand);
            *running += 1;
        }
        *pending += u32::from(record.last_status == LastStatus::Pending);
        if !record.is_stopped() {
            listed.entry(record.on).or_default().push(task);
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
        compare(|| format!("running tasks of {id}"), record.running, running)?;
        compare(|| format!("pending tasks of {id}"), record.pending, pending)?;
    }
    Ok(())
}

fn hosts(ledger: &Ledger) -> Result<(), String> {
    let mut held: BTreeMap<ContainerInstanceId, Held> = BTreeMap::new();
    let mut queued: BTreeMap<ContainerInstanceId, usize> = BTreeMap::new();
    for (task, record) in ledger.hosts().tasks() {
        match record.phase {
            HostPhase::Queued => *queued.entry(record.on).or_default() += 1,
            HostPhase::Active => {
                let launch = ledger.launch(record.launch);
                let launch =
                    launch.ok_or_else(|| format!("{task} is on a host without its launch"))?;
                held.entry(record.on).or_default().add(&launch.spec.demand);
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
    for (_, record) in ledger.tasks() {
        let (running, pending, live) = counts.entry(ledger.launch_of(record).cluster).or_default();
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
        for (row, instance) in registered.iter().enumerate() {
            let open = ledger
                .instance(*instance)
                .is_some_and(super::InstanceRecord::is_open);
            compare(
                || format!("open flag of {instance}"),
                record.capacity.open[row],
                u32::from(open),
            )?;
        }
    }
    Ok(())
}

fn groups(ledger: &Ledger) -> Result<(), String> {
    let mut wanted: BTreeMap<GroupId, BTreeMap<ContainerInstanceId, u32>> = BTreeMap::new();
    for (_, record) in ledger.tasks().filter(|(_, record)| record.is_wanted()) {
        let counts = wanted.entry(ledger.launch_of(record).group).or_default();
        *counts.entry(record.on).or_default() += 1;
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

fn listings(ledger: &Ledger) -> Result<(), String> {
    let mut listed: BTreeMap<(ListedBy<'_>, DesiredStatus), Vec<TaskId>> = BTreeMap::new();
    for (task, record) in ledger.tasks() {
        let launch = &**ledger.launch_of(record);
        let family = &*ledger.definition(launch.definition).spec.family;
        let started_by = launch.echo.started_by.as_deref();
        let instance = ledger.instance(record.on).map(|_| record.on);
        let lists = [
            Some(ListedBy::Cluster(launch.cluster)),
            Some(ListedBy::Family(launch.cluster, family)),
            started_by.map(|name| ListedBy::StartedBy(launch.cluster, name)),
            instance.map(ListedBy::Instance),
        ];
        for by in lists.into_iter().flatten() {
            let tasks = listed.entry((by, record.desired_status)).or_default();
            tasks.push(task);
        }
    }
    for by in ledger.listing.every() {
        for desired in [DesiredStatus::Running, DesiredStatus::Stopped] {
            let kept = ledger.listed(by, desired).into_iter();
            let walk = kept.flat_map(|listed| listed.walk(TaskId::new(0)));
            compare(
                || format!("tasks wanted {desired} listed by {by:?}"),
                walk.filter(|(_, is_met)| *is_met)
                    .map(|(task, _)| task)
                    .collect(),
                listed.remove(&(by, desired)).unwrap_or_default(),
            )?;
        }
    }
    compare(
        || "tasks that no listing shows".to_owned(),
        listed,
        BTreeMap::new(),
    )
}
