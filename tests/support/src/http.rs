//! A JSON client that returns status, headers and body. It never follows a redirect.

use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

/// A response that has been read completely.
#[derive(Debug, Clone)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body. A body that is not JSON is a string, an empty one is null.
    pub body: Value,
}

impl Response {
    /// Sends a request and reads the response.
    ///
    /// # Errors
    /// The connection fails before the whole body has been read.
    pub async fn fetch(request: RequestBuilder) -> reqwest::Result<Self> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        let body = if text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text).unwrap_or(Value::String(text))
        };
        Ok(Self {
            status,
            headers,
            body,
        })
    }

    /// The error code, or `None` if the body is not an error of the API.
    #[must_use]
    pub fn error_code(&self) -> Option<&str> {
        self.body["error"]["code"].as_str()
    }

    /// The value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// A client of one server, with at most one credential.
#[derive(Debug, Clone)]
pub struct Http {
    base: String,
    bearer: Option<String>,
    client: reqwest::Client,
}

impl Http {
    /// Creates a client without a credential, which ignores proxy settings.
    ///
    /// # Errors
    /// The TLS backend cannot be initialised.
    pub fn new(base: &str) -> reqwest::Result<Self> {
        let client = reqwest::Client::builder();
        let client = client.no_proxy().redirect(Policy::none()).build()?;
        Ok(Self {
            base: base.to_owned(),
            bearer: None,
            client,
        })
    }

    /// The base URL of the server.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The same server with the given bearer token.
    #[must_use]
    pub fn bearer(&self, token: &str) -> Self {
        Self {
            bearer: Some(token.to_owned()),
            ..self.clone()
        }
    }

    /// The bearer token.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.bearer.as_deref()
    }

    /// The same credential at another server.
    #[must_use]
    pub fn at(&self, base: &str) -> Self {
        Self {
            base: base.to_owned(),
            ..self.clone()
        }
    }

    /// Starts a request with the bearer token. `path` begins with a slash.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.base));
        match &self.bearer {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }
}

#[cfg(feature = "testing")]
#[expect(clippy::expect_used, reason = "without a response, the test fails")]
mod testing {
    use reqwest::{Method, RequestBuilder};
    use serde_json::Value;

    use super::{Http, Response};

    const NO_RESPONSE: &str = "a response";

    impl Response {
        /// Returns the body. Fails the test if the response has another status.
        #[track_caller]
        pub fn expect(self, status: u16) -> Value {
            assert_eq!(self.status, status, "{}", self.body);
            self.body
        }

        /// Returns the error code. Fails the test if the response has none.
        #[track_caller]
        #[must_use]
        pub fn code(&self) -> &str {
            let code = self.error_code();
            assert!(
                code.is_some(),
                "not a problem: {} {}",
                self.status,
                self.body
            );
            code.unwrap_or_default()
        }
    }

    /// All of them fail the test if there is no response.
    impl Http {
        /// Sends a GET.
        pub async fn get(&self, path: &str) -> Response {
            responded(self.request(Method::GET, path)).await
        }

        /// Sends a GET with an additional header.
        pub async fn get_with(&self, path: &str, (name, value): (&str, &str)) -> Response {
            responded(self.request(Method::GET, path).header(name, value)).await
        }

        /// Sends a DELETE.
        pub async fn delete(&self, path: &str) -> Response {
            responded(self.request(Method::DELETE, path)).await
        }

        /// Sends a PATCH.
        pub async fn patch(&self, path: &str, body: Value) -> Response {
            responded(self.json(Method::PATCH, path, &body)).await
        }

        /// Sends a PUT.
        pub async fn put(&self, path: &str, body: Value) -> Response {
            responded(self.json(Method::PUT, path, &body)).await
        }

        /// Sends a POST without a body, as action routes expect.
        pub async fn act(&self, path: &str) -> Response {
            responded(self.request(Method::POST, path)).await
        }

        /// Sends a POST.
        pub async fn post(&self, path: &str, body: Value) -> Response {
            responded(self.json(Method::POST, path, &body)).await
        }

        /// Sends a POST with an additional header.
        pub async fn post_with(
            &self,
            path: &str,
            body: Value,
            (name, value): (&str, &str),
        ) -> Response {
            responded(self.json(Method::POST, path, &body).header(name, value)).await
        }

        /// Sends a POST under an idempotency key.
        pub async fn post_keyed(&self, path: &str, body: Value, key: &str) -> Response {
            let response = self.try_post_keyed(path, body, key).await;
            response.expect(NO_RESPONSE)
        }

        /// Sends a POST under an idempotency key. Returns `None` if the server ended before it answered.
        pub async fn try_post_keyed(&self, path: &str, body: Value, key: &str) -> Option<Response> {
            let request = self.json(Method::POST, path, &body);
            let response = Response::fetch(request.header("Idempotency-Key", key)).await;
            response.ok()
        }

        /// Sends a POST with a raw body and headers, and without the bearer token, as providers do.
        pub async fn post_raw(
            &self,
            path: &str,
            body: String,
            headers: &[(&str, &str)],
        ) -> Response {
            let request = self.client.post(format!("{}{path}", self.base)).body(body);
            let add = |request: RequestBuilder, (name, value): &(&str, &str)| {
                request.header(*name, *value)
            };
            responded(headers.iter().fold(request, add)).await
        }

        /// A request with a JSON body, or without a body if it is null.
        fn json(&self, method: Method, path: &str, body: &Value) -> RequestBuilder {
            let request = self.request(method, path);
            if body.is_null() {
                request
            } else {
                request.json(body)
            }
        }
    }

    async fn responded(request: RequestBuilder) -> Response {
        Response::fetch(request).await.expect(NO_RESPONSE)
    }
}
