"""GraphQL types and inputs."""

# Registers the enums before any type names one: Strawberry would otherwise make a second definition of its own.
from app.graph import enums

__all__ = ["enums"]
