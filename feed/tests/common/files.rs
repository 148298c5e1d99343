//! Captures byte by byte: link layers, IP, UDP, files.
