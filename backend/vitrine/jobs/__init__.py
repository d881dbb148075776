"""Work that must not run on the event loop."""
