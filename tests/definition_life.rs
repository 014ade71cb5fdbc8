//! How task definitions end: deregistering, deleting, and the window between (ecs-semantics 2.9).

use std::sync::Arc;
use std::time::Duration;

use wavetank::model::*;
use wavetank::{Latency, Reads, Simulation};

use crate::support::{Trial, builder, check_invalid, check_refused, ms, one, reasons};

const CLIENT: &str = "ClientException";
const INACTIVE: &str = "TaskDefinition is inactive";
const NOT_FOUND: &str = "TaskDefinition not found.";
const NOT_DESCRIBED: &str = "Unable to describe task definition.";

impl Trial {
    #[track_caller]
    pub(crate) fn deregister(&mut self, text: &str) -> Arc<TaskDefinition> {
        let answer = self.deregister_task_definition(DeregisterTaskDefinition::new(text));
        answer.expect("the revision is there").task_definition
    }

    /// Deletes what can be deleted.
    #[track_caller]
    pub(crate) fn delete<const N: usize>(
        &mut self,
        texts: [&str; N],
    ) -> DeleteTaskDefinitionsOutput {
        let answer = self.delete_task_definitions(DeleteTaskDefinitions::new(texts));
        answer.expect("there are 1 to 10")
    }

    /// Deregisters and deletes a revision.
    #[track_caller]
    pub(crate) fn end(&mut self, text: &str) {
        self.deregister(text);
        assert_eq!(reasons(&self.delete([text]).failures), [""; 0]);
    }

    fn described(&mut self, text: &str) -> Result<Arc<TaskDefinition>, ApiError> {
        let answer = self.describe_task_definition(DescribeTaskDefinition::new(text));
        answer.map(|answer| answer.task_definition)
    }

    /// `family:revision` of what is listed, on one page.
    pub(crate) fn listed(&mut self, request: ListTaskDefinitions) -> Vec<String> {
        let answer = self.list_task_definitions(request);
        let arns = answer.expect("the filters are good").task_definition_arns;
        arns.iter().map(|arn| last(arn)).collect()
    }

    pub(crate) fn families(&mut self, request: ListTaskDefinitionFamilies) -> Vec<String> {
        let answer = self.list_task_definition_families(request);
        answer.expect("the filters are good").families
    }
}

fn last(arn: &str) -> String {
    crate::support::id(arn).to_owned()
}

/// The default cluster with `web:1` to `web:3`.
pub(crate) fn three() -> Trial {
    let mut trial = Trial::web();
    trial.define(one("web"));
    trial.define(one("web"));
    trial
}

/// The same, under a profile in which a revision can be launched for so many seconds after it was deregistered.
fn window(window: Latency) -> Trial {
    let mut profile = Profile::ideal();
    profile.latencies.deregistration_window = window;
    Trial::web_of(builder().profile(profile))
}

#[test]
fn a_revision_is_inactive_once_it_is_deregistered() {
    let mut trial = Trial::web();
    trial.at(7_000);
    let answered = trial.deregister("web:1");
    assert_eq!(answered.status, TaskDefinitionStatus::Inactive);
    assert_eq!(ms(answered.deregistered_at), Some(7_000));
    assert_eq!(answered.delete_requested_at, None);
    assert_eq!(trial.described("web:1"), Ok(answered));
}

#[test]
fn deregistering_again_changes_nothing() {
    let mut trial = Trial::web();
    let first = trial.deregister("web:1");
    trial.at(1_000);
    let before = (trial.digest(), trial.state_digest());
    let arn = first.task_definition_arn.to_string();
    assert_eq!(trial.deregister(&arn), first);
    assert_eq!((trial.digest(), trial.state_digest()), before);
    trial.run_refused("web:1", INACTIVE);
    trial.delete(["web:1"]);
    trial.define(one("web"));
    trial.run("web:2");
    trial.end("web:2");
    let shown = trial.deregister("web:2");
    assert_eq!(shown.status, TaskDefinitionStatus::DeleteInProgress);
}

impl Trial {
    /// RunTask and StartTask are both refused.
    #[track_caller]
    fn run_refused(&mut self, text: &str, message: &str) {
        check_refused(self.run_task(RunTask::new(text)), CLIENT, message);
        let host = self.host();
        check_refused(
            self.start_task(StartTask::new(text, [host])),
            CLIENT,
            message,
        );
    }
}

#[test]
fn what_names_no_revision_is_not_deregistered() {
    let arn = "arn:aws:ecs:us-east-1:123456789012:task-definition/web";
    let elsewhere = "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:1";
    let unknown = "The specified task definition does not exist.";
    for (text, message) in [
        ("web", "Revision is missing."),
        (arn, "Revision is missing."),
        ("web:x", "Invalid revision number. Number: x"),
        ("web:0", "Invalid revision number. Number: 0"),
        ("web:-1", "Invalid revision number. Number: -1"),
        ("web:1:1", "Invalid revision number. Number: 1:1"),
        ("web:2", unknown),
        ("db:1", unknown),
        (elsewhere, unknown),
        ("arn:aws:ecs:us-east-1:123456789012:cluster/web", unknown),
    ] {
        let mut trial = Trial::web();
        let before = (trial.digest(), trial.state_digest());
        let answer = trial.deregister_task_definition(DeregisterTaskDefinition::new(text));
        check_refused(answer, CLIENT, message);
        assert_eq!((trial.digest(), trial.state_digest()), before);
    }
    let nothing = DeregisterTaskDefinition::default();
    check_invalid(
        Trial::web().deregister_task_definition(nothing),
        "taskDefinition",
    );
}

#[test]
fn a_bare_family_is_its_latest_active_revision() {
    let mut trial = three();
    trial.deregister("web:3");
    let task = trial.run("web");
    assert_eq!(last(&trial.task(&task).task_definition_arn), "web:2");
    assert_eq!(trial.described("web").expect("two are ACTIVE").revision, 2);
    trial.deregister("web:1");
    trial.define(one("web"));
    assert_eq!(trial.described("web").expect("two are ACTIVE").revision, 4);
}

#[test]
fn a_family_without_an_active_revision_is_neither_described_nor_run() {
    let mut trial = Trial::web();
    trial.deregister("web:1");
    check_refused(trial.described("web"), CLIENT, NOT_DESCRIBED);
    trial.run_refused("web", NOT_FOUND);
}

#[test]
fn an_inactive_revision_is_described_for_ever_by_name_and_by_arn() {
    let mut trial = Trial::web();
    let arn = trial.deregister("web:1").task_definition_arn.to_string();
    trial.at(400 * 24 * 3_600_000);
    for text in ["web:1", &arn] {
        let shown = trial.described(text).expect("INACTIVE revisions are kept");
        assert_eq!(shown.status, TaskDefinitionStatus::Inactive);
    }
}

#[test]
fn an_inactive_revision_is_not_launched() {
    let mut trial = Trial::web();
    let arn = trial.deregister("web:1").task_definition_arn.to_string();
    trial.run_refused("web:1", INACTIVE);
    trial.run_refused(&arn, INACTIVE);
}

#[test]
fn what_runs_goes_on_when_its_revision_is_deregistered_and_deleted() {
    let mut trial = Trial::web();
    let task = trial.run("web");
    trial.end("web:1");
    trial.rest();
    let shown = trial.task(&task);
    assert_eq!(shown.last_status, LastStatus::Running);
    assert_eq!(last(&shown.task_definition_arn), "web:1");
}

#[test]
fn a_revision_in_use_is_deleted_when_its_last_task_has_stopped() {
    let mut trial = Trial::web();
    let tasks = trial.run_all(RunTask::new("web").count(2));
    trial.deregister("web:1");
    trial.at(10_000);
    let answer = trial.delete(["web:1"]);
    let answered = &answer.task_definitions[0];
    assert_eq!(answered.status, TaskDefinitionStatus::DeleteInProgress);
    assert_eq!(ms(answered.delete_requested_at), Some(10_000));
    assert_eq!(ms(answered.deregistered_at), Some(0));
    assert_eq!(trial.described("web:1").as_ref(), Ok(answered));
    trial.run_refused("web:1", INACTIVE);

    trial.stop(&tasks[0]);
    trial.rest();
    assert_eq!(trial.described("web:1").as_ref(), Ok(answered));
    trial.stop(&tasks[1]);
    assert_eq!(
        trial.described("web:1").as_ref(),
        Ok(answered),
        "it is only told to stop"
    );
    trial.rest();
    assert_eq!(trial.status(&tasks[1]).0, LastStatus::Stopped);
    check_refused(trial.described("web:1"), CLIENT, NOT_DESCRIBED);
    trial.run_refused("web:1", NOT_FOUND);
}

#[test]
fn a_task_that_stopped_keeps_showing_its_definition_that_is_gone() {
    let mut trial = Trial::web();
    let task = trial.run("web");
    trial.end("web:1");
    let host = trial.host();
    trial.give_up(&host);
    check_refused(trial.described("web:1"), CLIENT, NOT_DESCRIBED);
    let shown = trial.task(&task);
    assert_eq!(last(&shown.task_definition_arn), "web:1");
    assert_eq!(shown.group.as_deref(), Some("family:web"));
    let stopped = ListTasks::new()
        .family("web")
        .desired_status(DesiredStatus::Stopped);
    let listed = trial.list_tasks(stopped).expect("the cluster is there");
    assert_eq!(listed.task_arns, [task]);
    trial.at(4_000_000);
    assert_eq!(trial.ledger().tasks_known(), 0);
}

#[test]
fn a_lagging_reader_still_sees_the_task_of_a_definition_that_is_gone() {
    let reads = Reads::Lagging {
        lag: Latency::Fixed(Duration::from_secs(30)),
        stale_probability: wavetank::draw::Ratio::ONE,
        bound: Duration::from_secs(60),
    };
    let mut trial = Trial::web_of(builder().reads(reads));
    let task = trial.run("web");
    trial.at(60_000);
    trial.end("web:1");
    trial.stop(&task);
    trial.at(65_000);
    // The definition is gone for every reader; the task's end is not known to any of them.
    check_refused(trial.described("web:1"), CLIENT, NOT_DESCRIBED);
    let shown = trial.task(&task);
    assert_eq!(shown.last_status, LastStatus::Running);
    let listed = trial.list_tasks(ListTasks::new().family("web"));
    assert_eq!(listed.expect("the cluster is there").task_arns, [task]);
}

#[test]
fn a_revision_nobody_uses_is_gone_at_once() {
    let mut trial = Trial::web();
    trial.end("web:1");
    check_refused(trial.described("web:1"), CLIENT, NOT_DESCRIBED);
    let answer = trial.deregister_task_definition(DeregisterTaskDefinition::new("web:1"));
    check_refused(
        answer,
        CLIENT,
        "The specified task definition does not exist.",
    );
    assert_eq!(trial.ledger().definitions().iter().count(), 0);
}

#[test]
fn one_forced_deregistration_ends_every_definition_it_left_without_tasks() {
    let mut trial = Trial::web();
    for family in ["api", "db"] {
        trial.define(one(family));
        trial.run(family);
        trial.end(&format!("{family}:1"));
    }
    let host = trial.host();
    assert_eq!(trial.ledger().definitions().iter().count(), 3);
    trial.give_up(&host);
    let left: Vec<_> = trial
        .ledger()
        .definitions()
        .iter()
        .map(|(id, _)| id.number())
        .collect();
    assert_eq!(left, [0], "only web was not deleted");
}

#[test]
fn deletion_succeeds_in_part_and_in_order() {
    let mut trial = three();
    trial.deregister("web:1");
    trial.deregister("web:3");
    let answer = trial.delete(["web:3", "web", "web:2", "web:9", "web:1", "web:3"]);
    let deleted: Vec<_> = answer
        .task_definitions
        .iter()
        .map(|shown| (shown.revision, shown.status))
        .collect();
    let status = TaskDefinitionStatus::DeleteInProgress;
    assert_eq!(deleted, [(3, status), (1, status), (3, status)]);
    let failures: Vec<_> = answer
        .failures
        .iter()
        .map(|failure| failure.arn.as_deref())
        .collect();
    let second = "arn:aws:ecs:us-east-1:123456789012:task-definition/web:2";
    assert_eq!(failures, [Some("web"), Some(second), Some("web:9")]);
    assert_eq!(
        reasons(&answer.failures),
        [
            "The specified task definition identifier is invalid. Specify a valid name or ARN and try again.",
            "The specified task definition is still in ACTIVE status. Please deregister the target and try again.",
            "The specified task definition does not exist. Specify a valid account, family, revision and try again.",
        ]
    );
    assert_eq!(trial.listed(ListTaskDefinitions::new()), ["web:2"]);
}

#[test]
fn deleting_again_shows_when_it_was_first_asked_for() {
    let mut trial = Trial::web();
    trial.run("web");
    trial.deregister("web:1");
    let first = trial.delete(["web:1"]).task_definitions;
    trial.at(5_000);
    let before = (trial.digest(), trial.state_digest());
    assert_eq!(trial.delete(["web:1"]).task_definitions, first);
    assert_eq!((trial.digest(), trial.state_digest()), before);
}

#[test]
fn none_and_more_than_ten_are_not_deleted() {
    for count in [0, 11] {
        let request = DeleteTaskDefinitions::new(vec!["web:1"; count]);
        check_invalid(
            Trial::web().delete_task_definitions(request),
            "taskDefinitions",
        );
    }
}

#[test]
fn numbers_are_never_given_again_even_when_the_whole_family_is_gone() {
    let mut trial = three();
    for text in ["web:1", "web:2", "web:3"] {
        trial.end(text);
    }
    assert_eq!(trial.families(ListTaskDefinitionFamilies::new()), [""; 0]);
    assert_eq!(trial.define(one("web")).revision, 4);
    assert_eq!(trial.families(ListTaskDefinitionFamilies::new()), ["web"]);
}

#[test]
fn an_inactive_revision_is_launched_by_those_who_name_it_until_its_window_closes() {
    let mut trial = window(Latency::Fixed(Duration::from_secs(90)));
    trial.at(10_000);
    let arn = trial.deregister("web:1").task_definition_arn.to_string();
    trial.run_refused("web", NOT_FOUND);
    trial.at(99_999);
    let host = trial.host();
    trial.run("web:1");
    trial.run(&arn);
    trial.start("web:1", &host);
    trial.at(100_000);
    trial.run_refused("web:1", INACTIVE);
}

#[test]
fn deletion_closes_the_window() {
    let mut trial = window(Latency::Fixed(Duration::from_secs(90)));
    trial.deregister("web:1");
    trial.run("web:1");
    trial.delete(["web:1"]);
    trial.run_refused("web:1", INACTIVE);
}

#[test]
fn each_definition_has_a_window_of_its_own_of_up_to_ten_minutes() {
    let open = |sim: &Simulation| -> Vec<bool> {
        (1..=20)
            .map(|number| {
                let request = RunTask::new(format!("web:{number}"));
                sim.clone().run_task(request).is_ok()
            })
            .collect()
    };
    let mut trial = Trial::web_of(builder().profile(Profile::realistic()));
    for number in 1..=20 {
        trial.deregister(&format!("web:{number}"));
        trial.define(one("web"));
    }
    trial.at(300_000);
    let half = open(&trial);
    assert!(half.contains(&true) && half.contains(&false), "{half:?}");
    trial.at(600_001);
    assert_eq!(open(&trial), [false; 20]);
}

#[test]
fn a_definition_keeps_its_window_when_others_come_and_go() {
    let closes = |with_others: bool| {
        let mut trial = Trial::web_of(builder().profile(Profile::realistic()));
        let first = wavetank::ids::TaskDefinitionId::new(0);
        if with_others {
            trial.define(one("db"));
            trial.deregister("db:1");
        }
        trial.deregister("web:1");
        trial.ledger().definition(first).refused_from
    };
    assert_eq!(closes(false), closes(true));
}

#[test]
fn definitions_do_not_lag() {
    let reads = Reads::Lagging {
        lag: Latency::Fixed(Duration::from_secs(60)),
        stale_probability: wavetank::draw::Ratio::ONE,
        bound: Duration::from_secs(60),
    };
    let mut trial = Trial::web_of(builder().reads(reads));
    assert_eq!(trial.listed(ListTaskDefinitions::new()), ["web:1"]);
    let answered = trial.deregister("web:1");
    assert_eq!(trial.described("web:1"), Ok(answered));
    assert_eq!(trial.listed(ListTaskDefinitions::new()), [""; 0]);
}

#[test]
fn the_trace_tells_how_a_definition_ended() {
    let mut trial = window(Latency::Fixed(Duration::from_secs(90)));
    trial.end("web:1");
    let trace = trial.trace().to_string();
    let lines: Vec<&str> = trace.lines().collect();
    let lines = &lines[lines.len() - 6..];
    assert_eq!(
        lines[1],
        "0.000s #0   task-definition-0 deregistered, can be launched for 90.000s more"
    );
    assert!(lines[2].starts_with("0.000s #0   content "), "{}", lines[2]);
    assert_eq!(
        lines[3..],
        [
            "0.000s #0 call",
            "0.000s #0   task-definition-0 delete requested",
            "0.000s #0   task-definition-0 forgotten"
        ]
    );
}
