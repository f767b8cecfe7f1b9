//! Style, script and icon: built in, and served under a name with their hash, so that browsers may keep them.

use super::error::PageError;
use axum::{
    extract::Path,
    http::{HeaderName, header},
};
use std::sync::LazyLock;

const FOR_A_YEAR: &str = "public, max-age=31536000, immutable";
/// So much of the hash stands in the name.
const HASH_LETTERS: usize = 12;

/// One built-in file.
pub(super) struct Asset {
    pub address: String,
    kind: &'static str,
    text: &'static str,
}

impl Asset {
    fn new(stem: &str, ending: &str, kind: &'static str, text: &'static str) -> Self {
        let hash = &blake3::hash(text.as_bytes()).to_hex()[..HASH_LETTERS];
        Self { address: format!("/assets/{stem}-{hash}.{ending}"), kind, text }
    }
}

pub(super) static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("rollover", "css", "text/css; charset=utf-8", include_str!("assets/rollover.css"))
});
pub(super) static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("live", "js", "text/javascript; charset=utf-8", include_str!("assets/live.js"))
});
pub(super) static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("icon", "svg", "image/svg+xml", include_str!("assets/icon.svg")));

pub(super) async fn asset(
    Path(name): Path<String>,
) -> Result<([(HeaderName, &'static str); 2], &'static str), PageError> {
    let asked = format!("/assets/{name}");
    let found = [&*STYLE, &*SCRIPT, &*ICON].into_iter().find(|asset| asset.address == asked);
    let asset = found.ok_or(PageError::NoSuchPage)?;
    Ok(([(header::CONTENT_TYPE, asset.kind), (header::CACHE_CONTROL, FOR_A_YEAR)], asset.text))
}
