//! ListTasks under every filter, page by page, against a plain look at every task (ecs-semantics 1.4, 1.13).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use wavetank::model::*;
use wavetank::{Simulation, TraceMode};

use crate::support::sized;

const CLUSTERS: [&str; 2] = ["default", "other"];
const FAMILIES: [&str; 3] = ["f0", "f1", "f2"];
const STARTERS: [&str; 2] = ["ann", "bob"];

/// Something that happens. Numbers are taken modulo what is there.
#[derive(Clone, Copy, Debug)]
enum Turn {
    Run {
        cluster: u8,
        family: u8,
        starter: u8,
        count: i32,
    },
    Stop(u8),
    Exit(u8),
    Abandon(u8),
    Register(u8),
    Advance(u64),
}

fn turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        8 => (any::<u8>(), any::<u8>(), any::<u8>(), 1..11_i32).prop_map(
            |(cluster, family, starter, count)| Turn::Run { cluster, family, starter, count }
        ),
        8 => any::<u8>().prop_map(Turn::Stop),
        3 => any::<u8>().prop_map(Turn::Exit),
        1 => any::<u8>().prop_map(Turn::Abandon),
        1 => any::<u8>().prop_map(Turn::Register),
        6 => (0..20_000_u64).prop_map(Turn::Advance),
        2 => (1_200_000..3_700_000_u64).prop_map(Turn::Advance),
    ]
}

/// What the turns made, oldest first.
struct Account {
    sim: Simulation,
    tasks: Vec<(usize, String)>,
    instances: Vec<(usize, String)>,
}

impl Account {
    fn new() -> Self {
        let sim = Simulation::builder()
            .seed(42)
            .trace(TraceMode::Off)
            .build()
            .expect("the defaults build");
        let mut account = Self {
            sim,
            tasks: Vec::new(),
            instances: Vec::new(),
        };
        for (number, name) in (0..).zip(CLUSTERS) {
            let cluster = CreateCluster::new(name);
            account
                .sim
                .create_cluster(cluster)
                .expect("the name is good");
            account.turn(Turn::Register(number));
            account.turn(Turn::Register(number));
        }
        for family in FAMILIES {
            let defined = account.sim.register_task_definition(sized(family, 1, 6));
            defined.expect("the definition is good");
        }
        account
    }

    fn turn(&mut self, turn: Turn) {
        let pick = |from: &[(usize, String)], number: u8| {
            from.get(usize::from(number) % from.len().max(1)).cloned()
        };
        match turn {
            Turn::Run {
                cluster,
                family,
                starter,
                count,
            } => {
                let cluster = usize::from(cluster) % CLUSTERS.len();
                let family = FAMILIES[usize::from(family) % FAMILIES.len()];
                let request = RunTask {
                    started_by: STARTERS
                        .get(usize::from(starter) % (STARTERS.len() + 1))
                        .map(|name| (*name).to_owned()),
                    ..RunTask::new(family).cluster(CLUSTERS[cluster]).count(count)
                };
                // A cluster may have lost all of its container instances.
                if let Ok(answer) = self.sim.run_task(request) {
                    let arns = answer
                        .tasks
                        .into_iter()
                        .map(|task| (cluster, task.task_arn.into()));
                    self.tasks.extend(arns);
                }
            }
            Turn::Stop(number) => {
                if let Some((cluster, task)) = pick(&self.tasks, number) {
                    // It may be forgotten.
                    let _ = self
                        .sim
                        .stop_task(StopTask::new(task).cluster(CLUSTERS[cluster]));
                }
            }
            Turn::Exit(number) => {
                if let Some((_, task)) = pick(&self.tasks, number) {
                    // It may not run.
                    let _ = self.sim.inject(&Fault::ContainerExit {
                        task,
                        container: "app".to_owned(),
                        exit_code: 1,
                    });
                }
            }
            Turn::Abandon(number) => {
                if let Some((cluster, instance)) = pick(&self.instances, number) {
                    let request = DeregisterContainerInstance {
                        cluster: Some(CLUSTERS[cluster].to_owned()),
                        force: Some(true),
                        ..DeregisterContainerInstance::new(instance)
                    };
                    // It may be gone already.
                    let _ = self.sim.deregister_container_instance(request);
                }
            }
            Turn::Register(number) => {
                let cluster = usize::from(number) % CLUSTERS.len();
                let request = RegisterContainerInstance::new(CLUSTERS[cluster]);
                let request = request.cpu(4096).memory(16_384);
                let answer = self.sim.register_container_instance(request);
                let shown = answer.expect("the request is good").container_instance;
                self.instances
                    .push((cluster, shown.container_instance_arn.to_string()));
            }
            Turn::Advance(millis) => {
                let moved = self.sim.advance(Duration::from_millis(millis));
                moved.expect("no invariant is violated");
            }
        }
    }

    /// Every task of a cluster that can still be described, oldest first.
    fn described(&mut self, cluster: usize) -> Vec<Task> {
        let of = self.tasks.iter().filter(|(of, _)| *of == cluster);
        let arns: Vec<_> = of.map(|(_, arn)| arn.clone()).collect();
        let mut described = Vec::new();
        for batch in arns.chunks(100) {
            let request = DescribeTasks::new(batch).cluster(CLUSTERS[cluster]);
            let answer = self.sim.describe_tasks(request);
            described.extend(answer.expect("the cluster is there").tasks);
        }
        described
    }

    /// Every filter and many combinations of them.
    fn filters(&self, cluster: usize) -> Vec<ListTasks> {
        let mut filters = Vec::new();
        let known = self.instances.iter().filter(|(of, instance)| {
            let request = DescribeContainerInstances::new([instance]).cluster(CLUSTERS[*of]);
            let answer = self.sim.clone().describe_container_instances(request);
            let shown = answer.expect("the cluster is there").container_instances;
            *of == cluster && !shown.is_empty()
        });
        let known: Vec<_> = known.map(|(_, instance)| Some(instance.clone())).collect();
        let of = || ListTasks::new().cluster(CLUSTERS[cluster]);
        for container_instance in known.into_iter().chain([None]) {
            for family in [None, Some("f0"), Some("f1"), Some("nothing")] {
                for launch_type in [None, Some(LaunchType::Ec2), Some(LaunchType::Fargate)] {
                    for desired_status in [DesiredStatus::Running, DesiredStatus::Stopped] {
                        filters.push(ListTasks {
                            container_instance: container_instance.clone(),
                            family: family.map(str::to_owned),
                            launch_type,
                            desired_status: Some(desired_status),
                            ..of()
                        });
                    }
                }
            }
        }
        // It must be the only filter.
        filters.extend(["ann", "bob", "nobody"].map(|name| of().started_by(name)));
        filters
    }
}

/// Whether a task is what a filter asks for, by what is shown of it.
fn passes(filter: &ListTasks, task: &Task) -> bool {
    fn holds<T: PartialEq + ?Sized>(asked: Option<&T>, shown: Option<&T>) -> bool {
        asked.is_none() || asked == shown
    }
    let family = task.task_definition_arn.rsplit(['/', ':']).nth(1);
    task.desired_status == filter.desired_status.unwrap_or_default()
        && holds(
            filter.container_instance.as_deref(),
            task.container_instance_arn.as_deref(),
        )
        && holds(filter.family.as_deref(), family)
        && holds(filter.started_by.as_deref(), task.started_by.as_deref())
        && holds(filter.launch_type.as_ref(), task.launch_type.as_ref())
}

/// What the pages of a listing show, with something happening between each two.
fn pages(
    account: &mut Account,
    filter: &ListTasks,
    size: i32,
    mut between: impl FnMut(&mut Account),
) -> Vec<String> {
    let (mut shown, mut token) = (Vec::new(), None);
    loop {
        let request = ListTasks {
            next_token: token,
            ..filter.clone().max_results(size)
        };
        let answer = account.sim.list_tasks(request);
        let answer = answer.expect("the filter is good and the token was given out");
        shown.extend(answer.task_arns);
        token = answer.next_token;
        if token.is_none() {
            return shown;
        }
        between(account);
    }
}

fn arns(filter: &ListTasks, tasks: &[Task]) -> Vec<String> {
    let passing = tasks.iter().filter(|task| passes(filter, task));
    passing.map(|task| task.task_arn.to_string()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn pages_show_what_passes_the_filters_once_and_in_order_of_creation(
        turns in vec(turn(), 1..60),
        size in 1..30_i32,
    ) {
        let mut account = Account::new();
        for turn in turns {
            account.turn(turn);
        }
        for cluster in 0..CLUSTERS.len() {
            let described = account.described(cluster);
            for filter in account.filters(cluster) {
                let shown = pages(&mut account, &filter, size, |_| {});
                prop_assert_eq!(shown, arns(&filter, &described), "{:?}", filter);
            }
        }
        account.sim.check().expect("the audit agrees");
    }

    #[test]
    fn what_passes_all_along_is_on_some_page_and_nothing_is_on_two(
        turns in vec(turn(), 1..40),
        between in vec(turn(), 1..20),
        size in 1..6_i32,
    ) {
        let mut account = Account::new();
        for turn in turns {
            account.turn(turn);
        }
        for filter in account.filters(0).into_iter().filter(|filter| filter.container_instance.is_none()) {
            let before = arns(&filter, &account.described(0));
            let mut turns = between.iter().copied();
            let shown = pages(&mut account, &filter, size, |account| {
                turns.next().into_iter().for_each(|turn| account.turn(turn));
            });
            let after: BTreeSet<_> = arns(&filter, &account.described(0)).into_iter().collect();
            let distinct: BTreeSet<_> = shown.iter().cloned().collect();
            prop_assert_eq!(distinct.len(), shown.len(), "{:?}", shown);
            for task in before.iter().filter(|task| after.contains(*task)) {
                prop_assert!(distinct.contains(task), "{} is on no page", task);
            }
        }
    }
}

#[test]
fn the_turns_lead_to_listings_of_every_kind() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut filled = BTreeMap::new();
    let mut forgotten = 0;
    for _ in 0..20 {
        let turns = vec(turn(), 30..60).new_tree(&mut runner);
        let mut account = Account::new();
        for turn in turns.expect("turns are never rejected").current() {
            account.turn(turn);
        }
        let described = account.described(0);
        forgotten += account.tasks.len() - described.len();
        for filter in account.filters(0) {
            let kind = [
                filter.container_instance.is_some(),
                filter.family.is_some(),
                filter.desired_status == Some(DesiredStatus::Stopped),
                filter.started_by.is_some(),
            ];
            *filled.entry(kind).or_insert(0) += arns(&filter, &described).len();
        }
    }
    assert_eq!(filled.len(), 9, "{filled:?}");
    assert!(filled.values().all(|tasks| *tasks > 10), "{filled:?}");
    assert!(forgotten > 10, "{forgotten} were forgotten");
}
