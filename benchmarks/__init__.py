"""Benchmarks with their baselines: one module per row of the goals in docs/performance.md."""
