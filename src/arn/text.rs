//! The ARNs of tasks and containers in answers: most are never read, so they are written when they are.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ids::TaskId;

use super::permutation::Permutation;
use super::{HexId, IdKind};

/// How the tasks of one cluster are named: what their ARNs have in common, and the rule of their ids.
///
/// Made by [`Naming::of_tasks_in`](super::Naming::of_tasks_in). The default is for ledgers whose tasks nobody names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskNaming {
    /// What the ARN of a task begins with: all but its id.
    of_task: Box<str>,
    /// What the ARN of a container begins with: all but the ids of its task and of itself.
    of_container: Box<str>,
    permutation: Permutation,
}

impl TaskNaming {
    pub(super) fn new(prefix: &str, cluster: &str, permutation: Permutation) -> Self {
        Self {
            of_task: format!("{prefix}task/{cluster}/").into(),
            of_container: format!("{prefix}container/{cluster}/").into(),
            permutation,
        }
    }

    /// The ARN of a task, or of its container of that place in the task definition.
    fn text(&self, task: TaskId, container: Option<u16>) -> String {
        let number = task.number();
        let id = HexId(self.permutation.hex_digits(IdKind::Task, number, 0));
        let Some(nth) = container else {
            return [&self.of_task, id.as_str()].concat();
        };
        let uuid = self
            .permutation
            .uuid_digits(IdKind::Container, number, nth.into());
        let uuid = std::str::from_utf8(&uuid).expect("hexadecimal digits are ASCII");
        [&self.of_container, id.as_str(), "/", uuid].concat()
    }
}

/// The ARN of a task or of a container, as answers have it: a text that is written when it is first read.
///
/// It is read like a `&str`, compares with texts, and becomes a `String` wherever a request wants one.
///
/// ```
/// use wavetank::arn::Arn;
///
/// let arn = Arn::from("arn:aws:ecs:us-east-1:123456789012:task/prod/2fda1013cc5bae9f9648dad095db689e");
/// assert!(arn.ends_with("689e") && arn == arn.to_string());
/// let stop = wavetank::StopTask::new(&arn);
/// assert_eq!(stop.task, String::from(arn));
/// ```
#[derive(Clone, Default)]
pub struct Arn {
    /// What it is the ARN of; `None` for a text from elsewhere.
    named: Option<Named>,
    /// The text, once it was read.
    text: OnceLock<Box<str>>,
}

#[derive(Clone)]
struct Named {
    naming: Arc<TaskNaming>,
    task: TaskId,
    container: Option<u16>,
}

impl Named {
    fn text(&self) -> String {
        self.naming.text(self.task, self.container)
    }
}

impl Arn {
    /// The ARN of a task.
    #[must_use]
    pub fn of_task(naming: &Arc<TaskNaming>, task: TaskId) -> Self {
        Self::named(naming, task, None)
    }

    /// The ARN of the `nth` container of a task, counted from zero in the order of its definition.
    #[must_use]
    pub fn of_container(naming: &Arc<TaskNaming>, task: TaskId, nth: u16) -> Self {
        Self::named(naming, task, Some(nth))
    }

    #[inline]
    fn named(naming: &Arc<TaskNaming>, task: TaskId, container: Option<u16>) -> Self {
        let named = Named {
            naming: Arc::clone(naming),
            task,
            container,
        };
        Self {
            named: Some(named),
            text: OnceLock::new(),
        }
    }

    fn write(&self) -> String {
        self.named.as_ref().map(Named::text).unwrap_or_default()
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.text.get_or_init(|| self.write().into())
    }

    /// Whether it is the empty text, as that of an answer never is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.named.is_none() && self.as_str().is_empty()
    }
}

impl Deref for Arn {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Arn {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl Borrow<str> for Arn {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl From<String> for Arn {
    fn from(text: String) -> Self {
        Self {
            named: None,
            text: OnceLock::from(text.into_boxed_str()),
        }
    }
}

impl From<&str> for Arn {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<&Arn> for String {
    fn from(arn: &Arn) -> Self {
        match arn.text.get() {
            Some(text) => text.as_ref().to_owned(),
            None => arn.write(),
        }
    }
}

impl From<Arn> for String {
    fn from(mut arn: Arn) -> Self {
        match arn.text.take() {
            Some(text) => text.into_string(),
            None => arn.write(),
        }
    }
}

impl PartialEq for Arn {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Arn {}

impl PartialEq<str> for Arn {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Arn {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialEq<String> for Arn {
    fn eq(&self, other: &String) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<Arn> for str {
    fn eq(&self, other: &Arn) -> bool {
        self == other.as_str()
    }
}

impl PartialEq<Arn> for &str {
    fn eq(&self, other: &Arn) -> bool {
        *self == other.as_str()
    }
}

impl PartialEq<Arn> for String {
    fn eq(&self, other: &Arn) -> bool {
        self == other.as_str()
    }
}

impl PartialOrd for Arn {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Arn {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for Arn {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl Serialize for Arn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Arn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Naming;
    use super::*;

    const TASK: TaskId = TaskId::new(7);

    fn naming() -> Naming {
        Naming::new(42, "us-east-1", "123456789012").expect("the names are good")
    }

    #[test]
    fn what_is_written_late_is_what_naming_gives() {
        let names = naming();
        let in_cluster = Arc::new(names.of_tasks_in("prod"));
        let task = Arn::of_task(&in_cluster, TASK);
        let container = Arn::of_container(&in_cluster, TASK, 2);
        assert_eq!(task, names.task_arn("prod", TASK));
        assert_eq!(container, names.container_arn("prod", TASK, 2));
    }

    #[test]
    fn it_is_the_same_text_read_or_unread() {
        let in_cluster = Arc::new(naming().of_tasks_in("prod"));
        let unread = Arn::of_task(&in_cluster, TASK);
        let read = unread.clone();
        let text = read.as_str().to_owned();
        assert_eq!(String::from(&unread), text);
        assert_eq!(String::from(&read), text);
        assert_eq!(
            (String::from(read), String::from(unread)),
            (text.clone(), text)
        );
    }

    #[test]
    fn it_is_written_in_json_as_a_text_and_read_again() {
        let in_cluster = Arc::new(naming().of_tasks_in("prod"));
        let arn = Arn::of_task(&in_cluster, TASK);
        let json = serde_json::to_string(&arn).expect("it is a text");
        assert_eq!(json, format!("{:?}", arn.as_str()));
        let again: Arn = serde_json::from_str(&json).expect("it was just written");
        assert_eq!((again.cmp(&arn), again), (Ordering::Equal, arn));
    }

    #[test]
    fn one_that_is_unread_is_small() {
        assert!(size_of::<Arn>() <= 40, "{}", size_of::<Arn>());
    }
}
