//! What a scheduler may read: a cluster's container instances, with the picks already made for the same request.

use std::sync::Arc;

use crate::ids::{ClusterId, ContainerInstanceId, GroupId};
use crate::ledger::cluster::Capacity;
use crate::ledger::demand::ports_clash;
use crate::ledger::group::Counts;
use crate::ledger::instance::PORT_QUOTA;
use crate::ledger::versions::InstanceSeen;
use crate::ledger::{Demand, InstanceRecord, Ledger};
use crate::model::FailureReason;

use super::ask::Ask;
use super::filter::{self, Shortfalls};
use super::member_of;
use super::rank;
use super::seen::SeenCluster;
use super::{Placement, Refusal};

/// What the control plane has left to give on one container instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remaining {
    /// CPU units.
    pub cpu: u32,
    /// MiB.
    pub memory: u32,
    /// GPUs.
    pub gpus: u32,
    /// Network interfaces for `awsvpc` tasks; very many where the instance's type sets no limit.
    pub enis: u32,
}

/// As many tasks as RunTask asks for at most.
const PICKS: usize = 10;

/// A pick made for an earlier task of the same request.
#[derive(Clone, Debug)]
struct Pick {
    row: usize,
    cpu: u32,
    memory: u32,
    gpus: u32,
    enis: u32,
    /// The demand again, if it has static ports.
    ports: Option<Box<Demand>>,
}

/// The bit of a row.
#[inline]
fn bit(row: usize) -> u64 {
    1 << (row % 64)
}

/// A cluster's container instances as a scheduler may read them.
///
/// Rows are in order of registration and cover ACTIVE and DRAINING instances; a row is only good for this pool.
/// The pool shows the ledger as it is, less the picks made with [`take`](Self::take); or as it was, where the builder was told
/// what [the scheduler sees](crate::Builder::scheduler_sees).
#[derive(Clone, Debug)]
pub struct Pool<'a> {
    ledger: &'a Ledger,
    capacity: &'a Capacity,
    /// What is seen late; nothing where the pool shows the truth.
    seen: Option<&'a SeenCluster<'a>>,
    picks: Vec<Pick>,
    /// The bit of each row picked, by the lowest six bits of its number: of most rows it tells that nothing was.
    picked: u64,
}

impl<'a> Pool<'a> {
    /// The container instances of a cluster as they are now.
    ///
    /// # Panics
    ///
    /// When no cluster ever had that number.
    #[must_use]
    pub fn new(ledger: &'a Ledger, cluster: ClusterId) -> Self {
        let capacity = &ledger.cluster(cluster).capacity;
        Self {
            ledger,
            capacity,
            seen: None,
            picks: Vec::new(),
            picked: 0,
        }
    }

    /// The same as somebody sees it who may see it late.
    pub(crate) fn seen_by(
        ledger: &'a Ledger,
        cluster: ClusterId,
        seen: Option<&'a SeenCluster<'a>>,
    ) -> Self {
        let fresh = Self::new(ledger, cluster);
        Self {
            capacity: seen.map_or(fresh.capacity, SeenCluster::capacity),
            seen,
            ..fresh
        }
    }

    /// Picks a container instance for an ask: later asks see what is left.
    ///
    /// # Errors
    ///
    /// What stands in the way when the instance can't take the task; the pool is then as it was.
    pub fn take(
        &mut self,
        ask: &Ask<'_>,
        instance: ContainerInstanceId,
    ) -> Result<(), FailureReason> {
        let row = self.can_take(ask, instance)?;
        self.take_row(row, ask.demand);
        Ok(())
    }

    /// Whether a container instance can take the task.
    ///
    /// # Errors
    ///
    /// What stands in the way.
    #[inline]
    pub fn can_take(
        &self,
        ask: &Ask<'_>,
        instance: ContainerInstanceId,
    ) -> Result<usize, FailureReason> {
        let row = self.capacity.row(instance).ok_or(FailureReason::Missing)?;
        if filter::fits(self, ask, row) {
            return Ok(row);
        }
        let reason = self.shortfalls(ask, row).first();
        Err(reason.expect("what does not fit lacks something"))
    }

    /// Debits a row that can take the demand.
    #[inline]
    pub(super) fn take_row(&mut self, row: usize, demand: &Demand) {
        if self.picks.capacity() == 0 {
            self.picks.reserve(PICKS);
        }
        self.picks.push(Pick {
            row,
            cpu: demand.cpu,
            memory: demand.memory,
            gpus: demand.gpus,
            enis: demand.enis,
            ports: demand.has_ports().then(|| Box::new(demand.clone())),
        });
        self.picked |= bit(row);
    }

    /// The container instances, one a row, in order of registration.
    #[must_use]
    pub fn instances(&self) -> &'a [ContainerInstanceId] {
        &self.capacity.instances
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.capacity.len()
    }

    /// Whether the cluster has no container instance.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.capacity.is_empty()
    }

    /// What is left in a row.
    ///
    /// # Panics
    ///
    /// When there is no such row.
    #[must_use]
    pub fn remaining(&self, row: usize) -> Remaining {
        Remaining {
            cpu: self.cpu(row),
            memory: self.memory(row),
            gpus: self.gpus(row),
            enis: self.enis(row),
        }
    }

    /// The container instance of a row, as the control plane knows it (without the picks).
    ///
    /// # Panics
    ///
    /// When there is no such row.
    #[must_use]
    pub fn record(&self, row: usize) -> &'a InstanceRecord {
        if let Some(late) = self.late(row) {
            return &late.record;
        }
        let record = self.ledger.instance(self.capacity.instances[row]);
        record.expect("a container instance with a row is known")
    }

    /// The value of an attribute in a row; `None` when the instance lacks it or it has no value.
    #[must_use]
    pub fn attribute(&self, row: usize, name: &str) -> Option<&'a str> {
        self.capacity.attributes.get(name)?.value(row)
    }

    /// Whether every `memberOf` constraint of an ask holds in a row, picks included.
    ///
    /// # Panics
    ///
    /// When there is no such row.
    #[must_use]
    pub fn meets_constraints(&self, row: usize, ask: &Ask<'_>) -> bool {
        member_of::unmet(self, ask, row).is_none()
    }

    /// How many tasks of a group are wanted RUNNING in a row, picks included.
    #[must_use]
    pub fn tasks_of_group(&self, row: usize, group: Option<GroupId>) -> u32 {
        let counts = group.and_then(|group| self.counts(group));
        let known = counts.map_or(0, |counts| counts.on(self.capacity.instances[row]));
        known + self.picks_in(row)
    }

    /// The rows that can take the task, in order of registration.
    pub fn feasible<'p>(&'p self, ask: &'p Ask<'_>) -> impl Iterator<Item = usize> + 'p {
        filter::feasible(self, ask)
    }

    /// The row that the ask's rules prefer among `candidates`, ties broken as the run breaks them; `None` of none.
    #[must_use]
    pub fn rank(&self, ask: &Ask<'_>, mut candidates: Vec<usize>) -> Option<usize> {
        rank::choose(self, ask, &mut candidates)
    }

    /// What a row lacks to take the task.
    ///
    /// # Panics
    ///
    /// When there is no such row.
    #[must_use]
    pub fn shortfalls(&self, ask: &Ask<'_>, row: usize) -> Shortfalls {
        filter::shortfalls(self, ask, row)
    }

    /// Why no row can take the task: the reason and the row that came closest.
    #[must_use]
    pub fn refusal(&self, ask: &Ask<'_>) -> Refusal {
        filter::refusal(self, ask)
    }

    /// A row as a placement.
    pub(crate) fn placed(&self, row: usize) -> Placement {
        Ok(self.capacity.instances[row])
    }

    pub(crate) fn ledger(&self) -> &'a Ledger {
        self.ledger
    }

    pub(crate) fn capacity(&self) -> &'a Capacity {
        self.capacity
    }

    /// Whether it may show something else than the truth.
    #[inline]
    pub(crate) fn is_late(&self) -> bool {
        self.seen.is_some()
    }

    /// The container instance of a row, when it is seen late.
    #[inline]
    pub(crate) fn late(&self, row: usize) -> Option<&'a InstanceSeen> {
        self.seen?.late(self.capacity.instances[row])
    }

    /// On which container instances a group has tasks wanted RUNNING, without the picks.
    pub(crate) fn counts(&self, group: GroupId) -> Option<&'a Counts> {
        let late = self.seen.and_then(|seen| seen.counts(group));
        late.or_else(|| Some(&self.ledger.groups().get(group)?.wanted))
    }

    /// CPU units left in a row, picks taken off; so are those of the other resources.
    #[inline]
    pub(crate) fn cpu(&self, row: usize) -> u32 {
        self.less_picks(row, self.capacity.cpu[row], |pick| pick.cpu)
    }

    #[inline]
    pub(crate) fn memory(&self, row: usize) -> u32 {
        self.less_picks(row, self.capacity.memory[row], |pick| pick.memory)
    }

    #[inline]
    pub(crate) fn gpus(&self, row: usize) -> u32 {
        self.less_picks(row, self.capacity.gpus[row], |pick| pick.gpus)
    }

    #[inline]
    pub(crate) fn enis(&self, row: usize) -> u32 {
        self.less_picks(row, self.capacity.enis[row], |pick| pick.enis)
    }

    /// CPU units and MiB left in a row.
    #[inline]
    pub(crate) fn room(&self, row: usize) -> (u32, u32) {
        let left = (self.capacity.cpu[row], self.capacity.memory[row]);
        if self.picked & bit(row) == 0 {
            return left;
        }
        self.room_of_picked(row, left)
    }

    /// The same where something may have been picked, given what the ledger has.
    #[cold]
    fn room_of_picked(&self, row: usize, left: (u32, u32)) -> (u32, u32) {
        let of_row = self.picks.iter().filter(|pick| pick.row == row);
        of_row.fold(left, |(cpu, memory), pick| {
            (cpu - pick.cpu, memory - pick.memory)
        })
    }

    /// What is left of a resource in a row, given what the ledger has of it.
    #[inline]
    fn less_picks(&self, row: usize, left: u32, of: impl Fn(&Pick) -> u32) -> u32 {
        let picks = self.picks_of(row).iter();
        picks.fold(left, |left, pick| {
            left - u32::from(pick.row == row) * of(pick)
        })
    }

    /// Every pick, unless it is plain that none fell on a row.
    #[inline]
    fn picks_of(&self, row: usize) -> &[Pick] {
        if self.picked & bit(row) == 0 {
            return &[];
        }
        &self.picks
    }

    /// The whole columns of CPU and memory, picks taken off: copied into a buffer when anything was picked.
    #[inline]
    pub(crate) fn columns<'b>(&'b self, copies: &'b mut [Vec<u32>; 2]) -> [&'b [u32]; 2] {
        let columns = [&self.capacity.cpu[..], &self.capacity.memory[..]];
        if self.picks.is_empty() {
            return columns;
        }
        for (copy, column) in copies.iter_mut().zip(columns) {
            copy.clear();
            copy.extend_from_slice(column);
        }
        for pick in &self.picks {
            copies[0][pick.row] -= pick.cpu;
            copies[1][pick.row] -= pick.memory;
        }
        copies.each_ref().map(|copy| &copy[..])
    }

    /// Whether a row is in one of some zones; an instance that does not tell its zone may be in any.
    pub(crate) fn is_in(&self, row: usize, zones: &[Arc<str>]) -> bool {
        let zone = &self.record(row).spec.zone;
        zones.is_empty() || zone.as_ref().is_none_or(|zone| zones.contains(zone))
    }

    /// Whether anything was picked.
    #[inline]
    pub(crate) fn is_picked(&self) -> bool {
        !self.picks.is_empty()
    }

    /// How many picks fell on a row.
    pub(crate) fn picks_in(&self, row: usize) -> u32 {
        let picks = self.picks_of(row).iter();
        let picks = picks.filter(|pick| pick.row == row).count();
        u32::try_from(picks).expect("a request asks for few tasks")
    }

    /// The rows picked, once for each pick.
    pub(crate) fn picked_rows(&self) -> impl Iterator<Item = usize> + '_ {
        self.picks.iter().map(|pick| pick.row)
    }

    /// Whether the static host ports of a demand are free in a row and within its quota.
    pub(crate) fn ports_free(&self, row: usize, demand: &Demand) -> bool {
        let record = self.record(row);
        let picks = || self.picks_of(row).iter().filter(|pick| pick.row == row);
        let picked = || picks().filter_map(|pick| pick.ports.as_deref());
        let clashes = ports_clash(&record.spec.reserved_tcp, &demand.tcp)
            || ports_clash(&record.tcp, &demand.tcp)
            || ports_clash(&record.spec.reserved_udp, &demand.udp)
            || ports_clash(&record.udp, &demand.udp)
            || picked().any(|taken| {
                ports_clash(&taken.tcp, &demand.tcp) || ports_clash(&taken.udp, &demand.udp)
            });
        let taken: usize = picked()
            .map(|taken| taken.tcp.len() + taken.udp.len())
            .sum();
        let wanted = demand.tcp.len() + demand.udp.len();
        !clashes && record.ports_in_use() + taken + wanted <= PORT_QUOTA
    }
}
