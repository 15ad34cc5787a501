"""Making twins: from the recording of a server, an environment that answers as the server did."""
