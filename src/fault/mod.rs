//! What faults decide, as the rest of the simulation asks them: nothing here moves anything.
//!
//! | file | answers |
//! | --- | --- |
//! | `messages` | what becomes of a message, or of a state change event, on its way |
//! | [`plan`] | faults to come: at a time, at a rate, or when something happens |
//! | [`swarm`] | plans that have some families of faults and lack others |
//! | [`target`] | whom a planned fault meets |

pub(crate) mod ending;
pub(crate) mod messages;
pub mod plan;
pub mod swarm;
pub mod target;
