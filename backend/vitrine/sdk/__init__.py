"""The machinery behind `from vitrine import …`: graphs, running steps, and reporting what happened."""
