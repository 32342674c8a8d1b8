"""Tested with two live servers: tests/test_queue_job.py of the repository."""
