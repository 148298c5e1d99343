//! What every comparison is made with.
//!
//! ```text
//! setting   how a run was asked for         options   the command line
//! contest   turns, medians, ratios          table, bar   the result of a comparison
//! memory    large pages for everyone; page faults and allocations, counted
//! host      what the figures were taken on, and how far to trust them
//! run       one section after another       progress  what is being done, on stderr
//! child     other ends, in processes of their own
//! report/   text, JSON, markdown
//! ```

pub mod bar;
pub mod child;
pub mod contest;
pub mod error;
pub mod host;
pub mod memory;
pub mod options;
pub mod progress;
pub mod report;
pub mod run;
pub mod setting;
pub mod table;

pub use bar::{Bar, Verdict, Want};
pub use child::Child;
pub use contest::{Contestant, Round, Series, contest, median};
pub use error::CompareError;
pub use host::Host;
pub use memory::{Spent, measured};
pub use run::{Outcome, Result as Comparison, run};
pub use setting::Setting;
pub use table::{Row, Table};
