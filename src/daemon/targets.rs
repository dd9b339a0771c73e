//! Targets as they stand after a visit.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::config::{Config, Switch};
use crate::net::{SiteId, TargetName, Timestamp};
use crate::observation::{
    Authentication, CameraStanding, CameraVisit, Collection, Completeness, Reach, Readings, SwitchVisit, WithheldReason,
};
use crate::store::{TargetKind, TargetRecord, TargetState};

/// What a visit says of its target.
struct Said<'a> {
    name: TargetName,
    kind: TargetKind,
    address: String,
    site: &'a SiteId,
    state: TargetState,
    why: String,
    started: Timestamp,
    finished: Timestamp,
    requests: u32,
    answered: bool,
    complete: bool,
}

/// The name a camera goes by as a target.
pub(super) fn camera_name(address: IpAddr) -> TargetName {
    address.to_string().as_str().into()
}

/// A switch that was not visited yet.
pub(super) fn waiting(switch: &Switch, at: Timestamp) -> TargetRecord {
    TargetRecord {
        name: switch.name.clone(),
        kind: TargetKind::Switch,
        address: switch.address.to_string(),
        site: switch.site.clone(),
        occupant: None,
        state: TargetState::Waiting,
        since: at,
        why: "not visited yet".to_owned(),
        last_attempt: None,
        last_ok: None,
        last_complete: None,
        requests: 0,
        took_ms: 0,
        tables: BTreeMap::new(),
        readings: Readings::default(),
        camera: CameraStanding::default(),
    }
}

/// Whether the configuration still names a target: a switch by its name, a camera by a block that holds its address.
pub(super) fn is_configured(target: &TargetRecord, config: &Config) -> bool {
    match target.kind {
        TargetKind::Switch => config.switches.iter().any(|switch| switch.name == target.name),
        TargetKind::Camera => {
            target.name.as_str().parse().is_ok_and(|address: IpAddr| config.camera_block(address).is_some())
        }
    }
}

/// The target after a visit. `None`: it is none. A switch that is no longer configured, an address that never was a
/// camera and is not one now.
pub(super) fn record(visit: &Collection, known: &BTreeMap<TargetName, TargetRecord>) -> Option<TargetRecord> {
    let said = match visit {
        Collection::Switch(visit) => switch(visit),
        Collection::Camera(visit) => camera(visit),
    };
    let before = known.get(&said.name);
    if before.is_none() && !(said.kind == TargetKind::Camera && said.answered) {
        return None;
    }
    let same = before.filter(|before| before.state == said.state);
    let (tables, readings) = match visit {
        Collection::Switch(visit) if said.answered => (visit.tables.clone(), visit.readings.clone()),
        _ => before.map(|before| (before.tables.clone(), before.readings.clone())).unwrap_or_default(),
    };
    let remembered = before.map(|before| before.camera.clone()).unwrap_or_default();
    let camera = match visit {
        Collection::Camera(visit) => CameraStanding::after(&remembered, visit),
        Collection::Switch(_) => remembered,
    };
    Some(TargetRecord {
        name: said.name,
        kind: said.kind,
        address: said.address,
        site: said.site.clone(),
        occupant: before.and_then(|before| before.occupant),
        state: said.state,
        since: same.map_or(said.finished, |before| before.since),
        why: said.why,
        last_attempt: Some(said.finished),
        last_ok: said.answered.then_some(said.finished).or(before.and_then(|before| before.last_ok)),
        last_complete: said.complete.then_some(said.finished).or(before.and_then(|before| before.last_complete)),
        requests: said.requests,
        took_ms: u64::try_from(said.finished.since(said.started).as_millis()).unwrap_or(u64::MAX),
        tables,
        readings,
        camera,
    })
}

fn switch(visit: &SwitchVisit) -> Said<'_> {
    let trouble: Vec<&str> = visit.errors.iter().map(|error| error.asked.as_str()).collect();
    let (state, why) = match &visit.reach {
        Reach::Silent(why) => (TargetState::Silent, why.clone()),
        Reach::Refused(why) => (TargetState::Refused, why.clone()),
        Reach::Answered if trouble.is_empty() => (TargetState::Answering, String::new()),
        Reach::Answered => (TargetState::Partial, format!("not seen whole: {}", trouble.join(", "))),
    };
    let answered = visit.reach.answered();
    Said {
        name: visit.target.clone(),
        kind: TargetKind::Switch,
        address: visit.address.to_string(),
        site: &visit.site,
        state,
        why,
        started: visit.started,
        finished: visit.finished,
        requests: visit.requests,
        answered,
        complete: answered && visit.fdb_complete(),
    }
}

fn camera(visit: &CameraVisit) -> Said<'_> {
    use WithheldReason as Why;
    let mut trouble: Vec<&str> = visit.errors.iter().map(|error| error.asked.as_str()).collect();
    trouble.dedup();
    let (state, why) = match (&visit.reach, &visit.authentication) {
        (Reach::Silent(why), _) => (TargetState::Silent, why.clone()),
        (Reach::Refused(why), _) => (TargetState::Refused, why.clone()),
        // The same words as at every later visit: nothing changes between them.
        (Reach::Answered, Authentication::Refused { credential, .. }) => {
            let reason = Why::RefusedBefore { credential: credential.clone(), at: visit.finished };
            (TargetState::Refused, reason.to_string())
        }
        (Reach::Answered, Authentication::Withheld { reason }) => {
            let refused = matches!(reason, Why::RefusedBefore { .. } | Why::Stopped { .. } | Why::Interrupted { .. });
            (if refused { TargetState::Refused } else { TargetState::Partial }, reason.to_string())
        }
        (Reach::Answered, _) if trouble.is_empty() => (TargetState::Answering, String::new()),
        (Reach::Answered, _) => (TargetState::Partial, format!("not answered: {}", trouble.join(", "))),
    };
    let answered = visit.reach.answered();
    Said {
        name: camera_name(visit.address),
        kind: TargetKind::Camera,
        address: match visit.port {
            Some(port) => std::net::SocketAddr::new(visit.address, port).to_string(),
            None => visit.address.to_string(),
        },
        site: &visit.site,
        state,
        why,
        started: visit.started,
        finished: visit.finished,
        requests: visit.requests,
        answered,
        complete: answered,
    }
}

/// Whether a visit brought home all that its target has.
pub(super) fn all_answered(visit: &Collection) -> bool {
    match visit {
        Collection::Switch(visit) => {
            visit.reach.answered() && visit.tables.values().all(|state| state.completeness != Completeness::Failed)
        }
        Collection::Camera(visit) => visit.reach.answered(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observation::VisitError;

    const AT: Timestamp = Timestamp(1_795_500_000_000);

    fn visit(change: impl Fn(&mut CameraVisit)) -> Collection {
        let mut visit = CameraVisit::new(IpAddr::from([10, 1, 20, 7]), "hq".into(), AT);
        (visit.reach, visit.port) = (Reach::Answered, Some(8080));
        change(&mut visit);
        Collection::Camera(visit)
    }

    #[test]
    fn an_address_is_a_camera_once_it_answered_and_stays_one_in_silence() {
        let silent = visit(|visit| visit.reach = Reach::Silent("no".into()));
        let mut known = BTreeMap::new();
        assert_eq!(record(&silent, &known), None);
        let answered = record(&visit(|_| {}), &known).unwrap();
        assert_eq!((answered.state, answered.address.as_str()), (TargetState::Answering, "10.1.20.7:8080"));
        known.insert(answered.name.clone(), answered.clone());
        let now = record(&silent, &known).unwrap();
        assert_eq!((now.state, now.why.as_str(), now.last_ok), (TargetState::Silent, "no", answered.last_ok));
    }

    #[test]
    fn what_keeps_a_camera_from_telling_all_is_said() {
        let known = BTreeMap::new();
        let of = |visit: Collection| record(&visit, &known).map(|record| (record.state, record.why)).unwrap();
        let withheld = |reason: WithheldReason| {
            of(visit(|visit| visit.authentication = Authentication::Withheld { reason: reason.clone() }))
        };
        let (state, why) = withheld(WithheldReason::NoneConfigured);
        assert!(state == TargetState::Partial && why.contains("names no credential"), "{why}");
        let (state, why) = withheld(WithheldReason::RefusedBefore { credential: "reader".into(), at: AT });
        assert!(state == TargetState::Refused && why.contains("lenswarden credential retry reader"), "{why}");
        let (state, why) = of(visit(|visit| {
            visit.errors.push(VisitError { asked: "GetScopes".into(), message: "no".into() });
        }));
        assert_eq!((state, why.as_str()), (TargetState::Partial, "not answered: GetScopes"));
    }
}
