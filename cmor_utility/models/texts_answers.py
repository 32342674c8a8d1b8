"""Texts of the answers received and of the files between seller and network user."""

EVENTS = {}
NEXT = {}
PROBLEMS = {}
