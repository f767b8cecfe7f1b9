//! The setting `snapshots.url`, read: `file:` and a folder, or `s3://` with a bucket and what its names begin with.

use std::path::PathBuf;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SnapshotsAddress {
    Folder(PathBuf),
    Bucket(BucketAddress),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketAddress {
    pub bucket: String,
    /// Empty, or ends with a slash.
    pub prefix: String,
}

const EXPECTED: &str = "expected file:/folder or s3://bucket/prefix";
/// Names in a bucket have up to 1,024 bytes, of which a snapshot needs some 120.
const LONGEST_PREFIX: usize = 500;

impl SnapshotsAddress {
    /// The text is not repeated in the error: somebody may have written a secret into it.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(folder) = text.strip_prefix("file:").filter(|folder| !folder.is_empty()) {
            return Ok(Self::Folder(PathBuf::from(folder.strip_prefix("//").unwrap_or(folder))));
        }
        let rest = text.strip_prefix("s3://").ok_or(EXPECTED)?;
        if rest.contains(['@', '?', '#']) {
            return Err(format!(
                "{EXPECTED}; the key and its secret stand in ROLLOVER_SNAPSHOTS_ACCESS_KEY and \
                 ROLLOVER_SNAPSHOTS_SECRET_KEY"
            ));
        }
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        if bucket.is_empty() || !bucket.chars().all(plain) {
            return Err(EXPECTED.to_owned());
        }
        let prefix = prefix.trim_matches('/');
        let parts = || prefix.split('/');
        let fits = |part: &str| !part.is_empty() && part != "." && part != ".." && part.chars().all(plain);
        if !prefix.is_empty() && (prefix.len() > LONGEST_PREFIX || !parts().all(fits)) {
            return Err(format!("{EXPECTED}, the prefix of letters, digits, -, . and _"));
        }
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        Ok(Self::Bucket(BucketAddress { bucket: bucket.to_owned(), prefix }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_or_a_bucket() {
        let folder = |path: &str| Ok(SnapshotsAddress::Folder(PathBuf::from(path)));
        let bucket = |bucket: &str, prefix: &str| {
            Ok(SnapshotsAddress::Bucket(BucketAddress {
                bucket: bucket.to_owned(),
                prefix: prefix.to_owned(),
            }))
        };
        let cases = [
            ("file:/srv/snapshots", folder("/srv/snapshots")),
            ("file:///srv/snapshots", folder("/srv/snapshots")),
            ("file:data/snapshots", folder("data/snapshots")),
            ("s3://rosters", bucket("rosters", "")),
            ("s3://rosters/", bucket("rosters", "")),
            ("s3://rosters/rollover/prod/", bucket("rosters", "rollover/prod/")),
        ];
        for (text, expected) in cases {
            assert_eq!(SnapshotsAddress::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused_and_not_repeated() {
        let wrong =
            ["", "file:", "/srv", "s3:", "s3://", "s3:///x", "s3://a b", "s3://b/a//c", "s3://b/../c"];
        for text in
            wrong.into_iter().chain(["https://s3cret.example", "s3://key:s3cret@bucket", "s3://b?k=s3cret"])
        {
            let why = SnapshotsAddress::parse(text).unwrap_err();
            assert!(why.contains("s3://bucket/prefix") && !why.contains("s3cret"), "{text}: {why}");
        }
    }
}
