//! imgops
