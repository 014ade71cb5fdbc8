//! Pulls: on their own, or by way of the images that a container instance keeps.
//!
//! # Model
//!
//! An image is one piece, known by its name; layers are not shared among images. The bandwidth of a container instance is
//! shared evenly among its downloads, so that a download which would take 5 s alone takes 10 s beside another. When
//! nobody wants a download any more it ends. Images are never removed; the real agent removes unused ones after an hour.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::draw::Purpose;
use crate::ids::{ContainerInstanceId, TaskId};
use crate::ledger::change::Change;
use crate::ledger::host::Download;
use crate::ledger::{ContainerPlan, Ctx, Effects, Event};
use crate::model::ImagePullBehavior;

/// A container that wants an image.
type Wanting = (TaskId, u16);

/// The pulls of a host while one event is handled.
pub(super) struct Pulls<'a> {
    ctx: &'a Ctx<'a>,
    on: Option<ContainerInstanceId>,
    /// Where images are kept.
    shared: Option<Box<Shared<'a>>>,
}

struct Shared<'a> {
    on: ContainerInstanceId,
    kept: Option<&'a BTreeSet<Arc<str>>>,
    /// One that has come just now.
    come: Option<Arc<str>>,
    downloads: Vec<Download>,
    has_changed: bool,
}

impl<'a> Pulls<'a> {
    /// The pulls on a container instance, or on Fargate, where each task has a place of its own.
    #[inline]
    pub(super) fn at(ctx: &'a Ctx<'a>, on: Option<ContainerInstanceId>) -> Self {
        let shared = match on {
            Some(on) if ctx.profile.agents.keep_images() => Some(Shared::on(ctx, on)),
            _ => None,
        };
        Self { ctx, on, shared }
    }

    /// A container's pull begins.
    pub(super) fn begin(&mut self, who: Wanting, plan: &ContainerPlan, out: &mut Effects) {
        let (task, container) = who;
        let ctx = self.ctx;
        let on = self.on;
        let alone = || {
            let pull = ctx.delay(&plan.workload.pull, Purpose::Pull, task, container);
            ctx.ledger.paced(on, pull)
        };
        let Some(shared) = &mut self.shared else {
            out.after(alone(), Event::PullEnded(task, container));
            return;
        };
        if shared.keeps(&plan.image) {
            let latency = &ctx.profile.latencies.cached_pull;
            let check = match is_asked_again(ctx, &plan.image) {
                true => {
                    let check = ctx.delay(latency, Purpose::CachedPull, task, container);
                    ctx.ledger.paced(on, check)
                }
                false => Duration::ZERO,
            };
            out.after(check, Event::PullEnded(task, container));
            return;
        }
        shared.has_changed = true;
        let mut downloads = shared.downloads.iter_mut();
        match downloads.find(|download| download.image == plan.image) {
            Some(download) => download.wanted_by.push(who),
            None => shared.downloads.push(Download {
                image: Arc::clone(&plan.image),
                wanted_by: vec![who],
                left: alone(),
            }),
        }
    }

    /// A container wants its image no more.
    pub(super) fn leave(&mut self, who: Wanting) {
        let Some(shared) = &mut self.shared else {
            return;
        };
        for download in &mut shared.downloads {
            let before = download.wanted_by.len();
            download.wanted_by.retain(|other| *other != who);
            shared.has_changed |= download.wanted_by.len() != before;
        }
        shared
            .downloads
            .retain(|download| !download.wanted_by.is_empty());
    }

    /// A container's pull has ended, and `failed` on the way: whether the container has its image.
    pub(super) fn ended(
        &mut self,
        who: Wanting,
        plan: &ContainerPlan,
        failed: bool,
        out: &mut Effects,
    ) -> bool {
        let ctx = self.ctx;
        let Some(shared) = &mut self.shared else {
            return !failed;
        };
        let is_his = |download: &Download| download.wanted_by.first() == Some(&who);
        let Some(at) = shared.downloads.iter().position(is_his) else {
            // There was no download: the image was there, or came by the download of another.
            let must_ask = ctx.profile.agents.image_pull_behavior == ImagePullBehavior::Always
                && is_asked_again(ctx, &plan.image);
            return !failed || (shared.keeps(&plan.image) && !must_ask);
        };
        shared.has_changed = true;
        shared.downloads[at].wanted_by.remove(0);
        if !failed {
            let download = shared.downloads.remove(at);
            for (task, container) in download.wanted_by {
                out.after(Duration::ZERO, Event::PullEnded(task, container));
            }
            shared.come = Some(Arc::clone(&download.image));
            out.change(Change::HostImageKept {
                on: shared.on,
                image: download.image,
            });
            return true;
        }
        // The next who waited tries on its own.
        match shared.downloads[at].wanted_by.first().copied() {
            None => drop(shared.downloads.remove(at)),
            Some((task, container)) => {
                let held = ctx.ledger.hosts().task(task);
                let launch = held.and_then(|held| ctx.ledger.launch(held.launch));
                let launch = launch.expect("who waits for an image is on the host");
                let workload = &launch.spec.containers[usize::from(container)].workload;
                let pull = ctx.delay(&workload.pull, Purpose::Pull, task, container);
                shared.downloads[at].left = ctx.ledger.paced(Some(shared.on), pull);
            }
        }
        false
    }

    /// Writes down what has become of the downloads, and when each of them ends with its share of the bandwidth.
    #[inline]
    pub(super) fn flush(&mut self, out: &mut Effects) {
        if let Some(shared) = self.shared.take() {
            if shared.has_changed {
                shared.flush(out);
            }
        }
    }
}

impl<'a> Shared<'a> {
    /// The images of a container instance as they stand now.
    fn on(ctx: &Ctx<'a>, on: ContainerInstanceId) -> Box<Self> {
        let images = ctx.ledger.hosts().images(on);
        let mut downloads = images.map_or_else(Vec::new, |images| images.downloads.clone());
        let passed = images.map_or(Duration::ZERO, |images| ctx.now.since(images.as_of));
        let share = u32::try_from(downloads.len().max(1)).unwrap_or(u32::MAX);
        for download in &mut downloads {
            download.left = download.left.saturating_sub(passed / share);
        }
        Box::new(Self {
            on,
            kept: images.map(|images| &images.kept),
            come: None,
            downloads,
            has_changed: false,
        })
    }

    /// See [`Pulls::flush`].
    fn flush(self, out: &mut Effects) {
        let share = u32::try_from(self.downloads.len()).unwrap_or(u32::MAX);
        for download in &self.downloads {
            let (task, container) = download.wanted_by[0];
            out.cancel(task, container);
            let rest = download.left.saturating_mul(share);
            out.after(rest, Event::PullEnded(task, container));
        }
        out.change(Change::HostDownloading {
            on: self.on,
            downloads: self.downloads.into(),
        });
    }

    fn keeps(&self, image: &Arc<str>) -> bool {
        self.come.as_ref() == Some(image) || self.kept.is_some_and(|kept| kept.contains(image))
    }
}

/// Whether the registry is asked for an image that is there already; never for one that is named by its digest.
fn is_asked_again(ctx: &Ctx<'_>, image: &str) -> bool {
    let behavior = ctx.profile.agents.image_pull_behavior;
    let always = matches!(
        behavior,
        ImagePullBehavior::Default | ImagePullBehavior::Always
    );
    always && !image.contains("@sha256:")
}
