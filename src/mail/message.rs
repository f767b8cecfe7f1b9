//! Makes of a row of the outbox the message that travels: text, HTML and what is attached, the same at every sending.

use super::{
    attached::{Attached, PLACE},
    layout::wrap,
    transport::SendError,
};
use crate::ledger::MailRow;
use lettre::{
    Message,
    message::{
        Attachment, Body, Mailbox, MultiPart, MultiPartKind, SinglePart,
        header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue},
    },
};

/// Of what is added to the HTML.
const PARAGRAPH: &str = "margin:20px 0 0;font-size:15px;line-height:1.5";

/// Says to other machines that no person wrote this: they send no absence notes back (RFC 3834).
const MACHINE_WROTE: [(HeaderName, &str); 2] = [
    (HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated"),
    (HeaderName::new_from_ascii_str("X-Auto-Response-Suppress"), "All"),
];

pub(super) fn message(
    from: &Mailbox,
    mail: &MailRow,
    attached: Option<&Attached>,
) -> Result<Message, SendError> {
    let mut builder = Message::builder()
        .from(from.clone())
        .to(mailbox(mail)?)
        .subject(&mail.subject)
        .message_id(Some(mail.message_id.clone()))
        .date(mail.created_at.into());
    for (name, value) in MACHINE_WROTE {
        builder = builder.raw_header(HeaderValue::new(name, value.to_owned()));
    }
    let multipart = with_attachment(bodies(mail, attached), mail.id, attached);
    builder.multipart(multipart).map_err(|error| {
        let customer = mail.customer_id.as_deref().unwrap_or("-");
        SendError::Refused(format!("{error}: see status_mail_to in the settings of customer {customer}"))
    })
}

fn bodies(mail: &MailRow, attached: Option<&Attached>) -> MultiPart {
    let (text, html) = match attached.map(Attached::said) {
        None => (mail.text_body.clone(), mail.html_body.clone()),
        Some(said) => (
            format!("{}\n\n{}\n", mail.text_body, wrap(said, 0)),
            mail.html_body.replacen(PLACE, &format!("<p style=\"{PARAGRAPH}\">{said}</p>"), 1),
        ),
    };
    let (text, html) = (part(ContentType::TEXT_PLAIN, &text), part(ContentType::TEXT_HTML, &html));
    // `=_` cannot stand in text that is encoded as quoted-printable, so no body can hold the boundary.
    MultiPart::builder()
        .kind(MultiPartKind::Alternative)
        .boundary(format!("=_rollover_{}", mail.id))
        .singlepart(text)
        .singlepart(html)
}

/// The bodies alone where nothing is attached.
fn with_attachment(bodies: MultiPart, mail: i64, attached: Option<&Attached>) -> MultiPart {
    let Some(Attached::Rows { file_name, bytes, .. }) = attached else { return bodies };
    let file = Attachment::new(file_name.clone()).body(bytes.clone(), csv());
    MultiPart::builder()
        .kind(MultiPartKind::Mixed)
        .boundary(format!("=_rollover_{mail}_rows"))
        .multipart(bodies)
        .singlepart(file)
}

fn csv() -> ContentType {
    "text/csv; charset=utf-8".parse().expect("it is a content type")
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
