//! Kernels dispatched at run time and prefetch, each with a scalar twin.
