"""What changed, to whoever looks at it now: the outbox, read by one hub a process, as server-sent events."""
