"""Who may connect, and who may obtain what, for which purpose."""
