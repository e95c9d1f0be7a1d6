"""Streams that go on telling: thousands at once, none of which holds a thread or holds up another."""
