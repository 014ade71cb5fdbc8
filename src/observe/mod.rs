//! What observers see: the answers of Describe and List, from a replica that may lag behind the truth.
//!
//! | file | holds |
//! | --- | --- |
//! | [`view`] | which version of a record a read sees |
//! | [`describe`] | records as ECS shows them |
//! | `read` | the read operations |
//! | `read_labels` | those about attributes, tags and account settings |
//! | `page` | page tokens |

pub mod describe;
pub(crate) mod page;
pub(crate) mod read;
pub(crate) mod read_labels;
pub mod view;

pub use view::View;
