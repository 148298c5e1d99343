//! Rings: one record from one core to another, and as many as it takes, beside seven peers and a
//! plain ring written here.
//!
//! Rings that can are run between two processes, the others between two threads of one, and say so.
//! Both ends are pinned, and the ring is warmed for two laps, so that every page is there. Beside
//! every round the floor is measured (a bare cache line to and fro, [`probe`]): a virtual machine
//! may move a core between near and far from the other in the middle of a run, which changes
//! everything by a factor of five. A round whose floor changed is run again.
//!
//! | question | answer that must be equal |
//! |--|--|
//! | round trip of one record through two rings | all words of all replies, in order |
//! | one-way time of one record per microsecond | numbers of the records |
//! | records per second, one publication each, every word read | all words, in order |
//! | the same with 32 records a publication | all words, in order |

pub mod apart;
pub mod crossbeam;
pub mod cursor;
pub mod disruptor;
pub mod exchange;
pub mod hotlane;
pub mod iceoryx2;
pub mod ipc_ring;
pub mod link;
pub mod probe;
pub mod region;
pub mod report;
pub mod ringfire;
pub mod rtrb;
pub mod shaq;
pub mod turns;

pub use report::run;
