//! Idempotency tokens of RunTask.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde::Serialize;

use crate::ids::{ClusterId, TaskId};
use crate::model::{Failure, RunTask};
use crate::time::SimTime;

pub use crate::model::presets::TOKEN_LIFETIME;

/// The first call that used a token, and what it answered.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Token {
    /// When.
    pub at: SimTime,
    /// Where its tasks are.
    pub cluster: ClusterId,
    /// The call, less the cluster: however that is named, it is the scope of the token.
    pub request: RunTask,
    /// The tasks it launched.
    pub tasks: Vec<TaskId>,
    /// Why the others were not.
    pub failures: Vec<Failure>,
}

/// Tokens in use, by cluster and text.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Tokens {
    pub(crate) by_name: BTreeMap<ClusterId, BTreeMap<Arc<str>, Arc<Token>>>,
    /// In order of use, so that what is too old is found at the front.
    pub(crate) order: VecDeque<(SimTime, ClusterId, Arc<str>)>,
}

impl Tokens {
    /// The call that used a token first, however long ago.
    #[must_use]
    pub fn get(&self, cluster: ClusterId, name: &str) -> Option<&Arc<Token>> {
        self.by_name.get(&cluster)?.get(name)
    }

    pub(crate) fn keep(&mut self, cluster: ClusterId, name: &Arc<str>, token: &Arc<Token>) {
        while let Some((at, cluster, name)) = self.order.front() {
            if at.saturating_add(TOKEN_LIFETIME) > token.at {
                break;
            }
            if let Some(names) = self.by_name.get_mut(cluster) {
                let is_same = names.get(name).is_some_and(|kept| kept.at == *at);
                if is_same {
                    names.remove(name);
                }
            }
            self.order.pop_front();
        }
        self.by_name
            .entry(cluster)
            .or_default()
            .insert(Arc::clone(name), Arc::clone(token));
        self.order.push_back((token.at, cluster, Arc::clone(name)));
    }
}
