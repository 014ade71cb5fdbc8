//! Schedulers around schedulers: recording, replaying, asking twice.

use wavetank::ledger::instance::InstanceKind;
use wavetank::model::*;
use wavetank::placement::{
    Ask, Baseline, Decision, EcsScheduler, FnScheduler, Mistake, Placement, Pool, Recording,
    Replaying, Rule, Scheduler, StopAsk, Twice,
};
use wavetank::{Builder, Digest, TaskId};

use crate::support::{Trial, builder, one, sized};

fn trial(scheduler: impl Scheduler + 'static) -> Trial {
    trial_of(builder(), scheduler)
}

fn trial_of(builder: Builder, scheduler: impl Scheduler + 'static) -> Trial {
    let ties = PlacementTies::Seeded;
    let mut trial = Trial::of(builder.placement_ties(ties).scheduler(scheduler));
    for _ in 0..5 {
        trial.instance(1024, 4096);
    }
    trial.define(one("web"));
    trial
}

/// Twenty-six tasks, of which twenty fit, some alone and some in batches.
fn play(trial: &mut Trial) -> Digest {
    for count in [1, 10, 1, 4, 10] {
        let request = RunTask::new("web").count(count);
        trial.run_task(request).expect("the request is good");
    }
    trial.digest()
}

fn recorded(trial: &Trial) -> Vec<Decision> {
    let recording = trial.scheduler().downcast_ref::<Recording<EcsScheduler>>();
    recording.expect("it records").decisions().to_vec()
}

#[test]
fn a_recording_changes_nothing_and_keeps_every_decision() {
    let mut plain = trial(EcsScheduler::default());
    let mut recording = trial(Recording::new(EcsScheduler::default()));
    assert_eq!(play(&mut plain), play(&mut recording));
    assert_eq!(recording.scheduler().name(), "ecs");
    let decisions = recorded(&recording);
    let tasks: Vec<u32> = decisions.iter().map(|kept| kept.task.number()).collect();
    assert!(tasks.into_iter().eq(0..26));
    let placed = |kept: &&Decision| kept.answer.is_ok();
    assert_eq!(decisions.iter().filter(placed).count(), 20);
}

#[test]
fn a_replay_answers_as_recorded_under_another_seed_and_without_complaint() {
    let mut first = trial(Recording::new(EcsScheduler::default()));
    play(&mut first);
    let decisions = recorded(&first);
    let json = serde_json::to_string(&decisions).expect("decisions are plain data");
    let decisions: Vec<Decision> = serde_json::from_str(&json).expect("they can be read again");
    let mut again = trial(Recording::new(Replaying::new(decisions.clone())));
    assert_eq!(play(&mut again), first.digest());
    assert_eq!(again.scheduler_errors(), []);
    let inner = again.scheduler().downcast_ref::<Recording<Replaying>>();
    assert_eq!(inner.expect("it records").decisions(), decisions);
}

#[test]
fn a_task_that_was_not_recorded_is_placed_by_the_fallback_and_told_of() {
    let mut trial = trial(Replaying::new([]));
    let task = trial.run("web");
    assert!(trial.task(&task).container_instance_arn.is_some());
    let errors = trial.scheduler_errors();
    assert_eq!(
        (errors.len(), &errors[0].mistake),
        (1, &Mistake::Unrecorded)
    );
    assert_eq!(&*errors[0].scheduler, "replaying");
}

#[test]
fn a_recorded_choice_that_cannot_be_now_diverges() {
    let mut first = trial(Recording::new(EcsScheduler::default()));
    first.run("web");
    let decisions = recorded(&first);
    let recorded = decisions[0].answer.ok();
    let mut again = trial(Replaying::or_else(decisions, Baseline::FirstFit));
    let chosen = recorded.expect("it was placed").index();
    let listed = again.list_container_instances(ListContainerInstances::new());
    let host = listed.expect("they are there").container_instance_arns[chosen].clone();
    again.set_state(&host, ContainerInstanceStatus::Draining);
    again.run("web");
    let errors = again.scheduler_errors();
    assert_eq!(errors[0].mistake, Mistake::Diverged { recorded });
    assert_ne!(errors[0].chosen, recorded);
}

#[test]
fn another_question_than_the_one_recorded_diverges() {
    let mut first = trial(Recording::new(EcsScheduler::default()));
    first.run("web");
    let mut again = trial(Replaying::new(recorded(&first)));
    again.run_all(RunTask::new("web").group("others"));
    let errors = again.scheduler_errors();
    assert!(matches!(errors[0].mistake, Mistake::Diverged { .. }));
}

#[test]
fn every_part_of_a_question_counts_when_it_is_asked_again() {
    let asked = || {
        RunTask::new("web")
            .group("g")
            .constraint(PlacementConstraint::member_of("attribute:rack !exists"))
            .strategy(PlacementStrategy::binpack_cpu())
    };
    let changed: [(&str, RunTask); 7] = [
        ("the same", asked()),
        ("another group", asked().group("h")),
        (
            "another size",
            RunTask {
                task_definition: "wide".to_owned(),
                ..asked()
            },
        ),
        (
            "apart",
            asked().constraint(PlacementConstraint::distinct_instance()),
        ),
        (
            "another constraint",
            RunTask {
                placement_constraints: vec![PlacementConstraint::member_of(
                    "runningTasksCount < 9",
                )],
                ..asked()
            },
        ),
        (
            "one constraint more",
            asked().constraint(PlacementConstraint::member_of("runningTasksCount < 9")),
        ),
        (
            "one rule more",
            asked().strategy(PlacementStrategy::random()),
        ),
    ];
    let mut first = trial(Recording::new(EcsScheduler::default()));
    first.run_all(asked());
    let decisions = recorded(&first);
    assert_eq!(decisions[0].constraints, ["attribute:rack !exists"]);
    assert_eq!(decisions[0].rules, [Rule::BinpackCpu]);
    for (what, request) in changed {
        let mut again = trial(Replaying::new(decisions.clone()));
        again.define(sized("wide", 300, 512));
        again.run_all(request);
        let diverged = again.scheduler_errors().len();
        assert_eq!(diverged, usize::from(what != "the same"), "{what}");
    }
}

#[test]
fn zones_kind_and_capabilities_are_part_of_the_question() {
    let scheduler = || Recording::new(EcsScheduler::default());
    let kept = |trial: &Trial| recorded(trial).pop().expect("it was asked");
    let subnets = ["subnet-a", "subnet-b"];
    let mut first = trial_of(
        builder()
            .subnet("subnet-a", "zone-a")
            .subnet("subnet-b", "zone-b"),
        scheduler(),
    );
    first.define(one("apart").network_mode(NetworkMode::Awsvpc));
    let run = |trial: &mut Trial, subnets: &[&str]| {
        let network = NetworkConfiguration::subnets(subnets.iter().copied());
        trial.run_all(RunTask::new("apart").network(network));
    };
    run(&mut first, &subnets);
    let networked = kept(&first);
    assert_eq!(networked.zones, ["zone-a", "zone-b"]);
    assert_eq!(networked.kind, InstanceKind::Ec2);
    assert!(
        networked
            .requires
            .iter()
            .any(|name| name == "ecs.capability.task-eni")
    );
    run(&mut first, &subnets[..1]);
    assert_eq!(kept(&first).zones, ["zone-a"]);
}

/// Takes the next row each time it is asked, wherever the run is.
#[derive(Clone, Debug, Default)]
struct Forgetful(usize);

impl Scheduler for Forgetful {
    fn name(&self) -> &str {
        "forgetful"
    }

    fn place(&mut self, _: &Ask<'_>, pool: &Pool<'_>) -> Placement {
        self.0 += 1;
        Ok(pool.instances()[self.0 % pool.len()])
    }
}

#[test]
fn twice_finds_out_who_answers_otherwise_when_asked_again_and_the_first_answer_counts() {
    let mut trial = trial(Twice::new(Forgetful::default()));
    trial.run("web");
    trial.run_all(RunTask::new("web").count(2));
    let errors = trial.scheduler_errors();
    let shown: Vec<String> = errors.iter().map(ToString::to_string).collect();
    let name = "0.000s scheduler forgetful chose container-instance";
    assert_eq!(
        shown,
        [
            format!("{name}-1 for task-0, and container-instance-2 when asked again"),
            format!("{name}-3 for task-1, and container-instance-0 when asked again"),
            format!("{name}-4 for task-2, and container-instance-1 when asked again"),
        ]
    );
    let on: Vec<_> = trial
        .ledger()
        .tasks()
        .map(|(_, record)| record.on)
        .collect();
    let chosen: Vec<_> = errors.iter().map(|error| error.chosen).collect();
    assert_eq!(on, chosen);
}

#[test]
fn twice_changes_nothing_about_a_function() {
    let mut plain = trial(EcsScheduler::default());
    let mut twice = trial(Twice::new(EcsScheduler::default()));
    assert_eq!(play(&mut plain), play(&mut twice));
    assert_eq!(twice.scheduler_errors(), []);
}

#[test]
fn complaints_pass_through_wrappers_and_boxes() {
    let boxed: Box<dyn Scheduler> = Box::new(Twice::new(Forgetful::default()));
    let mut trial = trial(Recording::new(boxed));
    trial.run("web");
    assert_eq!(trial.scheduler_errors().len(), 1);
    let recording = trial
        .scheduler()
        .downcast_ref::<Recording<Box<dyn Scheduler>>>();
    let inner = recording.expect("it records").inner().as_ref();
    assert!(inner.downcast_ref::<Twice<Forgetful>>().is_some());
    assert!(inner.downcast_ref::<Baseline>().is_none());
}

#[test]
fn a_fork_goes_on_with_a_copy_of_its_scheduler() {
    let mut first = trial(Recording::new(EcsScheduler::default()));
    first.run("web");
    let mut fork = first.fork();
    fork.run_task(RunTask::new("web")).expect("there is room");
    assert_eq!(recorded(&first).len(), 1);
    let kept = fork.scheduler().downcast_ref::<Recording<EcsScheduler>>();
    assert_eq!(kept.expect("it records").decisions().len(), 2);
}

#[test]
fn a_choice_of_a_task_to_stop_goes_through_every_wrapper() {
    #[derive(Clone, Debug)]
    struct Newest;
    impl Scheduler for Newest {
        fn name(&self) -> &str {
            "newest"
        }
        fn place(&mut self, ask: &Ask<'_>, pool: &Pool<'_>) -> Placement {
            Baseline::FirstFit.place(ask, pool)
        }
        fn choose_stop(&mut self, ask: &StopAsk<'_>, _: &Pool<'_>) -> Option<TaskId> {
            ask.candidates.last().copied()
        }
    }
    let mut trial = trial(Newest);
    trial.run_all(RunTask::new("web").group("g").count(3));
    let ledger = trial.ledger();
    let (cluster, _) = ledger.clusters().named("default").expect("it is there");
    let group = ledger
        .groups()
        .named(cluster, "g")
        .expect("tasks are in it");
    let (pool, draws) = (Pool::new(ledger, cluster), wavetank::Draws::new(1));
    let tasks = pool.wanted_tasks(group);
    let ask = StopAsk {
        group,
        candidates: &tasks,
        gone: &[],
        rules: &[],
        ties: PlacementTies::OldestInstance,
        draws: &draws,
    };
    let wrapped: [Box<dyn Scheduler>; 4] = [
        Box::new(Newest),
        Box::new(Recording::new(Newest)),
        Box::new(Twice::new(Newest)),
        Box::new(Replaying::or_else([], Newest)),
    ];
    for mut scheduler in wrapped {
        assert_eq!(scheduler.choose_stop(&ask, &pool), Some(TaskId::new(2)));
    }
    let mut ecs = FnScheduler::new("any", |ask: &Ask<'_>, pool: &Pool<'_>| {
        Err(pool.refusal(ask))
    });
    assert_eq!(ecs.choose_stop(&ask, &pool), Some(TaskId::new(0)));
}
