//! What tasks hold and what is left add up to what is registered.

use crate::ids::ContainerInstanceId;
use crate::invariant::{Invariant, Seen};
use crate::ledger::audit::audit;
use crate::ledger::host::HostPhase;
use crate::ledger::{Demand, InstanceRecord, Ledger};

use super::touched_instances;

/// On every registered container instance, what tasks hold and what is left add up to what was registered: on the
/// control plane over tasks whose desired status is RUNNING, on the host over tasks that have started.
///
/// So nothing is ever given twice, and what a task held comes back exactly once.
#[derive(Clone, Debug, Default)]
pub struct ResourcesConserved {
    /// A buffer; empty between looks.
    touched: Vec<ContainerInstanceId>,
}

impl Invariant for ResourcesConserved {
    fn name(&self) -> &str {
        "resources are conserved"
    }

    fn after_step(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        touched_instances(seen, &mut self.touched);
        let verdict =
            self.touched
                .iter()
                .try_for_each(|instance| match seen.ledger.instance(*instance) {
                    Some(record) => conserved(seen.ledger, *instance, record),
                    None => Ok(()),
                });
        self.touched.clear();
        verdict
    }

    fn at_rest(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        let mut instances = seen.ledger.instances().iter();
        instances.try_for_each(|(instance, record)| conserved(seen.ledger, instance, record))
    }
}

fn conserved(
    ledger: &Ledger,
    instance: ContainerInstanceId,
    record: &InstanceRecord,
) -> Result<(), String> {
    if !record.is_registered() {
        return Ok(());
    }
    let registered = Amounts {
        cpu: record.spec.cpu.into(),
        memory: record.spec.memory.into(),
        gpus: record.spec.gpu_ids.len() as u64,
        enis: record.spec.eni_slots.into(),
        ..Amounts::default()
    };
    let (cpu, memory, gpus) = ledger.left_on(instance, record);
    let control = Amounts {
        cpu: cpu.into(),
        memory: memory.into(),
        gpus: gpus.into(),
        enis: ledger.enis_left_on(instance, record).into(),
        tcp: record.tcp.clone(),
        udp: record.udp.clone(),
    };
    let wanted = record
        .tasks
        .iter()
        .filter_map(|task| ledger.task(*task))
        .filter(|task| task.is_wanted());
    let mut held = Amounts::held(wanted.map(|task| &ledger.launch_of(task).demand));
    // An interface is held until the task has stopped, wanted or not.
    let listed = record.tasks.iter().filter_map(|task| ledger.task(*task));
    held.enis = listed
        .map(|task| u64::from(ledger.launch_of(task).demand.enis))
        .sum();
    balance(&registered, &control, held)
        .map_err(|why| format!("{instance}, control plane: {why}"))?;

    let Some(host) = ledger.hosts().host(instance) else {
        return Err(format!("{instance} has no host"));
    };
    let left = Amounts {
        cpu: host.cpu.into(),
        memory: host.memory.into(),
        gpus: registered
            .gpus
            .saturating_sub(host.gpus.count_ones().into()),
        enis: registered.enis,
        tcp: host.tcp.clone(),
        udp: host.udp.clone(),
    };
    let on_host = record
        .tasks
        .iter()
        .filter_map(|task| ledger.hosts().task(*task));
    let started = on_host.filter(|task| task.phase == HostPhase::Active);
    let held =
        Amounts::held(started.filter_map(|task| Some(&ledger.launch(task.launch)?.spec.demand)));
    balance(&registered, &left, held).map_err(|why| format!("{instance}, host: {why}"))
}

/// Amounts of everything, and ports that are taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Amounts {
    cpu: u64,
    memory: u64,
    gpus: u64,
    /// Network interfaces, which only the control plane counts.
    enis: u64,
    tcp: Vec<u16>,
    udp: Vec<u16>,
}

impl Amounts {
    /// What some tasks hold together; ports ascending, twice when two tasks hold them.
    fn held<'a>(demands: impl Iterator<Item = &'a Demand>) -> Self {
        let mut sum = Self::default();
        for demand in demands {
            sum.cpu += u64::from(demand.cpu);
            sum.memory += u64::from(demand.memory);
            sum.gpus += u64::from(demand.gpus);
            sum.tcp.extend(&demand.tcp);
            sum.udp.extend(&demand.udp);
        }
        sum.tcp.sort_unstable();
        sum.udp.sort_unstable();
        sum
    }
}

fn balance(registered: &Amounts, left: &Amounts, held: Amounts) -> Result<(), String> {
    let amounts = [
        ("CPU units", registered.cpu, left.cpu, held.cpu),
        ("MiB of memory", registered.memory, left.memory, held.memory),
        ("GPUs", registered.gpus, left.gpus, held.gpus),
        ("network interfaces", registered.enis, left.enis, held.enis),
    ];
    for (what, registered, left, held) in amounts {
        if left + held != registered {
            return Err(format!(
                "tasks hold {held} {what} and {left} are left, but {registered} are registered"
            ));
        }
    }
    for (what, taken, held) in [("TCP", &left.tcp, held.tcp), ("UDP", &left.udp, held.udp)] {
        if *taken != held {
            return Err(format!(
                "tasks hold {what} ports {held:?}, but {taken:?} are taken"
            ));
        }
    }
    Ok(())
}

/// Every running total of the ledger agrees with a count from scratch.
///
/// Judged at rest and after every so many steps: a count looks at the whole ledger.
#[derive(Clone, Debug)]
pub struct Audit {
    every: u64,
    steps: u64,
}

impl Audit {
    /// The audit after every `steps` steps; zero counts as one.
    #[must_use]
    pub fn every(steps: u64) -> Self {
        Self {
            every: steps.max(1),
            steps: 0,
        }
    }
}

impl Default for Audit {
    /// The audit after every 1,024 steps, so that a cluster of a thousand tasks costs about a task a step.
    fn default() -> Self {
        Self::every(1_024)
    }
}

impl Invariant for Audit {
    fn name(&self) -> &str {
        "running totals agree with a recount"
    }

    fn after_step(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        self.steps += 1;
        if self.steps % self.every == 0 {
            audit(seen.ledger)
        } else {
            Ok(())
        }
    }

    fn at_rest(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        audit(seen.ledger)
    }
}

#[cfg(test)]
mod tests {
    use super::super::support::{History, judge, judge_at_rest};
    use super::*;
    use crate::ids::TaskId;
    use crate::ledger::Change;
    use crate::time::SimTime;

    #[test]
    fn a_whole_life_gives_back_what_it_took() {
        let history = History::whole_life();
        assert_eq!(
            judge(&mut ResourcesConserved::default(), &history),
            [] as [String; 0]
        );
        assert_eq!(
            judge_at_rest(&mut ResourcesConserved::default(), &history),
            [] as [String; 0]
        );
        assert_eq!(judge(&mut Audit::every(1), &history), [] as [String; 0]);
        assert_eq!(
            judge_at_rest(&mut Audit::default(), &history),
            [] as [String; 0]
        );
    }

    #[test]
    fn a_host_that_forgets_a_task_without_taking_back_is_found_out() {
        let mut history = History::with_task();
        let task = TaskId::new(0);
        let now = SimTime::from_secs(2);
        history.step(now, vec![history.accepted(task)]);
        history.step(now, vec![Change::HostStarted { task }]);
        history.step(now, vec![Change::HostForgotten { task }]);
        let lost = "container-instance-0, host: tasks hold 0 CPU units and 1792 are left, but 2048 are registered";
        assert_eq!(judge(&mut ResourcesConserved::default(), &history), [lost]);
        assert_eq!(
            judge_at_rest(&mut ResourcesConserved::default(), &history),
            [lost]
        );
        let recount = "cpu left on the host of container-instance-0: kept 1792, counted 2048";
        assert_eq!(judge(&mut Audit::every(1), &history), [recount]);
        assert_eq!(judge_at_rest(&mut Audit::default(), &history), [recount]);
    }

    #[test]
    fn an_instance_that_grows_a_gpu_is_found_out() {
        let mut history = History::with_task();
        let instance = ContainerInstanceId::new(0);
        let spec = history.instance_spec(|spec| spec.gpu_ids.push("gpu-0".into()));
        history.step(
            SimTime::from_secs(2),
            vec![Change::InstanceReregistered { instance, spec }],
        );
        let found = judge(&mut ResourcesConserved::default(), &history);
        assert_eq!(
            found,
            [
                "container-instance-0, control plane: tasks hold 0 GPUs and 0 are left, but 1 are registered"
            ]
        );
    }

    #[test]
    fn both_planes_find_a_resource_given_twice_or_never_returned() {
        let registered = Amounts {
            cpu: 100,
            memory: 200,
            gpus: 2,
            enis: 2,
            ..Amounts::default()
        };
        let left = Amounts {
            cpu: 60,
            memory: 150,
            gpus: 1,
            enis: 1,
            tcp: vec![80],
            udp: vec![53],
        };
        let held = Amounts {
            cpu: 40,
            memory: 50,
            gpus: 1,
            ..left.clone()
        };
        assert_eq!(balance(&registered, &left, held.clone()), Ok(()));
        let doctored = [
            Amounts {
                cpu: 41,
                ..held.clone()
            },
            Amounts {
                cpu: 39,
                ..held.clone()
            },
            Amounts {
                memory: 51,
                ..held.clone()
            },
            Amounts {
                gpus: 0,
                ..held.clone()
            },
            Amounts {
                tcp: vec![80, 80],
                ..held.clone()
            },
            Amounts {
                udp: Vec::new(),
                ..held
            },
        ];
        for held in doctored {
            assert!(
                balance(&registered, &left, held.clone()).is_err(),
                "{held:?}"
            );
        }
    }

    #[test]
    fn the_audit_waits_for_its_turn() {
        let mut history = History::with_task();
        let task = TaskId::new(0);
        history.step(SimTime::ZERO, vec![history.accepted(task)]);
        history.step(SimTime::ZERO, vec![Change::HostStarted { task }]);
        history.step(SimTime::ZERO, vec![Change::HostForgotten { task }]);
        let steps = history.steps.len() as u64;
        assert_eq!(judge(&mut Audit::every(steps), &history).len(), 1);
        assert_eq!(judge(&mut Audit::every(steps + 1), &history).len(), 0);
    }
}
