//! A JSON client that returns status, headers and body.

use reqwest::Method;
use serde_json::Value;

/// A response. A body that is not JSON is kept as a string.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    /// Returns the body. Fails the test if the response has another status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }

    /// Returns the error code. Fails the test if the response has none.
    #[track_caller]
    pub(crate) fn code(&self) -> &str {
        self.body["error"]["code"]
            .as_str()
            .unwrap_or_else(|| panic!("not a problem: {} {}", self.status, self.body))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// A client of one server, with at most one credential.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    base: String,
    bearer: Option<String>,
    client: reqwest::Client,
}

impl Http {
    pub(crate) fn new(base: &str) -> Self {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self {
            base: base.to_owned(),
            bearer: None,
            client,
        }
    }

    /// The same server with the given bearer token.
    pub(crate) fn bearer(&self, token: &str) -> Self {
        Self {
            bearer: Some(token.to_owned()),
            ..self.clone()
        }
    }

    /// The bearer token.
    pub(crate) fn token(&self) -> Option<&str> {
        self.bearer.as_deref()
    }

    /// The same credential at another server.
    pub(crate) fn at(&self, base: &str) -> Self {
        Self {
            base: base.to_owned(),
            ..self.clone()
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None, &[])
            .await
            .expect("an answer")
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body), &[])
            .await
            .expect("an answer")
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, Some(body), &[])
            .await
            .expect("an answer")
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, Some(body), &[])
            .await
            .expect("an answer")
    }

    /// Sends a GET with an additional header.
    pub(crate) async fn get_with(&self, path: &str, header: (&str, &str)) -> Answer {
        self.send(Method::GET, path, None, &[header])
            .await
            .expect("an answer")
    }

    /// Sends a POST with an additional header.
    pub(crate) async fn post_with(&self, path: &str, body: Value, header: (&str, &str)) -> Answer {
        self.send(Method::POST, path, Some(body), &[header])
            .await
            .expect("an answer")
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None, &[])
            .await
            .expect("an answer")
    }

    /// Sends a POST without a body, as action routes expect.
    pub(crate) async fn act(&self, path: &str) -> Answer {
        self.send(Method::POST, path, None, &[])
            .await
            .expect("an answer")
    }

    pub(crate) async fn post_keyed(&self, path: &str, body: Value, key: &str) -> Answer {
        self.send(Method::POST, path, Some(body), &[("Idempotency-Key", key)])
            .await
            .expect("an answer")
    }

    /// Sends a POST under an idempotency key. Returns `None` if the server ended before it answered.
    pub(crate) async fn try_post_keyed(
        &self,
        path: &str,
        body: Value,
        key: &str,
    ) -> Option<Answer> {
        self.send(Method::POST, path, Some(body), &[("Idempotency-Key", key)])
            .await
    }

    /// Sends a POST with a raw body and headers, as providers do.
    pub(crate) async fn post_raw(
        &self,
        path: &str,
        body: String,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = self.client.post(format!("{}{path}", self.base)).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(request.send().await.expect("an answer"))
            .await
            .expect("a body")
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Option<Answer> {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if let Some(token) = &self.bearer {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body.filter(|body| !body.is_null()) {
            request = request.json(&body);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(request.send().await.ok()?).await
    }
}

async fn answer(response: reqwest::Response) -> Option<Answer> {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.ok()?;
    let body = if text.is_empty() {
        Value::Null
    } else {
        serde_json::from_str(&text).unwrap_or(Value::String(text))
    };
    Some(Answer {
        status,
        headers,
        body,
    })
}
