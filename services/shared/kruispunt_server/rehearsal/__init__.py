"""Rehearsal: a sandbox watches how an institution's client behaves, and tells it what it still does wrong."""
