//! With indexes and without, the answer is the same.

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use crate::ids::TaskId;
    use crate::ledger::Demand;
    use crate::ledger::audit;
    use crate::model::constraint::Constraint;
    use crate::model::{PlacementTies, Timestamp};

    use super::super::packing::{CLUSTER, ClassId, Machine, Packed, Packing, TaskClass};
    use super::super::{Ask, EcsScheduler, Placement, Pool, Rule, Scheduler};

    #[derive(Clone, Debug)]
    enum Move {
        Place(prop::sample::Index, u8),
        Release(prop::sample::Index),
        Add(u8),
    }

    fn a_move() -> impl Strategy<Value = Move> {
        prop_oneof![
            6 => (any::<prop::sample::Index>(), 1..4_u8).prop_map(|(class, count)| Move::Place(class, count)),
            3 => any::<prop::sample::Index>().prop_map(Move::Release),
            1 => any::<u8>().prop_map(Move::Add),
        ]
    }

    fn rule() -> impl Strategy<Value = Rule> {
        let attribute = |name: &str| Just(Rule::SpreadAttribute(name.to_owned()));
        prop_oneof![
            1 => Just(Rule::Random),
            3 => Just(Rule::SpreadInstance),
            3 => attribute("zone"),
            1 => attribute("rack"),
            1 => attribute("nobody-has-it"),
            2 => Just(Rule::BinpackCpu),
            3 => Just(Rule::BinpackMemory),
        ]
    }

    fn class() -> impl Strategy<Value = TaskClass> {
        let texts = prop::sample::subsequence(
            vec![
                "attribute:zone == a",
                "attribute:rack < 5",
                "not (attribute:zone in [a, b])",
                "task:group =~ g.*",
                "not (task:group == g1)",
                "runningTasksCount < 2",
            ],
            0..3,
        );
        let demand =
            (0..5_u32, 0..5_u32, 0..4_u16, 0..2_u32).prop_map(|(cpu, memory, port, gpus)| Demand {
                cpu: cpu * 100,
                memory: memory * 100,
                gpus: gpus * u32::from(cpu == 4),
                tcp: (port < 2).then_some(80 + port).into_iter().collect(),
                ..Demand::default()
            });
        let rules = vec(rule(), 0..4);
        let group = 0..3_u8;
        (demand, texts, rules, group, prop::bool::weighted(0.2)).prop_map(
            |(demand, texts, rules, group, distinct_instance)| {
                let read = |text: &str| Constraint::new(text, Timestamp::default());
                let wanted = TaskClass {
                    rules,
                    distinct_instance,
                    ..TaskClass::new(demand).group(format!("g{group}"))
                };
                texts.into_iter().fold(wanted, |wanted, text| {
                    wanted.constraint(read(text).expect("it is an expression"))
                })
            },
        )
    }

    fn machine(number: u8) -> Machine {
        let machine = Machine::new(
            200 + 100 * u32::from(number % 4),
            300 + 100 * u32::from(number % 3),
        );
        let machine = match number % 4 {
            3 => machine,
            zone => machine.attribute("zone", ["a", "b", "c"][usize::from(zone)]),
        };
        Machine {
            gpus: number % 2,
            reserved_tcp: if number % 5 == 0 {
                vec![80]
            } else {
                Vec::new()
            },
            ..machine.attribute("rack", (number % 40).to_string())
        }
    }

    /// What a fresh scheduler answers without indexes.
    fn plain(packing: &Packing, class: ClassId, count: u8) -> Vec<Placement> {
        let mut ledger = packing.ledger().clone();
        ledger.forget_indexes();
        batch(&mut EcsScheduler::default(), packing, &ledger, class, count)
    }

    /// What a scheduler answers to a request for some tasks, each seeing where those before it went.
    fn batch(
        scheduler: &mut EcsScheduler,
        packing: &Packing,
        ledger: &crate::ledger::Ledger,
        class: ClassId,
        count: u8,
    ) -> Vec<Placement> {
        let mut pool = Pool::new(ledger, CLUSTER);
        let first = packing.next_ask();
        let asks: Vec<Ask<'_>> = (first..first + u32::from(count))
            .map(|task| packing.ask(class, TaskId::new(task)))
            .collect();
        scheduler.place_all(&asks, &mut pool)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn indexes_have_no_bearing_on_answers(
            seed in any::<u64>(),
            oldest in any::<bool>(),
            machines in vec(any::<u8>(), 60..140),
            classes in vec(class(), 1..6),
            moves in vec(a_move(), 1..120),
        ) {
            let ties = if oldest { PlacementTies::OldestInstance } else { PlacementTies::Seeded };
            let mut packing = Packing::new(EcsScheduler::default(), seed, ties);
            for number in machines {
                packing.add(machine(number));
            }
            let classes: Vec<ClassId> = classes.into_iter().map(|wanted| packing.class(wanted)).collect();
            let mut packed: Vec<Packed> = Vec::new();
            for one in moves {
                match one {
                    Move::Place(class, count) => {
                        let class = classes[class.index(classes.len())];
                        packing.prepare(class);
                        let expected = plain(&packing, class, count);
                        let mut fresh = EcsScheduler::default();
                        let found = batch(&mut fresh, &packing, packing.ledger(), class, count);
                        prop_assert_eq!(&found, &expected);
                        let mut known = packing.scheduler().remembering();
                        let found = batch(&mut known, &packing, packing.ledger(), class, count);
                        prop_assert_eq!(&found, &expected);
                        let placed = packing.place(class);
                        prop_assert_eq!(placed.as_ref().map(Packed::on).map_err(|why| *why), expected[0]);
                        packed.extend(placed);
                    }
                    Move::Release(_) if packed.is_empty() => {}
                    Move::Release(at) => {
                        let at = at.index(packed.len());
                        packing.release(packed.swap_remove(at));
                    }
                    Move::Add(number) => {
                        packing.add(machine(number));
                    }
                }
                prop_assert_eq!(audit::indexes(packing.ledger()), Ok(()));
            }
        }
    }

    #[test]
    fn what_is_asked_for_longest_ago_is_forgotten() {
        let mut packing = Packing::new(EcsScheduler::default(), 1, PlacementTies::OldestInstance);
        for number in 0..100 {
            packing.add(machine(number));
        }
        for turn in 0..300_u32 {
            let demand = Demand {
                cpu: turn % 150,
                memory: 1,
                tcp: vec![1000 + u16::try_from(turn).unwrap_or(0)],
                ..Demand::default()
            };
            let text = format!("attribute:rack != {turn}");
            let constraint =
                Constraint::new(&text, Timestamp::default()).expect("it is an expression");
            let wanted = TaskClass::new(demand)
                .group(format!("g{turn}"))
                .constraint(constraint);
            let wanted = wanted
                .rule(Rule::SpreadAttribute(format!("a{turn}")))
                .rule(Rule::SpreadInstance);
            let class = packing.class(wanted);
            let placed = packing.place(class).expect("there is room for one");
            packing.release(placed);
        }
        assert_eq!(audit::indexes(packing.ledger()), Ok(()));
        let kept = packing.ledger().cluster(CLUSTER).capacity.index.built();
        let kept = kept.expect("much was asked for").sizes();
        assert!(
            kept.iter().all(|(_, count, most)| count <= most),
            "{kept:?}"
        );
        assert!(
            kept.iter().any(|(_, count, most)| count == most),
            "{kept:?}"
        );
    }
}
