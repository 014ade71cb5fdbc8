//! Swarms: plans that have some families of faults and lack others, by luck.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::draw::{Draw, Draws, Latency, Purpose, Ratio};
use crate::model::{Chance, Cut, Fault, Glob, InstanceSet, Skew, Speed, SpotTarget};

use super::plan::FaultPlan;

/// A family of faults, which a swarm has or lacks as a whole.
///
/// Testing with some families left out finds what testing with all of them hides: faults that mask each other (Groce and
/// others, "Swarm Testing", ISSTA 2012).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum FaultFamily {
    /// Agents are started again.
    Agents,
    /// Machines halt, and run again.
    Machines,
    /// Whole zones do.
    Zones,
    /// Spot capacity is taken back, for good.
    Spot,
    /// Processes exit.
    Containers,
    /// Health checks fail, and pass again.
    Health,
    /// Pulls fail, and registries.
    Pulls,
    /// Hosts and zones are slow.
    Slowness,
    /// Messages do not pass.
    Partitions,
    /// Messages are lost, repeated and late.
    Messages,
    /// State change events are lost, repeated and late.
    Events,
    /// Clocks are wrong.
    Clocks,
    /// Network interfaces are not attached.
    Interfaces,
    /// Calls are throttled, or answered by an error.
    Calls,
    /// Readers see what was.
    Reads,
    /// Controllers crash, and begin again.
    Controllers,
}

impl FaultFamily {
    /// Every family.
    pub const ALL: &'static [Self] = &[
        Self::Agents,
        Self::Machines,
        Self::Zones,
        Self::Spot,
        Self::Containers,
        Self::Health,
        Self::Pulls,
        Self::Slowness,
        Self::Partitions,
        Self::Messages,
        Self::Events,
        Self::Clocks,
        Self::Interfaces,
        Self::Calls,
        Self::Reads,
        Self::Controllers,
    ];

    /// The faults of the family, and how many times the swarm's mean gap each of them has between two.
    fn rows(self) -> Vec<(u32, Fault)> {
        let minute = Duration::from_secs(60);
        match self {
            Self::Agents => vec![
                (1, restart(Duration::from_secs(5))),
                (4, restart(Duration::from_secs(45))),
            ],
            Self::Machines => machines(),
            Self::Zones => vec![
                (6, Fault::ZoneOutage { zone: any() }),
                (2, Fault::ZoneRecovery { zone: any() }),
            ],
            Self::Spot => vec![
                (8, spot(SpotTarget::ContainerInstance)),
                (2, spot(SpotTarget::Task)),
            ],
            Self::Containers => vec![(3, exit(0)), (3, exit(1)), (3, exit(137))],
            Self::Health => health(),
            Self::Pulls => pulls(),
            Self::Slowness => vec![
                (1, slow(one(), 3, 2 * minute)),
                (4, slow(InstanceSet::Zone(any()), 10, minute)),
            ],
            Self::Partitions => vec![
                (2, partition(one(), Cut::Both, minute / 3)),
                (4, partition(one(), Cut::ToAgent, minute)),
                (4, partition(one(), Cut::ToControlPlane, 2 * minute)),
                (
                    8,
                    partition(InstanceSet::Zone(any()), Cut::Both, 2 * minute),
                ),
            ],
            Self::Messages => messages(),
            Self::Events => events(),
            Self::Clocks => vec![
                (2, skewed(Skew::Ahead(Duration::from_secs(10)))),
                (2, skewed(Skew::Behind(Duration::from_secs(10)))),
            ],
            Self::Interfaces => vec![(2, interfaces(minute))],
            Self::Calls => calls(),
            Self::Reads => vec![(2, lag(minute))],
            Self::Controllers => controllers(),
        }
    }
}

fn any() -> String {
    "$any".to_owned()
}

fn one() -> InstanceSet {
    InstanceSet::ContainerInstance(any())
}

fn restart(lasting: Duration) -> Fault {
    let container_instance = any();
    Fault::AgentRestart {
        container_instance,
        lasting,
    }
}

fn machines() -> Vec<(u32, Fault)> {
    let (halts, runs) = (any(), any());
    vec![
        (
            2,
            Fault::InstanceStop {
                container_instance: halts,
            },
        ),
        (
            1,
            Fault::InstanceStart {
                container_instance: runs,
            },
        ),
    ]
}

fn controllers() -> Vec<(u32, Fault)> {
    let (crashes, begins) = (any(), any());
    vec![
        (
            4,
            Fault::ControllerCrash {
                controller: crashes,
            },
        ),
        (1, Fault::ControllerRestart { controller: begins }),
    ]
}

fn spot(of: impl Fn(String) -> SpotTarget) -> Fault {
    Fault::SpotInterruption(of(any()))
}

fn exit(exit_code: i32) -> Fault {
    let (task, container) = (any(), any());
    Fault::ContainerExit {
        task,
        container,
        exit_code,
    }
}

fn health() -> Vec<(u32, Fault)> {
    let names = || (any(), any());
    let ((task, container), other) = (names(), names());
    let fails = Fault::HealthFail { task, container };
    let (task, container) = other;
    vec![(1, fails), (1, Fault::HealthRecover { task, container })]
}

fn pulls() -> Vec<(u32, Fault)> {
    let (image, registry) = (Glob::any(), Glob::any());
    let (brief, longer) = (Duration::from_secs(20), Duration::from_secs(60));
    let outage = Fault::RegistryOutage {
        registry,
        lasting: longer,
    };
    vec![
        (
            2,
            Fault::PullFail {
                image,
                lasting: brief,
            },
        ),
        (4, outage),
    ]
}

fn slow(on: InstanceSet, times: u32, lasting: Duration) -> Fault {
    let speed = Speed::new(1, times);
    Fault::Slow { on, speed, lasting }
}

fn partition(on: InstanceSet, cut: Cut, lasting: Duration) -> Fault {
    Fault::Partition { on, cut, lasting }
}

fn skewed(skew: Skew) -> Fault {
    let (on, lasting) = (one(), Duration::from_secs(120));
    Fault::ClockSkew { on, skew, lasting }
}

fn interfaces(lasting: Duration) -> Fault {
    let chance = Chance::new(1, 2);
    Fault::EniAttachFail { chance, lasting }
}

fn lag(lasting: Duration) -> Fault {
    let lag = Duration::from_secs(10);
    Fault::ReadLag { lag, lasting }
}

fn messages() -> Vec<(u32, Fault)> {
    let (chance, lasting) = (Chance::new(1, 4), Duration::from_secs(120));
    let on = || InstanceSet::All;
    vec![
        (
            3,
            Fault::MessageLoss {
                on: on(),
                chance,
                lasting,
            },
        ),
        (
            3,
            Fault::MessageRepeat {
                on: on(),
                chance,
                lasting,
            },
        ),
        (
            3,
            Fault::MessageReorder {
                on: on(),
                chance,
                lasting,
            },
        ),
    ]
}

fn events() -> Vec<(u32, Fault)> {
    let (chance, lasting) = (Chance::new(1, 4), Duration::from_secs(120));
    vec![
        (3, Fault::EventLoss { chance, lasting }),
        (3, Fault::EventRepeat { chance, lasting }),
        (3, Fault::EventReorder { chance, lasting }),
    ]
}

fn calls() -> Vec<(u32, Fault)> {
    let (operation, lasting) = (|| Glob::new("*"), Duration::from_secs(10));
    let error = |applied| Fault::ServerError {
        operation: operation(),
        lasting,
        applied,
    };
    let throttle = Fault::Throttle {
        operation: operation(),
        lasting,
    };
    vec![(2, throttle), (4, error(false)), (4, error(true))]
}

/// The mean gap between two faults of a family may be one of these, in seconds.
const GAPS: [u64; 3] = [20, 60, 300];

impl FaultPlan {
    /// A plan that has each of the families or lacks it, half and half, and each that it has often or seldom: by the luck of
    /// the seed, which is the luck of no simulation. There is at least one, if any is given.
    ///
    /// ```
    /// use wavetank::{FaultFamily, FaultPlan};
    ///
    /// let plans: Vec<FaultPlan> = (0..100).map(|seed| FaultPlan::swarm(seed, FaultFamily::ALL)).collect();
    /// assert!(plans.iter().all(|plan| !plan.rows().is_empty()));
    /// assert!(plans.windows(2).all(|pair| pair[0] != pair[1]));
    /// assert_eq!(plans[7], FaultPlan::swarm(7, FaultFamily::ALL));
    /// ```
    #[must_use]
    pub fn swarm(seed: u64, families: &[FaultFamily]) -> Self {
        let draws = Draws::new(seed);
        let luck = |family: FaultFamily| draws.at(Purpose::Swarm, family as u64, 0);
        let mut chosen: Vec<(FaultFamily, Draw)> = families
            .iter()
            .map(|family| (*family, luck(*family)))
            .collect();
        // Each draw says first whether its family is there, then how often its faults come.
        let taken: Vec<bool> = chosen
            .iter_mut()
            .map(|(_, draw)| draw.chance(Ratio::new(1, 2)))
            .collect();
        let none = !taken.contains(&true);
        let mut plan = Self::new();
        for ((family, mut draw), is_taken) in chosen.into_iter().zip(taken) {
            if is_taken || none && families.first() == Some(&family) {
                let gap = GAPS[usize::try_from(draw.below(3)).unwrap_or(0)];
                for (times, fault) in family.rows() {
                    let mean = Duration::from_secs(gap * u64::from(times));
                    plan = plan.every(Latency::Exponential { mean }, fault);
                }
            }
        }
        plan
    }

    /// Every row that a swarm of those families may have, whatever its seed.
    pub(crate) fn all_of(families: &[FaultFamily]) -> Self {
        let rows = families.iter().flat_map(|family| family.rows());
        rows.fold(Self::new(), |plan, (_, fault)| {
            plan.every(Latency::ZERO, fault)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_has_faults_that_can_be_planned() {
        for (nth, family) in FaultFamily::ALL.iter().enumerate() {
            assert_eq!(
                *family as usize, nth,
                "the luck of a family is at its number"
            );
            let rows = family.rows();
            assert!(!rows.is_empty());
            for (times, fault) in rows {
                let mean = Duration::from_secs(u64::from(times));
                let plan = FaultPlan::new().every(Latency::Exponential { mean }, fault);
                assert_eq!(plan.validate(), Ok(()));
            }
        }
    }

    #[test]
    fn a_family_keeps_its_luck_whatever_others_are_asked_for() {
        let asked = [FaultFamily::Zones, FaultFamily::Clocks];
        let kinds = |family: FaultFamily| family.rows().into_iter().map(|(_, fault)| fault.kind());
        let mut both = 0;
        for seed in 0..50 {
            let of = |plan: FaultPlan, families: &[FaultFamily]| {
                let kinds: Vec<_> = families.iter().flat_map(|it| kinds(*it)).collect();
                let rows = plan.rows().iter();
                let own = rows.filter(|row| kinds.contains(&row.fault.kind()));
                own.cloned().collect::<Vec<_>>()
            };
            let of_all = of(FaultPlan::swarm(seed, FaultFamily::ALL), &asked);
            let alone = FaultPlan::swarm(seed, &asked);
            if of_all.is_empty() {
                // A swarm is never empty: it has the first then.
                assert_eq!(alone.rows(), of(alone.clone(), &asked[..1]));
            } else {
                assert_eq!(alone.rows(), of_all);
                both += usize::from(asked.iter().all(|it| !of(alone.clone(), &[*it]).is_empty()));
            }
        }
        assert!(both > 0, "both are there at times");
    }

    #[test]
    fn each_family_is_there_about_half_the_time() {
        for family in FaultFamily::ALL {
            let has = |seed: &u64| {
                let plan = FaultPlan::swarm(*seed, FaultFamily::ALL);
                let kind = family.rows()[0].1.kind();
                plan.rows().iter().any(|row| row.fault.kind() == kind)
            };
            let times = (0..200).filter(has).count();
            assert!((60..140).contains(&times), "{family:?}: {times}");
        }
    }
}
