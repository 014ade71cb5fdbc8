//! Faults that last: whom they reach, and what they make of what happens meanwhile.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::draw::{Draws, Purpose, Ratio};
use crate::ids::{ContainerInstanceId, TaskId};
use crate::model::{Fault, Skew, Speed};
use crate::time::SimTime;

use super::instance::InstanceSpec;
use super::task::Moment;
use super::{Ledger, PullFailure};

/// The container instances that a fault reaches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Reach {
    /// Every one.
    All,
    /// One.
    Instance(ContainerInstanceId),
    /// Those of an availability zone.
    Zone(Arc<str>),
    /// Those with an attribute of that value.
    Attribute(Arc<str>, Arc<str>),
}

impl Reach {
    /// Whether it takes in a container instance that is described so.
    pub(crate) fn takes_in(&self, instance: ContainerInstanceId, spec: &InstanceSpec) -> bool {
        match self {
            Self::All => true,
            Self::Instance(reached) => *reached == instance,
            Self::Zone(zone) => spec.zone.as_ref() == Some(zone),
            Self::Attribute(name, value) => spec.attribute(name) == Some(&**value),
        }
    }
}

/// A fault that lasts for a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hazard {
    /// What it does.
    pub fault: Fault,
    /// Whom it reaches, where it is about container instances.
    pub reach: Reach,
    /// Until when, that moment excluded.
    pub until: SimTime,
}

/// The faults that last now, in the order in which they began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Hazards {
    active: Vec<(u32, Arc<Hazard>)>,
    /// How many there ever were.
    minted: u32,
    /// Container instances whose agents the control plane lost by a partition.
    silenced: BTreeSet<ContainerInstanceId>,
    /// Whether the clock of some agent was ever wrong.
    clocks_were_wrong: bool,
}

impl Hazards {
    /// Whether no such fault lasts now: nearly always, so it is asked first.
    #[inline]
    #[must_use]
    pub fn is_calm(&self) -> bool {
        self.active.is_empty()
    }

    /// Whether there never was one.
    #[must_use]
    pub fn is_untouched(&self) -> bool {
        self.minted == 0
    }

    /// The number that the next one gets.
    #[must_use]
    pub fn next(&self) -> u32 {
        self.minted
    }

    /// One that lasts now.
    #[must_use]
    pub fn get(&self, number: u32) -> Option<&Arc<Hazard>> {
        let found = self.active.iter().find(|(known, _)| *known == number);
        found.map(|(_, hazard)| hazard)
    }

    /// All that last now, with their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Hazard)> {
        self.active
            .iter()
            .map(|(number, hazard)| (*number, &**hazard))
    }

    /// Whether the control plane lost an agent by a partition.
    #[must_use]
    pub fn is_silenced(&self, instance: ContainerInstanceId) -> bool {
        self.silenced.contains(&instance)
    }

    /// Whether the clock of some agent was ever wrong: the times it reported need not fit those of the control plane.
    #[must_use]
    pub fn clocks_were_wrong(&self) -> bool {
        self.clocks_were_wrong
    }

    pub(crate) fn began(&mut self, number: u32, hazard: &Arc<Hazard>) {
        assert_eq!(number, self.minted, "faults that last are dense");
        self.minted += 1;
        self.clocks_were_wrong |= matches!(hazard.fault, Fault::ClockSkew { .. });
        if !matches!(hazard.fault, Fault::RegistryOutage { .. }) {
            self.active.push((number, Arc::clone(hazard)));
        }
    }

    pub(crate) fn ended(&mut self, number: u32) {
        self.active.retain(|(known, _)| *known != number);
    }

    pub(crate) fn silenced(&mut self, instance: ContainerInstanceId, is_silenced: bool) {
        match is_silenced {
            true => self.silenced.insert(instance),
            false => self.silenced.remove(&instance),
        };
    }

    pub(crate) fn healed(&mut self) {
        self.active.clear();
        self.silenced.clear();
    }
}

/// A movement of what faults that last do.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub enum HazardChange {
    /// A container's health check is left to its workload again.
    HealthReleased {
        /// Which task.
        task: TaskId,
        /// Which container, in the order of the task definition.
        container: u16,
    },
    /// Every fault under way is over.
    Healed,
    /// A fault that lasts began.
    Began {
        /// Its number among those that last.
        number: u32,
        /// What it is.
        hazard: Arc<Hazard>,
    },
    /// A fault that lasted is over.
    Ended {
        /// Its number.
        number: u32,
    },
    /// The control plane lost an agent by a partition, or has it back.
    Silenced {
        /// Which container instance.
        instance: ContainerInstanceId,
        /// Whether it is lost.
        is_silenced: bool,
    },
    /// An agent has seen the notice that the spot capacity of its machine is taken back, or that it no longer is.
    Noticed {
        /// Which container instance.
        instance: ContainerInstanceId,
        /// Whether it stands.
        stands: bool,
    },
    /// The health checks of a container instance find it impaired, or no longer do.
    Impaired {
        /// Which container instance.
        instance: ContainerInstanceId,
        /// Whether it is.
        is_impaired: bool,
    },
}

/// How likely each misfortune of a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mishaps {
    /// That it is lost.
    pub lost: Ratio,
    /// That it arrives twice.
    pub repeated: Ratio,
    /// That it is late.
    pub late: Ratio,
}

impl Mishaps {
    /// None of them.
    pub const NONE: Self = Self {
        lost: Ratio::ZERO,
        repeated: Ratio::ZERO,
        late: Ratio::ZERO,
    };
}

impl Ledger {
    /// Moves what faults that last do by one change.
    pub(super) fn apply_hazard(&mut self, now: SimTime, change: &HazardChange) {
        match change {
            HazardChange::Began { number, hazard } => {
                self.hazards.began(*number, hazard);
                if let Fault::RegistryOutage { registry, .. } = &hazard.fault {
                    self.pull_failures.push(PullFailure {
                        image: registry.clone(),
                        from: now,
                        until: hazard.until,
                        of_registry: true,
                    });
                }
            }
            HazardChange::Ended { number } => self.hazards.ended(*number),
            HazardChange::Silenced {
                instance,
                is_silenced,
            } => self.hazards.silenced(*instance, *is_silenced),
            HazardChange::Noticed { instance, stands } => {
                self.hosts.host_mut(*instance).noticed = *stands;
            }
            HazardChange::Impaired {
                instance,
                is_impaired,
            } => {
                let host = self.hosts.host_mut(*instance);
                host.impaired = *is_impaired;
                host.health_moved_at = Some(now);
            }
            HazardChange::HealthReleased { task, container } => {
                self.life_mut(*task, *container).forced = None;
            }
            HazardChange::Healed => {
                for failure in &mut self.pull_failures {
                    failure.until = failure.until.min(now);
                }
                self.hazards.healed();
            }
        }
    }

    /// Faults that last.
    #[inline]
    #[must_use]
    pub fn hazards(&self) -> &Hazards {
        &self.hazards
    }

    /// Whether a fault reaches a container instance.
    #[must_use]
    pub fn is_reached(&self, reach: &Reach, instance: ContainerInstanceId) -> bool {
        match reach {
            Reach::All => true,
            Reach::Instance(reached) => *reached == instance,
            Reach::Zone(_) | Reach::Attribute(..) => {
                let record = self.instance(instance);
                record.is_some_and(|record| reach.takes_in(instance, &record.spec))
            }
        }
    }

    /// The registered container instances that a fault reaches, in order of registration.
    pub fn reached<'a>(
        &'a self,
        reach: &'a Reach,
    ) -> impl Iterator<Item = ContainerInstanceId> + 'a {
        let all = self.instances().iter();
        let registered = all.filter(|(_, record)| record.is_registered());
        let ids = registered.map(|(instance, _)| instance);
        ids.filter(|instance| self.is_reached(reach, *instance))
    }

    /// The faults that last and reach a container instance.
    fn upon(&self, instance: ContainerInstanceId) -> impl Iterator<Item = &Fault> {
        let all = self.hazards.active.iter();
        let there = all.filter(move |(_, hazard)| self.is_reached(&hazard.reach, instance));
        there.map(|(_, hazard)| &hazard.fault)
    }

    /// How long it takes on a host what would take `span`: that, unless the host is slow.
    #[inline]
    #[must_use]
    pub fn paced(&self, on: Option<ContainerInstanceId>, span: Duration) -> Duration {
        if self.hazards.is_calm() {
            return span;
        }
        on.map_or(span, |on| self.slowed(on, span))
    }

    /// Of several speeds the lowest counts.
    fn slowed(&self, on: ContainerInstanceId, span: Duration) -> Duration {
        let slowed = self.upon(on).filter_map(|fault| match fault {
            Fault::Slow { speed, .. } => Some(at_speed(*speed, span)),
            _ => None,
        });
        slowed.max().unwrap_or(span)
    }

    /// Whether what the control plane says does not reach an agent that is connected, for a partition.
    #[inline]
    #[must_use]
    pub fn hides_control_plane(&self, on: Option<ContainerInstanceId>) -> bool {
        !self.hazards.is_calm()
            && on.is_some_and(|on| {
                self.upon(on).any(|fault| {
                    matches!(fault, Fault::Partition { cut, .. } if cut.hides_control_plane())
                })
            })
    }

    /// Whether what an agent that is connected says does not arrive, for a partition.
    #[inline]
    #[must_use]
    pub fn hides_agent(&self, on: Option<ContainerInstanceId>) -> bool {
        !self.hazards.is_calm()
            && on.is_some_and(|on| {
                self.upon(on).any(
                    |fault| matches!(fault, Fault::Partition { cut, .. } if cut.hides_agents()),
                )
            })
    }

    /// Until when a partition reaches a container instance, if one does.
    #[must_use]
    pub fn cut_until(&self, instance: ContainerInstanceId) -> Option<SimTime> {
        let all = self.hazards.active.iter().map(|(_, hazard)| hazard);
        let cuts = all.filter(|hazard| {
            let is_cut = matches!(hazard.fault, Fault::Partition { .. });
            is_cut && self.is_reached(&hazard.reach, instance)
        });
        cuts.map(|hazard| hazard.until).max()
    }

    /// What may befall messages to and from a container instance: of several faults the likeliest counts.
    #[must_use]
    pub fn mishaps_of_messages(&self, on: ContainerInstanceId) -> Mishaps {
        self.upon(on).fold(Mishaps::NONE, |mut all, fault| {
            match fault {
                Fault::MessageLoss { chance, .. } => all.lost = likelier(all.lost, chance.ratio()),
                Fault::MessageRepeat { chance, .. } => {
                    all.repeated = likelier(all.repeated, chance.ratio());
                }
                Fault::MessageReorder { chance, .. } => {
                    all.late = likelier(all.late, chance.ratio());
                }
                _ => {}
            }
            all
        })
    }

    /// What may befall state change events, likewise.
    #[must_use]
    pub fn mishaps_of_events(&self) -> Mishaps {
        let all = self.hazards.active.iter();
        all.fold(Mishaps::NONE, |mut all, (_, hazard)| {
            match &hazard.fault {
                Fault::EventLoss { chance, .. } => all.lost = likelier(all.lost, chance.ratio()),
                Fault::EventRepeat { chance, .. } => {
                    all.repeated = likelier(all.repeated, chance.ratio());
                }
                Fault::EventReorder { chance, .. } => all.late = likelier(all.late, chance.ratio()),
                _ => {}
            }
            all
        })
    }

    /// A time of an agent, as its clock shows it.
    #[inline]
    #[must_use]
    pub fn as_its_clock_shows(&self, on: Option<ContainerInstanceId>, time: Moment) -> Moment {
        if self.hazards.is_calm() {
            return time;
        }
        match (on, time.get()) {
            (Some(on), Some(at)) => self.skewed(on, at),
            _ => time,
        }
    }

    fn skewed(&self, on: ContainerInstanceId, at: SimTime) -> Moment {
        let shown = self.upon(on).fold(at, |at, fault| match fault {
            Fault::ClockSkew {
                skew: Skew::Ahead(by),
                ..
            } => at.saturating_add(*by),
            Fault::ClockSkew {
                skew: Skew::Behind(by),
                ..
            } => {
                let by = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
                SimTime::from_nanos(at.as_nanos().saturating_sub(by))
            }
            _ => at,
        });
        shown.into()
    }

    /// Whether the network interface of a task is never attached, for a fault.
    #[must_use]
    pub fn interface_fails(&self, draws: &Draws, task: TaskId) -> bool {
        let chances = self
            .hazards
            .active
            .iter()
            .filter_map(|(_, hazard)| match &hazard.fault {
                Fault::EniAttachFail { chance, .. } => Some(chance.ratio()),
                _ => None,
            });
        let chance = chances.fold(Ratio::ZERO, likelier);
        let mut draw = draws.at(Purpose::InterfaceFate, u64::from(task.number()), 0);
        !chance.is_zero() && draw.chance(chance)
    }
}

/// How long it takes at a speed what would take `span` else.
fn at_speed(speed: Speed, span: Duration) -> Duration {
    let ratio = speed.ratio();
    let nanos = span
        .as_nanos()
        .saturating_mul(u128::from(ratio.denominator()));
    let nanos = nanos / u128::from(ratio.numerator());
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

fn likelier(one: Ratio, other: Ratio) -> Ratio {
    let weigh = |a: Ratio, b: Ratio| u64::from(a.numerator()) * u64::from(b.denominator());
    if weigh(one, other) >= weigh(other, one) {
        one
    } else {
        other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_the_speed_takes_twice_as_long_and_never_overflows() {
        let second = Duration::from_secs(1);
        assert_eq!(at_speed(Speed::new(1, 2), second), 2 * second);
        assert_eq!(at_speed(Speed::new(2, 3), 2 * second), 3 * second);
        assert_eq!(at_speed(Speed::new(1, 1), second), second);
        let slowest = at_speed(Speed::new(1, u32::MAX), Duration::MAX);
        assert_eq!(slowest, Duration::from_nanos(u64::MAX));
    }

    #[test]
    fn the_likelier_of_two_is_the_greater_fraction() {
        let (third, half) = (Ratio::new(1, 3), Ratio::new(1, 2));
        assert_eq!(likelier(third, half), half);
        assert_eq!(likelier(half, third), half);
        assert_eq!(likelier(Ratio::ZERO, Ratio::ZERO), Ratio::ZERO);
    }
}
