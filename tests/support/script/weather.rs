//! The faults of a script that last, or that meet several: which kind it is goes by a number.

use std::time::Duration;

use wavetank::model::*;

use super::{Player, pick};

/// How many kinds there are.
pub(crate) const KINDS: u8 = 28;

/// A line of weather.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    pub(crate) kind: u8,
    /// Whom it reaches.
    pub(crate) number: u8,
    pub(crate) seconds: u64,
}

impl Weather {
    /// Whether it makes calls fail.
    pub(crate) fn meets_calls(self) -> bool {
        matches!(self.kind, 6..=8)
    }

    /// Whether state changes are lost on their way to subscribers.
    pub(crate) fn loses_events(self) -> bool {
        self.kind == 16
    }

    /// Whether it makes clocks wrong.
    pub(crate) fn meets_clocks(self) -> bool {
        matches!(self.kind, 19 | 20)
    }

    /// The fault.
    pub(super) fn fault(self, player: &Player) -> Fault {
        let lasting = Duration::from_secs(self.seconds);
        let zone = || ["a", "b"][usize::from(self.number % 2)].to_owned();
        let instance = || pick(&player.instances, self.number);
        let task = || pick(&player.tasks, self.number);
        let container = || "app".to_owned();
        let operation = || Glob::new(["*", "RunTask", "Stop*"][usize::from(self.number % 3)]);
        let chance = Chance::new(1 + u32::from(self.number % 3), 3);
        let on = || self.on(player);
        match self.kind {
            0 => Fault::ZoneOutage { zone: zone() },
            1 => Fault::ZoneRecovery { zone: zone() },
            2 => Fault::SpotInterruption(SpotTarget::ContainerInstance(instance())),
            3 => Fault::SpotInterruption(SpotTarget::Task(task())),
            4 => Fault::HealthFail {
                task: task(),
                container: container(),
            },
            5 => Fault::HealthRecover {
                task: task(),
                container: container(),
            },
            6 => Fault::Throttle {
                operation: operation(),
                lasting,
            },
            7 | 8 => Fault::ServerError {
                operation: operation(),
                lasting,
                applied: self.kind == 7,
            },
            9 => Fault::Slow {
                on: on(),
                speed: Speed::new(1, 1 + u32::from(self.number % 5)),
                lasting,
            },
            10..=12 => Fault::Partition {
                on: on(),
                cut: [Cut::Both, Cut::ToAgent, Cut::ToControlPlane][usize::from(self.kind - 10)],
                lasting,
            },
            _ => self.uncertain(player, (chance, lasting)),
        }
    }

    /// The kinds that meet what is sent, and the rest.
    fn uncertain(self, player: &Player, (chance, lasting): (Chance, Duration)) -> Fault {
        let on = || self.on(player);
        let wrong = Duration::from_millis(u64::from(self.number) * 100);
        match self.kind {
            13 => Fault::MessageLoss {
                on: on(),
                chance,
                lasting,
            },
            14 => Fault::MessageRepeat {
                on: on(),
                chance,
                lasting,
            },
            15 => Fault::MessageReorder {
                on: on(),
                chance,
                lasting,
            },
            16 => Fault::EventLoss { chance, lasting },
            17 => Fault::EventRepeat { chance, lasting },
            18 => Fault::EventReorder { chance, lasting },
            19 => Fault::ClockSkew {
                on: on(),
                skew: Skew::Ahead(wrong),
                lasting,
            },
            20 => Fault::ClockSkew {
                on: on(),
                skew: Skew::Behind(wrong),
                lasting,
            },
            21 => Fault::RegistryOutage {
                registry: Glob::any(),
                lasting,
            },
            22 => Fault::EniAttachFail { chance, lasting },
            23 => Fault::Outage { on: on() },
            24 => Fault::Recovery { on: on() },
            25 => Fault::InstanceHealthFail {
                container_instance: pick(&player.instances, self.number / 2),
                repair: self.number % 2 == 0,
            },
            26 => Fault::InstanceHealthRecover {
                container_instance: pick(&player.instances, self.number / 2),
            },
            _ => Fault::TaskRetirement {
                task: pick(&player.tasks, self.number),
            },
        }
    }

    fn on(self, player: &Player) -> InstanceSet {
        match self.number % 8 {
            0 => InstanceSet::All,
            1 => InstanceSet::zone("a"),
            2 => InstanceSet::attribute("rack", "1"),
            _ => InstanceSet::instance(pick(&player.instances, self.number / 8)),
        }
    }
}
