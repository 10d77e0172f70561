#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| megachat_fuzz::words::tokenizer_json(bytes));
