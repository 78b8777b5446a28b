//! The client against a small HTTP server that answers from a script and records what it was asked.

mod entities;
mod lists;
mod transport;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::{Mirror, MirrorConfig};
use crate::ids::{AccountId, TokenId};

/// One scripted answer.
#[derive(Clone)]
struct Reply {
    status: u16,
    body: String,
    retry_after: Option<&'static str>,
    delay: Duration,
}

#[derive(Default)]
struct Script {
    replies: VecDeque<Reply>,
    asked: Vec<String>,
}

/// A mirror node that plays a script; when it is played, the last answer is repeated.
#[derive(Clone)]
struct FakeMirror {
    script: Arc<Mutex<Script>>,
    url: String,
}

fn ok(body: impl Into<String>) -> Reply {
    Reply { status: 200, body: body.into(), retry_after: None, delay: Duration::ZERO }
}

fn status(status: u16) -> Reply {
    Reply { status, ..ok("{}") }
}

impl FakeMirror {
    async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("a bound address"));
        let script =
            Arc::new(Mutex::new(Script { replies: replies.into_iter().collect(), asked: Vec::new() }));
        let router = Router::new().fallback(play).with_state(Arc::clone(&script));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { script, url }
    }

    /// Patient enough for the script, impatient enough for a test.
    fn config(&self) -> MirrorConfig {
        MirrorConfig {
            request_timeout: Duration::from_millis(300),
            attempts_max: 3,
            backoff_first: Duration::from_millis(2),
            backoff_max: Duration::from_millis(50),
            body_bytes_max: 10_000,
            pages_max: 5,
            ..MirrorConfig::new(&self.url)
        }
    }

    fn client(&self) -> Mirror {
        Mirror::new(self.config()).expect("a valid URL")
    }

    fn asked(&self) -> Vec<String> {
        self.script.lock().expect("no panic while locked").asked.clone()
    }
}

async fn play(State(script): State<Arc<Mutex<Script>>>, request: Request) -> Response {
    let reply = {
        let mut script = script.lock().expect("no panic while locked");
        script.asked.push(request.uri().to_string());
        let last = script.replies.len() == 1;
        let reply = if last { script.replies.front().cloned() } else { script.replies.pop_front() };
        reply.expect("a script with an answer")
    };
    tokio::time::sleep(reply.delay).await;
    let status = StatusCode::from_u16(reply.status).expect("a status");
    let mut response = (status, reply.body).into_response();
    if let Some(seconds) = reply.retry_after {
        response.headers_mut().insert("retry-after", seconds.parse().expect("a header"));
    }
    response
}

fn account(num: u64) -> AccountId {
    AccountId::from_num(num).expect("a number in range")
}

fn token() -> TokenId {
    TokenId::from_num(456_858).expect("a number in range")
}
