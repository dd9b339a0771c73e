//! Snmp.
