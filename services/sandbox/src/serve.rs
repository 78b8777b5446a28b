//! Listeners that can be cut off: stopping one drops every open connection at once, as a restart does.

use std::io;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

/// HTTP/2 streams a connection may have open; hyper's 200 would bound the benchmark, not the sandbox.
const MAX_STREAMS: u32 = 4_096;
/// How long a port that was just given up is tried again, and how often.
const REBIND_TRIES: u32 = 50;
const REBIND_PAUSE: Duration = Duration::from_millis(20);

/// A service on an address, which can go away and come back.
#[derive(Debug)]
pub(crate) struct Served {
    address: SocketAddr,
    router: Router,
    running: Mutex<Option<Running>>,
}

#[derive(Debug)]
struct Running {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Served {
    /// Serves HTTP/1 and HTTP/2 on a listener.
    pub(crate) fn start(listener: TcpListener, router: Router) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let running = Mutex::new(Some(run(listener, router.clone())));
        Ok(Self { address, router, running })
    }

    /// Drops every connection and stops listening.
    pub(crate) async fn stop(&self) {
        let running = self.lock().take();
        if let Some(running) = running {
            running.stop.cancel();
            if let Err(error) = running.task.await {
                tracing::error!(%error, "a listener of the sandbox ended abnormally");
            }
        }
    }

    /// Listens again on the same address.
    pub(crate) async fn resume(&self) -> io::Result<()> {
        let mut bound = TcpListener::bind(self.address).await;
        for _ in 0..REBIND_TRIES {
            if bound.is_ok() {
                break;
            }
            tokio::time::sleep(REBIND_PAUSE).await;
            bound = TcpListener::bind(self.address).await;
        }
        *self.lock() = Some(run(bound?, self.router.clone()));
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn run(listener: TcpListener, router: Router) -> Running {
    let stop = CancellationToken::new();
    let task = tokio::spawn(accept(listener, router, stop.clone()));
    Running { stop, task }
}

async fn accept(listener: TcpListener, router: Router, stop: CancellationToken) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, router.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "the sandbox could not accept a connection");
                    tokio::time::sleep(REBIND_PAUSE).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    connections.shutdown().await;
}

async fn connection(stream: TcpStream, router: Router) {
    // Without it small answers wait for the peer's delayed acknowledgement, some 40 ms.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http2().max_concurrent_streams(MAX_STREAMS);
    let served = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router)).await;
    if let Err(error) = served {
        tracing::debug!(error = %error, "a connection to the sandbox broke");
    }
}
