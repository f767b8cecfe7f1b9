//! A value that cannot be used: its key, where it stands, the value, what was expected.

use std::fmt;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// As `engine.poll_ms`.
    pub key: String,
    /// As it may be shown; `None` where it may be a secret.
    pub value: Option<String>,
    /// A file with its line, a variable, an option of the command line.
    pub origin: String,
    pub why: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "setting {}", self.key)?;
        if let Some(value) = &self.value {
            write!(f, " = {value}")?;
        }
        write!(f, " (from {}): {}", self.origin, self.why)
    }
}

/// All of them: one alone in its line, several each in a line of its own.
pub(super) struct List<'a>(pub &'a [Problem]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [one] = self.0 {
            return one.fmt(f);
        }
        write!(f, "{} settings are wrong", self.0.len())?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

/// An address without what may be a password, however it is written: only the scheme and what follows the last @.
pub(super) fn shown_address(url: &str) -> String {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), url),
    };
    let (rest, options) = match rest.rsplit_once('@') {
        Some((_, host)) => (format!("…@{}", before_options(host)), host.contains('?')),
        None => (before_options(rest).to_owned(), rest.contains('?')),
    };
    // Without an @ what follows a colon is a port, or the password of an address that was cut short.
    let rest = match rest.split_once(':') {
        Some((host, port)) if !rest.contains('@') && !port.starts_with(|c: char| c.is_ascii_digit()) => {
            format!("{host}:…")
        }
        _ => rest,
    };
    format!("{scheme}{rest}{}", if options { "?…" } else { "" })
}

fn before_options(text: &str) -> &str {
    text.split('?').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_address_says_as_much_as_it_may() {
        for (url, shown) in [
            ("smtp://me:s3cret@mail:port", "smtp://…@mail:port"),
            ("smtp://me:s3/cr?e@t@mail", "smtp://…@mail"),
            ("smtp://mail?tls=s3cret", "smtp://mail?…"),
            ("smtp://me:s3cret", "smtp://me:…"),
            ("me:s3cret@mail", "…@mail"),
            ("amqp://queue:5672/x", "amqp://queue:5672/x"),
            ("", ""),
        ] {
            assert_eq!(shown_address(url), shown, "{url}");
        }
    }
}
