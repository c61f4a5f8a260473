//! Least squares of a number on things that are there or not, or there to some extent, with errors that hold whatever
//! the variances are.

use crate::distribution::{student_critical, student_two_sided};

/// Below this part of a column's own variation that no earlier column explains, it is told apart by rounding alone.
const TOLERANCE: f64 = 1e-8;

/// One answer: its value, and the columns that are not zero with what they hold, in ascending order.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) value: f64,
    pub(super) cells: Vec<(usize, f64)>,
}

/// The effect of one column, all others alike.
#[derive(Debug, Clone, Copy)]
pub(super) struct Effect {
    pub(super) value: f64,
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) p_value: f64,
    pub(super) variance_inflation: f64,
}

/// What was estimated.
#[derive(Debug, Clone)]
pub(super) struct Fit {
    /// One for each column; none for one that the earlier columns make up completely.
    pub(super) effects: Vec<Option<Effect>>,
    /// Corrected for the number of columns.
    pub(super) r_squared: f64,
    /// The correlation of each pair of columns.
    pub(super) correlation: Square,
}

/// A square matrix.
#[derive(Debug, Clone)]
pub(super) struct Square {
    side: usize,
    cells: Vec<f64>,
}

impl Square {
    fn zero(side: usize) -> Self {
        Self {
            side,
            cells: vec![0.0; side * side],
        }
    }

    pub(super) fn at(&self, row: usize, column: usize) -> f64 {
        self.cells[row * self.side + column]
    }

    fn set(&mut self, row: usize, column: usize, value: f64) {
        self.cells[row * self.side + column] = value;
    }

    fn add(&mut self, row: usize, column: usize, value: f64) {
        self.cells[row * self.side + column] += value;
    }

    fn times(&self, vector: &[f64]) -> Vec<f64> {
        let product = |row: usize| {
            (0..self.side)
                .map(|column| self.at(row, column) * vector[column])
                .sum()
        };
        (0..self.side).map(product).collect()
    }

    /// The rows and columns `kept`.
    fn part(&self, kept: &[usize]) -> Self {
        let mut part = Self::zero(kept.len());
        for (i, &row) in kept.iter().enumerate() {
            for (j, &column) in kept.iter().enumerate() {
                part.set(i, j, self.at(row, column));
            }
        }
        part
    }

    /// The columns, from the first on, that the earlier ones do not make up. Of a correlation matrix.
    fn independent(&self) -> Vec<usize> {
        let mut factor = Self::zero(self.side);
        let mut kept: Vec<usize> = Vec::new();
        for row in 0..self.side {
            for (place, &column) in kept.iter().enumerate() {
                let known: f64 = kept[..place]
                    .iter()
                    .map(|&k| factor.at(row, k) * factor.at(column, k))
                    .sum();
                factor.set(
                    row,
                    column,
                    (self.at(row, column) - known) / factor.at(column, column),
                );
            }
            let left = self.at(row, row) - kept.iter().map(|&k| factor.at(row, k).powi(2)).sum::<f64>();
            if left > TOLERANCE {
                factor.set(row, row, left.sqrt());
                kept.push(row);
            }
        }
        kept
    }

    /// The inverse of a positive definite matrix, by Gauss and Jordan.
    fn inverse(&self) -> Self {
        let side = self.side;
        let mut matrix = self.clone();
        for pivot in 0..side {
            let divisor = matrix.at(pivot, pivot);
            matrix.set(pivot, pivot, 1.0);
            for column in 0..side {
                matrix.set(pivot, column, matrix.at(pivot, column) / divisor);
            }
            for row in (0..side).filter(|&row| row != pivot) {
                let factor = matrix.at(row, pivot);
                matrix.set(row, pivot, 0.0);
                for column in 0..side {
                    matrix.add(row, column, -factor * matrix.at(pivot, column));
                }
            }
        }
        matrix
    }
}

/// Sums over the rows, about their means.
struct Moments {
    n: f64,
    mean: f64,
    /// Of each column: of one that is there or not, the share of rows that has it.
    means: Vec<f64>,
    variation: f64,
    /// Of each column with each, and of each with the value.
    products: Square,
    with_value: Vec<f64>,
}

impl Moments {
    fn of(columns: usize, rows: &[Row]) -> Self {
        let n = rows.len() as f64;
        let mean = rows.iter().map(|row| row.value).sum::<f64>() / n;
        let mut products = Square::zero(columns);
        let (mut with_value, mut means) = (vec![0.0; columns], vec![0.0; columns]);
        for row in rows {
            for &(i, cell) in &row.cells {
                means[i] += cell;
                with_value[i] += cell * (row.value - mean);
                for &(j, other) in &row.cells {
                    products.add(i, j, cell * other);
                }
            }
        }
        for sum in &mut means {
            *sum /= n;
        }
        for i in 0..columns {
            for j in 0..columns {
                products.add(i, j, -n * means[i] * means[j]);
            }
        }
        let variation = rows.iter().map(|row| (row.value - mean).powi(2)).sum();
        Self {
            n,
            mean,
            means,
            variation,
            products,
            with_value,
        }
    }

    fn correlation(&self) -> Square {
        let side = self.means.len();
        let mut correlation = Square::zero(side);
        for i in 0..side {
            for j in 0..side {
                let scale = (self.products.at(i, i) * self.products.at(j, j)).sqrt();
                correlation.set(i, j, self.products.at(i, j) / scale);
            }
        }
        correlation
    }
}

/// Regresses the values on the columns, none of which may be the same in all rows.
///
/// Ordinary least squares with `MacKinnon` and White's third heteroscedasticity-consistent errors (HC3, Journal of
/// Econometrics 29(3), 1985), which Long and Ervin (The American Statistician 54(3), 2000) advise; variance inflation
/// as in Kutner, Nachtsheim and Neter (Applied Linear Statistical Models, 10.5).
pub(super) fn regress(columns: usize, rows: &[Row], level: f64) -> Fit {
    let moments = Moments::of(columns, rows);
    let correlation = moments.correlation();
    let kept = correlation.independent();
    let inverse = moments.products.part(&kept).inverse();
    let with_value: Vec<f64> = kept.iter().map(|&i| moments.with_value[i]).collect();
    let effects = inverse.times(&with_value);
    let explained: f64 = effects.iter().zip(&with_value).map(|(a, b)| a * b).sum();
    let freedom = moments.n - kept.len() as f64 - 1.0;
    let covariance = covariance(&moments, &kept, &inverse, &effects, rows);
    let critical = student_critical(level, freedom);
    let mut fit = Fit {
        effects: vec![None; columns],
        r_squared: (1.0 - (1.0 - explained / moments.variation) * (moments.n - 1.0) / freedom).max(0.0),
        correlation,
    };
    for (place, &column) in kept.iter().enumerate() {
        let error = covariance.at(place, place).max(0.0).sqrt();
        let value = effects[place];
        fit.effects[column] = Some(Effect {
            value,
            low: value - critical * error,
            high: value + critical * error,
            p_value: if error > 0.0 {
                student_two_sided(value / error, freedom)
            } else {
                1.0
            },
            variance_inflation: inverse.at(place, place) * moments.products.at(column, column),
        });
    }
    fit
}

/// The sandwich: the inverse, the rows' squared residuals over (1 − leverage)², the inverse. The rows are sparse, and
/// are taken about their means by sums that are kept beside.
fn covariance(moments: &Moments, kept: &[usize], inverse: &Square, effects: &[f64], rows: &[Row]) -> Square {
    let side = kept.len();
    let means: Vec<f64> = kept.iter().map(|&i| moments.means[i]).collect();
    let mut place = vec![None; moments.means.len()];
    for (i, &column) in kept.iter().enumerate() {
        place[column] = Some(i);
    }
    let about = inverse.times(&means);
    let base = 1.0 / moments.n + dot(&means, &about);
    let (mut crossed, mut single, mut total) = (Square::zero(side), vec![0.0; side], 0.0);
    for row in rows {
        let cells = row.cells.iter();
        let cells: Vec<(usize, f64)> = cells
            .filter_map(|&(column, cell)| Some((place[column]?, cell)))
            .collect();
        let sum = |with: &dyn Fn(usize) -> f64| cells.iter().map(|&(i, cell)| cell * with(i)).sum::<f64>();
        let residual = row.value - moments.mean - sum(&|i| effects[i]) + dot(&means, effects);
        let leverage = base + sum(&|i| sum(&|j| inverse.at(i, j)) - 2.0 * about[i]);
        // A row that alone decides a column is fitted exactly and says nothing of the spread.
        let weight = if leverage < 1.0 - 1e-10 {
            (residual / (1.0 - leverage)).powi(2)
        } else {
            0.0
        };
        total += weight;
        for &(i, cell) in &cells {
            single[i] += weight * cell;
            for &(j, other) in &cells {
                crossed.add(i, j, weight * cell * other);
            }
        }
    }
    for i in 0..side {
        for j in 0..side {
            let mixed = single[i] * means[j] + means[i] * single[j];
            crossed.add(i, j, total * means[i] * means[j] - mixed);
        }
    }
    sandwich(inverse, &crossed)
}

fn sandwich(outer: &Square, inner: &Square) -> Square {
    product(&product(outer, inner), outer)
}

fn product(left: &Square, right: &Square) -> Square {
    let mut product = Square::zero(left.side);
    for i in 0..left.side {
        for j in 0..left.side {
            let cell = (0..left.side).map(|k| left.at(i, k) * right.at(k, j)).sum();
            product.set(i, j, cell);
        }
    }
    product
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
