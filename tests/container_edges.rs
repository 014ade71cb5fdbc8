//! Containers of one task where two rules meet: what never ran or is gone by the time it is asked about, and ends while others stop.

use wavetank::model::*;

use crate::containers::{
    check, container, ends, helper, lasting, restarting, run, run_of, shown, when, why,
};
use crate::support::{builder, profile, workload};

#[test]
fn what_never_started_has_not_completed_either() {
    let last = helper("last").depends_on("middle", ContainerCondition::Complete);
    let middle = helper("middle").depends_on("init", ContainerCondition::Success);
    let (mut trial, task) = run(
        [("init", ends(1, 1))],
        [container("app"), last, middle, helper("init")],
    );
    trial.rest();
    assert_eq!(trial.status(&task).0, LastStatus::Running);
    assert_eq!(shown(&mut trial, &task)[1].2, Some(143));
}

#[test]
fn a_task_runs_when_the_last_of_it_that_could_start_turns_out_unable_to() {
    // The database is healthy at 15.6 s, the helper pulls until 20.6 s, and the database is gone by then.
    let db = helper("db").health_check(check());
    let late = helper("late").depends_on("db", ContainerCondition::Healthy);
    let (mut trial, task) = run([("db", ends(12, 0))], [container("app"), late, db]);
    trial.rest();
    assert_eq!(trial.status(&task).0, LastStatus::Running);
    let codes: Vec<_> = shown(&mut trial, &task)
        .into_iter()
        .map(|it| it.2)
        .collect();
    assert_eq!(codes, [None, Some(143), Some(0)]);
}

#[test]
fn a_container_whose_image_is_there_starts_when_the_one_after_it_is_created() {
    // All have pulled at 5.1 s. The web server runs at 5.6 s, so the store is created then, and so the reader, which is named first.
    let mut reader = container("reader");
    reader.volumes_from = vec![VolumeFrom {
        source_container: Some("store".to_owned()),
        read_only: None,
    }];
    let store = container("store").depends_on("web", ContainerCondition::Start);
    let mut profile = profile([]);
    profile.agents.pull_dependent_containers_upfront = true;
    let (mut trial, _) = run_of(
        builder().profile(profile),
        [reader, store, container("web")],
    );
    trial.rest();
    assert_eq!(
        when(&trial, "-> running"),
        [
            "5.600s 2 -> running",
            "6.100s 1 -> running",
            "6.100s 0 -> running"
        ]
    );
}

#[test]
fn a_container_of_a_task_that_stops_is_not_started_again() {
    // The application outlives its period at 70.6 s, while the web server that depends on it takes its time to stop.
    let app = restarting(&[]);
    let web = container("web").depends_on("app", ContainerCondition::Start);
    let slow = workload(|it| it.stop = lasting(20));
    let (mut trial, task) = run([("app", ends(65, 1)), ("web", slow)], [web, app]);
    trial.at(65_000);
    trial.stop(&task);
    trial.rest();
    assert_eq!(shown(&mut trial, &task)[1].2, Some(1));
    let expected = (Some(StopCode::UserInitiated), Some(85_200));
    assert_eq!(why(&mut trial, &task), expected);
}
