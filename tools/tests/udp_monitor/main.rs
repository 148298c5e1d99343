//! `udp_monitor` over loopback and over captures: what it says of datagrams made here.

mod capture;
mod errors;
mod live;
mod publisher;
mod tool;
