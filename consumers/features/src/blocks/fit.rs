//! How the table of the microprice is fitted: not on the hot path.
//!
//! Quotes are a Markov chain over (imbalance, spread), watched at a fixed interval. `Q` are the
//! transitions without a change of the middle, `R` the probabilities of a change by each of the
//! steps `K`, `T` the transitions with a change. The expected first change is
//! `G1 = (I - Q)^-1 R K`, and each further one follows with `B = (I - Q)^-1 T`:
//! `g = G1 + B G1 + B² G1 + ...`.

use super::microprice::{MicroTable, state_of};
use crate::inputs::{Quote, Scale};

/// Terms of the series.
pub const TERMS: usize = 6;

/// A square matrix, by rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    size: usize,
    cells: Vec<f64>,
}

impl Matrix {
    /// A matrix of zeros.
    pub fn zero(size: usize) -> Matrix {
        Matrix { size, cells: vec![0.0; size * size] }
    }

    /// From its rows; shorter or longer rows are cut or filled with zeros.
    pub fn from_rows(rows: &[Vec<f64>]) -> Matrix {
        let mut matrix = Matrix::zero(rows.len());
        for (i, row) in rows.iter().enumerate() {
            for (j, value) in row.iter().take(rows.len()).enumerate() {
                matrix.add(i, j, *value);
            }
        }
        matrix
    }

    fn get(&self, row: usize, column: usize) -> f64 {
        self.cells.get(row * self.size + column).copied().unwrap_or(0.0)
    }

    fn add(&mut self, row: usize, column: usize, by: f64) {
        if let Some(cell) = self.cells.get_mut(row * self.size + column) {
            *cell += by;
        }
    }

    fn times(&self, vector: &[f64]) -> Vec<f64> {
        let cell = |row: usize| vector.iter().enumerate().map(move |(j, x)| self.get(row, j) * x);
        (0..self.size).map(|row| cell(row).sum()).collect()
    }

    fn swap_rows(&mut self, a: usize, b: usize) {
        for column in 0..self.size {
            self.cells.swap(a * self.size + column, b * self.size + column);
        }
    }
}

/// Solves `(I - q) x = right`; `None` where that has no single solution: a state is never left.
fn solve(q: &Matrix, right: &[f64]) -> Option<Vec<f64>> {
    let size = q.size;
    let mut left = Matrix::zero(size);
    for i in 0..size {
        for j in 0..size {
            left.add(i, j, f64::from(u8::from(i == j)) - q.get(i, j));
        }
    }
    let mut x = right.to_vec();
    for column in 0..size {
        let pivot = (column..size)
            .max_by(|a, b| left.get(*a, column).abs().total_cmp(&left.get(*b, column).abs()))?;
        if left.get(pivot, column).abs() < 1e-12 {
            return None;
        }
        left.swap_rows(column, pivot);
        x.swap(column, pivot);
        for row in 0..size {
            let factor = left.get(row, column) / left.get(column, column);
            if row == column || factor == 0.0 {
                continue;
            }
            for j in column..size {
                left.add(row, j, -factor * left.get(column, j));
            }
            let by = factor * x.get(column).copied()?;
            *x.get_mut(row)? -= by;
        }
    }
    for (row, value) in x.iter_mut().enumerate() {
        *value /= left.get(row, row);
    }
    Some(x)
}

/// The correction per state: `terms` terms of the series; `None` where `I - q` cannot be inverted.
pub fn correction(q: &Matrix, rk: &[f64], t: &Matrix, terms: usize) -> Option<Vec<f64>> {
    let mut term = solve(q, rk)?;
    let mut sum = term.clone();
    for _ in 1..terms {
        term = solve(q, &t.times(&term))?;
        for (sum, term) in sum.iter_mut().zip(&term) {
            *sum += term;
        }
    }
    Some(sum)
}

/// Collects transitions of one instrument's quotes, taken at a fixed interval.
#[derive(Debug)]
pub struct Fitter {
    n_imbalance: u32,
    n_spread: u32,
    scale: Scale,
    before: Option<(usize, i64)>,
    stay: Matrix,
    jump: Matrix,
    /// Per state: sum of the changes of the middle in ticks, and transitions seen.
    change: Vec<f64>,
    seen: Vec<f64>,
}

impl Fitter {
    /// A fit with these numbers of buckets.
    pub fn new(n_imbalance: u32, n_spread: u32, scale: Scale) -> Fitter {
        let states = n_imbalance as usize * n_spread as usize;
        Fitter {
            n_imbalance,
            n_spread,
            scale,
            before: None,
            stay: Matrix::zero(states),
            jump: Matrix::zero(states),
            change: vec![0.0; states],
            seen: vec![0.0; states],
        }
    }

    /// The quote at the next time of the interval; `None` where it is not valid.
    ///
    /// Changes of the middle of more than a tick are no part of the model, and left out. Every
    /// transition is also counted mirrored, with bid and ask exchanged.
    pub fn sample(&mut self, quote: Option<&Quote>) {
        let state = quote.and_then(|quote| {
            let state = state_of(quote, self.scale, self.n_imbalance, self.n_spread)?;
            Some((state as usize, quote.mid2()))
        });
        let pair = self.before.zip(state);
        self.before = state;
        let Some(((from, mid), (to, next))) = pair else { return };
        let half_ticks = next.saturating_sub(mid) / self.scale.tick.max(1);
        if half_ticks.abs() > 2 {
            return;
        }
        self.count(from, to, half_ticks as f64 / 2.0);
        self.count(self.mirror(from), self.mirror(to), -half_ticks as f64 / 2.0);
    }

    fn mirror(&self, state: usize) -> usize {
        let n = self.n_imbalance as usize;
        state / n * n + (n - 1 - state % n)
    }

    fn count(&mut self, from: usize, to: usize, ticks: f64) {
        let moved = ticks != 0.0;
        let matrix = if moved { &mut self.jump } else { &mut self.stay };
        matrix.add(from, to, 1.0);
        if let (Some(change), Some(seen)) = (self.change.get_mut(from), self.seen.get_mut(from)) {
            *change += ticks;
            *seen += 1.0;
        }
    }

    /// The table; `None` where the quotes seen do not determine it.
    pub fn table(&self, version: u32) -> Option<MicroTable> {
        let states = self.seen.len();
        let (mut q, mut t) = (Matrix::zero(states), Matrix::zero(states));
        let mut rk = vec![0.0; states];
        for (i, (seen, change)) in self.seen.iter().zip(&self.change).enumerate() {
            if *seen == 0.0 {
                continue;
            }
            for j in 0..states {
                q.add(i, j, self.stay.get(i, j) / seen);
                t.add(i, j, self.jump.get(i, j) / seen);
            }
            if let Some(rk) = rk.get_mut(i) {
                *rk = change / seen;
            }
        }
        let g_ticks = correction(&q, &rk, &t, TERMS)?;
        let (n_imbalance, n_spread) = (self.n_imbalance, self.n_spread);
        Some(MicroTable { version, n_imbalance, n_spread, g_ticks })
    }
}
