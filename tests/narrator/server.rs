//! A server that answers with whatever bytes it is told to, one connection after another, on a thread of its own.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What happens on a connection after the request was read.
#[derive(Clone)]
pub enum Turn {
    /// These bytes, then the connection is closed.
    Say(Vec<u8>),
    /// These bytes, then nothing, with the connection open.
    Hold(Vec<u8>),
    /// These bytes first, then the others again and again until nobody listens any more.
    Flood(Vec<u8>, Vec<u8>),
    /// These bytes, then one more whenever [`Server::drip`] says so.
    Drip(Vec<u8>),
}

/// A listening server. It ends with the process.
pub struct Server {
    port: u16,
    /// Every request, as it came, head and body.
    seen: Arc<Mutex<Vec<String>>>,
    arrived: UnboundedReceiver<()>,
    drips: mpsc::Sender<()>,
}

impl Server {
    /// Takes each turn once and the last one for ever.
    pub fn new(turns: Vec<Turn>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let (arrives, arrived) = unbounded_channel();
        let (drips, dripping) = mpsc::channel();
        let log = Arc::clone(&seen);
        std::thread::spawn(move || {
            let mut held = Vec::new();
            for (number, connection) in listener.incoming().enumerate() {
                let Ok(mut connection) = connection else { continue };
                let turn = turns.get(number).or(turns.last()).expect("a turn");
                log.lock().expect("the log").push(read(&mut connection));
                if take(turn, &mut connection, &arrives, &dripping) {
                    held.push(connection);
                }
            }
        });
        Self { port, seen, arrived, drips }
    }

    pub fn saying(bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(vec![Turn::Say(bytes.into())])
    }

    pub fn base(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().expect("the log").clone()
    }

    /// Waits until a request has been read and the first bytes of the answer are on their way.
    pub async fn arrived(&mut self) {
        self.arrived.recv().await.expect("the server runs");
    }

    pub fn drip(&self) {
        let _ = self.drips.send(());
    }
}

/// Whether the connection is to be kept open.
fn take(turn: &Turn, connection: &mut TcpStream, arrives: &UnboundedSender<()>, dripping: &mpsc::Receiver<()>) -> bool {
    let (Turn::Say(first) | Turn::Hold(first) | Turn::Flood(first, _) | Turn::Drip(first)) = turn;
    // A client that has gone is no fault of the server's.
    let _ = connection.write_all(first);
    let _ = arrives.send(());
    match turn {
        Turn::Say(_) => {
            let _ = connection.shutdown(Shutdown::Write);
            // Until the client has closed too: what it has not read yet would be lost otherwise.
            let _ = std::io::copy(connection, &mut std::io::sink());
            false
        }
        Turn::Hold(_) => true,
        Turn::Flood(_, again) => {
            while connection.write_all(again).is_ok() {}
            false
        }
        Turn::Drip(_) => {
            while dripping.recv().is_ok() && connection.write_all(b" ").is_ok() {}
            false
        }
    }
}

/// Reads one request; what is none is read as far as it goes.
fn read(connection: &mut TcpStream) -> String {
    let (mut bytes, mut block) = (Vec::new(), [0; 4_096]);
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let head = text.find("\r\n\r\n").map(|end| end + 4);
        let length = |head: &str| {
            let line = head
                .lines()
                .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:").map(str::to_owned));
            line.and_then(|length| length.trim().parse::<usize>().ok()).unwrap_or(0)
        };
        let whole = head.is_some_and(|head| bytes.len() >= head + length(&text[..head]));
        // The first byte of TLS begins a conversation that this server does not lead.
        if whole || bytes.first() == Some(&0x16) {
            return text;
        }
        match connection.read(&mut block) {
            Ok(0) | Err(_) => return text,
            Ok(read) => bytes.extend_from_slice(&block[..read]),
        }
    }
}

/// A whole response.
pub fn response(status: u16, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!(
        "HTTP/1.1 {status} Whatever\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// A finished completion that says `content`.
pub fn completion(content: &str) -> Value {
    json!({
        "id": "c1", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}}],
        "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18},
    })
}
