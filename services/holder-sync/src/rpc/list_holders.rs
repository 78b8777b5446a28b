//! `ListHolders`.

use proto::holder::v1::{ListHoldersRequest, ListHoldersResponse};
use service_kit::page::{self, Filters, PageToken};
use service_kit::validate;
use tonic::{Request, Status};

use super::convert;
use crate::app::{self, App};
use crate::domain::{HolderOrder, HolderPosition};
use crate::error::Error;

/// The balance in text, because JSON's numbers end at 2^53, and the account's number.
type Cursor = (String, u64);

pub(super) async fn handle(
    app: &App,
    request: Request<ListHoldersRequest>,
) -> Result<ListHoldersResponse, Status> {
    let message = request.into_inner();
    let asset = convert::asset_id(&message.asset_id)?;
    let search = convert::search(&message.search)?;
    let order = convert::order(message.order)?;
    let size = page::size(message.page_size).map_err(Error::from)?;
    let filters = filters(&message, order);
    let after = position(&message.page_token, filters)?;
    let page = app::list_holders(app, asset, search, order, after, size + 1).await?;
    let holders = convert::holders(&page, size as usize);
    // One more than asked for tells whether there is a next page.
    let more = page.holders.len() > holders.len();
    let last = page.holders.get(holders.len().wrapping_sub(1)).filter(|_| more);
    let cursor: Option<Cursor> = last.map(|last| (last.balance.to_string(), last.account.num));
    Ok(ListHoldersResponse {
        holders,
        next_page_token: PageToken::encode(cursor.as_ref(), filters),
        total_count: page.total_count,
    })
}

fn filters(message: &ListHoldersRequest, order: HolderOrder) -> Filters {
    let (asset, search) = (&message.asset_id, &message.search);
    Filters::of_bytes(format!("ListHolders {asset} {search} {order:?}").as_bytes())
}

fn position(token: &str, filters: Filters) -> Result<Option<HolderPosition>, Error> {
    let cursor: Option<Cursor> = PageToken::decode(token, filters)?;
    let position =
        |(balance, num): Cursor| Ok(HolderPosition { balance: validate::only("page_token", &balance)?, num });
    cursor.map(position).transpose()
}
