//! What faults decide, as the rest of the simulation asks them: nothing here moves anything.
//!
//! | file | answers |
//! | --- | --- |
//! | [`messages`] | what becomes of a message, or of a state change event, on its way |

pub(crate) mod messages;
