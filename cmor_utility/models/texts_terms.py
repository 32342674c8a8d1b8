"""Texts of terms, attention and history."""

EVENTS = {}
NEXT = {}
PROBLEMS = {}
