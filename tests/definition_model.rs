//! Random lives of task definitions, beside a model that is a plain list (ecs-semantics 2.9, 2.10).

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use wavetank::Latency;
use wavetank::model::*;

use crate::support::{Trial, builder, one};

/// Names of which some begin like others, and of which the order is not that of their first use.
const FAMILIES: [&str; 4] = ["web", "we", "web-2", "api"];

#[derive(Clone, Debug)]
enum Line {
    Register(usize),
    Deregister(usize, u32),
    Delete(Vec<(usize, u32)>),
    Run(usize, Option<u32>),
    Stop(usize),
    Wait(u64),
    List {
        family: Option<usize>,
        status: TaskDefinitionStatus,
        sort: SortOrder,
        page: i32,
    },
    Families {
        prefix: String,
        status: TaskDefinitionFamilyStatus,
        page: i32,
    },
}

fn line() -> impl Strategy<Value = Line> {
    let family = 0..FAMILIES.len();
    let revision = 1_u32..6;
    let status = prop::sample::select(TaskDefinitionStatus::ALL);
    let family_status = prop::sample::select(TaskDefinitionFamilyStatus::ALL);
    let entry = (family.clone(), revision.clone());
    prop_oneof![
        4 => family.clone().prop_map(Line::Register),
        4 => entry.clone().prop_map(|(family, revision)| Line::Deregister(family, revision)),
        3 => vec(entry, 1..5).prop_map(Line::Delete),
        4 => (family.clone(), proptest::option::of(revision)).prop_map(|(family, revision)| Line::Run(family, revision)),
        2 => (0_usize..8).prop_map(Line::Stop),
        1 => (0_u64..60).prop_map(Line::Wait),
        4 => (proptest::option::of(family), status, prop::sample::select(SortOrder::ALL), 1_i32..4)
            .prop_map(|(family, status, sort, page)| Line::List { family, status, sort, page }),
        2 => ("(w|we|web|web-|a|x)?", family_status, 1_i32..4)
            .prop_map(|(prefix, status, page)| Line::Families { prefix, status, page }),
    ]
}

/// A revision that is not gone.
#[derive(Clone, Debug)]
struct Revision {
    family: &'static str,
    number: u32,
    status: TaskDefinitionStatus,
    /// In seconds.
    launchable_until: u64,
    tasks: Vec<String>,
}

impl Revision {
    fn active(family: &'static str, number: u32) -> Self {
        Self {
            family,
            number,
            status: TaskDefinitionStatus::Active,
            launchable_until: 0,
            tasks: Vec::new(),
        }
    }
}

/// What ought to be there.
#[derive(Debug)]
struct Model {
    revisions: Vec<Revision>,
    minted: [u32; 4],
    window: u64,
}

impl Model {
    fn find(&mut self, family: &str, number: u32) -> Option<&mut Revision> {
        self.revisions
            .iter_mut()
            .find(|known| known.family == family && known.number == number)
    }

    fn forget(&mut self) {
        let is_kept = |known: &Revision| {
            known.status != TaskDefinitionStatus::DeleteInProgress || !known.tasks.is_empty()
        };
        self.revisions.retain(is_kept);
    }

    /// The revision that RunTask makes a task from.
    fn launched(
        &mut self,
        family: &str,
        number: Option<u32>,
        now: u64,
    ) -> Result<&mut Revision, &'static str> {
        let number = number.or_else(|| {
            let of_family = |known: &&Revision| {
                known.family == family && known.status == TaskDefinitionStatus::Active
            };
            self.revisions
                .iter()
                .filter(of_family)
                .map(|known| known.number)
                .max()
        });
        let found = number.and_then(|number| self.find(family, number));
        let known = found.ok_or("TaskDefinition not found.")?;
        match known.status {
            TaskDefinitionStatus::Active => Ok(known),
            TaskDefinitionStatus::Inactive if now < known.launchable_until => Ok(known),
            _ => Err("TaskDefinition is inactive"),
        }
    }

    fn listed(
        &self,
        family: Option<&str>,
        status: TaskDefinitionStatus,
        sort: SortOrder,
    ) -> Vec<String> {
        let mut names: Vec<(&str, u32)> = self
            .revisions
            .iter()
            .filter(|known| {
                known.status == status && family.is_none_or(|family| known.family == family)
            })
            .map(|known| (known.family, known.number))
            .collect();
        names.sort_unstable();
        if sort == SortOrder::Desc {
            names.reverse();
        }
        names
            .iter()
            .map(|(family, number)| {
                format!("arn:aws:ecs:us-east-1:123456789012:task-definition/{family}:{number}")
            })
            .collect()
    }

    fn families(&self, prefix: &str, status: TaskDefinitionFamilyStatus) -> Vec<String> {
        let mut names: Vec<&str> = FAMILIES.to_vec();
        names.sort_unstable();
        names.retain(|name| {
            let of_family = |known: &&Revision| known.family == *name;
            let mut revisions = self.revisions.iter().filter(of_family).peekable();
            let is_known = revisions.peek().is_some();
            let is_active = revisions.any(|known| known.status == TaskDefinitionStatus::Active);
            let is_wanted = match status {
                TaskDefinitionFamilyStatus::Active => is_active,
                TaskDefinitionFamilyStatus::Inactive => !is_active,
                TaskDefinitionFamilyStatus::All => true,
            };
            is_known && is_wanted && name.starts_with(prefix)
        });
        names.iter().map(|name| (*name).to_owned()).collect()
    }
}

fn play(trial: &mut Trial, model: &mut Model, line: &Line) -> Result<(), TestCaseError> {
    let now = trial.now().as_millis() / 1_000;
    match line {
        Line::Register(family) => {
            model.minted[*family] += 1;
            let number = model.minted[*family];
            prop_assert_eq!(trial.define(one(FAMILIES[*family])).revision, number);
            model
                .revisions
                .push(Revision::active(FAMILIES[*family], number));
        }
        Line::Deregister(family, number) => {
            deregister(trial, model, FAMILIES[*family], *number, now)?;
        }
        Line::Delete(entries) => delete(trial, model, entries)?,
        Line::Run(family, number) => run(trial, model, FAMILIES[*family], *number, now)?,
        Line::Stop(nth) => stop(trial, model, *nth, now),
        Line::Wait(seconds) => trial.at((now + seconds) * 1_000),
        Line::List {
            family,
            status,
            sort,
            page,
        } => {
            let family = family.map(|family| FAMILIES[family]);
            let mut request = ListTaskDefinitions::new()
                .status(*status)
                .sort(*sort)
                .max_results(*page);
            request.family_prefix = family.map(str::to_owned);
            let found = pages(|token| {
                let request = ListTaskDefinitions {
                    next_token: token,
                    ..request.clone()
                };
                let answer = trial
                    .list_task_definitions(request)
                    .expect("the filters are good");
                (answer.task_definition_arns, answer.next_token)
            });
            prop_assert_eq!(found, model.listed(family, *status, *sort));
        }
        Line::Families {
            prefix,
            status,
            page,
        } => {
            let request = ListTaskDefinitionFamilies::new()
                .prefix(prefix)
                .status(*status)
                .max_results(*page);
            let found = pages(|token| {
                let request = ListTaskDefinitionFamilies {
                    next_token: token,
                    ..request.clone()
                };
                let answer = trial
                    .list_task_definition_families(request)
                    .expect("the filters are good");
                (answer.families, answer.next_token)
            });
            prop_assert_eq!(found, model.families(prefix, *status));
        }
    }
    Ok(())
}

/// Every page of a listing.
fn pages(mut list: impl FnMut(Option<String>) -> (Vec<String>, Option<String>)) -> Vec<String> {
    let (mut found, mut token) = list(None);
    while token.is_some() {
        let (page, next) = list(token);
        found.extend(page);
        token = next;
    }
    found
}

fn deregister(
    trial: &mut Trial,
    model: &mut Model,
    family: &str,
    number: u32,
    now: u64,
) -> Result<(), TestCaseError> {
    let request = DeregisterTaskDefinition::new(format!("{family}:{number}"));
    let answer = trial.deregister_task_definition(request);
    let closes = now + model.window;
    let known = model.find(family, number);
    prop_assert_eq!(answer.is_ok(), known.is_some());
    if let Some(known) = known.filter(|known| known.status == TaskDefinitionStatus::Active) {
        known.status = TaskDefinitionStatus::Inactive;
        known.launchable_until = closes;
    }
    Ok(())
}

fn run(
    trial: &mut Trial,
    model: &mut Model,
    family: &str,
    number: Option<u32>,
    now: u64,
) -> Result<(), TestCaseError> {
    let text = number.map_or(family.to_owned(), |number| format!("{family}:{number}"));
    let answer = trial.run_task(RunTask::new(text));
    match (answer, model.launched(family, number, now)) {
        (Ok(answer), Ok(known)) => known.tasks.push(answer.tasks[0].task_arn.to_string()),
        (Err(error), Err(message)) => prop_assert_eq!(error.message(), message),
        (answer, expected) => prop_assert!(false, "{:?}, not {:?}", answer, expected),
    }
    Ok(())
}

/// Stops a task and waits until it has stopped.
fn stop(trial: &mut Trial, model: &mut Model, nth: usize, now: u64) {
    let mut tasks = model.revisions.iter().flat_map(|known| known.tasks.clone());
    let Some(task) = tasks.nth(nth) else {
        return;
    };
    drop(tasks);
    trial.stop(&task);
    trial.at((now + 20) * 1_000);
    for known in &mut model.revisions {
        known.tasks.retain(|known| *known != task);
    }
    model.forget();
}

fn delete(
    trial: &mut Trial,
    model: &mut Model,
    entries: &[(usize, u32)],
) -> Result<(), TestCaseError> {
    let names: Vec<(&str, u32)> = entries
        .iter()
        .map(|(family, number)| (FAMILIES[*family], *number))
        .collect();
    let texts = names
        .iter()
        .map(|(family, number)| format!("{family}:{number}"));
    let answer = trial.delete_task_definitions(DeleteTaskDefinitions::new(texts));
    let answer = answer.expect("there are 1 to 4");
    let mut expected = Vec::new();
    for (family, number) in names {
        let known = model.find(family, number);
        if let Some(known) = known.filter(|known| known.status != TaskDefinitionStatus::Active) {
            known.status = TaskDefinitionStatus::DeleteInProgress;
            expected.push(format!("{family}:{number}"));
        }
    }
    let deleted: Vec<String> = answer
        .task_definitions
        .iter()
        .map(|shown| shown.family_and_revision())
        .collect();
    prop_assert_eq!(answer.failures.len(), entries.len() - deleted.len());
    prop_assert_eq!(deleted, expected);
    model.forget();
    Ok(())
}

proptest! {
    #[test]
    fn task_definitions_live_as_in_a_plain_list(window in prop::sample::select(vec![0_u64, 40]), script in vec(line(), 1..60)) {
        let mut profile = Profile::ideal();
        profile.latencies.deregistration_window = Latency::Fixed(Duration::from_secs(window));
        let mut trial = Trial::of(builder().profile(profile));
        trial.instance(100_000, 200_000);
        let mut model = Model { revisions: Vec::new(), minted: [0; 4], window };
        for line in &script {
            play(&mut trial, &mut model, line)?;
            for status in TaskDefinitionStatus::ALL {
                let kept = trial.ledger().definitions().iter().filter(|(_, record)| record.status == *status);
                prop_assert_eq!(kept.count(), model.listed(None, *status, SortOrder::Asc).len());
            }
        }
    }
}
