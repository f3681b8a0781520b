"""The store as a read-only registry mirror: a WSGI application and its runner."""
