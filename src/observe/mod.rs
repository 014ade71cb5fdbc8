//! What observers see: the answers of Describe and List, from a replica that may lag behind the truth.
//!
//! | file | holds |
//! | --- | --- |
//! | [`view`] | which version of a record a read sees |
//! | [`describe`] | records as ECS shows them |
//! | `read`, `list_tasks`, `definition` | the read operations; those of task definitions |
//! | `read_labels` | those about attributes, tags and account settings |
//! | `page`, `name_page` | page tokens; those of listings by name |

pub(crate) mod definition;
pub mod describe;
pub(crate) mod list_tasks;
pub(crate) mod name_page;
pub(crate) mod page;
pub(crate) mod read;
pub(crate) mod read_labels;
pub mod view;

pub use view::View;
