//! Connections whose packets are acknowledged as they come.
//!
//! The client sends each request in two packets and leaves Nagle's algorithm on: the second one waits until the first is
//! acknowledged, which a kernel puts off for 40 ms. A server may ask for better; without it every test here would wait, as they do
//! where `CANDOR_CLUSTER_LATE` is set.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tonic::transport::server::{Connected, TcpConnectInfo};

/// A connection of the fake cluster.
pub(super) struct Prompt {
    connection: TcpStream,
    late: bool,
}

/// The connections that come in.
pub(super) fn incoming(listener: TcpListener) -> impl tokio_stream::Stream<Item = io::Result<Prompt>> {
    use tokio_stream::StreamExt as _;
    let late = std::env::var_os("CANDOR_CLUSTER_LATE").is_some();
    tokio_stream::wrappers::TcpListenerStream::new(listener).map(move |connection| {
        let connection = connection?;
        connection.set_nodelay(true)?;
        Ok(Prompt { connection, late })
    })
}

impl AsyncRead for Prompt {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.connection).poll_read(cx, buffer);
        // It holds until the next packet only. That is as well as it can be had, so a failure is nobody's.
        #[cfg(target_os = "linux")]
        if !self.late {
            let _ = rustix::net::sockopt::set_tcp_quickack(&self.connection, true);
        }
        read
    }
}

impl AsyncWrite for Prompt {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.connection).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(cx)
    }
}

impl Connected for Prompt {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        self.connection.connect_info()
    }
}
