//! How much of the last roster a new one must hold to be taken for a whole one: `50%`, or `off` (DOMAIN I4).

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// In percent, 0 to 100; 0: any size is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct LeastShare(u8);

impl LeastShare {
    pub const fn percent(self) -> u8 {
        self.0
    }
}

impl Default for LeastShare {
    /// No summer takes half of a school; a broken export does.
    fn default() -> Self {
        Self(50)
    }
}

impl TryFrom<u8> for LeastShare {
    type Error = String;

    fn try_from(percent: u8) -> Result<Self, String> {
        if percent <= 100 { Ok(Self(percent)) } else { Err(expected(&format!("{percent}%"))) }
    }
}

impl From<LeastShare> for u8 {
    fn from(share: LeastShare) -> Self {
        share.0
    }
}

impl FromStr for LeastShare {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self(0));
        }
        let percent = text.strip_suffix('%').and_then(|figures| figures.trim_end().parse::<u8>().ok());
        percent.ok_or_else(|| expected(text)).and_then(Self::try_from)
    }
}

impl fmt::Display for LeastShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 { f.write_str("off") } else { write!(f, "{}%", self.0) }
    }
}

fn expected(found: &str) -> String {
    format!("{found:?}: expected a share up to 100%, as 50%, or off")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_read_as_it_is_written() {
        for text in ["1%", "50%", "100%", "off"] {
            assert_eq!(text.parse::<LeastShare>().unwrap().to_string(), text);
        }
        for wrong in ["", "50", "101%", "-1%", "50.5%", "%", "300%", "on"] {
            assert_eq!(wrong.parse::<LeastShare>(), Err(expected(wrong)));
        }
        assert_eq!(serde_json::to_string(&LeastShare::default()).unwrap(), "50");
        assert!(serde_json::from_str::<LeastShare>("101").is_err());
    }
}
