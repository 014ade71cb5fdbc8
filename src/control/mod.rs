//! The control plane's own reactions: to what agents report, and to time.
//!
//! | file | answers |
//! | --- | --- |
//! | [`report`] | an agent says that a task runs or has stopped |
//! | [`retention`] | what stopped long enough ago is forgotten |

pub(crate) mod report;
pub(crate) mod retention;
