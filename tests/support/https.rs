//! A throw-away HTTPS server: answers each request as it was told beforehand, and remembers what it was asked.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

/// What one request is answered with.
#[derive(Debug, Clone)]
pub struct Answer {
    /// As `200 OK`.
    pub status: &'static str,
    pub headers: Vec<String>,
    pub body: Vec<u8>,
    /// The connection breaks before the last byte.
    pub breaks: bool,
}

impl Answer {
    pub fn new(status: &'static str) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), breaks: false }
    }

    pub fn header(mut self, line: &str) -> Self {
        self.headers.push(line.to_owned());
        self
    }

    pub fn body(self, body: &[u8]) -> Self {
        Self { body: body.to_vec(), ..self }
    }

    pub fn breaking_off(self) -> Self {
        Self { breaks: true, ..self }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {}\r\nConnection: close\r\n", self.status);
        for line in &self.headers {
            head.push_str(&format!("{line}\r\n"));
        }
        head.push_str(&format!("Content-Length: {}\r\n\r\n", self.body.len()));
        let body = &self.body[..self.body.len() - usize::from(self.breaks)];
        [head.as_bytes(), body].concat()
    }
}

#[derive(Default)]
struct State {
    answers: VecDeque<Answer>,
    requests: Vec<String>,
}

/// Dropping it ends it.
pub struct HttpsServer {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    accepting: JoinHandle<()>,
}

impl HttpsServer {
    pub async fn start(config: Arc<ServerConfig>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let state = Arc::new(Mutex::new(State::default()));
        let accepting = tokio::spawn(accept(listener, TlsAcceptor::from(config), state.clone()));
        Self { address, state, accepting }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Answers the next request that has no answer yet.
    pub fn answer(&self, answer: Answer) {
        self.state.lock().unwrap().answers.push_back(answer);
    }

    /// The heads of the requests, in lower case, oldest first.
    pub fn requests(&self) -> Vec<String> {
        self.state.lock().unwrap().requests.clone()
    }
}

impl Drop for HttpsServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, tls: TlsAcceptor, state: Arc<Mutex<State>>) {
    let mut conversations = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        conversations.spawn(converse(stream, tls.clone(), state.clone()));
    }
}

/// A client that breaks off ends the conversation, nothing more.
async fn converse(stream: TcpStream, tls: TlsAcceptor, state: Arc<Mutex<State>>) -> std::io::Result<()> {
    let mut stream = BufReader::new(tls.accept(stream).await?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let answer = {
        let mut state = state.lock().unwrap();
        state.requests.push(head.to_lowercase());
        state.answers.pop_front().expect("a request that the test foresees")
    };
    stream.write_all(&answer.bytes()).await?;
    stream.shutdown().await
}
