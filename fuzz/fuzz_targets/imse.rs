//! IMS Enterprise, the platforms' dialect, as any bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rollover_fuzz::imse::check(bytes));
