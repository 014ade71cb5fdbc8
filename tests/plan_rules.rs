//! Which plans of faults are refused, and how many rows one may have.

use wavetank::fault::plan::{OfInstance, OfTask, PlanError, When};
use wavetank::model::*;
use wavetank::{BuildError, FaultPlan, Latency};

use crate::fault_plans::{ANY, exit_of, minutes, planned, restart_of, stop_of};
use crate::support::builder;

#[test]
fn a_plan_that_makes_no_sense_is_refused_with_its_row() {
    let good = restart_of(ANY);
    for (plan, named) in [
        (
            FaultPlan::new().at(minutes(1), restart_of("$some")),
            "row 0",
        ),
        (
            FaultPlan::new().at(minutes(1), restart_of("$cause")),
            "`$cause`",
        ),
        (
            FaultPlan::new()
                .at(minutes(1), good.clone())
                .every(Latency::Choice(Vec::new()), good.clone()),
            "row 1",
        ),
        (
            FaultPlan::new()
                .at(minutes(1), good)
                .lasting(Latency::Choice(Vec::new())),
            "row 0",
        ),
        (
            FaultPlan::new()
                .at(minutes(1), exit_of(ANY))
                .lasting(Latency::ZERO),
            "ContainerExit has no end",
        ),
    ] {
        let error = builder()
            .faults(plan)
            .build()
            .expect_err("it makes no sense");
        assert!(matches!(error, BuildError::Faults(_)), "{error}");
        assert!(error.to_string().contains(named), "{error}");
    }
}

#[test]
fn a_text_that_stands_for_nothing_where_it_is_written_is_refused() {
    let task = |is| When::Task(OfTask::first("*", is));
    let (running, active) = (
        task(LastStatus::Running),
        When::ContainerInstance(OfInstance::first(ContainerInstanceStatus::Active)),
    );
    let crash = |name: &str| Fault::ControllerCrash {
        controller: name.to_owned(),
    };
    let zone = |name: &str| Fault::ZoneOutage {
        zone: name.to_owned(),
    };
    let exit = |task: &str, container: &str| Fault::ContainerExit {
        task: task.to_owned(),
        container: container.to_owned(),
        exit_code: 1,
    };
    for (when, fault, named) in [
        (&active, exit("$cause", ANY), "`$cause` stands for no task"),
        (
            &running,
            exit(ANY, "$cause"),
            "`$cause` stands for no container here",
        ),
        (
            &running,
            crash("$cause"),
            "`$cause` stands for no controller",
        ),
        (&running, crash("$any:keeper"), "any controller is `$any`"),
        (&running, exit(ANY, "$any:app"), "any container is `$any`"),
        (&running, zone("$any:us-east-1a"), "any zone is `$any`"),
    ] {
        let plan = FaultPlan::new().row(when.clone(), fault);
        let error = plan.validate().expect_err(named).to_string();
        assert!(error.contains(named), "{error}");
    }
    for (when, fault) in [
        (&active, zone("$cause")),
        (&active, stop_of("$cause")),
        (&running, stop_of("$cause")),
        (&running, exit("$cause", ANY)),
        (&running, exit("$any:web*", "app")),
    ] {
        let plan = FaultPlan::new().row(when.clone(), fault);
        assert_eq!(plan.validate(), Ok(()));
    }
}

#[test]
fn a_fault_of_the_none_th_task_or_of_no_task_is_refused() {
    for (nth, times) in [(0, 1), (1, 0)] {
        let mut of_task = OfTask::first("*", LastStatus::Running);
        (of_task.nth, of_task.times) = (nth, times);
        let mut of_instance = OfInstance::first(ContainerInstanceStatus::Active);
        (of_instance.nth, of_instance.times) = (nth, times);
        for when in [When::Task(of_task), When::ContainerInstance(of_instance)] {
            let plan = FaultPlan::new().row(when, stop_of(ANY));
            assert_eq!(plan.validate(), Err(PlanError::Never { row: 0 }));
        }
    }
}

#[test]
fn a_plan_may_have_as_many_rows_as_can_be_told_apart() {
    let late = minutes(60);
    let rows = (0..65_535).fold(FaultPlan::new(), |plan, _| plan.at(late, stop_of(ANY)));
    let mut trial = planned(rows.clone());
    trial.run("web");
    trial.rest();
    assert_eq!(trial.fault_counts().len(), 65_535);
    let error = rows.at(late, stop_of(ANY)).validate();
    assert_eq!(error, Err(PlanError::TooLong { rows: 65_536 }));
}

#[test]
fn rows_and_what_they_are_made_of_are_objects() {
    let good = r#"[{ "when": { "at": "1m" }, "fault": { "kind": "ZoneOutage", "zone": "a" } }]"#;
    serde_json::from_str::<FaultPlan>(good).expect("it is good");
    for wrong in [
        r#"[[{ "at": "1m" }, { "kind": "ZoneOutage", "zone": "a" }, null]]"#,
        r#"[{ "when": { "at": "1m" }, "fault": ["ZoneOutage", "a"] }]"#,
        r#"[{ "when": { "at": "1m" }, "fault": { "kind": "Outage", "on": { "attribute": ["rack", "r1"] } } }]"#,
        r#"[{ "when": { "every": ["1m", "0s", "1h"] }, "fault": { "kind": "ZoneOutage", "zone": "a" } }]"#,
        r#"[{ "when": { "task": ["*", "RUNNING", 1, 1, "0s"] }, "fault": { "kind": "ZoneOutage", "zone": "a" } }]"#,
        r#"[{ "when": { "containerInstance": ["ACTIVE", 1, 1, "0s"] }, "fault": { "kind": "ZoneOutage", "zone": "a" } }]"#,
    ] {
        let error = serde_json::from_str::<FaultPlan>(wrong).expect_err(wrong);
        assert!(error.to_string().contains("expected an object"), "{error}");
    }
}
