//! Onvif.
