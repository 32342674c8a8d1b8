"""Texts of the money: receipts of CSEA, excess, refunds, annulments asked by us."""

EVENTS = {}
NEXT = {}
PROBLEMS = {}
