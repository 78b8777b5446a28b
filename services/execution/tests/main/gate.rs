//! A way to the mirror node that a test can close to some questions: they are passed on once it is open again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::support::until;

/// The way, open at first.
pub(crate) struct Gate {
    pub(crate) url: String,
    /// Part of the path of what it holds.
    closed: watch::Sender<Option<&'static str>>,
    held: Arc<AtomicUsize>,
}

impl Gate {
    /// A way to the mirror node at `url`.
    pub(crate) async fn before(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mirror = url.strip_prefix("http://").unwrap().to_owned();
        let gate = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            closed: watch::channel(None).0,
            held: Arc::default(),
        };
        let (closed, held) = (gate.closed.subscribe(), Arc::clone(&gate.held));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, mirror.clone(), closed.clone(), Arc::clone(&held)));
            }
        });
        gate
    }

    /// Holds what asks for this path, from the next such question on.
    pub(crate) fn close(&self, path: &'static str) {
        self.closed.send_replace(Some(path));
    }

    pub(crate) fn open(&self) {
        self.closed.send_replace(None);
    }

    /// Waits until so many questions were held.
    pub(crate) async fn holds(&self, count: usize) {
        until("question to the mirror node", async || self.held.load(Ordering::SeqCst) >= count).await;
    }
}

async fn pass(
    client: TcpStream,
    mirror: String,
    mut closed: watch::Receiver<Option<&'static str>>,
    held: Arc<AtomicUsize>,
) {
    let mirror = TcpStream::connect(mirror).await.unwrap();
    let ((mut asked, mut answer), (mut answered, mut ask)) = (client.into_split(), mirror.into_split());
    tokio::spawn(async move { tokio::io::copy(&mut answered, &mut answer).await });
    let mut bytes = vec![0; 65_536];
    while let Ok(read @ 1..) = asked.read(&mut bytes).await {
        let question = String::from_utf8_lossy(&bytes[..read]);
        let stays = |path: Option<&str>| path.is_some_and(|path| question.contains(path));
        if stays(*closed.borrow()) {
            held.fetch_add(1, Ordering::SeqCst);
        }
        if closed.wait_for(|path| !stays(*path)).await.is_err()
            || ask.write_all(&bytes[..read]).await.is_err()
        {
            return;
        }
    }
}
