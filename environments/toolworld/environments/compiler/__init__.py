"""The compiler: from the operations of a toolset to an environment with a state, believable data and a program."""
