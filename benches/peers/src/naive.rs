//! An engine as one would write it in an afternoon: a standard heap for the events, records in lists, and a scan over all
//! container instances for each placement. It answers with the same task as this crate does, runs the same life, and
//! checks nothing.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use wavetank::RunTask;
use wavetank::model::{Container, DesiredStatus, LastStatus, RunTaskOutput, Task};

use crate::life::{self, CLASSES, Engine, MEAN_RUN, Placement};

const SECOND: u64 = 1_000_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Delivered,
    Pulled,
    Started,
    Running,
    Exited,
    Stopped,
    Expired,
}

struct Instance {
    cpu: u32,
    memory: u32,
    tasks: u32,
    arn: String,
}

struct Record {
    class: usize,
    on: usize,
    status: LastStatus,
    times: [u64; 7],
}

pub struct Naive {
    now: u64,
    sequence: u64,
    heap: BinaryHeap<Reverse<(u64, u64, u64, Event)>>,
    instances: Vec<Instance>,
    tasks: HashMap<u64, Record>,
    minted: u64,
    active: u64,
    definitions: HashMap<String, usize>,
    placement: Placement,
    draws: ChaCha8Rng,
    trace: Vec<(u64, u64, Event)>,
}

impl Naive {
    pub fn new(instances: u32, placement: Placement) -> Self {
        let instance = |number| {
            let (cpu, memory) = life::instance(number);
            let arn = format!(
                "arn:aws:ecs:us-east-1:123456789012:container-instance/default/{number:032x}"
            );
            Instance {
                cpu,
                memory,
                tasks: 0,
                arn,
            }
        };
        Self {
            now: 0,
            sequence: 0,
            heap: BinaryHeap::new(),
            instances: (0..instances).map(instance).collect(),
            tasks: HashMap::new(),
            minted: 0,
            active: 0,
            definitions: (0..CLASSES)
                .map(|number| (format!("web{number}"), number))
                .collect(),
            placement,
            draws: ChaCha8Rng::seed_from_u64(42),
            trace: Vec::new(),
        }
    }

    fn push(&mut self, delay: u64, task: u64, event: Event) {
        self.heap
            .push(Reverse((self.now + delay, self.sequence, task, event)));
        self.sequence += 1;
    }

    /// The container instance for a task of a class.
    fn place(&mut self, class: usize) -> Option<usize> {
        let (cpu, memory) = life::class(class);
        let fits =
            |(_, instance): &(usize, &Instance)| instance.cpu >= cpu && instance.memory >= memory;
        let fitting = self.instances.iter().enumerate().filter(fits);
        match self.placement {
            Placement::Binpack => fitting
                .min_by_key(|(_, instance)| instance.memory)
                .map(|(at, _)| at),
            Placement::Random => {
                let fitting: Vec<usize> = fitting.map(|(at, _)| at).collect();
                let drawn = (u128::from(self.draws.next_u64()) * fitting.len() as u128) >> 64;
                fitting.get(drawn as usize).copied()
            }
        }
    }

    fn describe(&self, task: u64) -> Task {
        let record = &self.tasks[&task];
        let (cpu, memory) = life::class(record.class);
        let arn = format!("arn:aws:ecs:us-east-1:123456789012:task/default/{task:032x}");
        let mut container = Container::default();
        container.container_arn =
            format!("arn:aws:ecs:us-east-1:123456789012:container/default/{task:032x}/{task:032x}")
                .into();
        container.task_arn = arn.clone().into();
        container.name = Arc::from("app");
        container.image = Arc::from("web:1");
        container.cpu = Some(cpu.into());
        container.memory = Some(memory.into());
        let mut shown = Task::default();
        shown.task_arn = arn.into();
        shown.cluster_arn = Arc::from("arn:aws:ecs:us-east-1:123456789012:cluster/default");
        let definition = format!(
            "arn:aws:ecs:us-east-1:123456789012:task-definition/web{}:1",
            record.class
        );
        shown.task_definition_arn = Arc::from(definition);
        shown.container_instance_arn = Some(Arc::from(self.instances[record.on].arn.as_str()));
        shown.group = Some(Arc::from(format!("family:web{}", record.class)));
        shown.cpu = Some(cpu.into());
        shown.memory = Some(memory.into());
        shown.last_status = record.status;
        shown.desired_status = DesiredStatus::Running;
        shown.containers = vec![container].into();
        shown.version = 1;
        shown
    }

    fn process(&mut self, task: u64, event: Event) {
        self.trace.push((self.now, task, event));
        if self.trace.len() == 1 << 16 {
            self.trace.clear();
        }
        let record = self
            .tasks
            .get_mut(&task)
            .expect("events are about known tasks");
        record.times[event as usize] = self.now;
        match event {
            Event::Delivered => self.push(5 * SECOND, task, Event::Pulled),
            Event::Pulled => self.push(SECOND / 2, task, Event::Started),
            Event::Started => {
                self.push(SECOND / 10, task, Event::Running);
                let unit = ((self.draws.next_u64() >> 11) + 1) as f64 / (1_u64 << 53) as f64;
                let run = (-unit.ln() * MEAN_RUN.as_nanos() as f64) as u64;
                self.push(run.max(SECOND), task, Event::Exited);
            }
            Event::Running => record.status = LastStatus::Running,
            Event::Exited => self.push(SECOND / 10, task, Event::Stopped),
            Event::Stopped => {
                record.status = LastStatus::Stopped;
                let (cpu, memory) = life::class(record.class);
                let instance = &mut self.instances[record.on];
                instance.cpu += cpu;
                instance.memory += memory;
                instance.tasks -= 1;
                self.active -= 1;
                self.push(3_600 * SECOND, task, Event::Expired);
            }
            Event::Expired => drop(self.tasks.remove(&task)),
        }
    }
}

impl Engine for Naive {
    fn run(&mut self, request: RunTask) -> RunTaskOutput {
        let class = self.definitions[&request.task_definition];
        let mut output = RunTaskOutput::default();
        for _ in 0..request.count.unwrap_or(1) {
            let on = self.place(class).expect("a fifth is free");
            let (cpu, memory) = life::class(class);
            let instance = &mut self.instances[on];
            instance.cpu -= cpu;
            instance.memory -= memory;
            instance.tasks += 1;
            let task = self.minted;
            self.minted += 1;
            self.active += 1;
            let record = Record {
                class,
                on,
                status: LastStatus::Pending,
                times: [0; 7],
            };
            self.tasks.insert(task, record);
            self.push(SECOND / 10, task, Event::Delivered);
            output.tasks.push(self.describe(task));
        }
        output
    }

    fn advance(&mut self, span: Duration) {
        let end = self.now + span.as_nanos() as u64;
        while let Some(&Reverse((at, _, task, event))) = self.heap.peek() {
            if at > end {
                break;
            }
            self.heap.pop();
            self.now = at;
            self.process(task, event);
        }
        self.now = end;
    }

    fn active(&self) -> u64 {
        self.active
    }
}
