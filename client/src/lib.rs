//! What a consumer links: attach, filter, poll, books, resync, several lanes.
#![forbid(unsafe_code)]
