//! The ticket: all that travels through the queue, a hint that a job may be due.

use serde::{Deserialize, Serialize};

/// Names a job and the turn of it that is due. Holding one gives no right to run the job: only a claim in
/// the ledger does, and the ledger refuses every generation but the newest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Ticket {
    #[serde(rename = "j")]
    pub job: i64,
    #[serde(rename = "g")]
    pub generation: i32,
}

impl Ticket {
    /// The stored form. The field names are short because a queue may hold thousands.
    pub(super) fn encode(self) -> Vec<u8> {
        serde_json::to_vec(&self).expect("two numbers always have a JSON form")
    }

    pub(super) fn decode(stored: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(stored)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stored_form_is_fixed() {
        let ticket = Ticket { job: 42, generation: 3 };
        assert_eq!(ticket.encode(), br#"{"j":42,"g":3}"#, "workers of the version before must read it");
        assert_eq!(Ticket::decode(&ticket.encode()).unwrap(), ticket);
        assert!(Ticket::decode(b"42").is_err());
    }
}
