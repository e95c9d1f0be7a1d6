"""The asyncio clients, and the source of `kruispunt._sync`, which `make generate` writes from here.

Only `driver`, which says what tasks do otherwise than threads, has a counterpart of its own there.
"""
