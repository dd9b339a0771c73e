//! Changes as messages, through an outbox in the database.
