//! One connection to Redis that mends itself after an outage, a restart or a stall.

use super::QueueError;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Cmd, FromRedisValue, RedisError};
use std::sync::Mutex;
use std::time::Duration;

/// Longer than any pause of a healthy server: half a second, the driver's own choice, ends on every fork.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// What is wrong with the address of a Redis, without its password.
pub fn check_url(url: &str) -> Result<(), String> {
    Client::open(url)
        .map(drop)
        .map_err(|error| format!("{error}: expected redis://host:6379/0, or nothing for the built-in queue"))
}

pub(super) struct Link {
    client: Client,
    connection: Mutex<ConnectionManager>,
    address: String,
}

impl Link {
    /// # Errors
    /// [`QueueError::BadUrl`]; whether a server is there shows with the first command.
    pub(super) fn open(url: &str) -> Result<Self, QueueError> {
        let client = Client::open(url).map_err(|error| bad_url(&error))?;
        let connection = lazy_connection(&client).map_err(|error| bad_url(&error))?;
        let address = client.get_connection_info().addr().to_string();
        Ok(Self { client, connection: Mutex::new(connection), address })
    }

    /// A second connection to the same server.
    pub(super) fn another(&self) -> Self {
        let connection = lazy_connection(&self.client).expect("the first connection took the same settings");
        Self {
            client: self.client.clone(),
            connection: Mutex::new(connection),
            address: self.address.clone(),
        }
    }

    /// Host and port, without user and password.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) async fn query<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, QueueError> {
        let mut connection = self.connection.lock().expect("no holder of the connection panics").clone();
        let answer = command.query_async(&mut connection).await;
        answer.map_err(|error: RedisError| {
            if error.is_timeout() {
                self.replace();
            }
            QueueError::from_redis(&self.address, error)
        })
    }

    /// After a silence the driver keeps the old connection, which may lead nowhere (a dropped route, a
    /// failed-over host). A new one finds out at once.
    fn replace(&self) {
        if let Ok(fresh) = lazy_connection(&self.client) {
            *self.connection.lock().expect("no holder of the connection panics") = fresh;
        }
    }
}

/// No retries inside the driver: every failure is seen, and whoever asks chooses the pause.
fn lazy_connection(client: &Client) -> Result<ConnectionManager, RedisError> {
    let config = ConnectionManagerConfig::new()
        .set_number_of_retries(0)
        .set_response_timeout(Some(RESPONSE_TIMEOUT))
        .set_connection_timeout(Some(CONNECT_TIMEOUT));
    ConnectionManager::new_lazy_with_config(client.clone(), config)
}

/// The driver's text names what is wrong and never quotes the address.
fn bad_url(error: &RedisError) -> QueueError {
    QueueError::BadUrl { detail: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_bad_address_is_refused_without_its_password() {
        for url in ["", "localhost", "redis://:secret@", "http://:secret@host", "redis://:secret@host/db"] {
            let error = Link::open(url).err().expect(url).to_string();
            assert!(error.contains("queue.url"), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[tokio::test]
    async fn a_server_that_is_down_is_named_without_its_password() {
        let link = Link::open("redis://:secret@127.0.0.1:1/0").unwrap();
        let error = link.query::<String>(&redis::cmd("PING")).await.unwrap_err();
        assert!(matches!(error, QueueError::Unreachable { .. }), "{error:?}");
        assert!(error.to_string().contains("127.0.0.1:1"), "{error}");
        assert!(!format!("{error:?} {error}").contains("secret"));
    }
}
