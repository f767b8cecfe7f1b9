//! The HTTP client of tests: it speaks to pages in the clear, and yet its library wants to know who does TLS.

use reqwest::{Client, ClientBuilder};
use tokio_rustls::rustls::crypto::ring::default_provider;

pub fn http_client() -> ClientBuilder {
    // Another test of this process may have said so before.
    let _ = default_provider().install_default();
    Client::builder()
}
