//! An audit finds whatever is broken in the indexes, and nothing where they were given up, forgotten or built anew.

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::indexes;
    use crate::ids::{ClusterId, ContainerInstanceId, GroupId};
    use crate::ledger::bits::Bits;
    use crate::ledger::cluster::ClusterSpec;
    use crate::ledger::index::{Built, PortRows};
    use crate::ledger::instance::InstanceSpec;
    use crate::ledger::order::Order;
    use crate::ledger::{Change, Demand, Ledger, OrderBy};
    use crate::model::constraint::Constraint;
    use crate::model::{Attribute, CreateCluster, Timestamp, TransportProtocol};
    use crate::time::SimTime;

    const CLUSTER: ClusterId = ClusterId::new(0);
    const GROUP: GroupId = GroupId::new(0);
    const PORT: (TransportProtocol, u16) = (TransportProtocol::Tcp, 80);

    /// A cluster with every index, and a task on one row.
    fn indexed() -> Ledger {
        let mut ledger = Ledger::default();
        let spec = ClusterSpec {
            name: "demo".into(),
            arn: "arn:cluster".into(),
            request: CreateCluster::default(),
            task_naming: Arc::default(),
        };
        let cluster = Change::ClusterCreated {
            cluster: CLUSTER,
            spec: Arc::new(spec),
        };
        ledger.apply(SimTime::ZERO, &cluster);
        for number in 0..500 {
            let mut spec = InstanceSpec {
                cpu: 100 + number % 7,
                memory: 200 + number % 5,
                ..InstanceSpec::example()
            };
            spec.set_attributes(vec![Attribute::new("zone", (number % 3).to_string())]);
            let registered = Change::InstanceRegistered {
                instance: ContainerInstanceId::new(number),
                spec: Arc::new(spec),
            };
            ledger.apply(SimTime::ZERO, &registered);
        }
        let opened = Change::GroupOpened {
            group: GROUP,
            cluster: CLUSTER,
            name: "web".into(),
        };
        ledger.apply(SimTime::ZERO, &opened);
        let by = OrderBy::Memory;
        ledger.want_order(CLUSTER, by);
        ledger.want_fits(CLUSTER, 100, 100);
        ledger.want_partition(CLUSTER, "zone", Some(by));
        ledger.want_levels(CLUSTER, GROUP, Some("zone"));
        ledger.want_port(CLUSTER, PORT);
        let constraint = Constraint::new("attribute:zone == 1", Timestamp::default());
        let constraint = Arc::new(constraint.expect("it is an expression"));
        ledger.want_members(CLUSTER, &constraint, |_, _, on| on.number() % 3 == 1);
        let demand = Demand {
            cpu: 100,
            memory: 100,
            tcp: vec![80],
            ..Demand::default()
        };
        ledger.want_ready(CLUSTER, &demand, Some(GROUP), Some("zone"));
        let demand = Demand {
            cpu: 10,
            memory: 10,
            tcp: vec![80],
            ..Demand::default()
        };
        ledger.occupy((CLUSTER, ContainerInstanceId::new(7)), GROUP, &demand);
        assert_eq!(indexes(&ledger), Ok(()));
        ledger
    }

    fn built(ledger: &Ledger) -> &Built {
        let index = &ledger.cluster(CLUSTER).capacity.index;
        index.built().expect("it is built")
    }

    /// Asserts that what is broken is found and named.
    #[track_caller]
    fn check_found(break_it: impl FnOnce(&mut Built), name: &str) {
        let mut ledger = indexed();
        let index = &mut ledger.clusters.records[0].capacity.index;
        break_it(index.built_mut().expect("it is built"));
        let found = indexes(&ledger).expect_err("an index is broken");
        assert!(found.starts_with(name), "{found}");
    }

    #[test]
    fn an_order_that_is_broken_is_found() {
        let by = OrderBy::Memory as usize;
        let order = |order: &mut Option<Order>| {
            let order = order.as_mut().expect("it is kept");
            order.shift(3, 203, (202, 103));
        };
        check_found(
            |built| order(&mut built.orders[by]),
            "order by Memory of cluster-0",
        );
        for what in 0..3 {
            let order = |order: &mut Option<Order>| {
                let order = order.as_mut().expect("it is kept");
                order.falsify(what);
            };
            check_found(|built| order(&mut built.orders[by]), "order by Memory");
        }
        check_found(
            |built| {
                let orders = built.partitions[0].orders[by].as_mut();
                orders.expect("they are kept")[1].remove(3, 203);
            },
            "order by Memory of value 1 of zone",
        );
    }

    #[test]
    fn whatever_index_is_broken_is_found() {
        check_found(
            |built| built.ports[0].taken.put(7, false),
            "rows of cluster-0 where tcp port 80 is taken",
        );
        check_found(
            |built| {
                built.fits.moved(7, None, Some((100, 100)));
            },
            "rows of cluster-0 with (100, 100) left",
        );
        check_found(|built| built.partitions[0].put(4, 1), "zone of row 4");
        check_found(
            |built| built.partitions[0].sets[1].put(4, true),
            "rows with value 1 of zone",
        );
        check_found(
            |built| built.members[0].rows.put(0, true),
            "rows for which attribute:zone == 1 holds",
        );
        check_found(
            |built| built.groups[0].shift(7, 1, 0),
            "rows with 0 tasks of group-0",
        );
        check_found(
            |built| built.groups[0].tallies[0].1[0] += 1,
            "tasks of group-0 by zone",
        );
        check_found(
            |built| built.ready[0].planes[2][0].leave(1),
            "rows ready for Kind { amounts: (100, 100)",
        );
        check_found(
            |built| built.ports_used[7] -= 1,
            "static ports taken on each row",
        );
        check_found(
            |built| {
                let other = PortRows {
                    port: (TransportProtocol::Udp, 80),
                    taken: Bits::none(500),
                    ..built.ports[0].clone()
                };
                built.ports.insert(0, other);
            },
            "the parts of what is ready for",
        );
        check_found(|built| built.groups[0].whose = 0, "for whom amounts");
        check_found(|built| built.fits.nobodys(), "for whom amounts");
    }

    #[test]
    fn a_row_with_too_many_tasks_of_a_group_is_not_asked_for_when_ports_are_taken_there() {
        let mut ledger = indexed();
        let on = (CLUSTER, ContainerInstanceId::new(7));
        for _ in 0..62 {
            ledger.occupy(on, GROUP, &Demand::default());
        }
        assert_eq!(built(&ledger).ready.len(), 1);
        let with_port = Demand {
            tcp: vec![81],
            ..Demand::default()
        };
        ledger.occupy(on, GROUP, &with_port);
        assert_eq!(built(&ledger).ready.len(), 0);
        assert_eq!(indexes(&ledger), Ok(()));
        ledger.vacate(on, GROUP, &with_port, 0);
        assert_eq!(indexes(&ledger), Ok(()));
    }

    #[test]
    fn tasks_are_not_counted_by_an_attribute_that_has_too_many_values() {
        let mut ledger = indexed();
        for number in 0..20 {
            let attribute = Attribute::new("zone", (10 + number).to_string());
            let put = Change::AttributesPut {
                instance: ContainerInstanceId::new(number),
                attributes: Arc::from([attribute]),
            };
            ledger.apply(SimTime::ZERO, &put);
        }
        assert!(!built(&ledger).partitions[0].is_kept());
        let demand = Demand {
            cpu: 10,
            memory: 10,
            tcp: vec![80],
            ..Demand::default()
        };
        ledger.vacate((CLUSTER, ContainerInstanceId::new(7)), GROUP, &demand, 0);
        assert_eq!(indexes(&ledger), Ok(()));
        assert_eq!(built(&ledger).groups[0].tallies, []);
    }

    #[test]
    fn rows_are_kept_by_number_of_tasks_again_once_these_are_few() {
        let mut ledger = indexed();
        let on = (CLUSTER, ContainerInstanceId::new(7));
        for _ in 0..70 {
            ledger.occupy(on, GROUP, &Demand::default());
        }
        for left in (20..70).rev() {
            ledger.want_levels(CLUSTER, GROUP, Some("zone"));
            let levels = &built(&ledger).groups[0];
            // One more is there since the ledger was made.
            assert_eq!(levels.is_kept(), left + 2 < 32, "{left}");
            assert_eq!(indexes(&ledger), Ok(()));
            ledger.vacate(on, GROUP, &Demand::default(), 0);
        }
    }

    #[test]
    fn rows_are_kept_by_an_attribute_again_once_its_values_are_few() {
        let mut ledger = indexed();
        let put = |ledger: &mut Ledger, number, value: &str| {
            let put = Change::AttributesPut {
                instance: ContainerInstanceId::new(number),
                attributes: Arc::from([Attribute::new("zone", value)]),
            };
            ledger.apply(SimTime::ZERO, &put);
        };
        (0..20).for_each(|number| put(&mut ledger, number, &number.to_string()));
        ledger.want_partition(CLUSTER, "zone", None);
        assert!(!built(&ledger).partitions[0].is_kept());
        (0..20).for_each(|number| put(&mut ledger, number, "0"));
        ledger.want_partition(CLUSTER, "zone", Some(OrderBy::Memory));
        ledger.want_levels(CLUSTER, GROUP, Some("zone"));
        assert!(built(&ledger).partitions[0].is_kept());
        assert_eq!(built(&ledger).groups[0].tallies.len(), 1);
        assert_eq!(indexes(&ledger), Ok(()));
    }

    #[test]
    fn what_more_ask_for_in_turn_than_is_kept_does_not_come_and_go() {
        let mut ledger = indexed();
        let constraint = |number: usize| {
            let text = format!("attribute:zone != {number}");
            Constraint::new(&text, Timestamp::default()).expect("it is an expression")
        };
        for _ in 0..3 {
            for number in 0..70 {
                let constraint = Arc::new(constraint(number));
                ledger.want_members(CLUSTER, &constraint, |_, _, _| true);
            }
            for number in 0..40_u16 {
                ledger.want_port(CLUSTER, (TransportProtocol::Tcp, 1000 + number));
            }
            for number in 0..10 {
                ledger.want_partition(CLUSTER, &format!("a{number}"), None);
            }
            let built = built(&ledger);
            // The first of each is what the ledger was made with.
            assert!((0..63).all(|number| built.members(&constraint(number)).is_some()));
            let port = |number: u16| built.taken((TransportProtocol::Tcp, 1000 + number));
            assert!((0..31).all(|number| port(number).is_some()));
            let partition = |number: usize| built.partition(&format!("a{number}"));
            assert!((0..7).all(|number| partition(number).is_some()));
            assert_eq!(indexes(&ledger), Ok(()));
        }
    }
}
