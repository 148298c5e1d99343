//! Which vector instructions this processor has: asked once, then carried as a value.

/// An instruction set that this processor has. Values come from [`Isa::detect`],
/// [`Isa::available`] and [`Isa::PLAIN`] only, so holding one is proof that its instructions can
/// be executed; that is what makes the kernels safe to call.
///
/// Whoever uses kernels asks once, when it is built, and keeps the value. A kernel then costs one
/// branch that always goes the same way, and a direct call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Isa(pub(crate) Level);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Plain,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

/// Calls the form of a kernel for the level, out of the caller's modules `plain`, `avx2`, `avx512`.
macro_rules! dispatch {
    ($isa:expr, $kernel:ident($($argument:expr),*)) => {
        match $isa.0 {
            Level::Plain => plain::$kernel($($argument),*),
            // SAFETY: the `Isa` is proof that the processor has the features of this form.
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => unsafe { avx2::$kernel($($argument),*) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { avx512::$kernel($($argument),*) },
        }
    };
}
pub(crate) use dispatch;

impl Isa {
    /// What every processor of the target architecture has.
    pub const PLAIN: Isa = Isa(Level::Plain);

    /// The highest level that this processor and its operating system offer.
    #[must_use]
    pub fn detect() -> Isa {
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("popcnt");
            if avx2 && is_x86_feature_detected!("avx512f") {
                return Isa(Level::Avx512);
            }
            if avx2 {
                return Isa(Level::Avx2);
            }
        }
        Isa::PLAIN
    }

    /// All levels that this processor offers, the plainest first.
    #[must_use]
    pub fn available() -> &'static [Isa] {
        match Isa::detect().0 {
            Level::Plain => &[Isa::PLAIN],
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => &[Isa::PLAIN, Isa(Level::Avx2)],
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => &[Isa::PLAIN, Isa(Level::Avx2), Isa(Level::Avx512)],
        }
    }

    /// Its name, for reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.0 {
            Level::Plain => "plain",
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => "avx512",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plain_level_is_always_there_and_the_highest_is_the_one_detected() {
        assert_eq!(Isa::available().first(), Some(&Isa::PLAIN));
        assert_eq!(Isa::available().last(), Some(&Isa::detect()));
    }
}
