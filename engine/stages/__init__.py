"""The stages of a decision, numbered in the order in which an event passes them; `engine/decide.py` joins them."""
