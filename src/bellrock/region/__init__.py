"""The one that knows: agents report to it, it infers, and it answers (`api` and `web` → `service` → `store`)."""
