//! How a job ends without a report: try again, wait for a condition, give up, or stop before harm is done.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Why a job returned no report. The engine turns each form into exactly one event of the job.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// The world is not ready (a server does not answer). Counts as an attempt; the policy says how many.
    #[error("{why}")]
    Retry { why: String },
    /// A condition is open (DOMAIN S5). Not an attempt: a person, or the date `until`, ends it.
    #[error("waits for {who}: {why}")]
    Wait { until: Option<DateTime<Utc>>, why: String, who: Who },
    /// Trying again cannot help.
    #[error("{why}")]
    Fail { why: String },
    /// Going on would do harm: a person must decide.
    #[error("{reason}")]
    Abort { reason: String },
}

impl Stop {
    pub fn retry(why: impl Into<String>) -> Self {
        Self::Retry { why: why.into() }
    }
    pub fn fail(why: impl Into<String>) -> Self {
        Self::Fail { why: why.into() }
    }
    pub fn abort(reason: impl Into<String>) -> Self {
        Self::Abort { reason: reason.into() }
    }
    /// Waits until a person acts; no date ends it.
    pub fn wait_for(who: Who, why: impl Into<String>) -> Self {
        Self::Wait { until: None, why: why.into(), who }
    }
}

/// Who must act: the roles of DOMAIN, ours and the customer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    SupportAgent,
    IntegrationConsultant,
    Administrator,
    SystemAdministrator,
    Headteacher,
    Mentor,
    Teacher,
}

impl Who {
    pub const ALL: [Self; 7] = [
        Self::SupportAgent,
        Self::IntegrationConsultant,
        Self::Administrator,
        Self::SystemAdministrator,
        Self::Headteacher,
        Self::Mentor,
        Self::Teacher,
    ];

    /// The stored name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SupportAgent => "support_agent",
            Self::IntegrationConsultant => "integration_consultant",
            Self::Administrator => "administrator",
            Self::SystemAdministrator => "system_administrator",
            Self::Headteacher => "headteacher",
            Self::Mentor => "mentor",
            Self::Teacher => "teacher",
        }
    }

    /// The stored name read back; `None` for a name that no version wrote.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|who| who.as_str() == name)
    }
}

impl std::fmt::Display for Who {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.as_str().replace('_', " "))
    }
}
