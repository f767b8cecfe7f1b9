//! What can go wrong between this process and the queue.

use redis::RedisError;

/// Both Redis variants pass by themselves once the server is back; nothing in the ledger is lost by them.
/// No message contains the password of the address.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    #[error("queue.url is not an address of a redis server: write redis://host:6379/0 ({detail})")]
    BadUrl { detail: String },
    #[error("cannot reach redis at {address}: start it, or correct queue.url")]
    Unreachable {
        address: String,
        #[source]
        source: RedisError,
    },
    #[error(
        "redis at {address} refused a command: check that it is version 7 or newer, the password in queue.url, and its memory limit"
    )]
    Refused {
        address: String,
        #[source]
        source: RedisError,
    },
}

impl QueueError {
    pub(super) fn from_redis(address: &str, source: RedisError) -> Self {
        let address = address.to_owned();
        if source.is_io_error() {
            Self::Unreachable { address, source }
        } else {
            Self::Refused { address, source }
        }
    }
}
