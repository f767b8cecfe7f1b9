//! Makes of a row of the outbox the message that travels: text and HTML, the same bytes at every sending.

use super::transport::SendError;
use crate::ledger::MailRow;
use lettre::{
    Message,
    message::{
        Body, Mailbox, MultiPart, MultiPartKind, SinglePart,
        header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue},
    },
};

/// Says to other machines that no person wrote this: they send no absence notes back (RFC 3834).
const MACHINE_WROTE: [(HeaderName, &str); 2] = [
    (HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated"),
    (HeaderName::new_from_ascii_str("X-Auto-Response-Suppress"), "All"),
];

pub(super) fn message(from: &Mailbox, mail: &MailRow) -> Result<Message, SendError> {
    let mut builder = Message::builder()
        .from(from.clone())
        .to(mailbox(mail)?)
        .subject(&mail.subject)
        .message_id(Some(mail.message_id.clone()))
        .date(mail.created_at.into());
    for (name, value) in MACHINE_WROTE {
        builder = builder.raw_header(HeaderValue::new(name, value.to_owned()));
    }
    let text = part(ContentType::TEXT_PLAIN, &mail.text_body);
    let html = part(ContentType::TEXT_HTML, &mail.html_body);
    // `=_` cannot stand in text that is encoded as quoted-printable, so no body can hold the boundary.
    let parts = MultiPart::builder()
        .kind(MultiPartKind::Alternative)
        .boundary(format!("=_rollover_{}", mail.id))
        .singlepart(text)
        .singlepart(html);
    builder.multipart(parts).map_err(|error| {
        let customer = mail.customer_id.as_deref().unwrap_or("-");
        SendError::Refused(format!("{error}: see status_mail_to in the settings of customer {customer}"))
    })
}

fn mailbox(mail: &MailRow) -> Result<Mailbox, SendError> {
    let recipient = &mail.recipient;
    recipient.parse().map_err(|_| {
        let customer = mail.customer_id.as_deref().unwrap_or("-");
        SendError::Refused(format!(
            "recipient {recipient:?} is no mail address: correct status_mail_to in the settings of customer \
             {customer}, as it@example.com or IT <it@example.com>"
        ))
    })
}

fn part(content_type: ContentType, text: &str) -> SinglePart {
    let body = Body::new_with_encoding(text.to_owned(), ContentTransferEncoding::QuotedPrintable)
        .expect("any text can be quoted-printable");
    SinglePart::builder().content_type(content_type).body(body)
}
