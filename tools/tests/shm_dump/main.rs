//! `shm-dump` against an instance that this process makes: whatever it shows must be what was
//! written, and showing it must change nothing.

mod damage;
mod lives;
mod other_release;
mod producer;
mod records;
mod tables;
mod tool;
