"""PostgreSQL: start it, migrate it, pool it, read rows, be woken."""
