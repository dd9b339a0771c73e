//! Names the administrator gives and numbers the store gives, each its own type so that none is taken for another.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Every name once, however many records hold it: a reader of 300,000 devices meets each of a few thousand names a
/// hundred times.
#[derive(Debug, Default)]
pub struct Names(HashSet<Arc<str>>);

impl Names {
    fn one(&mut self, name: &mut Arc<str>) {
        match self.0.get(name) {
            Some(known) => *name = Arc::clone(known),
            None => {
                self.0.insert(Arc::clone(name));
            }
        }
    }
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident)+) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Lets go of its own text for one that others hold too.
            pub fn share(&mut self, names: &mut Names) {
                names.one(&mut self.0);
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(Self::from)
            }
        }
    )+};
}

macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::num::ParseIntError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )+};
}

names! {
    /// A site of the estate, as `[[site]] id` names it.
    SiteId
    /// A network (a set of VLANs and subnets of one kind), as `[[network]] id` names it.
    NetworkId
    /// A credential, as `[[credential]] id` names it.
    CredentialId
    /// Something polled: a switch by its `[[switch]] name`, a camera by its address as text.
    TargetName
    /// A maker of the catalogue, as `[[maker]] id` names it (`hikvision`).
    MakerId
    /// A policy pack (`uk-gsg-2022`).
    PackId
    /// A rule within its pack (`no-core-network`).
    RuleId
    /// A switch port as the switch itself names it (ifName, `Gi1/0/14`), cleaned.
    PortName
}

numbers! {
    /// An end device: stable, never used again for another one.
    DeviceId
    /// A finding: one rule broken by one subject, through all its openings and closings.
    FindingId
    /// A review cycle.
    CycleId
}
