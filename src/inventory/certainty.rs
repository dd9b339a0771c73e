//! How sure a place is: evidence added up as log-odds, told in coarse steps.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How sure a place is, from 0 to 1 in steps of 0.05; the last step before 1 is 0.98. Written as that number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Confidence(u8);

impl Confidence {
    /// Most that is believed of a port that is only on the way to the device, or of one of several that show it.
    pub(super) const DOUBTFUL: Self = Self(45);
    /// A port that other switches lie behind.
    pub(super) const BEYOND: Self = Self(30);

    /// From 0 to 1.
    #[must_use]
    pub fn value(self) -> f64 {
        f64::from(self.0) / 100.0
    }

    /// In per cent.
    #[must_use]
    pub fn percent(self) -> u8 {
        self.0
    }

    /// From per cent, as [`Self::percent`] gave it.
    #[must_use]
    pub fn of_percent(percent: u8) -> Self {
        Self(percent.min(100))
    }

    /// The nearest step. Nothing is ever quite certain.
    fn of_log_odds(log_odds: f64) -> Self {
        let share = 1.0 / (1.0 + (-log_odds).exp());
        if share >= 0.975 { Self(98) } else { Self(((share * 20.0).round() as u8).clamp(1, 19) * 5) }
    }
}

impl Serialize for Confidence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.value())
    }
}

impl<'de> Deserialize<'de> for Confidence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = f64::deserialize(deserializer)?.clamp(0.0, 1.0);
        Ok(Self((value * 100.0).round() as u8))
    }
}

/// Evidence on one place, each piece with its weight and its words.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    log_odds: f64,
    pub(super) reasons: Vec<String>,
}

impl Evidence {
    /// What speaks for a place (a positive weight, in log-odds) or against it.
    pub(super) fn add(&mut self, weight: f64, reason: String) {
        self.log_odds += weight;
        self.reasons.push(reason);
    }

    pub(super) fn confidence(&self) -> Confidence {
        Confidence::of_log_odds(self.log_odds)
    }
}

/// Weights in log-odds. A lone edge port seen whole is 0.90 (2.2); alone on it 0.95; heard there by LLDP 0.98.
pub(super) mod weight {
    /// No other port that leads to no other switch shows it.
    pub(in super::super) const ONLY_EDGE: f64 = 2.2;
    /// It is alone on the port.
    pub(in super::super) const SOLE: f64 = 0.75;
    /// There are more than three on the port.
    pub(in super::super) const MANY: f64 = -0.8;
    /// Something that forwards for others, and is not polled, is heard there.
    pub(in super::super) const BEHIND_UNPOLLED: f64 = -0.8;
    /// Spanning tree names a bridge there that nobody polls.
    pub(in super::super) const STRANGE_BRIDGE: f64 = -0.6;
    /// LLDP or CDP names the device on that port.
    pub(in super::super) const HEARD: f64 = 1.7;
    /// The port gives power and it is the only one there to take it.
    pub(in super::super) const POWERED: f64 = 0.3;
    /// The port is down though it has the address.
    pub(in super::super) const PORT_DOWN: f64 = -2.0;
    /// The switch's table was never seen to its end.
    pub(in super::super) const NOT_WHOLE: f64 = -1.1;
    /// Nothing tells the VLAN.
    pub(in super::super) const NO_VLAN: f64 = -0.2;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confidence_is_told_in_coarse_steps_and_never_as_certainty() {
        let sum = |weights: &[f64]| Confidence::of_log_odds(weights.iter().sum()).value();
        assert_eq!(sum(&[weight::ONLY_EDGE]), 0.9);
        assert_eq!(sum(&[weight::ONLY_EDGE, weight::NOT_WHOLE]), 0.75);
        assert_eq!(sum(&[weight::ONLY_EDGE, weight::SOLE]), 0.95);
        assert_eq!(sum(&[weight::ONLY_EDGE, weight::SOLE, weight::HEARD]), 0.98);
        assert_eq!(sum(&[weight::ONLY_EDGE, weight::MANY]), 0.8);
        assert_eq!(sum(&[-100.0]), 0.05);
        assert_eq!(sum(&[100.0]), 0.98);
    }

    #[test]
    fn it_is_stored_as_a_number_and_read_back_the_same() {
        for step in (1..=19).map(|step| Confidence(step * 5)).chain([Confidence(98), Confidence(0)]) {
            let text = serde_json::to_string(&step).unwrap();
            assert_eq!(serde_json::from_str::<Confidence>(&text).unwrap(), step, "{text}");
        }
        assert_eq!(serde_json::to_string(&Confidence(95)).unwrap(), "0.95");
    }
}
