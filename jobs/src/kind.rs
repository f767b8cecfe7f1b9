//! The contract of a job kind, and the form in which the engine holds them all.

use crate::{JobContext, Stop};
use chrono::{DateTime, Utc};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::{future::Future, pin::Pin, time::Duration};

/// One kind of work. A job of it may run twice; the second run must change nothing.
pub trait JobKind: Send + Sync + 'static {
    /// Stored in rows: never rename.
    const NAME: &'static str;
    /// One line for people, in the infinitive.
    const SUMMARY: &'static str;
    type Args: Serialize + DeserializeOwned + Send + Sync;
    type Report: Serialize + Send;

    fn policy(&self) -> Policy;

    /// Arguments that a reader can learn the form from; their encoding is snapshot-tested, since old rows
    /// must stay readable.
    fn sample(&self) -> Self::Args;

    fn run(
        &self,
        args: Self::Args,
        cx: &JobContext,
    ) -> impl Future<Output = Result<Self::Report, Stop>> + Send;

    /// Whether [`JobKind::ended`] is to be called.
    const IS_TOLD_OF_ENDS: bool = false;

    /// A job of this kind ended without a report, whatever ended it: itself, a person, the death of its workers. Told
    /// again until it returns; the context has no proof.
    fn ended(
        &self,
        _args: Self::Args,
        _end: &End,
        _cx: &JobContext,
    ) -> impl Future<Output = Result<(), Stop>> + Send {
        std::future::ready(Ok(()))
    }
}

/// The end of a job that left no report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    pub why: String,
    pub started_at: DateTime<Utc>,
    pub ended_at: DateTime<Utc>,
}

/// What may run beside what (DOMAIN S6): of one customer, one job per lane at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Touches the customer's site or its integration.
    Site,
}

impl Lane {
    /// The stored name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Site => "site",
        }
    }
}

/// How often, how long and beside what a kind may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Attempts in all, the first included; at least 1.
    pub attempts: u32,
    pub timeout: Duration,
    pub lane: Option<Lane>,
    /// By which rule, in UTC, a task of this kind stands on the list from the first start on, with the arguments that
    /// hold when none are given; `None`: when somebody adds one.
    pub stands: Option<&'static str>,
}

impl Policy {
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(600);

    pub const fn attempts(attempts: u32) -> Self {
        Self { attempts, timeout: Self::DEFAULT_TIMEOUT, lane: None, stands: None }
    }
    pub const fn timeout_minutes(self, minutes: u64) -> Self {
        Self { timeout: Duration::from_secs(minutes * 60), ..self }
    }
    pub const fn lane(self, lane: Lane) -> Self {
        Self { lane: Some(lane), ..self }
    }
    pub const fn stands(self, rule: &'static str) -> Self {
        Self { stands: Some(rule), ..self }
    }
}

/// The stored arguments do not decode into those of the kind.
#[derive(Debug, thiserror::Error)]
#[error("arguments of {kind}: {source}")]
pub struct ArgsError {
    pub kind: &'static str,
    pub source: serde_json::Error,
}

/// A [`JobKind`] behind one type: what the engine, the command line and the pages work with.
pub trait AnyKind: Send + Sync {
    fn name(&self) -> &'static str;
    fn summary(&self) -> &'static str;
    fn policy(&self) -> Policy;
    fn sample_args(&self) -> Value;
    /// Decodes and encodes again: refuses what the kind could not run, and fills in defaults.
    fn check_args(&self, args: &Value) -> Result<Value, ArgsError>;
    fn run<'a>(
        &'a self,
        args: Value,
        cx: &'a JobContext,
    ) -> Pin<Box<dyn Future<Output = Result<Value, Stop>> + Send + 'a>>;
    fn is_told_of_ends(&self) -> bool;
    fn ended<'a>(
        &'a self,
        args: Value,
        end: &'a End,
        cx: &'a JobContext,
    ) -> Pin<Box<dyn Future<Output = Result<(), Stop>> + Send + 'a>>;
}

impl<K: JobKind> AnyKind for K {
    fn name(&self) -> &'static str {
        K::NAME
    }
    fn summary(&self) -> &'static str {
        K::SUMMARY
    }
    fn policy(&self) -> Policy {
        JobKind::policy(self)
    }
    fn sample_args(&self) -> Value {
        serde_json::to_value(self.sample()).expect("arguments of a kind are plain data")
    }
    fn check_args(&self, args: &Value) -> Result<Value, ArgsError> {
        let wrap = |source| ArgsError { kind: K::NAME, source };
        let decoded: K::Args = serde_json::from_value(args.clone()).map_err(wrap)?;
        serde_json::to_value(decoded).map_err(wrap)
    }
    fn run<'a>(
        &'a self,
        args: Value,
        cx: &'a JobContext,
    ) -> Pin<Box<dyn Future<Output = Result<Value, Stop>> + Send + 'a>> {
        Box::pin(async move {
            let args = serde_json::from_value(args)
                .map_err(|source| Stop::fail(ArgsError { kind: K::NAME, source }.to_string()))?;
            let report = JobKind::run(self, args, cx).await?;
            serde_json::to_value(report)
                .map_err(|e| Stop::fail(format!("report of {} cannot be stored: {e}", K::NAME)))
        })
    }
    fn is_told_of_ends(&self) -> bool {
        K::IS_TOLD_OF_ENDS
    }
    fn ended<'a>(
        &'a self,
        args: Value,
        end: &'a End,
        cx: &'a JobContext,
    ) -> Pin<Box<dyn Future<Output = Result<(), Stop>> + Send + 'a>> {
        Box::pin(async move {
            let args = serde_json::from_value(args)
                .map_err(|source| Stop::fail(ArgsError { kind: K::NAME, source }.to_string()))?;
            JobKind::ended(self, args, end, cx).await
        })
    }
}
