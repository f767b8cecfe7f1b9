//! A throw-away SMTP server: the real protocol over loopback, in the clear or over TLS, and the disturbances that a
//! test asks for.

use base64::{Engine, prelude::BASE64_STANDARD};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

/// A mail as it was taken.
#[derive(Debug, Clone, Default)]
pub struct Received {
    pub from: String,
    pub to: Vec<String>,
    /// Header and body, without the dots of the transport.
    pub data: Vec<u8>,
    /// Who had signed in.
    pub user: Option<String>,
}

/// Where in the conversation a disturbance comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Greeting,
    Mail,
    Recipient,
    /// The mail's text is there, and the answer is due.
    Text,
}

#[derive(Debug, Clone, Copy)]
pub enum Disturbance {
    /// This line instead of the usual answer.
    Answer(&'static str),
    /// The connection breaks before the answer.
    Drop,
    /// The mail is kept, and the connection breaks before the answer.
    KeepAndDrop,
}

/// How the server keeps the line secret.
#[derive(Clone)]
pub enum Encryption {
    None,
    /// It offers to change to TLS.
    StartTls(Arc<ServerConfig>),
    /// TLS from the first byte.
    Tls(Arc<ServerConfig>),
}

#[derive(Default)]
struct State {
    received: Vec<Received>,
    disturbances: VecDeque<(Step, Disturbance)>,
    login: Option<(String, String)>,
    /// Commands as they came, without arguments; and whether over TLS.
    heard: Vec<(String, bool)>,
}

/// Dropping it ends it, with every conversation.
pub struct SmtpServer {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    accepting: JoinHandle<()>,
}

impl SmtpServer {
    pub async fn start() -> Self {
        Self::start_on(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    pub async fn start_on(address: SocketAddr) -> Self {
        Self::start_at(address, Encryption::None).await
    }

    pub async fn start_encrypted(encryption: Encryption) -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), encryption).await
    }

    async fn start_at(address: SocketAddr, encryption: Encryption) -> Self {
        let listener = TcpListener::bind(address).await.expect("a free port on the loopback interface");
        let address = listener.local_addr().expect("a bound listener has an address");
        let state = Arc::new(Mutex::new(State::default()));
        let accepting = tokio::spawn(accept(listener, encryption, state.clone()));
        Self { address, state, accepting }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The setting `mail.url` that leads here.
    pub fn url(&self) -> String {
        format!("smtp://{}?tls=none", self.address)
    }

    /// From now on mail is taken from this user only.
    pub fn require_login(&self, user: &str, password: &str) {
        self.state.lock().unwrap().login = Some((user.to_owned(), password.to_owned()));
    }

    /// Disturbs one conversation; disturbances come in the order in which they were asked for.
    pub fn disturb(&self, step: Step, disturbance: Disturbance) {
        self.state.lock().unwrap().disturbances.push_back((step, disturbance));
    }

    pub fn received(&self) -> Vec<Received> {
        self.state.lock().unwrap().received.clone()
    }

    /// The commands that came in the clear.
    pub fn overheard(&self) -> Vec<String> {
        self.heard_over(false)
    }

    /// The commands that came over TLS.
    pub fn heard_encrypted(&self) -> Vec<String> {
        self.heard_over(true)
    }

    fn heard_over(&self, tls: bool) -> Vec<String> {
        let heard = &self.state.lock().unwrap().heard;
        heard.iter().filter(|(_, over_tls)| *over_tls == tls).map(|(command, _)| command.clone()).collect()
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, encryption: Encryption, state: Arc<Mutex<State>>) {
    // Owned by this task: its conversations end with it.
    let mut conversations = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let conversation = Conversation::new(stream, encryption.clone(), state.clone());
        // An error is a client that went away.
        conversations.spawn(async move { drop(conversation.hold().await) });
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

struct Conversation {
    stream: BufReader<Box<dyn Stream>>,
    encryption: Encryption,
    over_tls: bool,
    state: Arc<Mutex<State>>,
    mail: Received,
}

impl Conversation {
    fn new(stream: TcpStream, encryption: Encryption, state: Arc<Mutex<State>>) -> Self {
        let stream = BufReader::new(Box::new(stream) as Box<dyn Stream>);
        Self { stream, encryption, over_tls: false, state, mail: Received::default() }
    }

    async fn hold(mut self) -> std::io::Result<()> {
        if let Encryption::Tls(config) = self.encryption.clone() {
            self = self.encrypted(config).await?;
        }
        if !self.step(Step::Greeting, "220 test.example ESMTP").await? {
            return Ok(());
        }
        while let Some(line) = self.line().await? {
            let (command, rest) = line.split_once(' ').unwrap_or((&line, ""));
            let command = command.to_ascii_uppercase();
            self.state.lock().unwrap().heard.push((command.clone(), self.over_tls));
            if command == "STARTTLS"
                && let Some(config) = self.offered()
            {
                self.say("220 2.0.0 Go ahead").await?;
                self = self.encrypted(config).await?;
                continue;
            }
            if command == "QUIT" {
                return self.say("221 2.0.0 Bye").await.map(drop);
            }
            if !self.answer(&command, rest).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn encrypted(mut self, config: Arc<ServerConfig>) -> std::io::Result<Self> {
        let stream = TlsAcceptor::from(config).accept(self.stream.into_inner()).await?;
        self.stream = BufReader::new(Box::new(stream));
        self.over_tls = true;
        Ok(self)
    }

    /// What the server can still change to.
    fn offered(&self) -> Option<Arc<ServerConfig>> {
        match &self.encryption {
            Encryption::StartTls(config) if !self.over_tls => Some(config.clone()),
            _ => None,
        }
    }

    async fn answer(&mut self, command: &str, rest: &str) -> std::io::Result<bool> {
        match command {
            "EHLO" => {
                let offer = if self.offered().is_some() { "250-STARTTLS\r\n" } else { "" };
                self.say(&format!("250-test.example\r\n{offer}250-8BITMIME\r\n250 AUTH PLAIN LOGIN")).await
            }
            "AUTH" => self.sign_in(rest).await,
            "MAIL" => self.mail_from(rest).await,
            "RCPT" => {
                self.mail.to.push(address_in(rest));
                self.step(Step::Recipient, "250 2.1.5 OK").await
            }
            "DATA" => self.text().await,
            "RSET" | "NOOP" => self.say("250 2.0.0 OK").await,
            _ => self.say("500 5.5.1 unknown command").await,
        }
    }

    async fn mail_from(&mut self, rest: &str) -> std::io::Result<bool> {
        let locked = self.state.lock().unwrap().login.is_some() && self.mail.user.is_none();
        if locked {
            return self.say("530 5.7.0 Authentication required").await;
        }
        self.mail = Received { from: address_in(rest), user: self.mail.user.clone(), ..Received::default() };
        self.step(Step::Mail, "250 2.1.0 OK").await
    }

    async fn sign_in(&mut self, rest: &str) -> std::io::Result<bool> {
        let (mechanism, initial) = rest.split_once(' ').unwrap_or((rest, ""));
        let (user, password) = if mechanism.eq_ignore_ascii_case("PLAIN") {
            let answer = self.asked("", initial).await?;
            let mut parts = answer.split('\0').skip(1).map(str::to_owned);
            (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
        } else {
            (self.asked("Username:", initial).await?, self.asked("Password:", "").await?)
        };
        let right = self.state.lock().unwrap().login == Some((user.clone(), password));
        if right {
            self.mail.user = Some(user);
            self.say("235 2.7.0 Accepted").await
        } else {
            self.say("535 5.7.8 Wrong user or password").await
        }
    }

    /// What the client sends as an answer, unless it came along.
    async fn asked(&mut self, question: &str, initial: &str) -> std::io::Result<String> {
        let mut answer = initial.to_owned();
        if answer.is_empty() {
            self.say(&format!("334 {}", BASE64_STANDARD.encode(question))).await?;
            answer = self.line().await?.unwrap_or_default();
        }
        let bytes = BASE64_STANDARD.decode(&answer).unwrap_or_default();
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    async fn text(&mut self) -> std::io::Result<bool> {
        self.say("354 End with a dot").await?;
        while let Some(line) = self.line().await? {
            if line == "." {
                return self.step(Step::Text, "250 2.0.0 Queued").await;
            }
            self.mail.data.extend(line.strip_prefix('.').unwrap_or(&line).as_bytes());
            self.mail.data.extend(b"\r\n");
        }
        Ok(false)
    }

    /// The usual answer, or the disturbance that waits for this step. `false`: the conversation is over.
    async fn step(&mut self, step: Step, usual: &str) -> std::io::Result<bool> {
        let disturbance = {
            let mut state = self.state.lock().unwrap();
            let due = state.disturbances.front().is_some_and(|(at, _)| *at == step);
            if due { state.disturbances.pop_front().map(|(_, disturbance)| disturbance) } else { None }
        };
        let kept = matches!(disturbance, None | Some(Disturbance::KeepAndDrop));
        if step == Step::Text && kept {
            self.state.lock().unwrap().received.push(self.mail.clone());
        }
        match disturbance {
            None => self.say(usual).await,
            Some(Disturbance::Answer(line)) => self.say(line).await,
            Some(Disturbance::Drop | Disturbance::KeepAndDrop) => Ok(false),
        }
    }

    async fn line(&mut self) -> std::io::Result<Option<String>> {
        let mut line = String::new();
        let read = self.stream.read_line(&mut line).await?;
        Ok((read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned()))
    }

    async fn say(&mut self, answer: &str) -> std::io::Result<bool> {
        let stream = self.stream.get_mut();
        stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
        stream.flush().await?;
        Ok(true)
    }
}

/// Of `FROM:<a@b> BODY=8BITMIME` the address.
fn address_in(text: &str) -> String {
    let after = text.split_once('<').map_or(text, |(_, after)| after);
    after.split('>').next().unwrap_or_default().to_owned()
}
