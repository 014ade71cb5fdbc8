//! The standard invariants.
mod totals;
use super::Invariant;
pub use totals::Audit;

/// The invariants that are on by default.
pub(super) fn standard() -> Vec<Box<dyn Invariant>> {
    vec![Box::new(Audit::default())]
}
