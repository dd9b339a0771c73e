//! What is wrong with a configuration.

/// One thing wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where: `config.toml:12:3 switch[2].address`.
    pub place: String,
    /// What is wrong.
    pub message: String,
    /// How to mend it; empty where the message says it all.
    pub hint: String,
}

/// Everything wrong with the configuration, at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl std::fmt::Display for Problems {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (number, Problem { place, message, hint }) in self.0.iter().enumerate() {
            let separator = if number == 0 { "" } else { "\n" };
            write!(f, "{separator}{place}: {message}")?;
            if !hint.is_empty() {
                write!(f, "\n  hint: {hint}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
