//! Well-known schedulers beside ECS's own, to compare with.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::ask::Ask;
use super::pool::Pool;
use super::{Placement, Scheduler};

/// A well-known scheduler that looks at amounts and at nothing else: the strategy of a request has no effect.
///
/// The hard requirements and constraints hold as with any scheduler. *Share* is an amount divided by what the container
/// instance registered of it, taken over CPU, memory and, where there are any, GPUs; in whole 2⁻²⁰ths, rounded down. A
/// tie goes to the oldest container instance or by lot, as the run breaks them.
///
/// ```
/// use wavetank::placement::Baseline;
/// use wavetank::Simulation;
///
/// let best: Baseline = "best-fit".parse()?;
/// let sim = Simulation::builder().scheduler(best).build()?;
/// assert_eq!(sim.scheduler().name(), "best-fit");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Baseline {
    /// The container instance that registered first, of those that can take the task.
    ///
    /// D. S. Johnson, *Near-optimal bin packing algorithms*, thesis, MIT, 1973.
    FirstFit,
    /// Where the sum of the shares left is the least.
    ///
    /// Johnson 1973, as above, for one resource. Summing shares is one of several ways to have more than one.
    BestFit,
    /// Where the sum of the shares left is the greatest.
    ///
    /// Johnson 1973, as above, likewise.
    WorstFit,
    /// The next container instance in order of registration, after the last one the first again.
    ///
    /// It begins to look at the row that is the task's number modulo the rows. So it needs no memory: the same ask over
    /// the same pool has the same answer, and a refused task uses up its turn.
    RoundRobin,
    /// Where the task's shares and the shares left point most in the same direction: the greatest sum of their products.
    ///
    /// R. Panigrahy, K. Talwar, L. Uyeda, U. Wieder, *Heuristics for vector bin packing*, Microsoft Research, 2011; with
    /// the shares of R. Grandl, G. Ananthanarayanan, S. Kandula, S. Rao, A. Akella, *Multi-resource packing for cluster
    /// schedulers*, SIGCOMM 2014.
    DotProduct,
    /// Any container instance that can take the task, each as likely, however ties are broken.
    Random,
}

/// A name that no [`Baseline`] has.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "no baseline is called {0:?}: there are first-fit, best-fit, worst-fit, round-robin, dot-product and random"
)]
pub struct UnknownBaseline(pub String);

impl Baseline {
    /// Each of them.
    pub const ALL: [Self; 6] = [
        Self::FirstFit,
        Self::BestFit,
        Self::WorstFit,
        Self::RoundRobin,
        Self::DotProduct,
        Self::Random,
    ];

    /// Its name, as [`FromStr`] reads it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FirstFit => "first-fit",
            Self::BestFit => "best-fit",
            Self::WorstFit => "worst-fit",
            Self::RoundRobin => "round-robin",
            Self::DotProduct => "dot-product",
            Self::Random => "random",
        }
    }
}

impl fmt::Display for Baseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Baseline {
    type Err = UnknownBaseline;

    fn from_str(text: &str) -> Result<Self, UnknownBaseline> {
        let known = Self::ALL.into_iter().find(|known| known.as_str() == text);
        known.ok_or_else(|| UnknownBaseline(text.to_owned()))
    }
}

impl Scheduler for Baseline {
    fn name(&self) -> &str {
        self.as_str()
    }

    fn place(&mut self, ask: &Ask<'_>, pool: &Pool<'_>) -> Placement {
        match self {
            Self::FirstFit => first(ask, pool, pool.feasible(ask)),
            Self::BestFit => pool.least(ask, |row| left_over(pool, row)),
            Self::WorstFit => pool.least(ask, |row| std::cmp::Reverse(left_over(pool, row))),
            Self::RoundRobin => {
                let turn = ask.task.index() % pool.len().max(1);
                let (before, after): (Vec<usize>, Vec<usize>) =
                    pool.feasible(ask).partition(|row| *row < turn);
                first(ask, pool, after.into_iter().chain(before))
            }
            Self::DotProduct => pool.least(ask, |row| std::cmp::Reverse(alignment(ask, pool, row))),
            Self::Random => {
                let rows: Vec<usize> = pool.feasible(ask).collect();
                let lot = (!rows.is_empty()).then(|| ask.draw().below(rows.len() as u64));
                let lot = lot.map(|lot| usize::try_from(lot).expect("it is below a usize"));
                first(ask, pool, lot.map(|lot| rows[lot]))
            }
        }
    }
}

/// The first of some rows.
fn first(ask: &Ask<'_>, pool: &Pool<'_>, rows: impl IntoIterator<Item = usize>) -> Placement {
    match rows.into_iter().next() {
        Some(row) => pool.placed(row),
        None => Err(pool.refusal(ask)),
    }
}

/// The sum of the shares left in a row: where all tasks are equal, and the least stays the least after placing.
fn left_over(pool: &Pool<'_>, row: usize) -> u64 {
    let (record, left) = (pool.record(row), pool.remaining(row));
    share(left.cpu, record.spec.cpu)
        + share(left.memory, record.spec.memory)
        + share(left.gpus, record.spec.gpu_count())
}

/// The sum over the resources of the share asked for times the share left: below 2⁴² for three of them.
fn alignment(ask: &Ask<'_>, pool: &Pool<'_>, row: usize) -> u64 {
    let (record, left) = (pool.record(row), pool.remaining(row));
    let product = |asked, left, whole| share(asked, whole) * share(left, whole);
    product(ask.demand.cpu, left.cpu, record.spec.cpu)
        + product(ask.demand.memory, left.memory, record.spec.memory)
        + product(ask.demand.gpus, left.gpus, record.spec.gpu_count())
}

/// An amount as a share of a whole, in 2⁻²⁰ths; of nothing it is none.
fn share(amount: u32, whole: u32) -> u64 {
    (u64::from(amount) << 20)
        .checked_div(whole.into())
        .unwrap_or(0)
}

impl Pool<'_> {
    /// Places on the row with the least key, of those that can take the task: ties as the run breaks them, and a refusal
    /// when there is none.
    ///
    /// ```
    /// use std::cmp::Reverse;
    /// use wavetank::placement::{Ask, FnScheduler, Pool};
    ///
    /// let roomiest = FnScheduler::new("roomiest", |ask: &Ask<'_>, pool: &Pool<'_>| {
    ///     pool.least(ask, |row| Reverse(pool.remaining(row).memory))
    /// });
    /// # let _ = wavetank::Simulation::builder().scheduler(roomiest);
    /// ```
    ///
    /// # Errors
    ///
    /// Why no row can take the task.
    pub fn least<K: Ord>(&self, ask: &Ask<'_>, mut key: impl FnMut(usize) -> K) -> Placement {
        let mut best: Option<K> = None;
        let mut rows = Vec::new();
        for row in self.feasible(ask) {
            let key = key(row);
            match best.as_ref().map(|best| key.cmp(best)) {
                Some(std::cmp::Ordering::Greater) => continue,
                Some(std::cmp::Ordering::Equal) => {}
                None | Some(std::cmp::Ordering::Less) => {
                    rows.clear();
                    best = Some(key);
                }
            }
            rows.push(row);
        }
        match rows.len() {
            0 => Err(self.refusal(ask)),
            count => self.placed(rows[ask.pick(count)]),
        }
    }
}
