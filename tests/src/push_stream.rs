//! The pushes for a device, read as they come.

use reqwest::Response;
use serde_json::Value;
use tokio::time::timeout;

use crate::PATIENCE;

/// A stream of server-sent events.
#[derive(Debug)]
pub struct PushStream {
    response: Response,
    text: String,
}

impl PushStream {
    pub(crate) fn new(response: Response) -> Self {
        Self { response, text: String::new() }
    }

    /// The next push; waits for it.
    pub async fn next(&mut self) -> Value {
        loop {
            while let Some((event, rest)) = self.text.split_once("\n\n") {
                let data = event.strip_prefix("data: ").map(|json| serde_json::from_str(json).unwrap());
                self.text = rest.to_owned();
                if let Some(data) = data {
                    return data;
                }
            }
            let chunk = timeout(PATIENCE, self.response.chunk()).await;
            let chunk = chunk.unwrap_or_else(|_| panic!("no push for {PATIENCE:?}")).unwrap();
            let chunk = chunk.unwrap_or_else(|| panic!("the stream ended"));
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}
