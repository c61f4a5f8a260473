//! Named constraints, turned into the domain's own errors where they can fire.

/// Turns the violation of one named constraint into a domain error, at the statement that can cause it.
pub trait OnConstraint<T> {
    /// `error()` when the constraint `name` was violated; any other failure passes through `E::from`.
    ///
    /// ```ignore
    /// store::insert(&mut tx, &identity).await.on_constraint("identity_value_key", || Error::IdentityTaken)?;
    /// ```
    ///
    /// A statement that can violate several constraints matches on [`violated_constraint`] instead.
    fn on_constraint<E>(self, name: &str, error: impl FnOnce() -> E) -> Result<T, E>
    where
        E: From<sqlx::Error>;
}

impl<T> OnConstraint<T> for Result<T, sqlx::Error> {
    fn on_constraint<E>(self, name: &str, error: impl FnOnce() -> E) -> Result<T, E>
    where
        E: From<sqlx::Error>,
    {
        self.map_err(|failure| {
            if violated_constraint(&failure) == Some(name) {
                error()
            } else {
                E::from(failure)
            }
        })
    }
}

/// The name of the constraint that `error` reports as violated, if it reports one.
pub fn violated_constraint(error: &sqlx::Error) -> Option<&str> {
    error.as_database_error()?.constraint()
}
