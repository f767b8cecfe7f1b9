//! The job kind `send_status_mail`: sends one mail of the outbox (DOMAIN I2).

use crate::{JobContext, JobKind, Policy, Stop, ports::MailQueued};
use serde::{Deserialize, Serialize};

pub struct SendStatusMail;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendStatusMailArgs {
    /// Number of the mail in the outbox.
    pub mail: i64,
}

impl JobKind for SendStatusMail {
    const NAME: &'static str = "send_status_mail";
    const SUMMARY: &'static str = "send the status mail of an import run";
    type Args = SendStatusMailArgs;
    type Report = MailQueued;

    /// Attempts over about three hours: a mail server may be away for a night shift's worth of restarts.
    fn policy(&self) -> Policy {
        Policy::attempts(16).timeout_minutes(2)
    }

    fn sample(&self) -> SendStatusMailArgs {
        SendStatusMailArgs { mail: 1 }
    }

    async fn run(&self, args: SendStatusMailArgs, cx: &JobContext) -> Result<MailQueued, Stop> {
        Ok(cx.ports.mailer.send(args.mail).await?)
    }
}
