//! References: how a request names a cluster, a task and their kin.

/// What a request refers to, taken apart: the cluster, where the text names one, and the name or id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reference<'a> {
    /// The cluster named by the ARN; `None` for a bare name, an old ARN, and kinds without a cluster.
    pub cluster: Option<&'a str>,
    /// The last part: a name, an opaque id, or `family:revision`.
    pub name: &'a str,
}

/// Takes apart a reference to something of this kind (`task`, `container-instance`, `cluster`,
/// `task-definition`).
///
/// Accepts a bare name or id, an ARN `arn:aws:ecs:region:account:kind/cluster/id`, and an ARN of
/// the form `...:kind/id`, which is how clusters and task definitions are always written and how
/// tasks and container instances were before 2018. `None` when `text` is empty, has an empty part,
/// or is an ARN of something else. The region and the account are not looked at.
#[must_use]
pub fn split_reference<'a>(kind: &str, text: &'a str) -> Option<Reference<'a>> {
    let resource = match text.strip_prefix("arn:") {
        None => {
            let is_name = !text.is_empty() && !text.contains('/');
            return is_name.then_some(Reference {
                cluster: None,
                name: text,
            });
        }
        Some(rest) => resource_of(rest)?,
    };
    let path = resource.strip_prefix(kind)?.strip_prefix('/')?;
    let (cluster, name) = match path.split_once('/') {
        Some((cluster, name)) => (Some(cluster), name),
        None => (None, path),
    };
    let is_whole = !name.is_empty() && !name.contains('/') && cluster != Some("");
    is_whole.then_some(Reference { cluster, name })
}

/// The resource part of an ARN without its `arn:`, which must be of the service `ecs`.
fn resource_of(rest: &str) -> Option<&str> {
    let mut parts = rest.splitn(5, ':');
    let _partition = parts.next()?;
    let service = parts.next()?;
    let _region = parts.next()?;
    let _account_id = parts.next()?;
    let resource = parts.next()?;
    (service == "ecs").then_some(resource)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split<'a>(kind: &str, text: &'a str) -> Option<(Option<&'a str>, &'a str)> {
        split_reference(kind, text).map(|reference| (reference.cluster, reference.name))
    }

    fn arn(resource: &str) -> String {
        format!("arn:aws:ecs:eu-west-1:123456789012:{resource}")
    }

    #[test]
    fn a_text_that_is_no_arn_is_a_bare_name() {
        assert_eq!(split("cluster", "prod"), Some((None, "prod")));
        assert_eq!(split("task-definition", "web:3"), Some((None, "web:3")));
    }

    #[test]
    fn an_arn_gives_its_last_part_and_its_cluster_when_it_has_one() {
        let long = arn("task/prod/ab");
        assert_eq!(split("task", &long), Some((Some("prod"), "ab")));
        let old = arn("task/ab");
        assert_eq!(split("task", &old), Some((None, "ab")));
        let revision = arn("task-definition/web:3");
        assert_eq!(split("task-definition", &revision), Some((None, "web:3")));
    }

    #[test]
    fn what_is_incomplete_or_of_another_kind_is_refused() {
        for wrong in ["", "a/b", "arn:", "arn:aws:ecs:eu-west-1:123456789012"] {
            assert_eq!(split("task", wrong), None, "{wrong}");
        }
        for wrong in [
            "task",
            "task/",
            "task//ab",
            "task/prod/",
            "task/prod/ab/cd",
            "task-definition/web:3",
            "cluster/prod",
        ] {
            assert_eq!(split("task", &arn(wrong)), None, "{wrong}");
        }
        let other_service = arn("task/prod/ab").replace(":ecs:", ":ec2:");
        assert_eq!(split("task", &other_service), None);
    }
}
