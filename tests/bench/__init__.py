"""The figures of docs/benchmarks.md: `make bench` measures them anew and writes them there."""
