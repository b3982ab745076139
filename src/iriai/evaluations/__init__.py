"""Evaluation results: what models scored on benchmarks, read from files in their repositories."""
