//! A OneRoster bundle as a ZIP of any bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|zip: &[u8]| rollover_fuzz::bundle::check(zip));
