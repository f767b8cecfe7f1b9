//! Tests of the package from outside, in one binary, since linking takes longer than running.

#![cfg(test)]

mod compare;
mod difference;
mod encodings;
mod generate;
mod hostile;
mod never_panics;
mod oneroster;
mod outside_samples;
mod repair;
mod round_trip;
mod sealed;
mod shared;
mod slices;
mod snapshot_parts;
mod snapshot_purge;
mod snapshots;
mod truncated;
mod undo;
