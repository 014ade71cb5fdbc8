//! Which task of a group to stop, once more: by what Describe shows, narrowed step by step (ecs-semantics 5.8).

use proptest::prelude::*;
use wavetank::model::*;
use wavetank::placement::{Pool, StopAsk};
use wavetank::{Draws, TaskId};

use super::history::{Action, Play, history, setup};
use super::picture::{Need, Picture, need};
use super::pipeline::Rule;
use crate::support::builder;

/// A task of the group that is wanted, and what counts of it.
#[derive(Clone, Debug)]
struct Held {
    /// The number of its machine.
    on: usize,
    is_running: bool,
    is_unhealthy: bool,
    need: Need,
}

/// The tasks of a group that are wanted, in the order in which they were placed.
fn held(play: &mut Play, picture: &Picture, group: &str) -> Vec<Held> {
    let mut all = Vec::new();
    for some in play.tasks.clone().chunks(100) {
        let answer = play.sim.describe_tasks(DescribeTasks::new(some));
        for task in answer.expect("the cluster is there").tasks {
            let is_wanted = task.desired_status == DesiredStatus::Running;
            let on = picture.number(task.container_instance_arn.as_deref());
            if let (true, Some(on), Some(known)) = (is_wanted, on, task.group.as_deref()) {
                if known == group {
                    all.push(Held {
                        on,
                        is_running: task.last_status == LastStatus::Running,
                        is_unhealthy: task.health_status == Some(HealthStatus::Unhealthy),
                        need: need(&mut play.sim, &task.task_definition_arn),
                    });
                }
            }
        }
    }
    all
}

/// One decision: tasks by their place in the list of those held.
#[derive(Clone, Debug)]
struct Decision<'a> {
    picture: &'a Picture,
    held: &'a [Held],
    /// Who may be stopped.
    may: &'a [usize],
    gone: &'a [usize],
    rules: &'a [Rule],
}

impl Decision<'_> {
    /// The tasks among which only the tie decides.
    fn choices(&self) -> Vec<usize> {
        let may = self.may.iter().copied();
        let mut left: Vec<usize> = may.filter(|task| !self.gone.contains(task)).collect();
        let mut first = |is_first: &dyn Fn(&Held) -> bool| {
            let some: Vec<usize> = left
                .iter()
                .copied()
                .filter(|task| is_first(&self.held[*task]))
                .collect();
            if !some.is_empty() {
                left = some;
            }
        };
        first(&|held| !self.picture.machines[held.on].active);
        first(&|held| held.is_unhealthy);
        first(&|held| !held.is_running);
        let of_services = [
            Rule::Spread("ecs.availability-zone".to_owned()),
            Rule::SpreadInstances,
        ];
        let rules = match self.rules {
            [] => &of_services[..],
            rules => rules,
        };
        for rule in rules.iter().take_while(|rule| **rule != Rule::Random) {
            let most = left.iter().map(|task| self.score(rule, *task)).max();
            left.retain(|task| Some(self.score(rule, *task)) == most);
        }
        left
    }

    /// What a rule counts for a task: the most is stopped first.
    fn score(&self, rule: &Rule, task: usize) -> i64 {
        let on = self.held[task].on;
        let machine = &self.picture.machines[on];
        let stays = |other: &usize| !self.gone.contains(other);
        let others = (0..self.held.len()).filter(stays);
        let beside = |is_beside: &dyn Fn(usize) -> bool| {
            let count = others.filter(|other| is_beside(self.held[*other].on));
            i64::try_from(count.count()).expect("there are few")
        };
        let freed = |amount: &dyn Fn(&Need) -> i64| -> i64 {
            let gone = self.gone.iter().map(|gone| &self.held[*gone]);
            let gone = gone.filter(|gone| gone.on == on);
            let gone: i64 = gone.map(|gone| amount(&gone.need)).sum();
            gone + amount(&self.held[task].need)
        };
        match rule {
            Rule::Random => 0,
            Rule::SpreadInstances => beside(&|other| other == on),
            Rule::Spread(name) => beside(&|other| {
                self.picture.machines[other].attributes.get(name) == machine.attributes.get(name)
            }),
            Rule::BinpackCpu => machine.cpu + freed(&|need| need.cpu),
            Rule::BinpackMemory => machine.memory + freed(&|need| need.memory),
        }
    }
}

/// The same rule in the simulator's words.
fn told(rule: &Rule) -> wavetank::placement::Rule {
    use wavetank::placement::Rule as Told;
    match rule {
        Rule::Random => Told::Random,
        Rule::SpreadInstances => Told::SpreadInstance,
        Rule::Spread(name) => Told::SpreadAttribute(name.clone()),
        Rule::BinpackCpu => Told::BinpackCpu,
        Rule::BinpackMemory => Told::BinpackMemory,
    }
}

/// What was met in decisions.
#[derive(Clone, Copy, Debug, Default)]
struct Met {
    chosen: usize,
    ties: usize,
    unhealthy: usize,
}

/// Stops some tasks of a group in one decision, and holds each choice against the oracle's.
fn compare(
    play: &mut Play,
    (group, rules): (&str, &[Rule]),
    protected: u16,
    (ties, seed): (PlacementTies, u64),
) -> Result<Met, TestCaseError> {
    let picture = play.picture();
    let held = held(play, &picture, group);
    let ledger = play.sim.ledger();
    let cluster = ledger.clusters().named("default");
    let (cluster, _) = cluster.expect("it is there from the start");
    let Some(known) = ledger.groups().named(cluster, group) else {
        prop_assert_eq!(held.len(), 0);
        return Ok(Met::default());
    };
    let pool = Pool::new(ledger, cluster);
    // Tasks are numbered in the order in which they were placed.
    let tasks: Vec<TaskId> = pool.wanted_tasks(known);
    prop_assert_eq!(tasks.len(), held.len());
    let may: Vec<usize> = (0..held.len())
        .filter(|task| protected >> (task % 16) & 1 == 0)
        .collect();
    let candidates: Vec<TaskId> = may.iter().map(|task| tasks[*task]).collect();
    let rules_told: Vec<_> = rules.iter().map(told).collect();
    let draws = Draws::new(seed);
    let (mut gone, mut met) = (Vec::new(), Met::default());
    loop {
        let decision = Decision {
            picture: &picture,
            held: &held,
            may: &may,
            gone: &gone,
            rules,
        };
        let choices = decision.choices();
        let gone_tasks: Vec<TaskId> = gone.iter().map(|task: &usize| tasks[*task]).collect();
        let chosen = pool.stop_choice(&StopAsk {
            group: known,
            candidates: &candidates,
            gone: &gone_tasks,
            rules: &rules_told,
            ties,
            draws: &draws,
        });
        let chosen = chosen.and_then(|chosen| tasks.iter().position(|task| *task == chosen));
        let Some(chosen) = chosen else {
            prop_assert_eq!(choices, Vec::<usize>::new());
            return Ok(met);
        };
        prop_assert!(
            choices.contains(&chosen),
            "{chosen} is not of {choices:?}: {decision:?}"
        );
        if ties == PlacementTies::OldestInstance && !rules.contains(&Rule::Random) {
            prop_assert_eq!(chosen, choices[0], "the oldest task goes first");
        }
        met.chosen += 1;
        met.ties += usize::from(choices.len() > 1);
        met.unhealthy += usize::from(held[chosen].is_unhealthy);
        gone.push(chosen);
    }
}

fn rules() -> impl Strategy<Value = Vec<Rule>> {
    let rule = prop_oneof![
        1 => Just(Rule::Random),
        3 => Just(Rule::SpreadInstances),
        2 => Just(Rule::Spread("ecs.availability-zone".to_owned())),
        1 => Just(Rule::Spread("rack".to_owned())),
        2 => Just(Rule::BinpackCpu),
        2 => Just(Rule::BinpackMemory),
    ];
    proptest::collection::vec(rule, 0..4)
}

/// Does what a history says; half-way some tasks fall sick.
fn act(play: &mut Play, history: &[Action], sick: u16) {
    let (first, second) = history.split_at(history.len() / 2);
    act_out(play, first);
    for (number, task) in play.tasks.iter().enumerate() {
        if sick >> (number % 16) & 1 == 1 {
            let (task, container) = (task.clone(), "app".to_owned());
            // Some don't run, or are not asked how they are.
            let _ = play.sim.inject(&Fault::HealthFail { task, container });
        }
    }
    act_out(play, second);
}

fn act_out(play: &mut Play, history: &[Action]) {
    for action in history {
        play.act(action);
        if let Action::Run(asked) = action {
            let answer = play.sim.run_task(play.run(asked));
            let tasks = answer.map(|answer| answer.tasks).unwrap_or_default();
            play.tasks
                .extend(tasks.into_iter().map(|task| task.task_arn.into()));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn tasks_are_stopped_in_the_order_that_the_oracle_finds(
        setup in setup(),
        history in history(25),
        rules in rules(),
        (protected, sick) in (prop_oneof![Just(0_u16), any::<u16>()], any::<u16>()),
        oldest: bool,
        seed: u64,
    ) {
        let ties = if oldest { PlacementTies::OldestInstance } else { PlacementTies::Seeded };
        let mut play = Play::new(&setup, builder());
        act(&mut play, &history, sick);
        for group in ["g0", "g1", "family:f0"] {
            compare(&mut play, (group, &rules), protected, (ties, seed))?;
        }
    }
}

#[test]
fn choices_of_tasks_to_stop_are_many_and_some_are_ties() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut all = Met::default();
    for _ in 0..60 {
        let tree = (setup(), history(25), rules()).new_tree(&mut runner);
        let (setup, history, rules) = tree.expect("a case is never rejected").current();
        let mut play = Play::new(&setup, builder());
        act(&mut play, &history, 0x7777);
        let luck = (PlacementTies::Seeded, 7);
        let met = compare(&mut play, ("g0", &rules), 0, luck).expect("the oracle agrees");
        all.chosen += met.chosen;
        all.ties += met.ties;
        all.unhealthy += met.unhealthy;
    }
    assert!(all.chosen > 100 && all.ties > 20, "{all:?}");
    assert!(all.unhealthy > 3, "{all:?}");
}
