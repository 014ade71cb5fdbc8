//! Families of task definitions: which revisions there are, by status, in the order of names and numbers.

use std::collections::{BTreeMap, BTreeSet};
use std::iter;
use std::ops::Bound;
use std::sync::Arc;

use serde::Serialize;

use crate::ids::TaskDefinitionId;
use crate::model::{SortOrder, TaskDefinitionFamilyStatus, TaskDefinitionStatus};

use super::names::NameMap;

/// One of something for each status of a task definition.
#[derive(Clone, Debug, Default, Serialize)]
struct ByStatus<T> {
    active: T,
    inactive: T,
    deleting: T,
}

impl<T> ByStatus<T> {
    fn of(&self, status: TaskDefinitionStatus) -> &T {
        match status {
            TaskDefinitionStatus::Active => &self.active,
            TaskDefinitionStatus::Inactive => &self.inactive,
            TaskDefinitionStatus::DeleteInProgress => &self.deleting,
        }
    }

    fn of_mut(&mut self, status: TaskDefinitionStatus) -> &mut T {
        match status {
            TaskDefinitionStatus::Active => &mut self.active,
            TaskDefinitionStatus::Inactive => &mut self.inactive,
            TaskDefinitionStatus::DeleteInProgress => &mut self.deleting,
        }
    }
}

/// The revisions of one family.
#[derive(Clone, Debug, Default, Serialize)]
struct Family {
    /// The highest number given to a revision so far; it is kept when the revision goes.
    minted: u32,
    revisions: ByStatus<BTreeMap<u32, TaskDefinitionId>>,
}

impl Family {
    fn is_without_active(&self) -> bool {
        let revisions = &self.revisions;
        revisions.active.is_empty()
            && !(revisions.inactive.is_empty() && revisions.deleting.is_empty())
    }
}

/// All families, those of which every revision is gone included: their numbers are never given again.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Families {
    by_name: NameMap<Family>,
    /// The families that have a revision of each status.
    with: ByStatus<BTreeSet<Arc<str>>>,
    /// The families that have revisions, none of them ACTIVE.
    without_active: BTreeSet<Arc<str>>,
}

/// One revision in a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed<'a> {
    /// Its family.
    pub family: &'a str,
    /// Its number.
    pub revision: u32,
    /// Which task definition it is.
    pub definition: TaskDefinitionId,
}

impl Families {
    /// The newest ACTIVE revision of a family.
    #[must_use]
    pub fn latest_active(&self, family: &str) -> Option<TaskDefinitionId> {
        let active = &self.by_name.get(family)?.revisions.active;
        active.last_key_value().map(|(_, definition)| *definition)
    }

    /// One revision of a family, whatever its status.
    #[must_use]
    pub fn revision(&self, family: &str, revision: u32) -> Option<TaskDefinitionId> {
        let revisions = &self.by_name.get(family)?.revisions;
        [&revisions.active, &revisions.inactive, &revisions.deleting]
            .into_iter()
            .find_map(|of_status| of_status.get(&revision).copied())
    }

    /// The number that the next revision of a family gets: numbers are never given again.
    ///
    /// # Panics
    ///
    /// When a family has had 2³² − 1 revisions; ECS allows 1,000,000.
    #[must_use]
    pub fn next_revision(&self, family: &str) -> u32 {
        let minted = self.by_name.get(family).map_or(0, |family| family.minted);
        minted
            .checked_add(1)
            .expect("a family has far fewer revisions than u32 can count")
    }

    /// The revisions of a status by family and number, from a place on, that place included.
    ///
    /// Families are in the order of their names' bytes. With `only`, those of that family alone; a place in another
    /// family counts as none then.
    #[must_use]
    pub fn revisions<'a>(
        &'a self,
        status: TaskDefinitionStatus,
        only: Option<&'a str>,
        order: SortOrder,
        from: Option<(&'a str, u32)>,
    ) -> Box<dyn Iterator<Item = Listed<'a>> + 'a> {
        let from = from.filter(|(family, _)| only.is_none_or(|only| only == *family));
        let only = only.map_or(Bound::Unbounded, Bound::Included);
        let begin = from.map_or(only, |(family, _)| Bound::Included(family));
        let names = self.with.of(status);
        let first_of = move |name: &str| from.filter(|(family, _)| *family == name).map(|at| at.1);
        match order {
            SortOrder::Asc => {
                let names = names.range::<str, _>((begin, only));
                Box::new(names.flat_map(move |name| {
                    let lowest = first_of(name).map_or(Bound::Unbounded, Bound::Included);
                    let revisions = self.by_name[name].revisions.of(status);
                    let revisions = revisions.range((lowest, Bound::Unbounded));
                    revisions.map(|(revision, definition)| listed(name, *revision, *definition))
                }))
            }
            SortOrder::Desc => {
                let names = names.range::<str, _>((only, begin)).rev();
                Box::new(names.flat_map(move |name| {
                    let highest = first_of(name).map_or(Bound::Unbounded, Bound::Included);
                    let revisions = self.by_name[name].revisions.of(status);
                    let revisions = revisions.range((Bound::Unbounded, highest)).rev();
                    revisions.map(|(revision, definition)| listed(name, *revision, *definition))
                }))
            }
        }
    }

    /// The names of families that begin with a prefix, in the order of their bytes, from a name on.
    ///
    /// A family none of whose revisions is left is not among them.
    pub fn names<'a>(
        &'a self,
        status: TaskDefinitionFamilyStatus,
        prefix: &'a str,
        from: &str,
    ) -> impl Iterator<Item = &'a str> {
        let begin = from.max(prefix);
        let of = |names: &'a BTreeSet<Arc<str>>, is_wanted: bool| {
            let names = is_wanted
                .then(|| names.range::<str, _>((Bound::Included(begin), Bound::Unbounded)));
            let names = names.into_iter().flatten().map(|name| &**name);
            names
                .take_while(move |name| name.starts_with(prefix))
                .peekable()
        };
        let mut active = of(
            &self.with.active,
            status != TaskDefinitionFamilyStatus::Inactive,
        );
        let mut others = of(
            &self.without_active,
            status != TaskDefinitionFamilyStatus::Active,
        );
        // No family is in both, so two walks in one order make one.
        iter::from_fn(move || match (active.peek(), others.peek()) {
            (Some(active_name), Some(other_name)) if other_name < active_name => others.next(),
            (None, _) => others.next(),
            (Some(_), _) => active.next(),
        })
    }

    /// A revision came to be: ACTIVE, and with the next number of its family.
    pub(super) fn add(&mut self, name: &Arc<str>, revision: u32, definition: TaskDefinitionId) {
        let family = self.by_name.entry(Arc::clone(name)).or_default();
        assert_eq!(
            revision,
            family.minted + 1,
            "revisions are counted from 1 without gaps"
        );
        family.minted = revision;
        self.put(name, revision, TaskDefinitionStatus::Active, definition);
    }

    /// A revision changed its status.
    pub(super) fn change(
        &mut self,
        name: &Arc<str>,
        revision: u32,
        from: TaskDefinitionStatus,
        to: TaskDefinitionStatus,
    ) {
        let definition = self.take(name, revision, from);
        self.put(name, revision, to, definition);
    }

    /// A revision is gone.
    pub(super) fn remove(&mut self, name: &Arc<str>, revision: u32, from: TaskDefinitionStatus) {
        self.take(name, revision, from);
    }

    fn put(
        &mut self,
        name: &Arc<str>,
        revision: u32,
        status: TaskDefinitionStatus,
        definition: TaskDefinitionId,
    ) {
        let family = self.by_name.get_mut(name).expect("a family stays");
        let revisions = family.revisions.of_mut(status);
        let is_first = revisions.is_empty();
        revisions.insert(revision, definition);
        if is_first {
            let is_without_active = family.is_without_active();
            self.with.of_mut(status).insert(Arc::clone(name));
            self.note_active(name, is_without_active);
        }
    }

    fn take(
        &mut self,
        name: &Arc<str>,
        revision: u32,
        status: TaskDefinitionStatus,
    ) -> TaskDefinitionId {
        let family = self.by_name.get_mut(name).expect("a family stays");
        let revisions = family.revisions.of_mut(status);
        let definition = revisions.remove(&revision);
        if revisions.is_empty() {
            let is_without_active = family.is_without_active();
            self.with.of_mut(status).remove(name);
            self.note_active(name, is_without_active);
        }
        definition.expect("a revision is listed under its status")
    }

    fn note_active(&mut self, name: &Arc<str>, is_without_active: bool) {
        if is_without_active {
            self.without_active.insert(Arc::clone(name));
        } else {
            self.without_active.remove(name);
        }
    }
}

fn listed(family: &str, revision: u32, definition: TaskDefinitionId) -> Listed<'_> {
    Listed {
        family,
        revision,
        definition,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACTIVE: TaskDefinitionStatus = TaskDefinitionStatus::Active;
    const INACTIVE: TaskDefinitionStatus = TaskDefinitionStatus::Inactive;

    /// Families of so many ACTIVE revisions each.
    fn families(counts: &[(&str, u32)]) -> Families {
        let mut families = Families::default();
        let mut number = 0..;
        for (name, count) in counts {
            for revision in 1..=*count {
                let definition = TaskDefinitionId::new(number.next().expect("it has no end"));
                families.add(&Arc::from(*name), revision, definition);
            }
        }
        families
    }

    fn revisions(
        families: &Families,
        only: Option<&str>,
        order: SortOrder,
        from: Option<(&str, u32)>,
    ) -> Vec<String> {
        let listed = families.revisions(ACTIVE, only, order, from);
        listed
            .map(|listed| format!("{}:{}", listed.family, listed.revision))
            .collect()
    }

    #[test]
    fn revisions_are_listed_by_name_and_then_by_number() {
        let families = families(&[("web", 11), ("api", 1)]);
        let all = revisions(&families, None, SortOrder::Asc, None);
        assert_eq!(all[..3], ["api:1", "web:1", "web:2"]);
        assert_eq!(all[10..], ["web:10", "web:11"]);
        let mut reversed = revisions(&families, None, SortOrder::Desc, None);
        reversed.reverse();
        assert_eq!(reversed, all);
    }

    #[test]
    fn a_listing_goes_on_from_a_place_that_may_be_gone() {
        let name = Arc::from("web");
        let mut families = families(&[("api", 2), ("web", 4), ("xyz", 1)]);
        families.change(&name, 2, ACTIVE, INACTIVE);
        let from = Some(("web", 2));
        assert_eq!(
            revisions(&families, None, SortOrder::Asc, from),
            ["web:3", "web:4", "xyz:1"]
        );
        assert_eq!(
            revisions(&families, None, SortOrder::Desc, from),
            ["web:1", "api:2", "api:1"]
        );
        assert_eq!(
            revisions(&families, Some("web"), SortOrder::Desc, from),
            ["web:1"]
        );
        assert_eq!(
            revisions(&families, Some("api"), SortOrder::Asc, Some(("web", 2))),
            ["api:1", "api:2"],
            "a place in another family is none"
        );
    }

    #[test]
    fn a_family_is_listed_while_a_revision_is_left() {
        let name = Arc::from("web");
        let mut families = families(&[("api", 1), ("web", 1), ("worker", 1)]);
        let names = |families: &Families, status| {
            families
                .names(status, "w", "")
                .collect::<Vec<_>>()
                .join(" ")
        };
        use TaskDefinitionFamilyStatus as Status;
        assert_eq!(names(&families, Status::All), "web worker");
        families.change(&name, 1, ACTIVE, INACTIVE);
        assert_eq!(names(&families, Status::Active), "worker");
        assert_eq!(names(&families, Status::Inactive), "web");
        assert_eq!(names(&families, Status::All), "web worker");
        families.remove(&name, 1, INACTIVE);
        assert_eq!(names(&families, Status::Inactive), "");
        assert_eq!(names(&families, Status::All), "worker");
    }

    #[test]
    fn a_number_is_not_given_again_when_its_revision_is_gone() {
        let name = Arc::from("web");
        let mut families = families(&[("web", 2)]);
        families.change(&name, 2, ACTIVE, INACTIVE);
        families.remove(&name, 2, INACTIVE);
        assert_eq!(families.next_revision("web"), 3);
        assert_eq!(families.revision("web", 2), None);
        assert_eq!(families.latest_active("web"), families.revision("web", 1));
    }
}
