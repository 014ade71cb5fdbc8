//! How placement answers a changed cluster, where the change tells what the answer must be.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use wavetank::model::*;
use wavetank::{Builder, Simulation};

use crate::support::{builder, sized};

/// A container instance, and tasks that it runs.
#[derive(Clone, Debug)]
struct Host {
    cpu: i32,
    memory: i32,
    zone: Option<u8>,
    draining: bool,
    /// By group; each takes a little.
    tasks: Vec<u8>,
}

#[derive(Clone, Debug)]
struct Asked {
    cpu: i32,
    memory: i32,
    count: i32,
    distinct: bool,
    rules: Vec<u8>,
}

/// CPU units and MiB of a task that a host runs from the start.
const FILLER: (i32, i32) = (50, 60);

fn host() -> impl Strategy<Value = Host> {
    let draining = prop_oneof![6 => Just(false), 1 => Just(true)];
    let sizes = (1..6_i32, 1..6_i32);
    (sizes, option::of(0..3_u8), draining, vec(0..2_u8, 0..3)).prop_map(
        |((cpu, memory), zone, draining, tasks)| Host {
            cpu: cpu * 200,
            memory: memory * 200,
            zone,
            draining,
            tasks,
        },
    )
}

fn asked() -> impl Strategy<Value = Asked> {
    let distinct = prop_oneof![4 => Just(false), 1 => Just(true)];
    let sizes = (0..4_i32, 1..4_i32);
    (sizes, 1..6_i32, distinct, vec(0..5_u8, 0..3)).prop_map(
        |((cpu, memory), count, distinct, rules)| Asked {
            cpu: cpu * 110,
            memory: memory * 110,
            count,
            distinct,
            rules,
        },
    )
}

impl Asked {
    fn request(&self) -> RunTask {
        let mut request = RunTask::new("asked").group("g0").count(self.count);
        if self.distinct {
            request = request.constraint(PlacementConstraint::distinct_instance());
        }
        let rule = |rule: &u8| match rule {
            0 => PlacementStrategy::spread_instances(),
            1 => PlacementStrategy::spread_zones(),
            2 => PlacementStrategy::binpack_cpu(),
            3 => PlacementStrategy::binpack_memory(),
            _ => PlacementStrategy::random(),
        };
        request.placement_strategy = self.rules.iter().map(rule).collect();
        request
    }

    fn one(&self) -> Self {
        Self {
            count: 1,
            ..self.clone()
        }
    }
}

/// A cluster, with the ARNs of its hosts and of the tasks they run.
#[derive(Clone, Debug)]
struct Stage {
    sim: Simulation,
    hosts: Vec<String>,
    tasks: Vec<String>,
}

impl Stage {
    /// All amounts times `scale`.
    fn new(builder: Builder, hosts: &[Host], asked: &Asked, scale: i32) -> Self {
        let mut stage = Self {
            sim: builder.build().expect("the options are good"),
            hosts: Vec::new(),
            tasks: Vec::new(),
        };
        let families = [
            sized("filler", FILLER.0 * scale, FILLER.1 * scale),
            sized("asked", asked.cpu * scale, asked.memory * scale),
            sized("nothing", 0, 1 << 25),
        ];
        for family in families {
            stage
                .sim
                .register_task_definition(family)
                .expect("it is accepted");
        }
        hosts.iter().for_each(|host| stage.add(host, scale));
        stage
    }

    fn add(&mut self, host: &Host, scale: i32) {
        let mut request = RegisterContainerInstance::default()
            .cpu(host.cpu * scale)
            .memory(host.memory * scale);
        if let Some(zone) = host.zone {
            request = request.attribute("ecs.availability-zone", &zone.to_string());
        }
        let answer = self.sim.register_container_instance(request);
        let arn = answer
            .expect("it is accepted")
            .container_instance
            .container_instance_arn;
        for group in &host.tasks {
            let request = StartTask::new("filler", [&*arn]).group(format!("g{group}"));
            let answer = self.sim.start_task(request).expect("the request is good");
            self.tasks
                .extend(answer.tasks.into_iter().map(|task| task.task_arn.into()));
        }
        if host.draining {
            let status = ContainerInstanceStatus::Draining;
            let request = UpdateContainerInstancesState::new([&*arn], status);
            self.sim
                .update_container_instances_state(request)
                .expect("it is there");
        }
        self.hosts.push(arn.to_string());
    }

    /// By number: where the tasks of a request go, in order, and what is told of the others.
    fn run(&mut self, asked: &Asked) -> (Vec<usize>, Vec<(Option<usize>, FailureReason)>) {
        let answer = self.sim.run_task(asked.request());
        let answer = answer.expect("the request is good");
        let number = |arn: Option<&str>| {
            let mut hosts = self.hosts.iter();
            hosts.position(|host| Some(host.as_str()) == arn)
        };
        let tasks = answer.tasks.iter();
        let tasks = tasks.filter_map(|task| number(task.container_instance_arn.as_deref()));
        let failures = answer.failures.iter();
        let failures = failures.map(|told| (number(told.arn.as_deref()), told.reason));
        (tasks.collect(), failures.collect())
    }

    /// Everywhere that one task may go, with luck of every kind; `at_least` places end the search.
    fn places(&self, asked: &Asked, at_least: usize) -> BTreeSet<usize> {
        let mut spending = self.clone();
        let mut reached = BTreeSet::new();
        for _ in 0..150 {
            reached.extend(spending.clone().run(&asked.one()).0);
            if reached.len() >= at_least || reached.is_empty() {
                break;
            }
            // The luck of a task goes by its number: this spends one.
            let refused = spending.sim.run_task(RunTask::new("nothing"));
            refused.expect("the request is good");
        }
        reached
    }
}

fn every_instance() -> Builder {
    builder().failures(FailureShape::EveryInstance)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn other_names_change_nothing(hosts in vec(host(), 1..7), asked in asked()) {
        let here = builder().region("eu-central-1").account_id("999999999999");
        let mut there = Stage::new(builder(), &hosts, &asked, 1);
        let mut here = Stage::new(here, &hosts, &asked, 1);
        prop_assert_eq!(here.run(&asked), there.run(&asked));
        prop_assert_ne!(&here.hosts, &there.hosts);
    }

    #[test]
    fn in_another_order_of_registration_the_same_may_be_chosen_for_the_same_reasons(
        (hosts, order) in vec(host(), 1..6).prop_flat_map(|hosts| {
            let order: Vec<usize> = (0..hosts.len()).collect();
            (Just(hosts), Just(order).prop_shuffle())
        }),
        asked in asked(),
    ) {
        let ties = PlacementTies::Seeded;
        let shuffled: Vec<Host> = order.iter().map(|number| hosts[*number].clone()).collect();
        let mut first = Stage::new(every_instance().placement_ties(ties), &hosts, &asked, 1);
        let mut second = Stage::new(every_instance().placement_ties(ties), &shuffled, &asked, 1);
        // What the second may choose is found out whole; the first need only come as far, and go no further.
        let theirs: BTreeSet<usize> = second.places(&asked, usize::MAX).into_iter().map(|number| order[number]).collect();
        prop_assert_eq!(first.places(&asked, theirs.len()), theirs.clone());
        if theirs.is_empty() {
            let reasons = |told: Vec<(Option<usize>, FailureReason)>, of: &dyn Fn(usize) -> usize| -> BTreeMap<Option<usize>, FailureReason> {
                told.into_iter().map(|(number, reason)| (number.map(of), reason)).collect()
            };
            let told = reasons(first.run(&asked.one()).1, &|number| number);
            prop_assert_eq!(told.len(), hosts.len());
            prop_assert_eq!(told, reasons(second.run(&asked.one()).1, &|number| order[number]));
        }
    }

    #[test]
    fn with_all_amounts_scaled_everything_goes_where_it_went(
        hosts in vec(host(), 1..7),
        asked in asked(),
        scale in 2..9_i32,
    ) {
        let mut small = Stage::new(every_instance(), &hosts, &asked, 1);
        let mut large = Stage::new(every_instance(), &hosts, &asked, scale);
        prop_assert_eq!(small.run(&asked), large.run(&asked));
    }

    #[test]
    fn an_empty_container_instance_more_never_leaves_more_tasks_without_a_place(
        hosts in vec(host(), 1..6),
        asked in asked(),
        more in host(),
    ) {
        let mut without = Stage::new(builder(), &hosts, &asked, 1);
        let mut with = without.clone();
        with.add(&Host { tasks: Vec::new(), ..more }, 1);
        prop_assert!(with.run(&asked).0.len() >= without.run(&asked).0.len());
    }

    #[test]
    fn a_task_less_elsewhere_never_leaves_more_tasks_without_a_place(
        hosts in vec(host(), 1..6),
        asked in asked(),
        gone: prop::sample::Index,
    ) {
        let mut with = Stage::new(builder(), &hosts, &asked, 1);
        let mut without = with.clone();
        if !with.tasks.is_empty() {
            let task = gone.get(&with.tasks);
            without.sim.stop_task(StopTask::new(task)).expect("it is known");
        }
        prop_assert!(without.run(&asked).0.len() >= with.run(&asked).0.len());
    }

    #[test]
    fn a_task_that_has_a_place_has_one_under_any_strategy(
        hosts in vec(host(), 1..6),
        asked in asked(),
        rules in vec(0..5_u8, 0..4),
    ) {
        let asked = asked.one();
        let mut one = Stage::new(builder(), &hosts, &asked, 1);
        let mut other = one.clone();
        let placed = one.run(&asked).0.len();
        prop_assert_eq!(other.run(&Asked { rules, ..asked }).0.len(), placed);
    }

    #[test]
    fn an_empty_cluster_of_equals_is_spread_evenly(
        each in 1..4_u8,
        zones in 1..4_u8,
        counts in vec(1..11_i32, 1..4),
        seed: u64,
    ) {
        let host = |number: u8| Host {
            cpu: 4_000,
            memory: 4_000,
            zone: Some(number % zones),
            draining: false,
            tasks: Vec::new(),
        };
        let hosts: Vec<Host> = (0..each * zones).map(host).collect();
        let asked = Asked { cpu: 1, memory: 6, count: 1, distinct: false, rules: vec![1, 0] };
        let builder = builder().seed(seed).placement_ties(PlacementTies::Seeded);
        let mut stage = Stage::new(builder, &hosts, &asked, 1);
        let mut on_host = vec![0_u32; hosts.len()];
        let mut in_zone = vec![0_u32; usize::from(zones)];
        for count in counts {
            for number in stage.run(&Asked { count, ..asked.clone() }).0 {
                on_host[number] += 1;
                in_zone[number % usize::from(zones)] += 1;
                let uneven = |counts: &[u32]| counts.iter().max() > counts.iter().min().map(|least| least + 1).as_ref();
                prop_assert!(!uneven(&on_host) && !uneven(&in_zone), "{:?} {:?}", on_host, in_zone);
            }
        }
    }

    #[test]
    fn binpack_opens_no_empty_container_instance_while_a_used_one_has_room(
        count in 1..7_usize,
        sizes in vec((1..5_i32, 1..5_i32), 1..20),
        by_cpu: bool,
        seed: u64,
    ) {
        let host = Host { cpu: 1_000, memory: 1_000, zone: None, draining: false, tasks: Vec::new() };
        let rules = vec![if by_cpu { 2 } else { 3 }];
        let asked = |(cpu, memory): (i32, i32)| Asked { cpu: cpu * 130, memory: memory * 130, count: 1, distinct: false, rules: rules.clone() };
        let builder = builder().seed(seed).placement_ties(PlacementTies::Seeded);
        let mut stage = Stage::new(builder, &vec![host; count], &asked((1, 1)), 1);
        let mut used: Vec<(i32, i32)> = vec![(0, 0); count];
        for size in sizes {
            let asked = asked(size);
            let family = sized("asked", asked.cpu, asked.memory);
            stage.sim.register_task_definition(family).expect("it is accepted");
            let fits = |(cpu, memory): &(i32, i32)| cpu + asked.cpu <= 1_000 && memory + asked.memory <= 1_000;
            let is_used = |used: &&(i32, i32)| **used != (0, 0);
            let had_room = used.iter().filter(is_used).any(fits);
            if let [number] = stage.run(&asked).0[..] {
                prop_assert!(used[number] != (0, 0) || !had_room, "{:?}", used);
                used[number].0 += asked.cpu;
                used[number].1 += asked.memory;
            } else {
                prop_assert!(!used.iter().any(fits), "{:?}", used);
            }
        }
    }
}
