//! What observers see: the answers of Describe and List, from a replica that may lag behind the truth.
//!
//! | file | holds |
//! | --- | --- |
//! | [`view`] | which version of a record a read sees |
//! | [`describe`] | records as ECS shows them |
//! | `read`, `list_tasks` | the read operations |
//! | `page` | page tokens |

pub mod describe;
pub(crate) mod list_tasks;
pub(crate) mod page;
pub(crate) mod read;
pub mod view;

pub use view::View;
