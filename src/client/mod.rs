//! Code that lives inside the simulation and acts on it as one acts on ECS: through calls that take time.
//!
//! A [`Controller`] is woken by timers, by answers and by state changes it subscribed to. All it can do is ask its
//! [`Client`]; it never sees the ledger. [`Simulation::add_controller`](crate::Simulation::add_controller) brings one in.
//!
//! | file | holds |
//! | --- | --- |
//! | [`handle`] | the client: what a controller may ask for |
//! | [`options`] | how a client calls: latencies, timeout, retries, which replica |
//! | [`backoff`] | when a call is made again, as AWS documents it for its SDKs |
//! | [`error`] | how a call can end badly |

pub mod backoff;
pub mod error;
pub mod handle;
pub mod options;

use std::any::Any;
use std::fmt;

use crate::ids::CallId;
use crate::model::{Output, StateChangeEvent};

pub use backoff::{Backoff, RetryQuota, Trouble};
pub use error::CallError;
pub use handle::Client;
pub(crate) use handle::{Desk, Wish, luck};
pub use options::{ClientOptions, ReadsThrough};

/// A program that watches and steers a cluster from within the simulated time.
///
/// Each method is called at one instant and returns at once; what it wants done it asks of the [`Client`]. It must be a
/// function of what it was told so far: randomness comes from [`Client::draw`] alone. A clone of the simulation clones its
/// controllers with their memory.
///
/// ```
/// use std::time::Duration;
/// use wavetank::client::{CallError, Client, Controller};
/// use wavetank::ids::CallId;
/// use wavetank::model::{ListTasks, Output};
/// use wavetank::Simulation;
///
/// /// Counts the tasks it sees, every ten seconds.
/// #[derive(Clone, Debug, Default)]
/// struct Census {
///     counts: Vec<usize>,
/// }
///
/// impl Controller for Census {
///     fn name(&self) -> &str {
///         "census"
///     }
///     fn started(&mut self, client: &mut Client<'_>) {
///         self.woken(0, client);
///     }
///     fn woken(&mut self, tag: u64, client: &mut Client<'_>) {
///         client.call(ListTasks::default());
///         client.look_after(Duration::from_secs(10), tag);
///     }
///     fn answered(&mut self, _: CallId, answer: Result<Output, CallError>, _: &mut Client<'_>) {
///         if let Ok(Output::ListTasks(listed)) = answer {
///             self.counts.push(listed.task_arns.len());
///         }
///     }
/// }
///
/// let mut sim = Simulation::builder().build()?;
/// # sim.create_cluster(wavetank::model::CreateCluster::default())?;
/// let census = sim.add_controller(Census::default());
/// sim.advance(Duration::from_secs(25))?;
/// let known = sim.controller(census).and_then(|controller| controller.downcast_ref::<Census>());
/// assert_eq!(known.map(|census| census.counts.clone()), Some(vec![0, 0, 0]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Controller: ControllerClone + Send {
    /// Its name, by which faults find it and traces and errors call it.
    fn name(&self) -> &str;

    /// It begins to run: once when it is added, and again after each crash, then with the memory it was added with.
    fn started(&mut self, client: &mut Client<'_>);

    /// A timer it had set has run out.
    fn woken(&mut self, tag: u64, client: &mut Client<'_>) {
        let _ = (tag, client);
    }

    /// A call it made has come to its end: once for each call, unless the controller crashes before.
    fn answered(
        &mut self,
        call: CallId,
        answer: Result<Output, CallError>,
        client: &mut Client<'_>,
    ) {
        let _ = (call, answer, client);
    }

    /// A state change it subscribed to has reached it; perhaps late, twice or out of order.
    fn told(&mut self, event: &StateChangeEvent, client: &mut Client<'_>) {
        let _ = (event, client);
    }
}

/// Lets a boxed controller be cloned with its simulation and be looked into; every `Controller` that is `Clone` has it.
pub trait ControllerClone {
    /// A copy in a box of its own.
    fn clone_boxed(&self) -> Box<dyn Controller>;

    /// Itself, as a value of some type.
    fn as_any(&self) -> &dyn Any;
}

impl<T: Controller + Clone + 'static> ControllerClone for T {
    fn clone_boxed(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl dyn Controller {
    /// The controller as what it is, when it is a `T`.
    #[must_use]
    pub fn downcast_ref<T: Controller + 'static>(&self) -> Option<&T> {
        self.as_any().downcast_ref()
    }
}

impl Clone for Box<dyn Controller> {
    fn clone(&self) -> Self {
        self.as_ref().clone_boxed()
    }
}

impl fmt::Debug for dyn Controller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Controller").field(&self.name()).finish()
    }
}
