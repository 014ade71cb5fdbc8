//! The strategies: which of the candidates should take a task. Integer keys only; each rule narrows.

use crate::ledger::group::Counts;

use super::ask::{Ask, Rule};
use super::pool::Pool;

/// Narrows `candidates` (ascending rows) by each rule in order and breaks the tie that is left.
pub(super) fn choose(pool: &Pool<'_>, ask: &Ask<'_>, candidates: &mut Vec<usize>) -> Option<usize> {
    narrow(pool, ask, ask.rules, candidates)
}

/// Likewise, by some of the rules.
pub(super) fn narrow(
    pool: &Pool<'_>,
    ask: &Ask<'_>,
    rules: &[Rule],
    candidates: &mut Vec<usize>,
) -> Option<usize> {
    for rule in rules {
        if candidates.len() <= 1 {
            break;
        }
        let Some(scores) = scores(pool, ask, rule, candidates) else {
            // Whatever follows a random pick decides among one.
            let chosen = ask.draw().below(candidates.len() as u64);
            let chosen = usize::try_from(chosen).expect("it is below a usize");
            return Some(candidates[chosen]);
        };
        let least = scores.iter().copied().min();
        let mut scores = scores.into_iter();
        candidates.retain(|_| scores.next() == least);
    }
    match candidates.len() {
        0 => None,
        count => Some(candidates[ask.pick(count)]),
    }
}

/// What a rule counts for each candidate, of which it keeps those with the least; `None` for `random`, which counts nothing.
pub(super) fn scores(
    pool: &Pool<'_>,
    ask: &Ask<'_>,
    rule: &Rule,
    candidates: &[usize],
) -> Option<Vec<u32>> {
    Some(match rule {
        Rule::Random => return None,
        Rule::SpreadInstance => tasks_on_each(pool, ask, candidates),
        Rule::SpreadAttribute(name) => tasks_with_value(pool, ask, name, candidates),
        Rule::BinpackCpu => candidates.iter().map(|row| pool.cpu(*row)).collect(),
        Rule::BinpackMemory => candidates.iter().map(|row| pool.memory(*row)).collect(),
    })
}

/// The tasks of the group on each candidate.
fn tasks_on_each(pool: &Pool<'_>, ask: &Ask<'_>, candidates: &[usize]) -> Vec<u32> {
    let instances = pool.instances();
    let counts = ask.group.and_then(|group| pool.counts(group));
    let mut wanted = counts.into_iter().flat_map(Counts::iter).peekable();
    // Candidates and the group's instances both ascend: one walk pairs them.
    candidates
        .iter()
        .map(|row| {
            let instance = instances[*row];
            while wanted.next_if(|(known, _)| *known < instance).is_some() {}
            let known = wanted.peek().filter(|(known, _)| *known == instance);
            known.map_or(0, |(_, count)| *count) + pool.picks_in(*row)
        })
        .collect()
}

/// The tasks of the group, wherever in the cluster, on instances with the attribute value of each candidate; instances
/// without a value are one group.
fn tasks_with_value(pool: &Pool<'_>, ask: &Ask<'_>, name: &str, candidates: &[usize]) -> Vec<u32> {
    let column = pool.capacity().attributes.get(name);
    let value = |row: usize| column.map_or(0, |column| column.rows[row] as usize);
    let mut tally = vec![0_u32; column.map_or(0, |column| column.values.len()) + 1];
    let counts = ask.group.and_then(|group| pool.counts(group));
    for (instance, count) in counts.into_iter().flat_map(Counts::iter) {
        if let Some(row) = pool.capacity().row(instance) {
            tally[value(row)] += count;
        }
    }
    for row in pool.picked_rows() {
        tally[value(row)] += 1;
    }
    candidates.iter().map(|row| tally[value(*row)]).collect()
}
