//! The nodes of the fake cluster: they share what they keep, one of them leads, and each can be killed and come back.

use super::answers::{named, read};
use super::kept::{Cluster, Expects, Outcome};
use super::prompt::incoming;
use super::protocol::event_store::client as wire;
use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;
use tokio::runtime::Runtime;
use tonic::{Request, Response, Status, Streaming};
use wire::gossip::gossip_server::{Gossip, GossipServer};
use wire::gossip::member_info::VNodeState;
use wire::streams::append_req::{Content, options::ExpectedStreamRevision};
use wire::streams::append_resp;
use wire::streams::streams_server::{Streams, StreamsServer};

/// What befalls the next request that reads or appends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It is refused, and nothing is done.
    Refuse,
    /// The node is killed before anything is done, and comes back.
    KillBefore,
    /// It is done, and the answer is an error.
    LoseReply,
    /// It is done, and the node is killed before it answers, and comes back.
    KillAfter,
    /// It is done a little later.
    Delay,
}

struct Shared {
    kept: Mutex<Cluster>,
    /// Nothing stands for a request that passes.
    troubles: Mutex<VecDeque<Option<Trouble>>>,
    requests: AtomicU64,
    leader: AtomicUsize,
    ports: Vec<u16>,
    running: Vec<Mutex<Option<Runtime>>>,
}

/// A running cluster; it ends with its last handle.
#[derive(Clone)]
pub(crate) struct Fake(Arc<Shared>);

impl Fake {
    /// Starts a cluster of so many nodes, of which the first one leads.
    pub(crate) fn start(nodes: usize) -> Self {
        let listeners: Vec<std::net::TcpListener> =
            (0..nodes).map(|_| std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap()).collect();
        let shared = Shared {
            kept: Mutex::new(Cluster::new()),
            troubles: Mutex::default(),
            requests: AtomicU64::new(0),
            leader: AtomicUsize::new(0),
            ports: listeners.iter().map(|listener| listener.local_addr().unwrap().port()).collect(),
            running: (0..nodes).map(|_| Mutex::default()).collect(),
        };
        drop(listeners);
        let fake = Self(Arc::new(shared));
        (0..nodes).for_each(|number| fake.bring_up(number));
        fake
    }

    /// How it is reached.
    pub(crate) fn url(&self) -> String {
        let nodes: Vec<String> = self.0.ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
        format!("esdb://{}?tls=false&discoveryInterval=1", nodes.join(","))
    }

    /// Kills a node: its connections break, and nobody answers at its port.
    pub(crate) fn kill(&self, number: usize) {
        kill(&self.0, number);
    }

    /// Starts a node that was killed, with what the cluster keeps.
    pub(crate) fn bring_up(&self, number: usize) {
        bring_up(&self.0, number);
    }

    /// Makes another node the leader.
    pub(crate) fn lead(&self, number: usize) {
        self.0.leader.store(number, Ordering::SeqCst);
    }

    /// What befalls the next requests, one each.
    pub(crate) fn troubles<T: Into<Option<Trouble>>>(&self, troubles: impl IntoIterator<Item = T>) {
        self.0.troubles.lock().unwrap().extend(troubles.into_iter().map(Into::into));
    }

    /// How many of those are still to come.
    pub(crate) fn troubles_left(&self) -> usize {
        self.0.troubles.lock().unwrap().len()
    }

    /// How many requests came in so far.
    pub(crate) fn requests(&self) -> u64 {
        self.0.requests.load(Ordering::SeqCst)
    }

    /// Looks at what is kept, or changes it as another program on the server would.
    pub(crate) fn kept<T>(&self, look: impl FnOnce(&mut Cluster) -> T) -> T {
        look(&mut self.0.kept.lock().unwrap())
    }
}

fn kill(shared: &Shared, number: usize) {
    let runtime = shared.running[number].lock().unwrap().take();
    if let Some(runtime) = runtime {
        // From a thread of its own: a runtime may not be waited for within one.
        std::thread::spawn(move || runtime.shutdown_timeout(Duration::from_secs(5))).join().unwrap();
    }
}

fn bring_up(shared: &Arc<Shared>, number: usize) {
    let mut running = shared.running[number].lock().unwrap();
    if running.is_some() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, shared.ports[number]));
    let listener = loop {
        let socket = std::net::TcpListener::bind(address);
        match socket {
            Ok(socket) => break socket,
            // The one before it goes away just now.
            Err(_) => std::thread::yield_now(),
        }
    };
    listener.set_nonblocking(true).unwrap();
    let node = Node { shared: Arc::downgrade(shared), number };
    runtime.spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        let streams = StreamsServer::new(node.clone()).max_decoding_message_size(16 << 20);
        tonic::transport::Server::builder()
            .add_service(streams)
            .add_service(GossipServer::new(node))
            .serve_with_incoming(incoming(listener))
            .await
    });
    *running = Some(runtime);
}

impl Drop for Shared {
    fn drop(&mut self) {
        for running in &mut self.running {
            if let Some(runtime) = running.get_mut().unwrap().take() {
                runtime.shutdown_background();
            }
        }
    }
}

#[derive(Clone)]
struct Node {
    shared: Weak<Shared>,
    number: usize,
}

impl Node {
    fn shared(&self) -> Result<Arc<Shared>, Status> {
        self.shared.upgrade().ok_or_else(|| Status::unavailable("the cluster ends"))
    }

    /// The trouble of this request, if there is one; refuses who needs the leader where this is another node.
    fn enter<T>(&self, request: &Request<T>) -> Result<(Arc<Shared>, Option<Trouble>), Status> {
        let shared = self.shared()?;
        shared.requests.fetch_add(1, Ordering::SeqCst);
        let leader = shared.leader.load(Ordering::SeqCst);
        if leader != self.number && request.metadata().get("requires-leader").is_some_and(|needs| needs == "true") {
            let mut status = Status::not_found("Leader info available");
            let metadata = status.metadata_mut();
            metadata.insert("exception", "not-leader".parse().unwrap());
            metadata.insert("leader-endpoint-host", "127.0.0.1".parse().unwrap());
            metadata.insert("leader-endpoint-port", shared.ports[leader].to_string().parse().unwrap());
            return Err(status);
        }
        let trouble = shared.troubles.lock().unwrap().pop_front().flatten();
        Ok((shared, trouble))
    }

    async fn before(&self, trouble: Option<Trouble>) -> Result<(), Status> {
        match trouble {
            Some(Trouble::Refuse) => Err(Status::unavailable("refused")),
            Some(Trouble::KillBefore) => self.die().await,
            Some(Trouble::Delay) => {
                tokio::time::sleep(Duration::from_millis(3)).await;
                Ok(())
            }
            Some(Trouble::LoseReply | Trouble::KillAfter) | None => Ok(()),
        }
    }

    async fn after(&self, trouble: Option<Trouble>) -> Result<(), Status> {
        match trouble {
            Some(Trouble::LoseReply) => Err(Status::unavailable("the reply is lost")),
            Some(Trouble::KillAfter) => self.die().await,
            Some(Trouble::Refuse | Trouble::KillBefore | Trouble::Delay) | None => Ok(()),
        }
    }

    /// Kills this node and brings it up again; nobody hears from it before.
    async fn die(&self) -> Result<(), Status> {
        let (shared, number) = (self.shared()?, self.number);
        std::thread::spawn(move || {
            kill(&shared, number);
            bring_up(&shared, number);
        });
        std::future::pending().await
    }
}

type Answers = Pin<Box<dyn tokio_stream::Stream<Item = Result<wire::streams::ReadResp, Status>> + Send>>;

#[tonic::async_trait]
impl Streams for Node {
    type ReadStream = Answers;
    type BatchAppendStream =
        Pin<Box<dyn tokio_stream::Stream<Item = Result<wire::streams::BatchAppendResp, Status>> + Send>>;

    async fn read(&self, request: Request<wire::streams::ReadReq>) -> Result<Response<Answers>, Status> {
        let (shared, trouble) = self.enter(&request)?;
        self.before(trouble).await?;
        let options = request.into_inner().options.ok_or_else(|| Status::invalid_argument("no options"))?;
        let answers = read(&shared.kept.lock().unwrap(), &options)?;
        drop(shared);
        self.after(trouble).await?;
        Ok(Response::new(Box::pin(tokio_stream::iter(answers.into_iter().map(Ok)))))
    }

    async fn append(
        &self,
        request: Request<Streaming<wire::streams::AppendReq>>,
    ) -> Result<Response<wire::streams::AppendResp>, Status> {
        let (shared, trouble) = self.enter(&request)?;
        self.before(trouble).await?;
        let mut parts = request.into_inner();
        let (mut to, mut messages) = (None, Vec::new());
        while let Some(part) = parts.message().await? {
            match part.content {
                Some(Content::Options(options)) => to = Some(options),
                Some(Content::ProposedMessage(message)) => messages.push(message),
                None => {}
            }
        }
        let to = to.ok_or_else(|| Status::invalid_argument("no options"))?;
        let stream = named(to.stream_identifier.as_ref())?;
        let expects = match to.expected_stream_revision {
            Some(ExpectedStreamRevision::Revision(revision)) => Expects::Exact(revision),
            Some(ExpectedStreamRevision::NoStream(_)) => Expects::NoStream,
            Some(ExpectedStreamRevision::Any(_) | ExpectedStreamRevision::StreamExists(_)) | None => Expects::Nothing,
        };
        let outcome = shared.kept.lock().unwrap().append(&stream, expects, messages)?;
        drop(shared);
        self.after(trouble).await?;
        let result = match outcome {
            Outcome::Written { last, position } => append_resp::Result::Success(append_resp::Success {
                current_revision_option: Some(append_resp::success::CurrentRevisionOption::CurrentRevision(last)),
                position_option: Some(append_resp::success::PositionOption::Position(append_resp::Position {
                    commit_position: position,
                    prepare_position: position,
                })),
            }),
            Outcome::WrongVersion { current } => append_resp::Result::WrongExpectedVersion(wrong(expects, current)),
        };
        Ok(Response::new(wire::streams::AppendResp { result: Some(result) }))
    }

    async fn delete(
        &self,
        _: Request<wire::streams::DeleteReq>,
    ) -> Result<Response<wire::streams::DeleteResp>, Status> {
        Err(Status::unimplemented("nothing here deletes"))
    }

    async fn tombstone(
        &self,
        _: Request<wire::streams::TombstoneReq>,
    ) -> Result<Response<wire::streams::TombstoneResp>, Status> {
        Err(Status::unimplemented("nothing here deletes"))
    }

    async fn batch_append(
        &self,
        _: Request<Streaming<wire::streams::BatchAppendReq>>,
    ) -> Result<Response<Self::BatchAppendStream>, Status> {
        Err(Status::unimplemented("its deadline is none, so nobody uses it"))
    }
}

#[tonic::async_trait]
impl Gossip for Node {
    async fn read(&self, _: Request<wire::Empty>) -> Result<Response<wire::gossip::ClusterInfo>, Status> {
        let shared = self.shared()?;
        let leader = shared.leader.load(Ordering::SeqCst);
        let member = |(number, port): (usize, &u16)| {
            let state = if number == leader { VNodeState::Leader } else { VNodeState::Follower };
            wire::gossip::MemberInfo {
                instance_id: None,
                time_stamp: 0,
                state: state.into(),
                is_alive: shared.running[number].lock().unwrap().is_some(),
                http_end_point: Some(wire::gossip::EndPoint { address: "127.0.0.1".to_owned(), port: (*port).into() }),
            }
        };
        let members = shared.ports.iter().enumerate().map(member).collect();
        Ok(Response::new(wire::gossip::ClusterInfo { members }))
    }
}

fn wrong(expects: Expects, current: Option<u64>) -> append_resp::WrongExpectedVersion {
    use append_resp::wrong_expected_version::{CurrentRevisionOption, ExpectedRevisionOption};
    let empty = wire::Empty {};
    append_resp::WrongExpectedVersion {
        current_revision_option: Some(match current {
            Some(revision) => CurrentRevisionOption::CurrentRevision(revision),
            None => CurrentRevisionOption::CurrentNoStream(empty),
        }),
        expected_revision_option: Some(match expects {
            Expects::Nothing => ExpectedRevisionOption::ExpectedAny(empty),
            Expects::NoStream => ExpectedRevisionOption::ExpectedNoStream(empty),
            Expects::Exact(revision) => ExpectedRevisionOption::ExpectedRevision(revision),
        }),
        ..append_resp::WrongExpectedVersion::default()
    }
}
