"""Texts of the incoming side."""

EVENTS = {}
NEXT = {}
PROBLEMS = {}
