//! The containers of a task in answers: those of a task just placed are seldom read, so they are described when they are.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ids::TaskId;

use super::task::Container;

/// The containers of a task, as answers have them: a vector that may be written when it is first looked at.
///
/// ```
/// use wavetank::model::{Container, Containers};
///
/// let mut containers = Containers::from(vec![Container::default()]);
/// containers[0].exit_code = Some(3);
/// assert_eq!(containers.iter().map(|it| it.exit_code).collect::<Vec<_>>(), [Some(3)]);
/// ```
#[derive(Clone, Default)]
pub struct Containers {
    /// What they are described by; `None` where they were given.
    unread: Option<(Arc<dyn OfNewTask>, TaskId)>,
    /// The containers, once they were looked at.
    shown: OnceLock<Vec<Container>>,
}

/// Describes the containers of a task of which nothing was heard yet.
pub(crate) trait OfNewTask: Send + Sync {
    /// Each of them, in the order of the task definition.
    fn containers(&self, task: TaskId) -> Vec<Container>;
}

impl Containers {
    /// Those of a new task.
    #[inline]
    pub(crate) fn of_new(task: TaskId, by: Arc<dyn OfNewTask>) -> Self {
        Self {
            unread: Some((by, task)),
            shown: OnceLock::new(),
        }
    }

    fn describe(&self) -> Vec<Container> {
        let unread = self.unread.as_ref();
        unread.map_or_else(Vec::new, |(by, task)| by.containers(*task))
    }
}

/// What they are described by never changes.
impl UnwindSafe for Containers {}
impl RefUnwindSafe for Containers {}

impl Deref for Containers {
    type Target = Vec<Container>;

    fn deref(&self) -> &Vec<Container> {
        self.shown.get_or_init(|| self.describe())
    }
}

impl DerefMut for Containers {
    fn deref_mut(&mut self) -> &mut Vec<Container> {
        if self.shown.get().is_none() {
            self.shown = OnceLock::from(self.describe());
        }
        self.shown.get_mut().expect("it was just filled")
    }
}

impl fmt::Debug for Containers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl PartialEq for Containers {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Containers {}

impl From<Vec<Container>> for Containers {
    fn from(containers: Vec<Container>) -> Self {
        Self {
            unread: None,
            shown: OnceLock::from(containers),
        }
    }
}

impl From<Containers> for Vec<Container> {
    fn from(mut containers: Containers) -> Self {
        std::mem::take(&mut *containers)
    }
}

impl IntoIterator for Containers {
    type Item = Container;
    type IntoIter = std::vec::IntoIter<Container>;

    fn into_iter(self) -> Self::IntoIter {
        Vec::from(self).into_iter()
    }
}

impl<'a> IntoIterator for &'a Containers {
    type Item = &'a Container;
    type IntoIter = std::slice::Iter<'a, Container>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a> IntoIterator for &'a mut Containers {
    type Item = &'a mut Container;
    type IntoIter = std::slice::IterMut<'a, Container>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

impl Serialize for Containers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Containers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names containers after their task.
    struct Named;

    impl OfNewTask for Named {
        fn containers(&self, task: TaskId) -> Vec<Container> {
            let named = Container {
                name: task.number().to_string().into(),
                ..Container::default()
            };
            vec![named]
        }
    }

    fn unread() -> Containers {
        Containers::of_new(TaskId::new(7), Arc::new(Named))
    }

    #[test]
    fn they_are_the_same_read_unread_or_given() {
        let read = unread();
        assert_eq!(&*read[0].name, "7");
        let given = Containers::from(Named.containers(TaskId::new(7)));
        assert_eq!((&read, &unread()), (&given, &read.clone()));
        assert_eq!(Vec::from(unread()), Vec::from(given));
        assert_eq!(unread().into_iter().count(), 1);
    }

    #[test]
    fn what_is_written_to_them_stays() {
        let mut containers = unread();
        for container in &mut containers {
            container.exit_code = Some(3);
        }
        assert_eq!((containers.len(), containers[0].exit_code), (1, Some(3)));
        assert_eq!(containers.remove(0).exit_code, Some(3));
        assert_eq!(containers, Containers::default());
    }

    #[test]
    fn a_task_goes_wherever_a_plain_value_may() {
        fn is_plain<T: Send + Sync + UnwindSafe + RefUnwindSafe>() {}
        is_plain::<crate::model::Task>();
    }

    #[test]
    fn they_are_written_in_json_as_a_list_and_read_again() {
        let json = serde_json::to_string(&unread()).expect("it is a list");
        let given = Named.containers(TaskId::new(7));
        assert_eq!(json, serde_json::to_string(&given).expect("it is a list"));
        let again: Containers = serde_json::from_str(&json).expect("it was just written");
        assert_eq!(again, unread());
    }
}
