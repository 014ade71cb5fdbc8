//! How a packing answers when its cluster is changed, among so many container instances that places are found by indexes.

use proptest::collection::vec;
use proptest::prelude::*;
use wavetank::ledger::Demand;
use wavetank::model::PlacementTies;
use wavetank::model::constraint::Constraint;
use wavetank::placement::{ClassId, EcsScheduler, Machine, Packed, Packing, Rule, TaskClass};

/// A kind of tasks: CPU units and MiB, the group, whether each wants an instance of its own, rules by number.
#[derive(Clone, Debug)]
struct Kind {
    size: (u32, u32),
    group: u8,
    distinct: bool,
    rules: Vec<u8>,
}

impl Kind {
    fn class(&self, scale: u32) -> TaskClass {
        let rule = |rule: &u8| match rule {
            0 => Rule::SpreadInstance,
            1 => Rule::SpreadAttribute("zone".to_owned()),
            2 => Rule::BinpackCpu,
            3 => Rule::BinpackMemory,
            _ => Rule::Random,
        };
        let demand = Demand {
            cpu: self.size.0 * 110 * scale,
            memory: self.size.1 * 110 * scale,
            ..Demand::default()
        };
        TaskClass {
            rules: self.rules.iter().map(rule).collect(),
            distinct_instance: self.distinct,
            ..TaskClass::new(demand).group(format!("g{}", self.group))
        }
    }
}

fn kinds() -> impl Strategy<Value = Vec<Kind>> {
    let kind = (
        (0..5_u32, 0..5_u32),
        0..2_u8,
        prop::bool::weighted(0.2),
        vec(0..5_u8, 0..4),
    );
    let kind = kind.prop_map(|(size, group, distinct, rules)| Kind {
        size,
        group,
        distinct,
        rules,
    });
    vec(kind, 1..5)
}

/// Sizes and zones of container instances: a few kinds, again and again.
fn machines() -> impl Strategy<Value = Vec<(u32, u32, u8)>> {
    let few = vec((1..6_u32, 1..6_u32, 0..4_u8), 1..6);
    (few, 64..300_usize).prop_map(|(few, count)| few.iter().cycle().take(count).copied().collect())
}

fn machine(&(cpu, memory, zone): &(u32, u32, u8), scale: u32) -> Machine {
    let machine = Machine::new(cpu * 200 * scale, memory * 200 * scale);
    match zone {
        3 => machine,
        zone => machine.attribute("zone", zone.to_string()),
    }
}

fn packing(seed: u64, ties: PlacementTies, machines: impl Iterator<Item = Machine>) -> Packing {
    let mut packing = Packing::new(EcsScheduler::default(), seed, ties);
    machines.for_each(|machine| {
        packing.add(machine);
    });
    packing
}

/// Where tasks of these classes go, one after another; `None` where there is no place.
fn run(packing: &mut Packing, classes: &[ClassId], turns: &[u8]) -> Vec<Option<u32>> {
    let place = |turn: &u8| {
        let class = classes[usize::from(*turn) % classes.len()];
        let packed = packing.place(class).ok()?;
        Some(packed.on().number())
    };
    turns.iter().map(place).collect()
}

fn classes(packing: &mut Packing, kinds: &[Kind], scale: u32) -> Vec<ClassId> {
    let classes = kinds.iter().map(|kind| packing.class(kind.class(scale)));
    classes.collect()
}

/// How many tasks of a class have a place.
fn fill(packing: &mut Packing, class: ClassId) -> usize {
    // Of tasks that take nothing there is no end.
    (0..400)
        .take_while(|_| packing.place(class).is_ok())
        .count()
}

/// What the rules of a kind count for a row, rule by rule.
fn scores(packing: &Packing, kind: &Kind, row: usize) -> Vec<u32> {
    let pool = packing.pool();
    let cluster = pool.record(row).spec.cluster;
    let groups = packing.ledger().groups();
    let group = groups.named(cluster, &format!("g{}", kind.group));
    let score = |rule: &u8| match rule {
        0 => pool.tasks_of_group(row, group),
        1 => {
            let zone = pool.attribute(row, "zone");
            let beside = (0..pool.len()).filter(|other| pool.attribute(*other, "zone") == zone);
            beside.map(|other| pool.tasks_of_group(other, group)).sum()
        }
        2 => pool.remaining(row).cpu,
        _ => pool.remaining(row).memory,
    };
    let rules = kind.rules.iter().take_while(|rule| **rule < 4);
    rules.map(score).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn with_all_amounts_scaled_every_task_goes_where_it_went(
        machines in machines(),
        kinds in kinds(),
        turns in vec(any::<u8>(), 1..300),
        oldest: bool,
        scale in 2..9_u32,
    ) {
        let ties = if oldest { PlacementTies::OldestInstance } else { PlacementTies::Seeded };
        let gone = |scale: u32| {
            let machines = machines.iter().map(|one| machine(one, scale));
            let mut packing = packing(7, ties, machines);
            let classes = classes(&mut packing, &kinds, scale);
            run(&mut packing, &classes, &turns)
        };
        prop_assert_eq!(gone(1), gone(scale));
    }

    #[test]
    fn in_another_order_of_registration_the_one_that_is_chosen_is_as_good(
        (machines, order) in machines().prop_flat_map(|machines| {
            let order: Vec<usize> = (0..machines.len()).collect();
            (Just(machines), Just(order).prop_shuffle())
        }),
        kinds in kinds(),
        loads in vec((any::<prop::sample::Index>(), 0..2_u8), 0..80),
        seed: u64,
    ) {
        let chosen = |order: &[usize]| {
            let machine = |number: &usize| machine(&machines[*number], 1).attribute("number", number.to_string());
            let mut packing = packing(seed, PlacementTies::Seeded, order.iter().map(machine));
            for (at, group) in &loads {
                let text = format!("attribute:number == {}", at.index(machines.len()));
                let constraint = Constraint::new(&text, Default::default()).expect("it is an expression");
                let demand = Demand { cpu: 30, memory: 40, ..Demand::default() };
                let class = TaskClass::new(demand).group(format!("g{group}")).constraint(constraint);
                let class = packing.class(class);
                // Where there is no room for it, there is none in any order.
                let _ = packing.place(class).map(|_| ());
            }
            let mut found = Vec::new();
            for kind in &kinds {
                let class = packing.class(kind.class(1));
                let mut tried = packing.clone();
                let on = tried.place(class).ok().map(|packed| packed.on());
                let pool = packing.pool();
                let row = on.and_then(|on| pool.instances().iter().position(|known| *known == on));
                found.push(row.map(|row| scores(&packing, kind, row)));
            }
            found
        };
        let plain: Vec<usize> = (0..machines.len()).collect();
        prop_assert_eq!(chosen(&plain), chosen(&order));
    }

    #[test]
    fn a_container_instance_more_or_a_task_less_leaves_no_more_tasks_without_a_place(
        machines in machines(),
        kinds in kinds(),
        turns in vec(any::<u8>(), 1..100),
        gone: prop::sample::Index,
        more in (1..6_u32, 1..6_u32, 0..4_u8),
    ) {
        let ties = PlacementTies::Seeded;
        let mut packing = packing(7, ties, machines.iter().map(|one| machine(one, 1)));
        let classes = classes(&mut packing, &kinds, 1);
        let place = |turn: &u8| packing.place(classes[usize::from(*turn) % classes.len()]).ok();
        let mut packed: Vec<Packed> = turns.iter().filter_map(place).collect();
        let before = fill(&mut packing.clone(), classes[0]);
        let mut larger = packing.clone();
        larger.add(machine(&more, 1));
        prop_assert!(fill(&mut larger, classes[0]) >= before);
        if !packed.is_empty() {
            packing.release(packed.swap_remove(gone.index(packed.len())));
            prop_assert!(fill(&mut packing, classes[0]) >= before);
        }
    }

    #[test]
    fn a_task_that_has_a_place_has_one_under_any_strategy(
        machines in machines(),
        kinds in kinds(),
        turns in vec(any::<u8>(), 1..300),
        rules in vec(vec(0..5_u8, 0..4), 1..6),
    ) {
        let ties = PlacementTies::Seeded;
        let mut packing = packing(7, ties, machines.iter().map(|one| machine(one, 1)));
        let classes = classes(&mut packing, &kinds, 1);
        run(&mut packing, &classes, &turns);
        let others = rules.into_iter().map(|rules| Kind { rules, ..kinds[0].clone() });
        let mut has_place = others.map(|kind| {
            let class = packing.class(kind.class(1));
            packing.clone().place(class).is_ok()
        });
        let first = has_place.next();
        prop_assert!(has_place.all(|other| Some(other) == first));
    }

    #[test]
    fn an_empty_cluster_of_equals_is_spread_evenly(
        each in 20..60_usize,
        zones in 4..7_usize,
        count in 1..500_usize,
        seed: u64,
    ) {
        let machines = (0..each * zones).map(|number| {
            Machine::new(4_000, 4_000).attribute("zone", (number % zones).to_string())
        });
        let mut packing = packing(seed, PlacementTies::Seeded, machines);
        let kind = Kind { size: (0, 1), group: 0, distinct: false, rules: vec![1, 0] };
        let class = packing.class(kind.class(1));
        let mut on_machine = vec![0_u32; each * zones];
        let mut in_zone = vec![0_u32; zones];
        for _ in 0..count {
            let packed = packing.place(class).expect("there is room");
            let on = packed.on().index();
            on_machine[on] += 1;
            in_zone[on % zones] += 1;
            let uneven = |counts: &[u32]| counts.iter().max() > counts.iter().min().map(|least| least + 1).as_ref();
            prop_assert!(!uneven(&on_machine) && !uneven(&in_zone), "{:?} {:?}", on_machine, in_zone);
        }
    }

    #[test]
    fn binpack_opens_no_empty_container_instance_while_a_used_one_has_room(
        count in 64..300_usize,
        kinds in kinds(),
        turns in vec(any::<u8>(), 1..300),
        by_cpu: bool,
        seed: u64,
    ) {
        let machines = (0..count).map(|_| Machine::new(1_000, 1_000));
        let mut packing = packing(seed, PlacementTies::Seeded, machines);
        let kinds: Vec<Kind> = kinds.into_iter().map(|kind| {
            Kind { rules: vec![if by_cpu { 2 } else { 3 }], distinct: false, size: (kind.size.0 + 1, kind.size.1 + 1), ..kind }
        }).collect();
        let classes = classes(&mut packing, &kinds, 1);
        let mut used: Vec<(u32, u32)> = vec![(0, 0); count];
        for turn in turns {
            let at = usize::from(turn) % kinds.len();
            let (cpu, memory) = (kinds[at].size.0 * 110, kinds[at].size.1 * 110);
            let fits = |used: &(u32, u32)| used.0 + cpu <= 1_000 && used.1 + memory <= 1_000;
            let had_room = used.iter().filter(|used| **used != (0, 0)).any(fits);
            match packing.place(classes[at]) {
                Ok(packed) => {
                    let on = &mut used[packed.on().index()];
                    prop_assert!(*on != (0, 0) || !had_room);
                    *on = (on.0 + cpu, on.1 + memory);
                }
                Err(_) => prop_assert!(!used.iter().any(fits)),
            }
        }
    }
}
