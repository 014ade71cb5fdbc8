//! The control plane's own reactions: to what agents report, to network interfaces, and to time.
//!
//! | file | answers |
//! | --- | --- |
//! | [`interface`] | the network interface of a task comes and goes |
//! | [`report`] | an agent says that a task runs or has stopped |
//! | [`retention`] | what stopped long enough ago is forgotten |

pub(crate) mod interface;
pub(crate) mod report;
pub(crate) mod retention;
