"""The demonstration data set: invented workbooks, and their independent sums."""
