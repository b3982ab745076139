"""The pages, one module a family. What a module keeps in `ROUTES` is served."""
