//! Addresses of recipients: which can be written to, and which name the same mailbox.

use lettre::message::Mailbox;
use std::collections::BTreeSet;

/// An address as people set it, or what is wrong with it.
pub fn parse_recipient(text: &str) -> Result<String, String> {
    match text.parse::<Mailbox>() {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(format!("{text:?} is no mail address: expected it@example.com or IT <it@example.com>")),
    }
}

/// The customer's side first, then ours; a mailbox that both name once, as it is named first.
pub(super) fn recipients(customer: &[String], ours: &[String]) -> Vec<String> {
    let mut known = BTreeSet::new();
    let all = customer.iter().chain(ours);
    all.filter(|text| known.insert(mailbox_of(text))).cloned().collect()
}

/// Whether two addresses, as people set them, are of one mailbox.
pub(super) fn same_mailbox(one: &str, other: &str) -> bool {
    mailbox_of(one) == mailbox_of(other)
}

/// Without the name that stands beside it; what cannot be parsed stands for itself, and its mail says so.
fn mailbox_of(text: &str) -> String {
    let mailbox = text.parse::<Mailbox>();
    mailbox.map_or_else(|_| text.to_owned(), |mailbox| mailbox.email.to_string()).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_address_is_named() {
        for good in ["it@nes.example", "IT <it@nes.example>", "\"Nes, IT\" <it@nes.example>"] {
            assert_eq!(parse_recipient(good).as_deref(), Ok(good));
        }
        for wrong in [
            "",
            "IT-avdelingen",
            "it@",
            "it@nes.example, support@nes.example",
            "it@nes.example\r\nBcc: x@y.z",
        ] {
            assert!(parse_recipient(wrong).unwrap_err().starts_with(&format!("{wrong:?}")), "{wrong}");
        }
    }

    // DOMAIN I2
    #[test]
    fn a_mailbox_is_written_to_once() {
        let list = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
        let customer = list(&["IT <it@nes.example>", "IT-avdelingen"]);
        let ours = list(&["support@ours.example", "It@nes.example", "support@ours.example"]);
        let expected = list(&["IT <it@nes.example>", "IT-avdelingen", "support@ours.example"]);
        assert_eq!(recipients(&customer, &ours), expected);
        assert_eq!(recipients(&[], &[]), list(&[]));
    }
}
