//! The file a session is written to.
//!
//! It has another name until it is whole: an interrupted run leaves `NAME.partial`, never half a
//! session under a name that a test would read.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::Error;

const BUFFER: usize = 1 << 20;
/// The mark that keeps a made session apart from a recorded one.
const MARK: &str = "SIM";

/// Refuses a name that could be taken for a recording.
///
/// # Errors
/// [`Error::Name`] with a better name.
pub fn require_sim(path: &Path) -> Result<(), Error> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.unwrap_or_default();
    if name.contains(MARK) {
        return Ok(());
    }
    let suggestion = path.with_file_name(format!("{MARK}_{name}")).display().to_string();
    Err(Error::Name { path: path.to_owned(), suggestion })
}

/// A file that gets its name when it is finished; compressed if that ends in `.gz`.
#[derive(Debug)]
pub struct Output {
    path: PathBuf,
    partial: PathBuf,
    writer: Writer,
}

#[derive(Debug)]
enum Writer {
    Plain(BufWriter<File>),
    Gzip(GzEncoder<BufWriter<File>>),
}

impl Output {
    /// Begins the file.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be created.
    pub fn create(path: &Path) -> Result<Self, Error> {
        let mut name = path.as_os_str().to_owned();
        name.push(".partial");
        let partial = PathBuf::from(name);
        let file = File::create(&partial).map_err(Error::io(&partial, "create"))?;
        let buffered = BufWriter::with_capacity(BUFFER, file);
        let writer = if path.extension().is_some_and(|extension| extension == "gz") {
            Writer::Gzip(GzEncoder::new(buffered, Compression::fast()))
        } else {
            Writer::Plain(buffered)
        };
        Ok(Self { path: path.to_owned(), partial, writer })
    }

    /// Writes what is buffered and gives the file its name.
    ///
    /// # Errors
    /// [`Error::Io`] if either fails.
    pub fn finish(self) -> Result<(), Error> {
        let written = match self.writer {
            Writer::Plain(mut writer) => writer.flush(),
            Writer::Gzip(encoder) => encoder.finish().and_then(|mut writer| writer.flush()),
        };
        written.map_err(Error::io(&self.partial, "write"))?;
        std::fs::rename(&self.partial, &self.path).map_err(Error::io(&self.path, "name"))
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.writer {
            Writer::Plain(writer) => writer.write(bytes),
            Writer::Gzip(writer) => writer.write(bytes),
        }
    }

    /// Compressed output is flushed only at its end: a flush in between would cost size.
    fn flush(&mut self) -> io::Result<()> {
        match &mut self.writer {
            Writer::Plain(writer) => writer.flush(),
            Writer::Gzip(_) => Ok(()),
        }
    }
}
