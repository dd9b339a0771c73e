//! ARP and neighbour discovery of VRFs, which some switches have in an SNMP context each.

use std::collections::BTreeMap;

use super::columns::state_of;
use super::contexts::mend_context;
use super::tables::{Tables, arp_of};
use crate::net::DeviceText;
use crate::observation::{ArpRow, Completeness, TableState};
use crate::snmp::{Agent, Ask, Context, Limits, Memory, Pace, SnmpError, WalkEnd, addresses};

/// VRFs read in a visit at most.
const MOST: usize = 64;

/// What the contexts of VRFs brought.
#[derive(Debug, Default)]
pub(super) struct VrfArp {
    pub(super) rows: Vec<ArpRow>,
    /// `None`: there are none.
    pub(super) state: Option<TableState>,
}

impl VrfArp {
    /// Nothing was read, for this reason.
    pub(super) fn shut(why: String) -> Self {
        Self { rows: Vec::new(), state: Some(state_of(0, Some(why))) }
    }

    /// The reason why nothing was read, where the first context was not answered.
    pub(super) fn is_shut(&self) -> Option<&str> {
        let state = self.state.as_ref().filter(|state| state.completeness == Completeness::Failed)?;
        state.note.as_deref()
    }
}

fn words(error: &SnmpError, name: &str, vrf: &DeviceText, v3: bool) -> String {
    let context = if v3 { format!("context {name}") } else { format!("COMMUNITY@{name}") };
    let said = match error {
        SnmpError::Timeout => format!("it does not answer {context}"),
        other => format!("{context}: {other}"),
    };
    format!("VRF {vrf}: {said}: {}", mend_context(name, v3))
}

/// VRFs to be asked for, by context.
///
/// # Errors
/// There are some that cannot be asked for: what is to be said of them.
pub(super) fn wanted(tables: &Tables, v3: bool) -> Result<BTreeMap<String, DeviceText>, TableState> {
    let cut = [&tables.vrfs.arista, &tables.vrfs.cisco].into_iter().find_map(|column| match &column.end {
        WalkEnd::Complete => None,
        WalkEnd::Partial(why) | WalkEnd::Failed(why) => Some(format!("its list of VRFs was cut off ({why})")),
    });
    if cut.is_some() {
        return Err(state_of(0, cut));
    }
    let contexts = tables.vrfs.contexts();
    if tables.vrfs.cisco.rows.is_empty() || v3 || contexts.is_empty() {
        return Ok(contexts);
    }
    let names: Vec<&str> = contexts.values().take(5).map(DeviceText::as_str).collect();
    let note =
        format!("addresses of VRFs ({}) can be seen with SNMPv3 only: it has them in contexts", names.join(", "));
    Err(TableState { completeness: Completeness::Unsupported, rows: 0, note: Some(note) })
}

/// Reads the address tables of every VRF.
pub(super) async fn read(agent: &Agent, contexts: BTreeMap<String, DeviceText>, limits: Limits, pace: &Pace) -> VrfArp {
    let v3 = agent.is_v3();
    let (mut rows, mut cut) = (Vec::new(), None);
    for (at, (name, vrf)) in contexts.into_iter().take(MOST).enumerate() {
        let context = match agent.in_context(&Context::Named(name.clone())) {
            Ok(context) => context,
            Err(error) => return VrfArp::shut(words(&error, &name, &vrf, v3)),
        };
        if at == 0 {
            // One question tells whether the switch answers in contexts at all.
            let probe = tokio::time::timeout_at(limits.deadline, addresses::probe(&context)).await;
            if let Err(error) = probe.unwrap_or(Err(SnmpError::Timeout)) {
                return VrfArp::shut(words(&error, &name, &vrf, v3));
            }
        }
        let memory = Memory::default();
        let ask = Ask { session: &context, limits, pace, memory: &memory, due: None };
        let (media, physical) = (addresses::read_media(&ask).await, addresses::read_physical(&ask).await);
        for column in [&media, &physical] {
            if let WalkEnd::Partial(why) | WalkEnd::Failed(why) = &column.end {
                cut.get_or_insert_with(|| format!("VRF {vrf}: {why}"));
            }
        }
        rows.extend(arp_of(&media, &physical, Some(&vrf)));
    }
    let state = Some(TableState {
        // A VRF without an address is one that was seen.
        completeness: if cut.is_none() { Completeness::Complete } else { Completeness::Partial },
        rows: u32::try_from(rows.len()).unwrap_or(u32::MAX),
        note: cut,
    });
    VrfArp { rows, state }
}
