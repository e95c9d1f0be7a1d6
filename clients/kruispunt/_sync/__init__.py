"""The clients for threads, written from `kruispunt._async` by `make generate`; only `driver` is edited here."""
