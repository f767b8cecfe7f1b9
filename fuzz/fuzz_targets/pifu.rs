//! The Norwegian profile: what stands inside a document of its namespace.
#![no_main]

use rollover_fuzz::{PIFU, imse};

libfuzzer_sys::fuzz_target!(|inside: &[u8]| {
    let open = format!("<enterprise xmlns=\"{PIFU}\">");
    imse::check(&[open.as_bytes(), inside, b"</enterprise>"].concat());
});
