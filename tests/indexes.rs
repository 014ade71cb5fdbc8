//! What is found by an index is what is found by looking at every container instance.

use proptest::collection::vec;
use proptest::prelude::*;
use wavetank::model::*;
use wavetank::placement::{Ask, FnScheduler, Pool};
use wavetank::{Builder, Simulation};

use crate::support::builder;

/// Enough container instances for every index to be used.
const INSTANCES: i32 = 300;

/// One request, or the end of a task, or something that happens to a container instance.
#[derive(Clone, Debug)]
enum Move {
    Run {
        family: u8,
        count: i32,
        rules: Vec<u8>,
        distinct: bool,
        member_of: u8,
        group: u8,
    },
    Stop(prop::sample::Index),
    Label(prop::sample::Index, u8),
    Unplug(prop::sample::Index),
    Drain(prop::sample::Index, bool),
    Leave(prop::sample::Index),
    Join(i32),
}

/// A strategy that does not begin with `random`, which tries rows before it lists them.
fn rules() -> impl Strategy<Value = Vec<u8>> {
    (0..6_u8, vec(0..7_u8, 0..3)).prop_map(|(first, mut rules)| {
        rules.insert(0, first);
        rules
    })
}

fn a_move() -> impl Strategy<Value = Move> {
    prop_oneof![
        8 => (0..6_u8, 1..11_i32, rules(), prop::bool::weighted(0.2), 0..9_u8, 0..3_u8).prop_map(
            |(family, count, rules, distinct, member_of, group)| Move::Run {
                family,
                count,
                rules,
                distinct,
                member_of,
                group,
            }
        ),
        2 => (any::<prop::sample::Index>(), any::<u8>()).prop_map(|(at, label)| Move::Label(at, label)),
        1 => any::<prop::sample::Index>().prop_map(Move::Unplug),
        4 => any::<prop::sample::Index>().prop_map(Move::Stop),
        2 => (any::<prop::sample::Index>(), any::<bool>()).prop_map(|(at, draining)| Move::Drain(at, draining)),
        1 => any::<prop::sample::Index>().prop_map(Move::Leave),
        1 => (0..4_i32).prop_map(Move::Join),
    ]
}

/// Looks at every container instance, whatever the strategy.
fn plain(builder: Builder) -> Builder {
    builder.scheduler(FnScheduler::new(
        "plain",
        |ask: &Ask<'_>, pool: &Pool<'_>| {
            let candidates: Vec<usize> = pool.feasible(ask).collect();
            let row = pool
                .rank(ask, candidates)
                .ok_or_else(|| pool.refusal(ask))?;
            Ok(pool.instances()[row])
        },
    ))
}

fn machine(size: i32) -> RegisterContainerInstance {
    let zone = ["a", "b", "c"][usize::try_from(size % 3).unwrap_or(0)];
    let request = RegisterContainerInstance::default()
        .cpu(1024 * (1 + size % 2))
        .memory(2048 + 1024 * (size % 4))
        .attribute("ecs.availability-zone", zone)
        .attribute("rack", &(size % 30).to_string());
    let request = match size % 5 {
        0 => request,
        part => request.attribute("part", &part.to_string()),
    };
    if size % 3 == 0 {
        request.gpu(format!("gpu-{size}"))
    } else {
        request
    }
}

fn definition(family: u8) -> RegisterTaskDefinition {
    let sizes = [
        (256, 512),
        (0, 1024),
        (1024, 300),
        (128, 128),
        (512, 256),
        (4096, 128),
    ];
    let (cpu, memory) = sizes[usize::from(family)];
    let mut app = ContainerDefinition::new("app", "web:1")
        .cpu(cpu)
        .memory(memory);
    match family {
        3 => app = app.port(PortMapping::tcp(80).host_port(8080)),
        4 => app.resource_requirements.push(ResourceRequirement {
            r#type: Some(ResourceType::Gpu),
            value: Some("1".to_owned()),
            ..ResourceRequirement::default()
        }),
        _ => {}
    }
    RegisterTaskDefinition::new(format!("f{family}")).container(app)
}

fn strategy(rule: u8) -> PlacementStrategy {
    match rule {
        0 => PlacementStrategy::binpack_cpu(),
        1 => PlacementStrategy::binpack_memory(),
        2 => PlacementStrategy::spread_instances(),
        3 => PlacementStrategy::spread_zones(),
        4 => PlacementStrategy {
            field: Some("attribute:part".to_owned()),
            ..PlacementStrategy::spread_zones()
        },
        5 => PlacementStrategy {
            field: Some("attribute:rack".to_owned()),
            ..PlacementStrategy::spread_zones()
        },
        _ => PlacementStrategy::random(),
    }
}

/// What an instance must be; nothing from 6 on.
fn constraint(which: u8) -> Option<PlacementConstraint> {
    let text = match which {
        0 => "attribute:part == 1",
        1 => "attribute:part exists and attribute:rack < 20",
        2 => "not (attribute:part in [1, 2])",
        3 => "task:group == one",
        4 => "runningTasksCount < 2 or attribute:rack == 3",
        5 => "attribute:rack == 77",
        _ => return None,
    };
    Some(PlacementConstraint::member_of(text))
}

fn stage(builder: Builder) -> Simulation {
    let mut sim = builder.build().expect("the options are good");
    for size in 0..INSTANCES {
        sim.register_container_instance(machine(size))
            .expect("it registers");
    }
    for family in 0..6 {
        sim.register_task_definition(definition(family))
            .expect("it registers");
    }
    sim
}

/// Plays the moves and tells what was answered.
fn play(sim: &mut Simulation, moves: &[Move]) -> Vec<String> {
    let (mut tasks, mut answers) = (Vec::new(), Vec::new());
    let listed = sim.list_container_instances(ListContainerInstances::new());
    let mut instances = listed.expect("they are listed").container_instance_arns;
    for one in moves {
        let request: Request = match one {
            Move::Run {
                family,
                count,
                rules,
                distinct,
                member_of,
                group,
            } => {
                let mut request = RunTask::new(format!("f{family}")).count(*count);
                request.placement_strategy = rules.iter().map(|rule| strategy(*rule)).collect();
                request.placement_constraints = constraint(*member_of).into_iter().collect();
                if let Some(name) = ["one", "two"].get(usize::from(*group)) {
                    request = request.group(*name);
                }
                if *distinct {
                    request = request.constraint(PlacementConstraint::distinct_instance());
                }
                request.into()
            }
            Move::Stop(_) if tasks.is_empty() => continue,
            Move::Stop(at) => StopTask::new(tasks.swap_remove(at.index(tasks.len()))).into(),
            Move::Label(at, label) => {
                let attribute = match label % 4 {
                    0 => Attribute::new("part", (label % 7).to_string()),
                    1 => Attribute::new("rack", label.to_string()),
                    2 => Attribute::new("ecs.availability-zone", "d"),
                    _ => Attribute::new("part", "1"),
                };
                PutAttributes::new([attribute.on(at.get(&instances))]).into()
            }
            Move::Unplug(at) => {
                let container_instance = at.get(&instances).clone();
                let fault = Fault::AgentDisconnect { container_instance };
                answers.push(format!("{:?}", sim.inject(&fault).is_ok()));
                continue;
            }
            Move::Drain(at, draining) => {
                let status = match draining {
                    true => ContainerInstanceStatus::Draining,
                    false => ContainerInstanceStatus::Active,
                };
                UpdateContainerInstancesState::new([at.get(&instances).as_str()], status).into()
            }
            Move::Leave(at) => {
                let leaving = instances.remove(at.index(instances.len()));
                DeregisterContainerInstance::new(leaving).force().into()
            }
            Move::Join(size) => machine(*size).into(),
        };
        answers.push(match sim.call(request) {
            Ok(Output::RunTask(answer)) => {
                let placed = answer.tasks.iter();
                tasks.extend(placed.clone().map(|task| task.task_arn.clone()));
                let on = placed.map(|task| task.container_instance_arn.clone());
                format!("{:?} {:?}", on.collect::<Vec<_>>(), answer.failures)
            }
            answer => answer
                .map(|_| ())
                .map_or_else(|why| why.to_string(), |()| String::new()),
        });
        sim.check().expect("the indexes agree with a recount");
    }
    answers
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn an_index_finds_what_a_scan_finds(
        seed in any::<u64>(),
        ties in any::<bool>(),
        moves in vec(a_move(), 1..40),
    ) {
        let ties = if ties { PlacementTies::Seeded } else { PlacementTies::OldestInstance };
        let options = || builder().seed(seed).placement_ties(ties);
        let mut indexed = stage(options());
        let mut scanned = stage(plain(options()));
        prop_assert_eq!(play(&mut indexed, &moves), play(&mut scanned, &moves));
        prop_assert_eq!(indexed.digest(), scanned.digest());
    }
}

#[test]
fn an_empty_cluster_of_equal_instances_gives_each_the_same_chance() {
    let mut chosen = std::collections::BTreeSet::new();
    for seed in 0..200 {
        let mut sim = builder()
            .seed(seed)
            .placement_ties(PlacementTies::Seeded)
            .build()
            .expect("the options are good");
        for _ in 0..INSTANCES {
            sim.register_container_instance(machine(0))
                .expect("it registers");
        }
        sim.register_task_definition(definition(0))
            .expect("it registers");
        let request = RunTask::new("f0").strategy(PlacementStrategy::binpack_memory());
        let answer = sim.run_task(request).expect("there is room");
        let ledger = sim.ledger();
        let on = ledger.tasks().next().and_then(|(_, task)| task.on);
        assert_eq!(answer.failures, []);
        chosen.insert(on.map(|on| on.number() * 4 / INSTANCES.unsigned_abs()));
    }
    assert_eq!(
        chosen.len(),
        4,
        "every quarter of the cluster is chosen from"
    );
}
