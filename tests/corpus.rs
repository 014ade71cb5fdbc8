//! Every input that the fuzz targets start from, `fuzz/corpus/`, sent as they send it.

use std::fs;
use std::path::{Path, PathBuf};

use wavetank::model::Request;
use wavetank::{Checking, Simulation, always};

use crate::support::prepared::{Prepared, judge_expression, requests, run_scenario};

/// The corpus of a target; none in a copy of the crate without `fuzz/`.
fn corpus(target: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    if root.is_dir() {
        return Some(root.join("corpus").join(target));
    }
    println!("skipped: {} is not there", root.display());
    None
}

/// The contents of every file of a corpus.
fn inputs(folder: &Path) -> Vec<Vec<u8>> {
    let files = fs::read_dir(folder).expect("a target has a corpus");
    let paths = files.map(|file| file.expect("a folder can be listed").path());
    let inputs: Vec<_> = paths.filter_map(|path| fs::read(path).ok()).collect();
    assert!(inputs.len() > 9, "few inputs in {}", folder.display());
    inputs
}

#[test]
fn every_request_of_the_corpus_holds() {
    let Some(folder) = corpus("request") else {
        return;
    };
    let prepared = Prepared::new(Checking::EveryEvent);
    for input in inputs(&folder) {
        prepared.clone().send(&input);
    }
}

#[test]
fn every_scenario_of_the_corpus_runs_the_same_way_twice() {
    let Some(folder) = corpus("scenario") else {
        return;
    };
    inputs(&folder).iter().for_each(|input| run_scenario(input));
}

#[test]
fn every_expression_of_the_corpus_is_refused_or_judged() {
    let Some(folder) = corpus("expression") else {
        return;
    };
    inputs(&folder)
        .iter()
        .for_each(|input| judge_expression(input));
}

#[test]
fn every_operation_has_a_good_request_in_the_corpus() {
    let Some(folder) = corpus("request") else {
        return;
    };
    for (operation, request) in requests() {
        let path = folder.join(&operation);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&path, format!("{operation}\n{request}\n"))
                .expect("the corpus can be written");
        }
        let kept = fs::read_to_string(&path);
        assert!(kept.is_ok(), "UPDATE_GOLDEN=1 writes {}", path.display());
    }
    let requests = requests();
    for operation in Request::OPERATIONS {
        assert!(
            requests.contains_key(*operation),
            "prepared.json has no request of {operation}"
        );
    }
}

#[test]
#[should_panic(expected = "no invariant is violated")]
fn a_request_that_breaks_an_invariant_is_noticed() {
    let kept = always("the cluster `empty` is kept", |seen| {
        let mut clusters = seen.ledger.clusters().iter();
        match clusters.find(|(_, cluster)| &*cluster.spec.name == "empty" && !cluster.active) {
            None => Ok(()),
            Some(_) => Err("it is gone".to_owned()),
        }
    });
    let mut prepared = Prepared::of(Simulation::builder().invariant(kept));
    prepared.send(b"ListTasks\n{}");
    prepared.send(b"DeleteCluster\n{\"cluster\": \"empty\"}");
}
