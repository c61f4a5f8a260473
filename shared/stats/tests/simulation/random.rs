//! Draws from the distributions of the simulated worlds.

/// `SplitMix64` (Steele, Lea, Flood, Fast splittable pseudorandom number generators, OOPSLA 2014): the same draws on
/// every platform, and optimised with the simulations.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn seeded(seed: u64) -> Self {
        Self(seed.wrapping_mul(0xD134_2543_DE82_EF95))
    }

    /// Uniform on [0, 1).
    pub(crate) fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Exponential with this mean.
    pub(crate) fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.uniform()).ln()
    }

    /// Standard normal (Box and Muller).
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = self.exponential(2.0).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// Poisson: exponential gaps counted, in parts of a mean that the exponential function can hold.
    pub(crate) fn poisson(&mut self, mean: f64) -> u32 {
        let (mut left, mut count) = (mean, 0);
        while left > 0.0 {
            let (limit, mut product) = ((-left.min(500.0)).exp(), self.uniform());
            while product > limit {
                product *= self.uniform();
                count += 1;
            }
            left -= 500.0;
        }
        count
    }

    pub(crate) fn binomial(&mut self, n: u32, p: f64) -> u32 {
        (0..n).map(|_| u32::from(self.uniform() < p)).sum()
    }

    /// A gamma factor with mean one and this variance (Marsaglia and Tsang, ACM TOMS 26(3), 2000); a Poisson mean
    /// multiplied by it is negative binomial.
    pub(crate) fn gamma_factor(&mut self, variance: f64) -> f64 {
        if variance <= 0.0 {
            return 1.0;
        }
        let shape = 1.0 / variance;
        let (d, boost) = if shape < 1.0 {
            (shape + 1.0 - 1.0 / 3.0, self.uniform().max(1e-12).powf(variance))
        } else {
            (shape - 1.0 / 3.0, 1.0)
        };
        loop {
            let x = self.normal();
            let v = (1.0 + x / (9.0 * d).sqrt()).powi(3);
            if v > 0.0 && self.uniform().max(1e-300).ln() < 0.5 * x * x + d - d * v + d * v.ln() {
                return d * v * boost * variance;
            }
        }
    }
}

#[test]
fn the_draws_have_the_moments_they_are_said_to_have() {
    let mut random = Random::seeded(1);
    let runs = 20_000;
    let mut moments = |draw: &mut dyn FnMut(&mut Random) -> f64| {
        let draws: Vec<f64> = (0..runs).map(|_| draw(&mut random)).collect();
        let mean = draws.iter().sum::<f64>() / f64::from(runs);
        (
            mean,
            draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / f64::from(runs),
        )
    };
    let (mean, variance) = moments(&mut |random| f64::from(random.poisson(7.0)));
    assert!((mean - 7.0).abs() < 0.1 && (variance - 7.0).abs() < 0.4);
    for expected in [0.04, 0.5, 2.0] {
        let (mean, variance) = moments(&mut |random| random.gamma_factor(expected));
        assert!(
            (mean - 1.0).abs() < 0.05 && (variance / expected - 1.0).abs() < 0.15,
            "{mean} {variance}"
        );
    }
}
