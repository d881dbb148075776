"""File operations for materializers."""
