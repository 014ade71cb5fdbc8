//! In which order the containers of a task start, and what each of them waits for.
//!
//! Three members of a container make it wait: `dependsOn`, `links` (the other has started) and
//! `volumesFrom` (the other is created). The last two are what the ECS agent makes of them
//! (`agent/api/task/task.go`). Containers stop in the opposite order.

use std::error::Error;
use std::fmt;

use petgraph::algo::{has_path_connecting, tarjan_scc, toposort};
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::NodeFiltered;
use serde::Serialize;

use super::container::{ContainerCondition, ContainerDefinition};
use super::shape::words;

words! {
    /// What a container must have done before one that waits for it goes on.
    pub enum StartCondition {
        /// Been created; it follows from `volumesFrom`.
        Create = "CREATE",
        /// Started.
        Start = "START",
        /// Exited, with any code.
        Complete = "COMPLETE",
        /// Exited with code 0.
        Success = "SUCCESS",
        /// Passed its health check once.
        Healthy = "HEALTHY",
    }
}

/// One thing that a container waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Dependency {
    /// The other container: its position in the task definition.
    pub on: u16,
    /// What it must have done.
    pub condition: StartCondition,
}

/// The order in which the containers of a task start.
///
/// ```
/// # use wavetank::model::{ContainerCondition, ContainerDefinition, StartOrder};
/// let app = ContainerDefinition::new("app", "app:1").depends_on("db", ContainerCondition::Start);
/// let db = ContainerDefinition::new("db", "db:1");
/// let order = StartOrder::of(&[app, db])?;
/// assert_eq!(order.positions(), [1, 0]);
/// assert_eq!(order.waits_for(0)[0].on, 1);
/// # Ok::<(), wavetank::model::DependencyCycle>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartOrder {
    positions: Vec<u16>,
    waves: Vec<u16>,
    waits_for: Vec<Vec<Dependency>>,
}

/// Containers that wait for each other in a circle, by name, each for the next and the last for the first.
///
/// Of several circles it is the smallest in the order of their names, written from its smallest name on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DependencyCycle {
    /// Their names.
    pub containers: Vec<String>,
}

impl StartOrder {
    /// The order of these containers.
    ///
    /// What leads to a name that none of them has is left out: validation refuses it.
    ///
    /// # Errors
    ///
    /// The containers of a circle, when some wait for each other.
    ///
    /// # Panics
    ///
    /// When there are more than 65,535 containers.
    pub fn of(containers: &[ContainerDefinition]) -> Result<Self, DependencyCycle> {
        let count = u16::try_from(containers.len()).expect("a task has at most 10 containers");
        if !containers.iter().any(waits) {
            return Ok(Self {
                positions: (0..count).collect(),
                waves: vec![0; containers.len()],
                waits_for: vec![Vec::new(); containers.len()],
            });
        }
        let waits_for: Vec<_> = containers
            .iter()
            .map(|container| dependencies(container, containers))
            .collect();
        // Edges lead from a container to the one it waits for.
        let mut graph = Waiting::with_capacity(containers.len(), containers.len());
        for position in 0..count {
            graph.add_node(position);
        }
        for (waiting, dependencies) in (0..count).zip(&waits_for) {
            for dependency in dependencies {
                graph.update_edge(waiting.into(), dependency.on.into(), ());
            }
        }
        let Ok(sorted) = toposort(&graph, None) else {
            return Err(smallest_cycle(&graph, containers));
        };
        // A container is sorted before those it waits for, so these have their wave first.
        let mut waves = vec![0; containers.len()];
        for node in sorted.into_iter().rev() {
            let before = graph.neighbors(node).map(|other| waves[other.index()] + 1);
            waves[node.index()] = before.max().unwrap_or(0);
        }
        let mut positions: Vec<u16> = (0..count).collect();
        positions.sort_by_key(|position| (waves[usize::from(*position)], *position));
        Ok(Self {
            positions,
            waves,
            waits_for,
        })
    }

    /// The positions of the containers in the order in which they start: by wave, then as they are defined.
    #[must_use]
    pub fn positions(&self) -> &[u16] {
        &self.positions
    }

    /// The positions in the order in which they stop: the opposite one.
    pub fn stopping(&self) -> impl Iterator<Item = u16> + '_ {
        self.positions.iter().rev().copied()
    }

    /// How many others, one after the other, must go before a container: 0 when it waits for none.
    ///
    /// # Panics
    ///
    /// When there is no such container.
    #[must_use]
    pub fn wave(&self, position: usize) -> u16 {
        self.waves[position]
    }

    /// What a container waits for: what it names in `dependsOn`, `links` and `volumesFrom`, in that order.
    ///
    /// # Panics
    ///
    /// When there is no such container.
    #[must_use]
    pub fn waits_for(&self, position: usize) -> &[Dependency] {
        &self.waits_for[position]
    }
}

impl fmt::Display for DependencyCycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for name in &self.containers {
            write!(f, "{name} -> ")?;
        }
        f.write_str(self.containers.first().map_or("", String::as_str))
    }
}

impl Error for DependencyCycle {}

type Waiting = DiGraph<u16, (), u16>;

fn waits(container: &ContainerDefinition) -> bool {
    !(container.depends_on.is_empty()
        && container.links.is_empty()
        && container.volumes_from.is_empty())
}

fn dependencies(
    container: &ContainerDefinition,
    containers: &[ContainerDefinition],
) -> Vec<Dependency> {
    let told = container.depends_on.iter().map(|dependency| {
        let condition = match dependency.condition {
            Some(ContainerCondition::Complete) => StartCondition::Complete,
            Some(ContainerCondition::Success) => StartCondition::Success,
            Some(ContainerCondition::Healthy) => StartCondition::Healthy,
            Some(ContainerCondition::Start) | None => StartCondition::Start,
        };
        (dependency.container_name.as_str(), condition)
    });
    let linked = container.links.iter().map(|link| {
        let name = link.split_once(':').map_or(link.as_str(), |(name, _)| name);
        (name, StartCondition::Start)
    });
    let mounted = container.volumes_from.iter().map(|from| {
        let name = from.source_container.as_deref().unwrap_or_default();
        (name, StartCondition::Create)
    });
    let named = |name: &str| containers.iter().position(|other| other.name == name);
    let known = told.chain(linked).chain(mounted);
    known
        .filter_map(|(name, condition)| {
            let on = u16::try_from(named(name)?).ok()?;
            Some(Dependency { on, condition })
        })
        .collect()
}

/// The smallest circle of a graph that has one.
///
/// It begins with the smallest name that is on any circle, and goes on with the smallest name from which there is a
/// way back that meets nothing twice. It ends as soon as it can: a name less is smaller.
fn smallest_cycle(graph: &Waiting, containers: &[ContainerDefinition]) -> DependencyCycle {
    let name = |node: &NodeIndex<u16>| containers[node.index()].name.as_str();
    let is_circular = |part: &Vec<NodeIndex<u16>>| {
        part.len() > 1 || part.iter().any(|node| graph.contains_edge(*node, *node))
    };
    let circular = tarjan_scc(graph).into_iter().filter(is_circular);
    let first = circular.flatten().min_by_key(name);
    let first = first.expect("a graph that can't be sorted has a circle");
    let mut path = vec![first];
    loop {
        let here = path[path.len() - 1];
        if graph.contains_edge(here, first) {
            break;
        }
        let leads_back = |next: &NodeIndex<u16>| {
            let is_open = |node| node == first || !path.contains(&node);
            let open = NodeFiltered::from_fn(graph, is_open);
            is_open(*next) && has_path_connecting(&open, *next, first, None)
        };
        let next = graph.neighbors(here).filter(leads_back).min_by_key(name);
        path.push(next.expect("there is a way back from each container of a circle"));
    }
    DependencyCycle {
        containers: path.iter().map(|node| name(node).to_owned()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::VolumeFrom;

    /// Containers named by letters, each with what it depends on: `a:bc b: c:b`.
    fn containers(text: &str) -> Vec<ContainerDefinition> {
        let container = |word: &str| {
            let (name, others) = word.split_once(':').expect("a name and a colon");
            let empty = ContainerDefinition::new(name, "image");
            others.chars().fold(empty, |container, other| {
                container.depends_on(other.to_string(), ContainerCondition::Start)
            })
        };
        text.split_whitespace().map(container).collect()
    }

    #[track_caller]
    fn check_order(text: &str, expected: &[u16]) {
        let order = StartOrder::of(&containers(text)).expect("there is no circle");
        assert_eq!(order.positions(), expected);
        let stopping: Vec<u16> = order.stopping().collect();
        assert!(stopping.iter().rev().eq(expected));
    }

    #[track_caller]
    fn check_cycle(text: &str, expected: &str) {
        let cycle = StartOrder::of(&containers(text)).expect_err("there is a circle");
        assert_eq!(cycle.to_string(), expected);
    }

    #[test]
    fn containers_that_wait_for_nothing_start_as_they_are_defined() {
        check_order("c: a: b:", &[0, 1, 2]);
        check_order("", &[]);
    }

    #[test]
    fn a_container_starts_after_those_it_waits_for() {
        check_order("a:b b:c c:", &[2, 1, 0]);
        check_order("a:cd b: c:d d:", &[1, 3, 2, 0]);
    }

    #[test]
    fn a_wave_is_the_longest_way_to_it() {
        let order = StartOrder::of(&containers("a:bd b:c c:d d:")).expect("there is no circle");
        assert_eq!([0, 1, 2, 3].map(|nth| order.wave(nth)), [3, 2, 1, 0]);
    }

    #[test]
    fn links_wait_for_the_start_and_volumes_for_the_creation() {
        let mut all = containers("a:b b: c: d:");
        all[0].links = vec!["c:alias".to_owned(), "d".to_owned()];
        all[0].volumes_from = vec![VolumeFrom {
            source_container: Some("d".to_owned()),
            read_only: None,
        }];
        all[0].depends_on[0].condition = Some(ContainerCondition::Healthy);
        let order = StartOrder::of(&all).expect("there is no circle");
        let found: Vec<_> = order
            .waits_for(0)
            .iter()
            .map(|d| (d.on, d.condition))
            .collect();
        let expected = [
            (1, StartCondition::Healthy),
            (2, StartCondition::Start),
            (3, StartCondition::Start),
            (3, StartCondition::Create),
        ];
        assert_eq!(found, expected);
        assert_eq!(order.waits_for(1), []);
    }

    #[test]
    fn a_circle_may_go_over_every_kind_of_waiting() {
        let mut all = containers("a:b b: c:a");
        all[1].volumes_from = vec![VolumeFrom {
            source_container: Some("c".to_owned()),
            read_only: None,
        }];
        let cycle = StartOrder::of(&all).expect_err("there is a circle");
        assert_eq!(cycle.containers, ["a", "b", "c"]);
        all[1].volumes_from.clear();
        all[1].links = vec!["a".to_owned()];
        let cycle = StartOrder::of(&all).expect_err("there is a circle");
        assert_eq!(cycle.containers, ["a", "b"]);
    }

    #[test]
    fn the_smallest_circle_is_told_of() {
        check_cycle("a:a", "a -> a");
        check_cycle("b:a a:b", "a -> b -> a");
        check_cycle("x:a a:c c:b b:a d:e e:d", "a -> c -> b -> a");
        check_cycle("a:b b:ca c:b", "a -> b -> a");
        check_cycle("a:bd b:c c:e d:a e:", "a -> d -> a");
        check_cycle("a:bc b:c c:a", "a -> b -> c -> a");
    }

    /// Every simple circle, written from its smallest name on, smallest first.
    fn all_cycles(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
        fn extend(edges: &[Vec<usize>], path: &mut Vec<usize>, found: &mut Vec<Vec<usize>>) {
            for next in &edges[path[path.len() - 1]] {
                if *next == path[0] {
                    found.push(path.clone());
                } else if *next > path[0] && !path.contains(next) {
                    path.push(*next);
                    extend(edges, path, found);
                    path.pop();
                }
            }
        }
        let mut found = Vec::new();
        for start in 0..edges.len() {
            extend(edges, &mut vec![start], &mut found);
        }
        found.sort();
        found
    }

    /// For each container the longest way to it, by trying again until nothing changes.
    fn longest_ways(edges: &[Vec<usize>]) -> Vec<u16> {
        let mut ways = vec![0; edges.len()];
        for _ in edges {
            for (nth, others) in edges.iter().enumerate() {
                ways[nth] = others.iter().map(|on| ways[*on] + 1).max().unwrap_or(0);
            }
        }
        ways
    }

    proptest! {
        #[test]
        fn it_agrees_with_trying_everything(
            edges in prop::collection::vec((0..6_usize, 0..6_usize), 0..9),
            count in 6..8_usize,
        ) {
            let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
            let mut all: Vec<_> =
                names[..count].iter().map(|name| ContainerDefinition::new(*name, "image")).collect();
            let mut lists = vec![Vec::new(); count];
            for (from, to) in edges {
                all[from] = all[from].clone().depends_on(names[to], ContainerCondition::Start);
                lists[from].push(to);
            }
            match (StartOrder::of(&all), all_cycles(&lists).first()) {
                (Ok(order), None) => {
                    let ways = longest_ways(&lists);
                    let mut expected: Vec<usize> = (0..count).collect();
                    expected.sort_by_key(|nth| ways[*nth]);
                    prop_assert!(order.positions().iter().map(|nth| usize::from(*nth)).eq(expected));
                    let place = |nth: u16| order.positions().iter().position(|other| *other == nth);
                    for waiting in 0..count {
                        for dependency in order.waits_for(waiting) {
                            prop_assert!(place(dependency.on) < place(waiting as u16));
                        }
                    }
                }
                (Err(cycle), Some(expected)) => {
                    let expected: Vec<_> = expected.iter().map(|nth| names[*nth]).collect();
                    prop_assert_eq!(cycle.containers, expected);
                }
                (found, expected) => prop_assert!(false, "{found:?}, but {expected:?}"),
            }
        }
    }
}
