"""The migrations, oldest first; expand first, contract a release later."""
