//! The stories, the isolation matrix, the fault tests.
