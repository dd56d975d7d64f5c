"""The routes of the REST APIs."""
