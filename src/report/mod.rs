//! A snapshot as text, CSV, JSON and HTML.
