"""The pack of mathematics: arithmetic, statistics and conversions of units."""
