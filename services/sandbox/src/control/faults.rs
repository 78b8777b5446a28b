//! Faults.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Control;
use super::body::{self, Answer, Body, Refusal};
use crate::faults::{Armed, FaultSpec};

/// `GET /v1/faults`
pub(super) async fn list(State(control): State<Control>) -> Answer {
    Ok(Json(json!({"faults": control.faults.list()})))
}

/// `POST /v1/faults`
pub(super) async fn set(
    State(control): State<Control>,
    Body(spec): Body<FaultSpec>,
) -> Result<(StatusCode, Json<Armed>), Refusal> {
    let armed = control.faults.set(spec).map_err(|error| Refusal::bad(error.to_string()))?;
    Ok((StatusCode::CREATED, Json(armed)))
}

/// `DELETE /v1/faults`
pub(super) async fn clear(State(control): State<Control>) -> Json<Value> {
    control.faults.clear();
    Json(json!({}))
}

/// `DELETE /v1/faults/{id}`
pub(super) async fn remove(State(control): State<Control>, Path(id): Path<String>) -> Answer {
    let id = body::number(&id)?;
    if control.faults.remove(id) {
        Ok(Json(json!({})))
    } else {
        Err(Refusal::not_found(format!("there is no fault {id}")))
    }
}
