"""The audit by calls: how reliably each tool of an environment behaves as its schemas, its errors and the state say."""
