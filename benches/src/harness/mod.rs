//! What every comparison is made with.

pub mod bar;
pub mod contest;
pub mod error;
pub mod setting;
pub mod table;

pub use bar::{Bar, Want};
pub use contest::{Contestant, Round, Series, contest, median};
pub use error::CompareError;
pub use setting::Setting;
pub use table::{Row, Table};
