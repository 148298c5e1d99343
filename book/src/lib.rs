//! Order books: L3 with FIFO queues, L2, top of book.
#![forbid(unsafe_code)]
