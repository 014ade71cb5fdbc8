//! Placement against a plain reading of its rules, on random clusters (ecs-semantics 5.1 to 5.5, 14).

use std::collections::BTreeMap;
use std::fmt::Write;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::support::{builder, placed};

/// A container instance and what is left of it.
#[derive(Clone, Debug)]
struct Machine {
    cpu: u32,
    memory: u32,
    zone: Option<u8>,
    /// Wanted tasks of the group that is asked for.
    tasks: u32,
    /// Whether port 80 is taken.
    holds: bool,
    draining: bool,
    disconnected: bool,
}

/// One rule of a strategy.
#[derive(Clone, Copy, Debug)]
enum Rule {
    Instances,
    Zones,
    Cpu,
    Memory,
}

#[derive(Clone, Debug)]
struct Asked {
    count: u32,
    cpu: u32,
    memory: u32,
    port: bool,
    distinct: bool,
    rules: Vec<Rule>,
}

fn machine() -> impl Strategy<Value = Machine> {
    let rarely = || prop_oneof![5 => Just(false), 1 => Just(true)];
    let size = || (0..5_u32).prop_map(|units| units * 100 + 10);
    (
        size(),
        size(),
        option::of(0..3_u8),
        0..4_u32,
        rarely(),
        rarely(),
        rarely(),
    )
        .prop_map(
            |(cpu, memory, zone, tasks, holds, draining, disconnected)| Machine {
                cpu,
                memory,
                zone,
                tasks,
                holds,
                draining,
                disconnected,
            },
        )
}

fn rule() -> impl Strategy<Value = Rule> {
    prop_oneof![
        Just(Rule::Instances),
        Just(Rule::Zones),
        Just(Rule::Cpu),
        Just(Rule::Memory)
    ]
}

fn asked() -> impl Strategy<Value = Asked> {
    let rarely = || prop_oneof![4 => Just(false), 1 => Just(true)];
    (
        1..6_u32,
        0..3_u32,
        0..3_u32,
        rarely(),
        rarely(),
        vec(rule(), 1..4),
    )
        .prop_map(|(count, cpu, memory, port, distinct, rules)| Asked {
            count,
            cpu: cpu * 70,
            memory: 6 + memory * 70,
            port,
            distinct,
            rules,
        })
}

/// The cluster in the words of fixtures.
fn cluster(machines: &[Machine]) -> String {
    let mut text = String::new();
    for (number, machine) in machines.iter().enumerate() {
        let Machine {
            cpu, memory, tasks, ..
        } = machine;
        write!(text, "i{number} cpu={cpu} memory={memory} runs=web*{tasks}").expect("it is a text");
        for (is_so, word) in [
            (machine.holds, " holds=80"),
            (machine.draining, " draining"),
            (machine.disconnected, " disconnected"),
        ] {
            text.push_str(if is_so { word } else { "" });
        }
        if let Some(zone) = machine.zone {
            write!(text, " zone={zone}").expect("it is a text");
        }
        text.push('\n');
    }
    text
}

/// The request in the words of fixtures.
fn request(asked: &Asked) -> String {
    let Asked {
        count, cpu, memory, ..
    } = asked;
    let mut text = format!("group=web count={count} cpu={cpu} memory={memory}");
    text.push_str(if asked.port { " port=80" } else { "" });
    text.push_str(if asked.distinct { " distinct" } else { "" });
    for rule in &asked.rules {
        text.push_str(match rule {
            Rule::Instances => " spread=instanceId",
            Rule::Zones => " spread=attribute:ecs.availability-zone",
            Rule::Cpu => " binpack=cpu",
            Rule::Memory => " binpack=memory",
        });
    }
    text
}

/// What a machine lacks, in the order of reasons.
fn lacks(machine: &Machine, asked: &Asked) -> Vec<&'static str> {
    let checks = [
        (machine.draining, "INACTIVE"),
        (machine.disconnected, "AGENT"),
        (machine.cpu < asked.cpu, "RESOURCE:CPU"),
        (machine.memory < asked.memory, "RESOURCE:MEMORY"),
        (asked.port && machine.holds, "RESOURCE:PORTS"),
        (
            asked.distinct && machine.tasks > 0,
            "DistinctInstance placement constraint unsatisfied",
        ),
    ];
    checks
        .into_iter()
        .filter(|(lacks, _)| *lacks)
        .map(|(_, reason)| reason)
        .collect()
}

/// Keeps the candidates with the least key.
fn narrow(candidates: &mut Vec<usize>, key: impl Fn(usize) -> u32) {
    let least = candidates.iter().map(|number| key(*number)).min();
    candidates.retain(|number| Some(key(*number)) == least);
}

/// Where the tasks go, by the rules read plainly; ties go to the oldest.
fn expected(mut machines: Vec<Machine>, asked: &Asked) -> String {
    let (mut places, mut failures) = (Vec::new(), Vec::new());
    for _ in 0..asked.count {
        let unmet: Vec<_> = machines
            .iter()
            .map(|machine| lacks(machine, asked))
            .collect();
        let mut candidates: Vec<usize> = (0..machines.len())
            .filter(|number| unmet[*number].is_empty())
            .collect();
        let mut zones: BTreeMap<Option<u8>, u32> = BTreeMap::new();
        for machine in &machines {
            *zones.entry(machine.zone).or_default() += machine.tasks;
        }
        for rule in &asked.rules {
            narrow(&mut candidates, |number| {
                let machine = &machines[number];
                match rule {
                    Rule::Instances => machine.tasks,
                    Rule::Zones => zones[&machine.zone],
                    Rule::Cpu => machine.cpu,
                    Rule::Memory => machine.memory,
                }
            });
        }
        match candidates.first() {
            Some(number) => {
                let chosen = &mut machines[*number];
                chosen.cpu -= asked.cpu;
                chosen.memory -= asked.memory;
                chosen.tasks += 1;
                chosen.holds |= asked.port;
                places.push(format!("i{number}"));
            }
            None => {
                let closest = (0..machines.len()).min_by_key(|number| unmet[*number].len());
                let closest = closest.expect("a cluster of a test has machines");
                failures.push(format!("{}@i{closest}", unmet[closest][0]));
            }
        }
    }
    places.extend(failures);
    places.join(" ")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn placement_is_what_its_rules_say(machines in vec(machine(), 1..8), asked in asked()) {
        let found = placed(builder(), &cluster(&machines), &request(&asked));
        prop_assert_eq!(found, expected(machines, &asked));
    }

    #[test]
    fn a_task_that_fits_somewhere_is_placed_without_a_strategy_too(
        machines in vec(machine(), 1..8),
        asked in asked(),
    ) {
        let asked = Asked { rules: Vec::new(), count: 1, ..asked };
        let found = placed(builder(), &cluster(&machines), &request(&asked));
        let fits = |machine: &Machine| lacks(machine, &asked).is_empty();
        match found.strip_prefix('i').and_then(|number| number.parse::<usize>().ok()) {
            Some(number) => prop_assert!(fits(&machines[number])),
            None => prop_assert!(!machines.iter().any(fits), "{}", found),
        }
    }

    #[test]
    fn an_empty_cluster_of_equal_machines_is_spread_evenly(zones in 1..5_u8, each in 1..4_u8, count in 1..11_u32) {
        let machine = |zone| Machine {
            cpu: 4096,
            memory: 8192,
            zone: Some(zone % zones),
            tasks: 0,
            holds: false,
            draining: false,
            disconnected: false,
        };
        let machines: Vec<_> = (0..zones * each).map(machine).collect();
        let text = format!("count={count} spread=attribute:ecs.availability-zone spread=instanceId");
        let found = placed(builder(), &cluster(&machines), &text);
        let mut per_zone = vec![0; usize::from(zones)];
        for place in found.split(' ') {
            let number: usize = place[1..].parse().expect("all of it is placed");
            per_zone[number % usize::from(zones)] += 1;
        }
        let most = per_zone.iter().max().expect("there is a zone");
        let fewest = per_zone.iter().min().expect("there is a zone");
        prop_assert!(most - fewest <= 1, "{:?}", per_zone);
    }
}
