//! Reading at scale: DescribeTasks and ListTasks among a thousand, ten thousand and a hundred thousand tasks, and
//! RegisterTaskDefinition.
//!
//! What a call costs is to depend on what it answers and not on how much there is beside it.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use wavetank::model::*;
use wavetank::{Checking, Latency, Profile, Simulation, TraceMode};

/// Tasks known in all.
const SIZES: [u32; 3] = [1_000, 10_000, 100_000];

/// Tasks placed on each container instance, of each family and by each starter in turn.
const ON_ONE: u32 = 1_000;

/// Families, and starters, that take turns.
const FAMILIES: u32 = 5;

/// A cluster of so many tasks.
struct Crowd {
    sim: Simulation,
    tasks: Vec<String>,
}

impl Crowd {
    /// Tasks all of which run, but those that were told to stop: the oldest so many of a hundred.
    fn new(tasks: u32, stopped_of_100: u32) -> Self {
        let mut profile = Profile::ideal();
        profile.default_workload.stop = Latency::ZERO;
        let mut sim = Simulation::builder()
            .seed(42)
            .profile(profile)
            .checking(Checking::AtRest)
            .trace(TraceMode::Off)
            .build()
            .expect("the profile is good");
        for _ in 0..tasks / ON_ONE {
            let instance = RegisterContainerInstance::default()
                .cpu(4096)
                .memory(16_384);
            sim.register_container_instance(instance)
                .expect("it registers");
        }
        for family in 0..FAMILIES {
            let container = ContainerDefinition::new("app", "web:1").memory(16);
            let definition = RegisterTaskDefinition::new(format!("f{family}")).container(container);
            sim.register_task_definition(definition)
                .expect("it registers");
        }
        let mut crowd = Self {
            sim,
            tasks: Vec::new(),
        };
        for request in 0..tasks / 10 {
            let request = RunTask::new(format!("f{}", request % FAMILIES))
                .count(10)
                .started_by(format!("s{}", request % FAMILIES))
                .strategy(PlacementStrategy::spread_instances());
            let answer = crowd.sim.run_task(request).expect("the request is good");
            assert_eq!(answer.tasks.len(), 10, "the cluster has room");
            crowd
                .tasks
                .extend(answer.tasks.into_iter().map(|task| task.task_arn.into()));
        }
        crowd.settle();
        for task in &crowd.tasks[..(tasks * stopped_of_100 / 100) as usize] {
            crowd
                .sim
                .stop_task(StopTask::new(task))
                .expect("the task is known");
        }
        crowd.settle();
        crowd
    }

    fn settle(&mut self) {
        self.sim
            .settle(Duration::from_secs(600))
            .expect("it settles");
    }

    /// A hundred tasks, evenly spread over all.
    fn sample(&self) -> DescribeTasks {
        DescribeTasks::new(self.tasks.iter().step_by(self.tasks.len() / 100))
    }

    fn list(&mut self, request: ListTasks) -> ListTasksOutput {
        self.sim
            .list_tasks(request)
            .expect("the filter and the token are good")
    }

    /// The request for the last full page of a listing; every page before it is full.
    fn deep(&mut self, filter: &ListTasks) -> ListTasks {
        let (mut request, mut last) = (filter.clone(), None);
        loop {
            let answer = self.list(request.clone());
            if answer.task_arns.len() < 100 {
                return last.unwrap_or(request);
            }
            last = Some(request.clone());
            match answer.next_token {
                None => return request,
                Some(token) => request = filter.clone().next_token(token),
            }
        }
    }

    /// A container instance, one of those in the middle.
    fn host(&mut self) -> String {
        let hosts = self
            .sim
            .list_container_instances(ListContainerInstances::new());
        let hosts = hosts.expect("the cluster is there").container_instance_arns;
        hosts[hosts.len() / 2].clone()
    }
}

fn describe(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("describe");
    for size in SIZES {
        let mut crowd = Crowd::new(size, 10);
        let request = crowd.sample();
        let answer = crowd.sim.describe_tasks(request.clone());
        let shown = answer.expect("the cluster is there").tasks;
        let asked: Vec<_> = shown.iter().map(|task| &task.task_arn).collect();
        assert!(asked.into_iter().eq(&request.tasks), "all 100 are known");
        group.bench_function(format!("100-of/{size}"), |bencher| {
            bencher.iter(|| crowd.sim.describe_tasks(black_box(request.clone())))
        });
    }
    group.finish();
}

fn list(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("list");
    for size in SIZES {
        let mut crowd = Crowd::new(size, 50);
        let host = crowd.host();
        let stopped = || ListTasks::new().desired_status(DesiredStatus::Stopped);
        let filters = [
            ("all", ListTasks::new()),
            ("family", ListTasks::new().family("f3")),
            ("started-by", ListTasks::new().started_by("s3")),
            ("instance", ListTasks::new().container_instance(&host)),
            ("stopped", stopped()),
            ("stopped-of-family", stopped().family("f3")),
            ("stopped-on-instance", stopped().container_instance(&host)),
            (
                "family-on-instance",
                ListTasks::new().family("f3").container_instance(&host),
            ),
        ];
        for (name, filter) in filters {
            time_pages(&mut group, &mut crowd, &format!("{name}/{size}"), &filter);
        }
        // The wanted ones come last.
        let mut crowd = Crowd::new(size, 90);
        let filters = [
            ("all-but-90%", ListTasks::new()),
            ("family-but-90%", ListTasks::new().family("f3")),
        ];
        for (name, filter) in filters {
            time_pages(&mut group, &mut crowd, &format!("{name}/{size}"), &filter);
        }
    }
    group.finish();
}

/// Times the first page of a listing, and the last that is full.
fn time_pages(
    group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>,
    crowd: &mut Crowd,
    name: &str,
    filter: &ListTasks,
) {
    let deep = crowd.deep(filter);
    for (place, request) in [("first", filter.clone()), ("deep", deep)] {
        let answer = crowd.list(request.clone());
        let shown = answer.task_arns.len();
        let is_full = shown == 100 || answer.next_token.is_none();
        assert!(is_full && shown > 0, "{name}: a page of {shown}");
        group.bench_function(format!("{name}/{place}"), |bencher| {
            bencher.iter(|| crowd.list(black_box(request.clone())))
        });
    }
}

/// A definition of three containers with a port and two environment variables each.
fn three() -> RegisterTaskDefinition {
    let container = |name: &str, port: i32| {
        let mut container = ContainerDefinition::new(name, format!("registry.example/{name}:1.2"))
            .cpu(256)
            .memory(512)
            .port(PortMapping::tcp(port));
        container.environment = ["STAGE", "LOG_LEVEL"]
            .map(|name| KeyValuePair {
                name: Some(name.to_owned()),
                value: Some("one of several words".to_owned()),
            })
            .to_vec();
        container
    };
    RegisterTaskDefinition::new("shop")
        .container(container("web", 80))
        .container(container("cache", 6379))
        .container(container("log", 5170))
}

fn register(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("register");
    group.throughput(Throughput::Elements(1));
    let mut sim = Simulation::builder()
        .seed(42)
        .trace(TraceMode::Off)
        .build()
        .expect("the defaults build");
    let request = three();
    let answer = sim.register_task_definition(request.clone());
    let shown = answer.expect("the definition is good").task_definition;
    assert_eq!((shown.revision, shown.container_definitions.len()), (1, 3));
    group.bench_function("three-containers", |bencher| {
        bencher.iter_batched(
            || request.clone(),
            |request| sim.register_task_definition(request),
            BatchSize::SmallInput,
        )
    });
    group.finish();
    let answer = sim.describe_task_definition(DescribeTaskDefinition::new("shop"));
    let newest = answer.expect("it is registered").task_definition.revision;
    assert!(newest > 1, "each registration is a revision of its own");
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = describe, list, register
}
criterion_main!(benches);
