//! Which task definitions and families are listed, in which order, on which page (ecs-semantics 2.10).

use wavetank::model::*;

use crate::definition_life::three;
use crate::support::{Trial, check_invalid, one};

#[test]
fn definitions_are_listed_by_family_and_then_by_number() {
    let mut trial = Trial::new();
    for family in ["web", "api"] {
        (0..11).for_each(|_| {
            trial.define(one(family));
        });
    }
    let ascending = trial.listed(ListTaskDefinitions::new());
    assert_eq!(ascending[..3], ["api:1", "api:2", "api:3"]);
    assert_eq!(ascending[9..12], ["api:10", "api:11", "web:1"]);
    let mut descending = trial.listed(ListTaskDefinitions::new().sort(SortOrder::Desc));
    descending.reverse();
    assert_eq!(descending, ascending);
}

#[test]
fn definitions_are_listed_by_the_whole_name_of_a_family_and_families_by_a_prefix() {
    let mut trial = Trial::web();
    for family in ["we", "web-2", "worker"] {
        trial.define(one(family));
    }
    let mut listed = |family: &str| trial.listed(ListTaskDefinitions::new().family(family));
    assert_eq!(listed("web"), ["web:1"]);
    assert_eq!(listed("w"), [""; 0]);
    let mut families =
        |prefix: &str| trial.families(ListTaskDefinitionFamilies::new().prefix(prefix));
    assert_eq!(families("web"), ["web", "web-2"]);
    assert_eq!(families("w"), ["we", "web", "web-2", "worker"]);
    assert_eq!(families("x"), [""; 0]);
}

#[test]
fn active_definitions_are_listed_unless_another_status_is_asked_for() {
    let mut trial = three();
    trial.deregister("web:1");
    trial.run("web:2");
    trial.end("web:2");
    assert_eq!(trial.listed(ListTaskDefinitions::new()), ["web:3"]);
    for (status, expected) in [
        (TaskDefinitionStatus::Active, "web:3"),
        (TaskDefinitionStatus::Inactive, "web:1"),
        (TaskDefinitionStatus::DeleteInProgress, "web:2"),
    ] {
        assert_eq!(
            trial.listed(ListTaskDefinitions::new().status(status)),
            [expected]
        );
    }
}

#[test]
fn a_family_is_active_while_one_of_its_revisions_is() {
    let mut trial = three();
    for family in ["idle", "going"] {
        trial.define(one(family));
        trial.run(family);
        trial.deregister(&format!("{family}:1"));
    }
    trial.delete(["going:1"]);
    trial.deregister("web:1");
    let mut families = |status| trial.families(ListTaskDefinitionFamilies::new().status(status));
    assert_eq!(families(TaskDefinitionFamilyStatus::Active), ["web"]);
    assert_eq!(
        families(TaskDefinitionFamilyStatus::Inactive),
        ["going", "idle"]
    );
    assert_eq!(
        families(TaskDefinitionFamilyStatus::All),
        ["going", "idle", "web"]
    );
    assert_eq!(
        trial.families(ListTaskDefinitionFamilies::new()),
        ["going", "idle", "web"]
    );
}

#[test]
fn a_page_of_definitions_has_1_to_100_entries() {
    let mut trial = Trial::new();
    (0..101).for_each(|_| {
        trial.define(one("web"));
    });
    let page = trial.list_task_definitions(ListTaskDefinitions::new());
    let page = page.expect("there is nothing to refuse");
    assert_eq!(
        (page.task_definition_arns.len(), page.next_token.is_some()),
        (100, true)
    );
    for count in [0, 101] {
        let request = ListTaskDefinitions::new().max_results(count);
        check_invalid(trial.list_task_definitions(request), "maxResults");
        let request = ListTaskDefinitionFamilies::new().max_results(count);
        check_invalid(trial.list_task_definition_families(request), "maxResults");
    }
}

#[test]
fn a_token_is_for_its_own_filters() {
    let mut trial = three();
    trial.define(one("db"));
    let page = trial.list_task_definitions(ListTaskDefinitions::new().max_results(1));
    let token = page.expect("it is listed").next_token.expect("more follow");
    let next = || ListTaskDefinitions::new().next_token(&token);
    assert_eq!(trial.listed(next()), ["web:1", "web:2", "web:3"]);
    let active = next()
        .status(TaskDefinitionStatus::Active)
        .sort(SortOrder::Asc);
    assert_eq!(trial.listed(active).len(), 3, "the defaults may be said");
    for other in [
        next().family("web"),
        next().sort(SortOrder::Desc),
        next().status(TaskDefinitionStatus::Inactive),
    ] {
        check_invalid(trial.list_task_definitions(other), "nextToken");
    }
    let families = ListTaskDefinitionFamilies::new().next_token(&token);
    check_invalid(trial.list_task_definition_families(families), "nextToken");
}

#[test]
fn a_listing_goes_on_where_a_definition_is_gone() {
    let mut trial = three();
    let page = trial.list_task_definitions(ListTaskDefinitions::new().max_results(1));
    let token = page.expect("it is listed").next_token.expect("more follow");
    trial.end("web:2");
    assert_eq!(
        trial.listed(ListTaskDefinitions::new().next_token(token)),
        ["web:3"]
    );
}
