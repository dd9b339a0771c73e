//! One bridge a VLAN, as Cisco's IOS has it: community `COMMUNITY@VLAN`, SNMPv3 context `vlan-VLAN`.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::columns::{by_number, state_of};
use super::tables::Tables;
use crate::net::VlanId;
use crate::observation::TableState;
use crate::snmp::bridge::{self, Bridge};
use crate::snmp::{Agent, Context, Limits, Memory, Pace, SnmpError, Value, WalkEnd};

/// How the contexts of a switch were met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Met {
    /// The switch has no such thing, or nothing but VLAN 1 in operation.
    NotNeeded,
    /// They were read: VLANs and their bridges.
    Read,
    /// None was read, for this reason.
    Shut(String),
}

/// What the contexts brought.
#[derive(Debug)]
pub(super) struct Contexts {
    pub(super) met: Met,
    pub(super) bridges: Vec<(VlanId, Bridge)>,
    pub(super) state: Option<TableState>,
}

impl Contexts {
    /// Contexts that answer without a single row, where the default one has some, are a view that hides them.
    pub(super) fn doubt_if_empty(&mut self, default_has_rows: bool) {
        let rows: usize = self.bridges.iter().map(|(_, bridge)| bridge.ports.rows.len()).sum();
        let whole = self.state.as_ref().is_some_and(|state| state.note.is_none());
        if self.met == Met::Read && rows == 0 && default_has_rows && whole {
            let why = "the tables of all VLANs are empty while the default one is not: does the view of its user or \
                       community hold dot1dBridge in every context?";
            *self = Self::none(Met::Shut(why.to_owned()));
        }
    }

    /// Nothing was read.
    pub(super) fn none(met: Met) -> Self {
        let state = match &met {
            Met::Shut(why) => Some(state_of(0, Some(why.clone()))),
            Met::NotNeeded | Met::Read => None,
        };
        Self { met, bridges: Vec::new(), state }
    }
}

/// VLANs whose bridge must be asked: in operation, with a port in them where the switch tells which ports those are.
/// Empty where the default context is enough.
///
/// # Errors
/// Its list of VLANs was cut off: which contexts there are is not known.
pub(super) fn wanted(tables: &Tables) -> Result<BTreeSet<VlanId>, String> {
    // A switch whose one table has all VLANs needs no other.
    if !tables.qbridge.ports.rows.is_empty() {
        return Ok(BTreeSet::new());
    }
    let lists = [&tables.vtp.state, &tables.vtp.kind, &tables.logical.kind, &tables.logical.description];
    if let Some(WalkEnd::Partial(why) | WalkEnd::Failed(why)) =
        lists.iter().map(|list| &list.end).find(|end| **end != WalkEnd::Complete)
    {
        return Err(format!("its list of VLANs was cut off ({why}): addresses outside its default VLAN are not seen"));
    }
    let mut operational = tables.vtp.operational();
    operational.extend(tables.logical.bridges());
    let vlan = |value: &Value| value.index().and_then(VlanId::new);
    let mut used: BTreeSet<VlanId> = by_number(&tables.membership.access, vlan).into_values().collect();
    used.extend(by_number(&tables.membership.voice, vlan).into_values());
    let trunks = tables.vtp.trunks();
    used.extend(trunks.values().flatten());
    let members = [&tables.membership.access, &tables.membership.voice, &tables.vtp.trunking];
    let whole = members.into_iter().chain(&tables.vtp.enabled).all(|column| column.end == WalkEnd::Complete);
    let told = whole && (!tables.membership.access.rows.is_empty() || !trunks.is_empty());
    let wanted: BTreeSet<VlanId> = operational.into_iter().filter(|vlan| !told || used.contains(vlan)).collect();
    Ok(if wanted.iter().all(|vlan| vlan.get() == 1) { BTreeSet::new() } else { wanted })
}

/// How to let this host into the contexts.
fn mend(v3: bool) -> &'static str {
    if v3 {
        "let the user's group in: `snmp-server group GROUP v3 priv context vlan- match prefix`"
    } else {
        "IOS answers COMMUNITY@VLAN unless an access list or a view forbids it"
    }
}

/// The same for a context by its name.
pub(super) fn mend_context(name: &str, v3: bool) -> String {
    if v3 {
        format!("let the user's group in: on a Cisco `snmp-server group GROUP v3 priv context {name}`")
    } else {
        format!("does an access list or a view forbid COMMUNITY@{name}?")
    }
}

/// What one context says in place of its table.
fn words(error: &SnmpError, vlan: VlanId, v3: bool) -> String {
    let name = if v3 { format!("context vlan-{vlan}") } else { format!("COMMUNITY@{vlan}") };
    match error {
        SnmpError::UnknownContext => format!("{name} is unknown to it (snmpUnknownContexts): {}", mend(v3)),
        SnmpError::Timeout => format!("it does not answer {name}: {}", mend(v3)),
        other => format!("it refuses {name}: {other}: {}", mend(v3)),
    }
}

/// Reads the bridge of every wanted VLAN. One question tells whether the switch answers in contexts at all, two where
/// the first was not answered: a hundred VLANs must not cost a hundred timeouts.
pub(super) async fn read(agent: &Agent, wanted: &BTreeSet<VlanId>, limits: Limits, pace: &Pace) -> Contexts {
    let v3 = agent.is_v3();
    if wanted.is_empty() {
        return Contexts::none(Met::NotNeeded);
    }
    let mut shut = None;
    for vlan in wanted.iter().take(2) {
        let probed = match agent.in_context(&Context::Vlan(*vlan)) {
            Ok(context) => tokio::time::timeout_at(limits.deadline, bridge::probe(&context)).await,
            Err(error) => Ok(Err(error)),
        };
        match probed.unwrap_or(Err(SnmpError::Timeout)) {
            Ok(()) => {
                shut = None;
                break;
            }
            Err(error) => shut = shut.or(Some(words(&error, *vlan, v3))),
        }
    }
    if let Some(why) = shut {
        let why = format!("{why}; addresses outside its default VLAN are not seen");
        return Contexts::none(Met::Shut(why));
    }

    let vlans: Vec<VlanId> = wanted.iter().copied().collect();
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let lane = async || {
        while let Some(vlan) = vlans.get(next.fetch_add(1, Ordering::Relaxed)) {
            let read = Box::pin(one(agent, *vlan, limits, pace)).await;
            found.lock().unwrap_or_else(PoisonError::into_inner).push((*vlan, read));
        }
    };
    // VLANs read at once on one switch; how many requests are under way is bounded besides.
    tokio::join!(lane(), lane(), lane(), lane());
    let mut found = std::mem::take(&mut *found.lock().unwrap_or_else(PoisonError::into_inner));
    found.sort_by_key(|(vlan, _)| *vlan);
    gather(found, v3)
}

async fn one(agent: &Agent, vlan: VlanId, limits: Limits, pace: &Pace) -> Result<Bridge, SnmpError> {
    let context = agent.in_context(&Context::Vlan(vlan))?;
    let memory = Memory::default();
    let ask = crate::snmp::Ask { session: &context, limits, pace, memory: &memory, due: None };
    Ok(bridge::read_vlan(&ask).await)
}

fn gather(found: Vec<(VlanId, Result<Bridge, SnmpError>)>, v3: bool) -> Contexts {
    let (mut bridges, mut rows, mut cut) = (Vec::new(), 0, Vec::new());
    for (vlan, read) in found {
        match read {
            Ok(bridge) => {
                let columns = [&bridge.ports, &bridge.status, &bridge.base_ports];
                if let Some(WalkEnd::Partial(why) | WalkEnd::Failed(why)) =
                    columns.iter().map(|column| &column.end).find(|end| **end != WalkEnd::Complete)
                {
                    cut.push(format!("VLAN {vlan}: {why}"));
                }
                rows += bridge.ports.rows.len();
                bridges.push((vlan, bridge));
            }
            Err(error) => cut.push(words(&error, vlan, v3)),
        }
    }
    let why = cut.first().map(|first| match cut.len() {
        1 => first.clone(),
        more => format!("{first}, and {} VLANs more", more - 1),
    });
    Contexts { met: Met::Read, bridges, state: Some(state_of(rows, why)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observation::Completeness;
    use crate::snmp::Walked;

    fn column(rows: Vec<(Vec<u32>, Value)>) -> Walked {
        let rows = rows.into_iter().map(|(index, value)| (index.into(), value)).collect();
        Walked { rows, end: WalkEnd::Complete }
    }

    fn bridge(rows: u32) -> Bridge {
        let row = |last: u32| (vec![0x44, 0x19, 0xb6, 1, 2, last], Value::Integer(3));
        Bridge {
            base_values: Walked::not_needed(),
            base_ports: column(vec![(vec![3], Value::Integer(10_003))]),
            stp_state: Walked::not_needed(),
            stp_bridge: Walked::not_needed(),
            addresses: Walked::not_needed(),
            ports: column((0..rows).map(row).collect()),
            status: Walked::not_needed(),
        }
    }

    #[test]
    fn a_context_that_fails_makes_the_whole_partial_and_empty_ones_are_doubted() {
        let vlan = |number| VlanId::new(number).unwrap();
        let both = gather(vec![(vlan(1), Ok(bridge(2))), (vlan(5), Ok(bridge(0)))], true);
        let state = both.state.clone().unwrap();
        assert_eq!((state.completeness, state.rows, both.bridges.len()), (Completeness::Complete, 2, 2));
        let failed = gather(vec![(vlan(1), Ok(bridge(2))), (vlan(5), Err(SnmpError::UnknownContext))], true);
        let state = failed.state.unwrap();
        assert_eq!((state.completeness, state.rows), (Completeness::Partial, 2));
        assert!(state.note.unwrap().contains("context vlan-5 is unknown"));

        let mut empty = gather(vec![(vlan(1), Ok(bridge(0))), (vlan(5), Ok(bridge(0)))], true);
        empty.doubt_if_empty(false);
        assert_eq!(empty.met, Met::Read, "nothing anywhere: an empty switch");
        empty.doubt_if_empty(true);
        assert!(matches!(&empty.met, Met::Shut(why) if why.contains("every context")), "{:?}", empty.met);
        assert_eq!(empty.state.unwrap().completeness, Completeness::Failed);
    }

    #[test]
    fn unknown_refused_and_silent_are_told_apart_with_what_to_configure() {
        let vlan = VlanId::new(12).unwrap();
        let unknown = words(&SnmpError::UnknownContext, vlan, true);
        assert!(unknown.contains("context vlan-12 is unknown") && unknown.contains("context vlan- match prefix"));
        let refused = words(&SnmpError::Status("authorizationError".into()), vlan, true);
        assert!(refused.contains("refuses context vlan-12: the agent answers authorizationError"), "{refused}");
        let silent = words(&SnmpError::Timeout, vlan, false);
        assert!(silent.contains("does not answer COMMUNITY@12") && silent.contains("access list"), "{silent}");
    }
}
