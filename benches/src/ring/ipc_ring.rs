//! ipc_ring: frames of bytes over a mapped file, with events for sleepers.

use super::link::{Ends, Link, Receive64, Send64, WORDS, words};
use crate::harness::CompareError;
use ::ipc_ring::{RingReader, RingWriter};
use std::path::Path;
use zerocopy::{FromBytes, IntoBytes};

/// ipc_ring.
pub struct IpcRing;

/// Its writer.
pub struct Tx(RingWriter);

/// The writer on its way to the end that uses it.
struct Carried(RingWriter);

// SAFETY: the writer's pointers lead into a mapping that it owns and that belongs to no thread; it
// is moved once, before its first use.
unsafe impl Send for Carried {}

impl Carried {
    fn arrive(self) -> Tx {
        Tx(self.0)
    }
}

/// Its reader, and the buffer that it fills.
pub struct Rx(RingReader, Vec<u8>);

impl Link for IpcRing {
    type Tx = Tx;
    type Rx = Rx;
    const NAME: &'static str = "ipc_ring 0.2.1";
    const NOTE: &'static str = "bytes of any length; signals an event per record";

    fn open(folder: &Path, name: &str, capacity: usize) -> Result<Ends<Self>, CompareError> {
        let path = folder.join(format!("{name}.ipc_ring"));
        // An earlier round's file; that there is none is no error.
        let _ = std::fs::remove_file(&path);
        // 4 bytes of length before each record, and the next power of two.
        let bytes = (capacity * (WORDS * 8 + 4)).next_power_of_two();
        let tx = RingWriter::create(&path, bytes);
        let tx = Carried(tx.map_err(|e| CompareError::failed("ipc_ring", e))?);
        let rx = move || {
            let reader = RingReader::open(&path);
            reader
                .map(|reader| Rx(reader, Vec::with_capacity(WORDS * 8)))
                .map_err(|e| CompareError::failed("ipc_ring", e))
        };
        Ok((Box::new(move || Ok(tx.arrive())), Box::new(rx)))
    }
}

impl Send64 for Tx {
    #[inline(always)]
    fn send(&mut self, n: u64) -> bool {
        self.send_words(&words(n))
    }

    #[inline(always)]
    fn send_words(&mut self, words: &[u64; WORDS]) -> bool {
        self.0.try_push(words.as_bytes()).is_ok()
    }
}

impl Receive64 for Rx {
    #[inline(always)]
    fn receive(&mut self) -> Option<[u64; WORDS]> {
        match self.0.try_pop(&mut self.1) {
            Ok(Some(_)) => <[u64; WORDS]>::read_from_bytes(&self.1).ok(),
            _ => None,
        }
    }
}
