//! A scheduler from a closure: enough for a first test.

use super::{Ask, Placement, Pool, Scheduler};

/// A [`Scheduler`] whose decision is a closure.
///
/// ```
/// use wavetank::placement::{FnScheduler, Pool, Ask};
///
/// // Takes the last registered container instance with room.
/// let newest = FnScheduler::new("newest", |ask: &Ask<'_>, pool: &Pool<'_>| {
///     let row = pool.feasible(ask).last().ok_or_else(|| pool.refusal(ask))?;
///     Ok(pool.instances()[row])
/// });
/// let sim = wavetank::Simulation::builder().scheduler(newest).build()?;
/// # Ok::<(), wavetank::BuildError>(())
/// ```
#[derive(Clone)]
pub struct FnScheduler<F> {
    name: &'static str,
    place: F,
}

impl<F> FnScheduler<F>
where
    F: FnMut(&Ask<'_>, &Pool<'_>) -> Placement + Clone + Send + 'static,
{
    /// Names a closure.
    pub fn new(name: &'static str, place: F) -> Self {
        Self { name, place }
    }
}

impl<F> std::fmt::Debug for FnScheduler<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FnScheduler({})", self.name)
    }
}

impl<F> Scheduler for FnScheduler<F>
where
    F: FnMut(&Ask<'_>, &Pool<'_>) -> Placement + Clone + Send + 'static,
{
    fn name(&self) -> &str {
        self.name
    }

    fn place(&mut self, ask: &Ask<'_>, pool: &Pool<'_>) -> Placement {
        (self.place)(ask, pool)
    }
}
