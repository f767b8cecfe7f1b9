//! A snapshot that was damaged on its disk: an error, or what was written; nothing else.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rollover_fuzz::damage::check(bytes));
