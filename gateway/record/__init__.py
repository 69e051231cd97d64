"""The record of one complaint: its row, its history, its relatives, its open tasks, and where it rests when it is over."""
