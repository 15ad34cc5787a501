"""Episodes as MCP servers: over HTTP, over stdio, in memory."""
