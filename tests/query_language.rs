//! The cluster query language from outside: every example of docs/query-language.md, texts that nobody would write, and
//! filters of ListContainerInstances.

use std::fs;
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;
use wavetank::expr::{Expr, Operator, Simple, Takes};
use wavetank::model::*;
use wavetank::placement::Constraint;
use wavetank::{Latency, Reads};

use crate::support::{Trial, builder, check_invalid, one};

/// The three instances of the page, and their names with their ARNs.
fn machines() -> (Trial, Vec<(&'static str, String)>) {
    let epoch = "2026-01-01T00:00:00Z".parse().expect("it is a time");
    let mut trial = Trial::of(builder().epoch(epoch));
    let noon = 12 * 3_600_000;
    trial.at(noon);
    let register = |trial: &mut Trial, name, zone, kind, agent: &str, custom: &[Attribute]| {
        let document = format!(
            r#"{{"instanceId": "i-0{name}", "instanceType": "{kind}", "availabilityZone": "{zone}"}}"#
        );
        let mut request = RegisterContainerInstance {
            instance_identity_document: Some(document),
            version_info: Some(VersionInfo {
                agent_version: Some(agent.into()),
                ..VersionInfo::default()
            }),
            ..RegisterContainerInstance::default().cpu(2048).memory(4096)
        };
        request.attributes.extend_from_slice(custom);
        (name, trial.register(request))
    };
    let spot = [Attribute::new("rack", "7"), Attribute::named("spot")];
    let rack = [Attribute::new("rack", "12")];
    let a = register(&mut trial, "a", "us-east-1a", "g2.2xlarge", "1.9.0", &spot);
    let b = register(&mut trial, "b", "us-east-1b", "m5.large", "1.75.3", &rack);
    trial.define(one("web"));
    let start = |group: &str, on: &str| StartTask::new("web", [on]).group(group);
    for request in [
        start("service:web", &a.1),
        start("database", &b.1),
        start("database", &b.1),
    ] {
        let answer = trial.start_task(request).expect("there is room");
        assert!(answer.failures.is_empty());
    }
    trial.at(3 * noon);
    let c = register(&mut trial, "c", "us-east-1b", "m5.12xlarge", "1.75.3", &[]);
    trial.disconnect(&c.1);
    (trial, vec![a, b, c])
}

/// The names of the instances that a filter lets through.
fn listed(trial: &mut Trial, names: &[(&str, String)], filter: &str) -> String {
    let request = ListContainerInstances::new().filter(filter);
    let answer = trial.list_container_instances(request);
    let answer = answer.unwrap_or_else(|error| panic!("{filter}: {error}"));
    let name = |arn: &String| {
        let known = names.iter().find(|(_, known)| known == arn);
        known.expect("only these are registered").0
    };
    let found: Vec<&str> = answer.container_instance_arns.iter().map(name).collect();
    found.join(" ")
}

/// The names of the instances for which an expression holds.
fn held(trial: &Trial, expression: &str) -> String {
    let constraint = trial.constraint(expression);
    let constraint = constraint.unwrap_or_else(|error| panic!("{expression}: {error}"));
    let instances = trial.ledger().instances().iter();
    let names = instances.zip(["a", "b", "c"]);
    let found: Vec<&str> = names
        .filter(|((instance, _), _)| constraint.holds(trial.ledger(), *instance))
        .map(|(_, name)| name)
        .collect();
    found.join(" ")
}

/// The cells of a row of a table.
fn cells(row: &str) -> Vec<String> {
    let row = row.trim().trim_matches('|').replace("\\|", "\u{1}");
    row.split('|')
        .map(|cell| cell.trim().replace('\u{1}', "|"))
        .collect()
}

/// Every row of the page that has an example: what its other cells say, the example, and for whom it holds.
fn examples() -> Vec<(Vec<String>, String, String)> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/query-language.md");
    let page = fs::read_to_string(page).expect("the page is there");
    let mut found = Vec::new();
    let mut columns = None;
    for line in page.lines() {
        let cells = cells(line);
        let at = |name: &str| cells.iter().position(|cell| cell == name);
        if !line.starts_with('|') {
            columns = None;
        } else if let (Some(example), Some(holds)) = (at("example"), at("holds for")) {
            columns = Some((example, holds));
        } else if let Some((example, holds)) = columns.filter(|_| !line.starts_with("| ---")) {
            let text = cells[example].trim_matches('`').to_owned();
            found.push((cells.clone(), text, cells[holds].clone()));
        }
    }
    found
}

#[test]
fn every_example_of_the_page_holds_for_whom_it_says() {
    let (mut trial, names) = machines();
    let examples = examples();
    assert!(examples.len() > 35, "{} examples", examples.len());
    for (_, example, holds) in examples {
        assert_eq!(held(&trial, &example), holds, "{example}");
        assert_eq!(listed(&mut trial, &names, &example), holds, "{example}");
        let written = example.parse::<Expr>().map(|expr| expr.to_string());
        let written = written.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(held(&trial, &written), holds, "{written}");
    }
}

#[test]
fn every_operator_and_every_subject_has_an_example_on_the_page() {
    let examples = examples();
    let quoted = |name: &str| format!("`{name}`");
    for operator in Operator::ALL {
        let (symbol, word) = (quoted(operator.symbol()), quoted(operator.word()));
        let row = examples
            .iter()
            .find(|(cells, ..)| cells[..2] == [symbol.clone(), word.clone()]);
        let (_, example, _) = row.unwrap_or_else(|| panic!("{operator} has no example"));
        let Ok(Expr::Simple(simple)) = example.parse() else {
            panic!("{example} is simple")
        };
        assert_eq!(simple.operator(), operator, "{example}");
    }
    let subjects = "agentConnected agentVersion attribute:NAME ec2InstanceId registeredAt runningTasksCount task:group";
    for subject in subjects.split(' ') {
        let row = examples
            .iter()
            .find(|(cells, ..)| cells[0] == quoted(subject));
        let (cells, example, _) = row.unwrap_or_else(|| panic!("{subject} has no example"));
        assert!(
            example.starts_with(subject.trim_end_matches("NAME")),
            "{example}"
        );
        let named = wavetank::model::constraint::Subject::read(subject);
        let named = named.unwrap_or_else(|| panic!("{subject} is a subject"));
        let taken = Operator::ALL
            .into_iter()
            .filter(|operator| named.takes(*operator));
        let mut taken: Vec<String> = taken.map(|operator| quoted(operator.symbol())).collect();
        let mut told: Vec<&str> = cells[2].split(' ').collect();
        taken.sort();
        told.sort_unstable();
        assert!(
            cells[2] == "every operator" && taken.len() == 12 || taken == told,
            "{subject} takes {taken:?}"
        );
    }
}

/// Any expression that can be written: subjects are bare words, values are anything.
fn any_expr(subject: &'static str, value: &'static str) -> impl Strategy<Value = Expr> {
    let simple = (
        subject,
        prop::sample::select(&Operator::ALL[..]),
        prop::collection::vec(value, 1..4),
    );
    let simple = simple.prop_filter_map(
        "the subject is no bare word",
        |(subject, operator, values)| {
            let count = match operator.takes() {
                Takes::Nothing => 0,
                Takes::One => 1,
                Takes::List => values.len(),
            };
            Simple::new(subject, operator, values.into_iter().take(count)).map(Expr::from)
        },
    );
    simple.prop_recursive(6, 40, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(left, right)| left.and(right)),
            (inner.clone(), inner.clone()).prop_map(|(left, right)| left.or(right)),
            inner.prop_map(|inner| !inner),
        ]
    })
}

/// Texts that are nearly expressions.
const NEARLY: &str = r#"((and|or|not|in|exists|matches|attribute:[a-z]|task:group|agentVersion|==|=~|!~|!|<=|>|\(|\)|\[|\]|,|'|"|&&|\|\||[a-z0-9.*+?\\é-]{1,3})[ ]?){0,20}"#;

proptest! {
    #[test]
    fn what_is_written_reads_as_the_same_expression(expr in any_expr("[a-z:!=(é]{1,6}", "(and|[a-z'\"&|\\[, é]{0,4}|\\PC{0,6})")) {
        prop_assert_eq!(expr.to_string().parse::<Expr>(), Ok(expr));
    }

    #[test]
    fn no_text_makes_reading_panic_and_every_error_is_within_it(text in prop_oneof![NEARLY, "\\PC{0,60}", "[\\s\\PC]{0,30}"]) {
        if let Err(error) = Constraint::new(&text, Timestamp::default()) {
            prop_assert!(text.get(error.span()).is_some());
            prop_assert_eq!(error.text(), &text);
            prop_assert_eq!(error.to_string().lines().count(), 3);
        }
        if let Ok(expr) = text.parse::<Expr>() {
            prop_assert_eq!(expr.to_string().parse::<Expr>(), Ok(expr));
        }
    }

    #[test]
    fn no_pattern_makes_matching_panic(pattern in r"([a-c.*+?|(){}\[\]^$\\&~,:<>=!0-9dwspQE-]|\(\?){0,12}", value in "[a-c.:-]{1,5}") {
        let quoted = format!("attribute:a =~ '{pattern}'");
        if let Ok(constraint) = Constraint::new(&quoted, Timestamp::default()) {
            let mut trial = Trial::new();
            trial.register(RegisterContainerInstance::default().attribute("a", &value));
            let (first, _) = trial.ledger().instances().iter().next().expect("it is registered");
            let holds = constraint.holds(trial.ledger(), first);
            let turned = trial.constraint(&format!("attribute:a !~ '{pattern}'"));
            prop_assert_eq!(turned.map(|turned| turned.holds(trial.ledger(), first)), Ok(!holds));
        }
    }
}

#[test]
fn a_negative_operator_holds_where_there_is_a_value_and_the_other_does_not() {
    let (trial, _) = machines();
    for subject in [
        "attribute:rack",
        "attribute:spot",
        "attribute:none",
        "task:group",
    ] {
        for (positive, negative) in [
            ("== 7", "!= 7"),
            ("== database", "!= database"),
            ("in [12, database]", "!in [12, database]"),
            ("=~ '[17].*'", "!~ '[17].*'"),
            ("=~ data.*", "!~ data.*"),
        ] {
            let one = held(&trial, &format!("{subject} {negative}"));
            let other = format!("{subject} =~ '.*' and not({subject} {positive})");
            assert_eq!(one, held(&trial, &other), "{subject} {negative}");
        }
    }
}

#[test]
fn an_expression_of_rust_is_judged_as_its_text() {
    let (trial, _) = machines();
    let rack = |operator, value: &str| {
        let simple = Simple::new("attribute:rack", operator, [value]);
        Expr::from(simple.expect("the operator takes one value"))
    };
    let expr = (!rack(Operator::Equals, "7")).and(rack(Operator::Less, "100"));
    assert_eq!(held(&trial, &expr.to_string()), "b");
}

#[test]
fn a_wrong_filter_is_refused_and_changes_nothing() {
    let (mut trial, _) = machines();
    let digest = trial.digest();
    for wrong in [
        "",
        "rack == 7",
        "attribute:rack",
        "agentVersion =~ 1.*",
        "attribute:a =~ '('",
    ] {
        let request = ListContainerInstances::new().filter(wrong);
        check_invalid(trial.list_container_instances(request), "filter");
    }
    assert_eq!(trial.digest(), digest);
}

#[test]
fn a_filter_and_a_status_hold_together() {
    let (mut trial, names) = machines();
    trial.set_state(&names[1].1, ContainerInstanceStatus::Draining);
    let request = |status| {
        let request = ListContainerInstances::new().filter("attribute:rack exists");
        request.status(status)
    };
    for (status, wanted) in [
        (ContainerInstanceStatus::Active, &names[0].1),
        (ContainerInstanceStatus::Draining, &names[1].1),
    ] {
        let answer = trial.list_container_instances(request(status));
        let found = answer.expect("the filter is good").container_instance_arns;
        assert_eq!(found, [wanted.as_str()]);
    }
}

#[test]
fn pages_of_a_filter_follow_each_other_and_are_bound_to_it() {
    let (mut trial, names) = machines();
    let request = |filter: &str| ListContainerInstances::new().filter(filter).max_results(1);
    let filter = "agentVersion == 1.75.3 or task:group == database";
    let first = trial
        .list_container_instances(request(filter))
        .expect("it is good");
    assert_eq!(first.container_instance_arns, [names[1].1.clone()]);
    let token = first.next_token.expect("another one follows");
    let other = request("agentVersion == 1.75.3").next_token(&token);
    check_invalid(trial.list_container_instances(other), "nextToken");
    let second = trial.list_container_instances(request(filter).next_token(&token));
    let second = second.expect("the token is of this listing");
    assert_eq!(
        (second.container_instance_arns, second.next_token),
        (vec![names[2].1.clone()], None)
    );
}

#[test]
fn a_filter_judges_what_its_reader_sees() {
    let reads = Reads::Lagging {
        lag: Latency::Fixed(Duration::from_secs(10)),
        stale_probability: wavetank::draw::Ratio::ONE,
        bound: Duration::from_secs(60),
    };
    let mut trial = Trial::of(builder().reads(reads));
    let host = trial.instance(1024, 1024);
    trial.at(20_000);
    let put = Attribute::new("rack", "7").on(&host);
    trial
        .put_attributes(PutAttributes::new([put]))
        .expect("it is registered");
    let count = |trial: &mut Trial, filter: &str| {
        let answer = trial.list_container_instances(ListContainerInstances::new().filter(filter));
        answer
            .expect("the filter is good")
            .container_instance_arns
            .len()
    };
    assert_eq!(count(&mut trial, "attribute:rack exists"), 0);
    assert_eq!(count(&mut trial, "attribute:rack !exists"), 1);
    trial.at(30_000);
    assert_eq!(count(&mut trial, "attribute:rack exists"), 1);

    trial.define(one("web"));
    trial.run("web");
    assert_eq!(
        count(&mut trial, "runningTasksCount == 0"),
        1,
        "the task is not seen yet"
    );
    assert_eq!(
        count(&mut trial, "task:group == family:web"),
        1,
        "groups never lag"
    );
}
