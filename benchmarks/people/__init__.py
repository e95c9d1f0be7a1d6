"""Invented persons, and searches for them with labelled errors: what the person search is tuned and measured on."""
