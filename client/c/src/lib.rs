//! The C ABI of the client.
