//! Candor turns a person's wearable data into insights it can vouch for.
