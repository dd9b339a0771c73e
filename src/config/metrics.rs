//! `[metrics]`: where figures for a monitoring system are.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::checker::Checker;
use super::file;

/// `[metrics]`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MetricsSettings {
    /// Where they are served over HTTP; `None`: nowhere.
    pub listen: Option<SocketAddr>,
    /// The file they are written to, for node_exporter's textfile collector; `None`: none.
    pub file: Option<PathBuf>,
}

impl MetricsSettings {
    pub(super) fn check(checker: &mut Checker<'_>, written: &file::Metrics) -> Self {
        let listen = written.listen.as_ref().and_then(|written| {
            let address = written.get_ref().parse::<SocketAddr>().ok().filter(|address| address.port() != 0);
            if address.is_none() {
                let message = format!("'{}' is no address with a port", written.get_ref());
                checker.problem(written.span(), "metrics.listen", message, "as in 127.0.0.1:9847");
            }
            address
        });
        let file = written.file.as_ref().and_then(|written| {
            let path = PathBuf::from(written.get_ref());
            let good = path.is_absolute() && path.extension().is_some_and(|extension| extension == "prom");
            if !good {
                let message = format!("'{}' is no absolute path that ends in .prom", path.display());
                checker.problem(written.span(), "metrics.file", message, "node_exporter reads no other names");
            }
            good.then_some(path)
        });
        Self { listen, file }
    }

    /// That figures are served to more than this host, which nobody who asks has to prove anything for.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        let address = self.listen.filter(|address| !address.ip().to_canonical().is_loopback())?;
        Some(format!(
            "[metrics] listen = {address} serves sites, coverage and findings in numbers to whoever reaches it, over HTTP and \
             without a password; 127.0.0.1 serves this host alone"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_address_than_loopback_is_warned_of() {
        let of = |listen: &str| MetricsSettings { listen: listen.parse().ok(), file: None }.warning();
        for quiet in ["127.0.0.1:9847", "[::1]:9847", "[::ffff:127.0.0.1]:9847", ""] {
            assert_eq!(of(quiet), None, "{quiet}");
        }
        for loud in ["0.0.0.0:9847", "[::]:9847", "10.1.0.1:9847"] {
            assert!(of(loud).is_some_and(|words| words.contains(loud)), "{loud}");
        }
    }
}
