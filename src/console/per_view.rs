//! What each view has of its own.

use super::model::View;

/// One of something for each view.
#[derive(Debug, Clone, Default)]
pub(super) struct PerView<T> {
    pub(super) exposure: T,
    pub(super) placement: T,
    pub(super) reviews: T,
    pub(super) devices: T,
    pub(super) sites: T,
    pub(super) coverage: T,
    pub(super) activity: T,
    pub(super) targets: T,
}

impl<T> PerView<T> {
    pub(super) fn of(&self, view: View) -> &T {
        match view {
            View::Exposure => &self.exposure,
            View::Placement => &self.placement,
            View::Reviews => &self.reviews,
            View::Devices => &self.devices,
            View::Sites => &self.sites,
            View::Coverage => &self.coverage,
            View::Activity => &self.activity,
            View::Targets => &self.targets,
        }
    }

    pub(super) fn of_mut(&mut self, view: View) -> &mut T {
        match view {
            View::Exposure => &mut self.exposure,
            View::Placement => &mut self.placement,
            View::Reviews => &mut self.reviews,
            View::Devices => &mut self.devices,
            View::Sites => &mut self.sites,
            View::Coverage => &mut self.coverage,
            View::Activity => &mut self.activity,
            View::Targets => &mut self.targets,
        }
    }
}
