//! Lines through a lane: records, counters and histograms.
