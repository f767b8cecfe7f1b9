//! The files of a OneRoster bundle, as one text that names each before it begins.
#![no_main]

use rollover_fuzz::bundle;

libfuzzer_sys::fuzz_target!(|text: &[u8]| bundle::check(&bundle::of_text(text)));
