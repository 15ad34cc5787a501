"""The measures of two sets of samples: what each looks at, which way is better, and how it is computed."""
