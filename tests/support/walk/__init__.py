"""The authorization walk: one prepared world, and every question that the schema allows about it."""
