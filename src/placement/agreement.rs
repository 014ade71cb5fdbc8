//! With indexes and without, the answer is the same.

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use std::sync::Arc;

    use crate::ids::{ContainerInstanceId, TaskId};
    use crate::ledger::{Change, Demand, audit};
    use crate::model::constraint::Constraint;
    use crate::model::{Attribute, ContainerInstanceStatus, PlacementTies, Timestamp};

    use super::super::packing::{CLUSTER, ClassId, Machine, Packed, Packing, TaskClass};
    use super::super::{Ask, EcsScheduler, Placement, Pool, Rule, Scheduler};

    #[derive(Clone, Debug)]
    enum Move {
        Place(prop::sample::Index, u8),
        Release(prop::sample::Index),
        Add(u8),
        /// A container instance is DRAINING, or ACTIVE again.
        Drain(prop::sample::Index, bool),
        /// A container instance leaves, with all that is on it.
        Leave(prop::sample::Index),
        /// So many container instances, one after another, are in zones of their own from this one on.
        Label(prop::sample::Index, u8, u8),
        /// So many tasks of a group come to be on one container instance; the last few take a port each.
        Crowd(prop::sample::Index, u8, usize),
    }

    fn a_move() -> impl Strategy<Value = Move> {
        prop_oneof![
            6 => (any::<prop::sample::Index>(), 1..4_u8).prop_map(|(class, count)| Move::Place(class, count)),
            3 => any::<prop::sample::Index>().prop_map(Move::Release),
            1 => any::<u8>().prop_map(Move::Add),
            1 => (any::<prop::sample::Index>(), any::<bool>()).prop_map(|(at, is_draining)| Move::Drain(at, is_draining)),
            1 => any::<prop::sample::Index>().prop_map(Move::Leave),
            1 => (any::<prop::sample::Index>(), 0..8_u8, 1..14_u8)
                .prop_map(|(at, zone, count)| Move::Label(at, zone, count)),
            1 => (any::<prop::sample::Index>(), 0..3_u8, prop_oneof![0..9_usize, Just(60)])
                .prop_map(|(at, group, count)| Move::Crowd(at, group, count)),
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
        // Those by which rows are kept ready, or any.
        let zones = Rule::SpreadAttribute("zone".to_owned());
        let rules = prop_oneof![
            1 => Just(vec![Rule::SpreadInstance]),
            1 => Just(vec![zones, Rule::SpreadInstance]),
            3 => vec(rule(), 0..4),
        ];
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

    /// A packing under way.
    struct Play {
        packing: Packing,
        classes: Vec<ClassId>,
        packed: Vec<Packed>,
    }

    impl Play {
        fn act(&mut self, one: Move) -> Result<(), TestCaseError> {
            match one {
                Move::Place(class, count) => {
                    let class = class.index(self.classes.len());
                    self.place(self.classes[class], count)?;
                }
                Move::Release(_) if self.packed.is_empty() => {}
                Move::Release(at) => {
                    let at = at.index(self.packed.len());
                    self.packing.release(self.packed.swap_remove(at));
                }
                Move::Add(number) => {
                    self.packing.add(machine(number));
                }
                Move::Drain(at, is_draining) => {
                    let instance = self.instance(at);
                    let statuses = [
                        ContainerInstanceStatus::Active,
                        ContainerInstanceStatus::Draining,
                    ];
                    let to = statuses[usize::from(is_draining)];
                    self.packing
                        .apply(&Change::InstanceStatusChanged { instance, to });
                }
                Move::Leave(at) => self.leave(self.instance(at)),
                Move::Label(at, zone, count) => self.label(at, zone..zone + count),
                Move::Crowd(at, group, count) => self.crowd(self.instance(at), group, count),
            }
            Ok(())
        }

        fn instance(&self, at: prop::sample::Index) -> ContainerInstanceId {
            *at.get(self.packing.pool().instances())
        }

        /// Places a task, and compares where it and more after it would go by indexes with where they would without.
        fn place(&mut self, class: ClassId, count: u8) -> Result<(), TestCaseError> {
            let packing = &mut self.packing;
            packing.prepare(class);
            let expected = plain(packing, class, count);
            let mut fresh = EcsScheduler::default();
            let found = batch(&mut fresh, packing, packing.ledger(), class, count);
            prop_assert_eq!(&found, &expected);
            let mut known = packing.scheduler().remembering();
            let found = batch(&mut known, packing, packing.ledger(), class, count);
            prop_assert_eq!(&found, &expected);
            let placed = packing.place(class);
            let on = placed.as_ref().map(Packed::on).map_err(|why| *why);
            prop_assert_eq!(on, expected[0]);
            self.packed.extend(placed);
            Ok(())
        }

        fn leave(&mut self, instance: ContainerInstanceId) {
            if self.packing.pool().len() == 1 {
                return;
            }
            let (gone, stay) = self
                .packed
                .drain(..)
                .partition(|packed| packed.on() == instance);
            self.packed = stay;
            let gone: Vec<Packed> = gone;
            gone.into_iter()
                .for_each(|packed| self.packing.release(packed));
            self.packing
                .apply(&Change::InstanceDeregistered { instance });
        }

        fn label(&mut self, at: prop::sample::Index, zones: std::ops::Range<u8>) {
            let instances = self.packing.pool().instances().to_vec();
            for (instance, zone) in (at.index(instances.len())..).zip(zones) {
                let attribute = Attribute::new("zone", format!("z{zone}"));
                self.packing.apply(&Change::AttributesPut {
                    instance: instances[instance % instances.len()],
                    attributes: Arc::from([attribute]),
                });
            }
        }

        fn crowd(&mut self, on: ContainerInstanceId, group: u8, count: usize) {
            let mut class = |tcp: Vec<u16>| {
                let demand = Demand {
                    tcp,
                    ..Demand::default()
                };
                self.packing
                    .class(TaskClass::new(demand).group(format!("g{group}")))
            };
            let mut all = vec![class(Vec::new()); count];
            all.extend((90..94).map(|port| class(vec![port])));
            let packing = &mut self.packing;
            let put = all.into_iter().filter_map(|class| packing.put(class, on));
            self.packed.extend(put);
        }
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
            let mut play = Play { packing, classes, packed: Vec::new() };
            for one in moves {
                play.act(one)?;
                prop_assert_eq!(audit::indexes(play.packing.ledger()), Ok(()));
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
