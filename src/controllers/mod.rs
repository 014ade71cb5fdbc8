//! Controllers to learn from and to test against: small, whole, and of two kinds, those that are wrong and those that are right.
//!
//! They use nothing that a controller of yours could not use: the trait [`Controller`](crate::client::Controller) and its
//! [`Client`](crate::client::Client). docs/controllers.md tells what each shows.
//!
//! | file | holds |
//! | --- | --- |
//! | [`naive`] | keeps a number of tasks by counting what it sees; launches too many where reads lag |
//! | [`keeper`] | keeps a number of tasks by what it did; never launches too many |
//! | [`dispatcher`] | places its jobs itself, with StartTask |
//! | [`scaler`] | as many tasks as the load needs |
//! | [`log`] | what a controller writes down for its reader |

pub mod dispatcher;
pub mod keeper;
pub mod log;
pub mod naive;
pub mod scaler;

pub use dispatcher::Dispatcher;
pub use keeper::Keeper;
pub use log::Log;
pub use naive::NaiveKeeper;
pub use scaler::LoadScaler;
