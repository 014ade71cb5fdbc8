//! The strategies: which of the candidates should take a task. Integer keys only; each rule narrows.

use crate::ledger::GroupRecord;

use super::ask::{Ask, Rule};
use super::pool::Pool;

/// Narrows `candidates` (ascending rows) by each rule in order and breaks the tie that is left.
pub(super) fn choose(pool: &Pool<'_>, ask: &Ask<'_>, candidates: &mut Vec<usize>) -> Option<usize> {
    for rule in ask.rules {
        if candidates.len() <= 1 {
            break;
        }
        match rule {
            Rule::Random => {
                // Whatever follows a random pick decides among one.
                let chosen = ask.draw().below(candidates.len() as u64);
                let chosen = usize::try_from(chosen).expect("it is below a usize");
                return Some(candidates[chosen]);
            }
            Rule::SpreadInstance => spread_instance(pool, ask, candidates),
            Rule::SpreadAttribute(name) => spread_attribute(pool, ask, name, candidates),
            Rule::BinpackCpu => keep_least(candidates, |row| pool.cpu()[row]),
            Rule::BinpackMemory => keep_least(candidates, |row| pool.memory()[row]),
        }
    }
    match candidates.len() {
        0 => None,
        count => Some(candidates[ask.pick(count)]),
    }
}

/// Keeps the candidates with the least key.
fn keep_least(candidates: &mut Vec<usize>, key: impl Fn(usize) -> u32) {
    let Some(least) = candidates.iter().map(|row| key(*row)).min() else {
        return;
    };
    candidates.retain(|row| key(*row) == least);
}

/// Keeps the candidates with the fewest tasks of the group.
fn spread_instance(pool: &Pool<'_>, ask: &Ask<'_>, candidates: &mut Vec<usize>) {
    let instances = pool.instances();
    let group = ask
        .group
        .and_then(|group| pool.ledger().groups().get(group));
    let mut wanted = group
        .into_iter()
        .flat_map(|group| group.wanted.iter())
        .peekable();
    // Candidates and the group's instances both ascend: one walk pairs them.
    let counts: Vec<u32> = candidates
        .iter()
        .map(|row| {
            let instance = instances[*row];
            while wanted.next_if(|(known, _)| *known < instance).is_some() {}
            let known = wanted.peek().filter(|(known, _)| *known == instance);
            known.map_or(0, |(_, count)| *count) + pool.picks_in(*row)
        })
        .collect();
    let Some(least) = counts.iter().copied().min() else {
        return;
    };
    let mut counts = counts.into_iter();
    candidates.retain(|_| counts.next() == Some(least));
}

/// Keeps the candidates whose attribute value has the fewest tasks of the group, wherever in the cluster those are.
fn spread_attribute(pool: &Pool<'_>, ask: &Ask<'_>, name: &str, candidates: &mut Vec<usize>) {
    // Without the column, every instance lacks the attribute: one group, no preference.
    let Some(column) = pool.capacity().attributes.get(name) else {
        return;
    };
    let mut tally = vec![0_u32; column.values.len() + 1];
    let group = ask
        .group
        .and_then(|group| pool.ledger().groups().get(group));
    for (instance, count) in group
        .into_iter()
        .flat_map(|group: &GroupRecord| group.wanted.iter())
    {
        if let Some(row) = pool.capacity().row(instance) {
            tally[column.rows[row] as usize] += count;
        }
    }
    for row in pool.picked_rows() {
        tally[column.rows[row] as usize] += 1;
    }
    keep_least(candidates, |row| tally[column.rows[row] as usize]);
}
